//! From the files of a night and their survey to the tasks of its plan.
//!
//! For each day (or period), master biases, darks if the recipe subtracts any, lamp flats, flats of a
//! band and their level over the focal plane; for each exposure, science images by the nearest
//! masters, catalogues where there are headers and stars, comparisons where there is truth, and, if it
//! is wished, masks, objects and a map to the sky. What is missing is noted, and the core decides whether
//! the work can be done without.

mod calibrated;
mod calibration;
mod exposure;
mod masters;
#[cfg(test)]
mod scale_tests;
mod span;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rawsky_core::ids::Role;
use rawsky_core::job::{self, Job, Survey, Task, Text};
use rawsky_core::store::Key;

use crate::class::{Class, Failure};
use crate::digests::Digests;
use crate::guest;
use crate::names::Names;
use crate::night::{self, Night};
use crate::plan::{Keep, LeftOut, Plan, PlannedInput, PlannedTask, Source, Stage, VERSION};
use crate::subject::{Place, Subject};
use crate::survey::{self, Raw};
use crate::work::{last, made_safe};

pub use span::Sharing;

/// Camera and recipe of a run, with the files that they come from.
#[derive(Debug, Clone)]
pub struct Descriptions {
    /// The camera, as jobs name it.
    pub camera: Text,
    /// The recipe, as jobs name it.
    pub recipe: Text,
    /// The files behind them, by key.
    pub files: Vec<(Key, PathBuf)>,
    /// Whether the recipe subtracts master darks.
    pub darks: bool,
    /// Whether no flat can be made without a master bias.
    pub flats_need_bias: bool,
    /// Fewest exposures of a master.
    pub fewest: Fewest,
    /// The detectors of the camera.
    pub detectors: Vec<Place>,
}

/// Fewest exposures of which the recipe makes a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fewest {
    /// Of a bias.
    pub bias: usize,
    /// Of a flat.
    pub flat: usize,
}

/// Which masters exposures take, and what is made of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Which exposures of the folder share masters.
    pub sharing: Sharing,
    /// Largest distance between an exposure and its masters (days).
    pub within_days: f64,
    /// Whether science images get masks, objects, a map to the sky and a zero point.
    pub calibrate: bool,
    /// What of the products stays.
    pub keep: Keep,
}

/// The key of a raw file.
pub fn raw_key(path: &Path) -> Key {
    keyed("raw", path)
}

/// The key of a master of another run.
pub fn master_key(path: &Path) -> Key {
    keyed("masters", path)
}

fn not_asked_for(key: &Key) -> Failure {
    let reason = format!("the survey names {key}, which was not asked for");
    Failure::new(Class::OutputRule, reason)
}

/// The key of a file in a folder of the sandbox.
pub fn keyed(folder: &str, path: &Path) -> Key {
    format!("{folder}/{}", made_safe(&night::name(path)))
}

/// The plan of a night.
///
/// # Errors
/// Those of reading the files.
pub fn plan(
    folder: &Path,
    night: &Night,
    survey: &Survey,
    (descriptions, names, choice): (&Descriptions, &Names, Choice),
    digests: &Digests,
) -> Result<Plan, Failure> {
    let mut builder = Builder {
        night,
        names,
        descriptions,
        digests,
        raws: night.raws.iter().map(|path| (raw_key(path), path)).collect(),
        masters: night.masters.iter().map(|path| (master_key(path), path)).collect(),
        sharing: choice.sharing,
        within_days: choice.within_days,
        calibrate: choice.calibrate,
        borrowed: BTreeMap::new(),
        plan: Plan {
            version: VERSION,
            module_sha256: guest::digest(),
            night: folder.to_owned(),
            detectors: descriptions.detectors.clone(),
            keep: choice.keep,
            notes: Vec::new(),
            left_out: Vec::new(),
            tasks: Vec::new(),
        },
    };
    for (key, error) in survey::bad(survey) {
        builder.plan.notes.push(format!("{}: left out: {error}", last(key)));
        // A file that is no master is no loss where masters of other runs are looked for.
        if builder.raws.contains_key(key) {
            let (class, reason) = (Class::of_error(error), error.to_string());
            builder.plan.left_out.push(LeftOut { what: last(key).to_owned(), class, reason });
        }
    }
    let raws = survey::good(survey, choice.sharing);
    let raws: Vec<&Raw> = raws.iter().collect();
    let mut masters = builder.finished(survey)?;
    builder.biases(&raws, &mut masters)?;
    builder.darks(&raws, &mut masters)?;
    builder.flats(&raws, &mut masters)?;
    for raw in raws.iter().filter(|raw| raw.role == Role::Science) {
        builder.exposure(raw, &raws, &masters)?;
    }
    builder.note_borrowed();
    builder.plan.tasks.sort_by(|a, b| (a.stage, &a.id).cmp(&(b.stage, &b.id)));
    Ok(builder.plan)
}

