//! The plan of a night: every task with its inputs and products, as one JSON file.
//!
//! ```json
//! { "version": 1, "module_sha256": "24…", "night": "/data/night",
//!   "detectors": [ { "detector": 1, "row": 0, "column": 0 } ], "notes": [], "left_out": [],
//!   "tasks": [ { "id": "bias-20200214-c01", "stage": "bias",
//!                "about": { "when": "20200214", "detector": 1 }, "job": { … },
//!                "inputs": [ { "key": "raw/a.fits", "from": { "file": { "path": …, "sha256": … } } } ],
//!                "outputs": [ "rawsky_20200214_000000_bi_c01_bias.fits" ] } ] }
//! ```
//!
//! A task comes after every task that it takes products of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::job::Job;
use rawsky_core::store::Key;
use serde::{Deserialize, Serialize};

use crate::class::{Class, Failure};
use crate::guest;
use crate::publish::replace;
use crate::subject::{Place, Subject};
use crate::work::{safe_name, safe_path};

/// Version of the plan's format.
pub const VERSION: u32 = 1;
/// Name of the plan in the folder of a run.
pub const PLAN: &str = "plan.json";
/// The largest plan that is read (byte).
const LARGEST: u64 = 1 << 30;

/// What a task makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The master bias of one detector.
    Bias,
    /// The master dark of one detector and exposure time.
    Dark,
    /// The master flat of one detector and lamp.
    LampFlat,
    /// The master flat of one detector and band.
    Flat,
    /// The level of one band over the focal plane.
    FocalPlane,
    /// The science images of one exposure of one detector.
    Detrend,
    /// The catalogue of one science image.
    Aperture,
    /// One science image with masks of its own.
    Masks,
    /// The objects of one science image, in pixels.
    Objects,
    /// One science image with its map to the sky and its zero point.
    Calibrate,
    /// One science image against the truth of a simulated night.
    Compare,
}

impl Stage {
    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Bias => "master bias",
            Stage::Dark => "master dark",
            Stage::LampFlat => "lamp flat",
            Stage::Flat => "master flat",
            Stage::FocalPlane => "focal plane",
            Stage::Detrend => "science images",
            Stage::Aperture => "catalogue",
            Stage::Masks => "masked images",
            Stage::Objects => "objects",
            Stage::Calibrate => "calibration",
            Stage::Compare => "comparison",
        }
    }

    /// Whether it makes something of one science exposure.
    pub fn is_of_exposure(self) -> bool {
        use Stage::{Aperture, Calibrate, Compare, Detrend, Masks, Objects};
        matches!(self, Detrend | Aperture | Masks | Objects | Calibrate | Compare)
    }
}

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// A file of the night.
    File {
        /// Its absolute path.
        path: PathBuf,
        /// SHA-256 of its bytes.
        sha256: String,
    },
    /// A product of an earlier task.
    Product {
        /// Identity of that task.
        task: String,
        /// Key of the product.
        key: Key,
    },
}

/// An input of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedInput {
    /// Its key in the job.
    pub key: Key,
    /// Where it comes from.
    pub from: Source,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedTask {
    /// A short name, unique in the plan.
    pub id: String,
    /// What it makes.
    pub stage: Stage,
    /// Of what.
    pub about: Subject,
    /// The job, without the digests of its inputs.
    pub job: Job,
    /// The inputs.
    pub inputs: Vec<PlannedInput>,
    /// Keys of the products, which are their file names too.
    pub outputs: Vec<Key>,
}

/// The plan of a night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of this format: 1.
    pub version: u32,
    /// SHA-256 of the sandboxed program that it is for.
    pub module_sha256: String,
    /// The folder that was planned.
    pub night: PathBuf,
    /// The detectors of the camera.
    pub detectors: Vec<Place>,
    /// What of the products stays.
    #[serde(default, skip_serializing_if = "Keep::is_all")]
    pub keep: Keep,
    /// What is missing or left out, for a person.
    pub notes: Vec<String>,
    /// Files that are missing or cannot be used, so that something is not made.
    pub left_out: Vec<LeftOut>,
    /// The tasks, in canonical order.
    pub tasks: Vec<PlannedTask>,
}

/// What of the products of a run stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Everything.
    #[default]
    All,
    /// Science images go once catalogues were made of them.
    Catalogues,
}

