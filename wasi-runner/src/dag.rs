//! From the files of a night and their survey to the tasks of its plan.
//!
//! Master bias per detector; master darks, if the recipe subtracts any; lamp flats; master flat per detector and band; focal-plane level per
//! band; science images per exposure; a catalogue per science image where there are headers and
//! stars; a comparison where there is truth. What is missing is noted, and the core decides whether
//! the work can be done without.

mod calibration;
mod exposure;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rawsky_core::ids::{Band, DetectorId, Role};
use rawsky_core::job::{self, Job, Survey, Task, Text};
use rawsky_core::store::Key;

use crate::class::Failure;
use crate::digests::Digests;
use crate::names::Names;
use crate::night::{self, Night};
use crate::plan::{Plan, PlannedInput, PlannedTask, Source, Stage, VERSION};
use crate::survey::{self, Raw};
use crate::work::{last, made_safe};

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
}

/// The key of a raw file.
pub fn raw_key(path: &Path) -> Key {
    keyed("raw", path)
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
    (descriptions, names): (&Descriptions, &Names),
    digests: &Digests,
) -> Result<Plan, Failure> {
    let mut builder = Builder {
        night,
        names,
        descriptions,
        digests,
        raws: night.raws.iter().map(|path| (raw_key(path), path)).collect(),
        plan: Plan {
            version: VERSION,
            night: folder.to_owned(),
            notes: Vec::new(),
            tasks: Vec::new(),
        },
    };
    let notes = survey::bad(survey).map(|(key, error)| format!("{}: left out: {error}", last(key)));
    builder.plan.notes.extend(notes);
    let raws = survey::good(survey);
    let raws: Vec<&Raw> = raws.iter().collect();
    let biases = builder.biases(&raws)?;
    let darks = builder.darks(&raws, &biases)?;
    let flats = builder.flats(&raws, (&biases, &darks))?;
    let levels = builder.levels(&raws, &flats)?;
    let calibration = Calibration { biases, darks, flats, levels };
    for raw in raws.iter().filter(|raw| raw.role == Role::Science) {
        builder.exposure(raw, &raws, &calibration)?;
    }
    builder.plan.tasks.sort_by(|a, b| (a.stage, &a.id).cmp(&(b.stage, &b.id)));
    Ok(builder.plan)
}

/// A product of an earlier task: the task and the product's key there.
#[derive(Debug, Clone)]
struct Made {
    task: String,
    key: Key,
}

impl Made {
    fn input(&self) -> PlannedInput {
        let (task, key) = (self.task.clone(), self.key.clone());
        PlannedInput { key: format!("made/{key}"), from: Source::Product { task, key } }
    }
}

/// Master darks by detector, each with its exposure time (s).
type Darks = BTreeMap<DetectorId, Vec<(f64, Made)>>;

struct Calibration {
    biases: BTreeMap<DetectorId, Made>,
    darks: Darks,
    flats: BTreeMap<(Band, DetectorId), Made>,
    levels: BTreeMap<Band, Made>,
}

struct Builder<'a> {
    night: &'a Night,
    names: &'a Names,
    descriptions: &'a Descriptions,
    digests: &'a Digests,
    raws: BTreeMap<Key, &'a PathBuf>,
    plan: Plan,
}

impl Builder<'_> {
    fn raw_inputs(&self, raws: &[&Raw]) -> Result<Vec<PlannedInput>, Failure> {
        let input = |raw: &&Raw| match self.raws.get(&raw.key) {
            Some(path) => self.file(raw.key.clone(), path),
            None => Err(Failure::new(
                crate::class::Class::OutputRule,
                format!("the survey names {}, which was not asked for", raw.key),
            )),
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
        id: String,
        stage: Stage,
        (task, mut inputs): (Task, Vec<PlannedInput>),
        outputs: Vec<Key>,
    ) -> Result<Made, Failure> {
        for (key, path) in &self.descriptions.files {
            inputs.push(self.file(key.clone(), path)?);
        }
        let made = Made { task: id.clone(), key: outputs.first().cloned().unwrap_or_default() };
        let job = self.descriptions.job(task);
        self.plan.tasks.push(PlannedTask { id, stage, job, inputs, outputs });
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
        let input = made.input();
        let key = input.key.clone();
        inputs.push(input);
        key
    })
}

fn keys(inputs: &[PlannedInput]) -> Vec<Key> {
    inputs.iter().map(|input| input.key.clone()).collect()
}
