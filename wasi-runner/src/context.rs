//! What every command works with: camera, recipe, engine, and how to talk to the user.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rawsky_core::instrument::{BUILT_IN, Detector, Instrument, built_in_text};
use rawsky_core::job::Text;
use rawsky_core::recipe::{Recipe, Stage, merge};
use serde_json::{Map, Value};
use toml::Table;

use crate::args::Common;
use crate::class::{Class, Failure};
use crate::dag::{Descriptions, Fewest};
use crate::names::Names;
use crate::progress::Voice;
use crate::runner::Settings;
use crate::sandbox::Limits;
use crate::subject::Place;

/// Key of a camera file in the sandbox.
pub const CAMERA: &str = "camera.toml";
/// Key of a recipe file in the sandbox.
pub const RECIPE: &str = "recipe.toml";

/// The largest camera or recipe file (byte).
const LARGEST: u64 = 16 << 20;

/// What every command works with.
pub struct Context {
    /// The camera.
    pub camera: Instrument,
    /// The camera's file names.
    pub names: Names,
    /// Camera and recipe as jobs name them.
    pub descriptions: Descriptions,
    /// Engine and caps.
    pub settings: Settings,
    /// Jobs at a time.
    pub workers: usize,
    /// How talkative to be.
    pub voice: Voice,
    /// Whether to print JSON.
    pub json: bool,
}

impl Context {
    /// The context of a command line.
    ///
    /// # Errors
    /// [`Class::InputBad`] if the camera or recipe is neither known nor a sound file.
    pub fn new(common: &Common) -> Result<Context, Failure> {
        let mut files = Vec::new();
        let camera = camera(&common.camera, &mut files)?;
        let recipe = recipe(&common.recipe, &mut files)?;
        let (camera_name, camera) = camera;
        let read = read_recipe(&common.recipe, &recipe, &camera);
        let darks = read.as_ref().is_some_and(subtracts_darks);
        let flats_need_bias = read.as_ref().is_some_and(|recipe| recipe.has(Stage::Flat, "bias"));
        let fewest = read.map_or(Fewest::default(), |recipe| Fewest {
            bias: recipe.bias_master.fewest(),
            flat: recipe.flat_master.fewest(),
        });
        let program =
            std::env::current_exe().map_err(|error| Failure::io("finding this program", &error))?;
        let place = |one: &Detector| Place { detector: one.id, row: one.row, column: one.column };
        let detectors = camera.detectors.iter().map(place).collect();
        let limits = Limits {
            memory_bytes: common.memory << 20,
            seconds: common.seconds,
            disk_bytes: common.disk << 20,
        };
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        Ok(Context {
            names: Names::of(&camera),
            camera,
            descriptions: Descriptions {
                camera: camera_name,
                recipe,
                files,
                darks,
                flats_need_bias,
                fewest,
                detectors,
            },
            settings: Settings {
                engine: common.engine.into(),
                limits,
                program,
                announce: !common.json,
            },
            workers: common.jobs.unwrap_or(cores).clamp(1, 1024),
            voice: match (common.json, common.verbose) {
                (true, _) => Voice::Quiet,
                (false, true) => Voice::Verbose,
                (false, false) => Voice::Usual,
            },
            json: common.json,
        })
    }

    /// Values of the user's for a table of the recipe, laid over those of camera and recipe: the text of a
    /// camera with them, or nothing if there are none. The camera's values come last of all, so that they
    /// belong there.
    ///
    /// # Errors
    /// [`Class::InputBad`] if the camera cannot take them.
    pub fn lay_over(&mut self, name: &str, wishes: Table) -> Result<Option<String>, Failure> {
        if wishes.is_empty() {
            return Ok(None);
        }
        let bad = |error: String| Failure::new(Class::InputBad, format!("camera: {error}"));
        let text = match &self.descriptions.camera {
            Text::BuiltIn(name) => built_in_text(name).unwrap_or_default().to_owned(),
            Text::File(_) => {
                let file = self.descriptions.files.iter().find(|(key, _)| key == CAMERA);
                let path = file.map(|(_, path)| path.clone()).unwrap_or_default();
                fs::read_to_string(path).map_err(|error| bad(error.to_string()))?
            }
        };
        let mut camera: Table = text.parse().map_err(|error| bad(format!("{error}")))?;
        let mut fields = &mut camera;
        for name in ["defaults", name] {
            let group = fields.entry(name).or_insert_with(|| toml::Value::Table(Table::new()));
            fields = group.as_table_mut().ok_or_else(|| bad(format!("{name} is no table")))?;
        }
        *fields = laid(fields, &wishes).map_err(bad)?;
        self.descriptions.camera = Text::File(CAMERA.to_owned());
        self.descriptions.files.retain(|(key, _)| key != CAMERA);
        Ok(Some(camera.to_string()))
    }