impl Keep {
    fn is_all(&self) -> bool {
        *self == Keep::All
    }
}

/// A file that is missing or cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Which file.
    pub what: String,
    /// The class of a task that would have tried it: damaged or missing, or refused for what it is.
    pub class: Class,
    /// What was found and what is not made.
    pub reason: String,
}

impl PlannedTask {
    /// Identities of the tasks that must be done before.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().filter_map(|input| match &input.from {
            Source::Product { task, .. } => Some(task.as_str()),
            Source::File { .. } => None,
        })
    }
}

impl Plan {
    /// Reads the plan of a run.
    ///
    /// # Errors
    /// [`Class::InputBad`] if there is none, or it breaks the format.
    pub fn read(run: &Path) -> Result<Plan, Failure> {
        let path = run.join(PLAN);
        let bad =
            |reason: String| Failure::new(Class::InputBad, format!("{}: {reason}", path.display()));
        let about = fs::metadata(&path)
            .map_err(|error| bad(format!("{error}; make it with `rawsky plan NIGHT -o RUN`")))?;
        if about.len() > LARGEST {
            return Err(bad(format!("{} bytes are no plan", about.len())));
        }
        let text = fs::read(&path).map_err(|error| bad(error.to_string()))?;
        let plan: Plan =
            serde_json::from_slice(&text).map_err(|error| bad(format!("not a plan: {error}")))?;
        plan.check().map_err(bad)?;
        Ok(plan)
    }

    /// Writes the plan of a run; the same plan may be there already, another may not.
    ///
    /// # Errors
    /// [`Class::Conflict`] if another plan is there, else those of the disk.
    pub fn write(&self, run: &Path) -> Result<(), Failure> {
        let path = run.join(PLAN);
        let io = |error: std::io::Error| Failure::io(path.display(), &error);
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| io(error.into()))?;
        text.push(b'\n');
        match fs::read(&path) {
            Ok(there) if there == text => Ok(()),
            Ok(_) => {
                let reason = format!(
                    "{} is another plan (other files, camera, recipe or version); needed a new RUN \
                     folder, or this one removed",
                    path.display()
                );
                Err(Failure::new(Class::InputBad, reason))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                replace(&path, &text).map_err(io)
            }
            Err(error) => Err(io(error)),
        }
    }

    /// That this program is the one which the plan is for.
    ///
    /// # Errors
    /// [`Class::ModuleBad`] if it is not: its products would not be those that were planned.
    pub fn for_this_program(&self) -> Result<(), Failure> {
        let (own, planned) = (guest::digest(), &self.module_sha256);
        if own == *planned {
            return Ok(());
        }
        let reason = format!(
            "the plan is for another version of rawsky (program {planned:.12}, this is {own:.12}): \
             plan into a new RUN folder, or run it with that version"
        );
        Err(Failure::new(Class::ModuleBad, reason))
    }

    /// Whether something is not made because a file is damaged or missing.
    pub fn lacks_files(&self) -> bool {
        self.left_out.iter().any(|left| left.class == Class::InputBad)
    }

    fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("version {}, but this program reads {VERSION}", self.version));
        }
        let mut made: BTreeMap<&str, &PlannedTask> = BTreeMap::new();
        for task in &self.tasks {
            let id = &task.id;
            if !safe_name(id) {
                return Err(format!("{id:?} is no name of a task"));
            }
            if let Some(bad) = task.outputs.iter().find(|key| !safe_name(key)) {
                return Err(format!("{id}: {bad:?} is no name of a product"));
            }
            task.inputs.iter().try_for_each(|input| check_input(input, &made))?;
            if made.insert(id, task).is_some() {
                return Err(format!("there are two tasks {id}"));
            }
        }
        Ok(())
    }
}

fn check_input(input: &PlannedInput, made: &BTreeMap<&str, &PlannedTask>) -> Result<(), String> {
    if !safe_path(&input.key.replace('+', "_")) {
        return Err(format!("{:?} is no key of an input", input.key));
    }
    match &input.from {
        Source::Product { task, key } => match made.get(task.as_str()) {
            Some(maker) if maker.outputs.contains(key) => Ok(()),
            _ => Err(format!("no task {task} before makes {key}")),
        },
        Source::File { .. } => Ok(()),
    }
}