/// A product of an earlier task, or of another run, as an input.
#[derive(Debug, Clone)]
struct Made {
    input: PlannedInput,
}

impl Made {
    fn by(task: &str, key: &Key) -> Made {
        let from = Source::Product { task: task.to_owned(), key: key.clone() };
        Made { input: PlannedInput { key: format!("made/{key}"), from } }
    }
}

struct Builder<'a> {
    night: &'a Night,
    names: &'a Names,
    descriptions: &'a Descriptions,
    digests: &'a Digests,
    raws: BTreeMap<Key, &'a PathBuf>,
    masters: BTreeMap<Key, &'a PathBuf>,
    sharing: Sharing,
    within_days: f64,
    calibrate: bool,
    /// Tasks that take a master of another day: what, whose, by whom.
    borrowed: BTreeMap<(String, String, String), usize>,
    plan: Plan,
}

impl Builder<'_> {
    fn raw_inputs(&self, raws: &[&Raw]) -> Result<Vec<PlannedInput>, Failure> {
        let input = |raw: &&Raw| match self.raws.get(&raw.key) {
            Some(path) => self.file(raw.key.clone(), path),
            None => Err(not_asked_for(&raw.key)),
        };
        raws.iter().map(input).collect()
    }

    fn file(&self, key: Key, path: &Path) -> Result<PlannedInput, Failure> {
        let sha256 = self.digests.of(path)?;
        Ok(PlannedInput { key, from: Source::File { path: path.to_owned(), sha256 } })
    }

    fn note(&mut self, note: String) {
        self.plan.notes.push(note);
    }

    fn push(
        &mut self,
        (id, about): (String, Subject),
        stage: Stage,
        (task, mut inputs): (Task, Vec<PlannedInput>),
        outputs: Vec<Key>,
    ) -> Result<Made, Failure> {
        for (key, path) in &self.descriptions.files {
            inputs.push(self.file(key.clone(), path)?);
        }
        let made = Made::by(&id, &outputs.first().cloned().unwrap_or_default());
        let job = self.descriptions.job(task);
        self.plan.tasks.push(PlannedTask { id, stage, about, job, inputs, outputs });
        Ok(made)
    }
}

impl Descriptions {
    /// A job with this camera and recipe.
    pub fn job(&self, task: Task) -> Job {
        Job {
            version: job::VERSION,
            camera: self.camera.clone(),
            recipe: self.recipe.clone(),
            inputs: Vec::new(),
            task,
        }
    }
}

/// Adds a product to the inputs; its key there.
fn take(inputs: &mut Vec<PlannedInput>, made: Option<&Made>) -> Option<Key> {
    made.map(|made| {
        let input = made.input.clone();
        let key = input.key.clone();
        inputs.push(input);
        key
    })
}

fn keys(inputs: &[PlannedInput]) -> Vec<Key> {
    inputs.iter().map(|input| input.key.clone()).collect()
}