    /// Prints text for people, or JSON for programs.
    pub fn print(&self, text: &str, json: &Value) {
        let mut out = std::io::stdout();
        // Nobody reads on when the other end of a pipe is closed.
        let _ = if self.json { writeln!(out, "{json:#}") } else { writeln!(out, "{text}") };
    }

    /// Tells a person, on standard error, what did not go well.
    pub fn complain(&self, failure: &Failure) {
        // Without a standard error there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "rawsky: {failure}");
    }

    /// Prints the names of files that were written.
    pub fn print_written(&self, files: &[PathBuf]) {
        let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        self.print(&names.join("\n"), &serde_json::json!({ "written": names }));
    }
}

/// A table with `wishes` over it, by the rule of recipes, whose values JSON holds as TOML does.
fn laid(table: &Table, wishes: &Table) -> Result<Table, String> {
    let plain = |table: &Table| -> Result<Map<String, Value>, serde_json::Error> {
        serde_json::from_value(serde_json::to_value(table)?)
    };
    let mut values = plain(table).map_err(|error| error.to_string())?;
    merge(&mut values, &plain(wishes).map_err(|error| error.to_string())?);
    Table::try_from(values).map_err(|error| error.to_string())
}

fn camera(given: &str, files: &mut Vec<(String, PathBuf)>) -> Result<(Text, Instrument), Failure> {
    let known = || BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let parse = |text: &str| {
        Instrument::parse(text)
            .map_err(|error| Failure::new(Class::InputBad, format!("camera {given}: {error}")))
    };
    if let Some(text) = built_in_text(given) {
        return Ok((Text::BuiltIn(given.to_owned()), parse(text)?));
    }
    let camera = parse(&description("camera", given, &known())?)?;
    files.push((CAMERA.to_owned(), absolute(given)?));
    Ok((Text::File(CAMERA.to_owned()), camera))
}

/// Names of the recipes that come with the core.
fn recipes() -> String {
    let names = rawsky_core::recipe::BUILT_IN.iter().map(|(name, _)| *name);
    names.collect::<Vec<_>>().join(", ")
}

/// A name is a built-in recipe (the core knows which there are); what looks like a file is one.
fn recipe(given: &str, files: &mut Vec<(String, PathBuf)>) -> Result<Text, Failure> {
    if !given.contains('/') && !given.ends_with(".toml") {
        return Ok(Text::BuiltIn(given.to_owned()));
    }
    description("recipe", given, &recipes())?;
    files.push((RECIPE.to_owned(), absolute(given)?));
    Ok(Text::File(RECIPE.to_owned()))
}

/// The recipe itself; what is wrong with one is for the core to say.
fn read_recipe(given: &str, recipe: &Text, camera: &Instrument) -> Option<Recipe> {
    match recipe {
        Text::BuiltIn(name) => Recipe::built_in(name, camera).ok(),
        Text::File(_) => Recipe::parse(&fs::read_to_string(given).ok()?, camera).ok(),
    }
}

fn subtracts_darks(recipe: &Recipe) -> bool {
    [Stage::Flat, Stage::Science].into_iter().any(|stage| recipe.has(stage, "dark"))
}

fn description(what: &str, given: &str, known: &str) -> Result<String, Failure> {
    let bad = |found: String| {
        let needed = format!("needed one of {known}, or a TOML file");
        Failure::new(Class::InputBad, format!("{what} {given}: {found}; {needed}"))
    };
    let about = fs::metadata(given).map_err(|error| bad(error.to_string()))?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(bad(format!("no file of at most {} MiB", LARGEST >> 20)));
    }
    fs::read_to_string(given).map_err(|error| bad(error.to_string()))
}

/// The absolute path of something that is there.
///
/// # Errors
/// [`Class::InputBad`] if it is not.
pub fn absolute(path: impl AsRef<Path>) -> Result<PathBuf, Failure> {
    let path = path.as_ref();
    path.canonicalize()
        .map_err(|error| Failure::new(Class::InputBad, format!("{}: {error}", path.display())))
}
