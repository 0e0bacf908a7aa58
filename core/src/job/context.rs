//! What every job needs: the camera, the recipe, the store, the probe and the record.

use serde::Serialize;

use super::{Job, Task, Text, VERSION, descriptions};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::ids::AmpId;
use crate::instrument::Instrument;
use crate::pipeline::Log;
use crate::probe::Probe;
use crate::provenance::{InputId, Provenance, StepRecord};
use crate::recipe::Recipe;
use crate::store::{Key, Store};
use crate::warning::Warning;

/// A job under way.
pub(super) struct Context<'a> {
    pub(super) job: &'a Job,
    pub(super) camera: Instrument,
    pub(super) recipe: Recipe,
    pub(super) store: &'a mut dyn Store,
    pub(super) probe: &'a mut dyn Probe,
    pub(super) record: Provenance,
}

impl<'a> Context<'a> {
    /// Reads camera and recipe of a job of this version.
    pub(super) fn open(
        job: &'a Job,
        store: &'a mut dyn Store,
        probe: &'a mut dyn Probe,
    ) -> Result<Context<'a>> {
        if job.version != VERSION {
            return Err(Error::parameter("job version", job.version, VERSION));
        }
        let camera = match &job.camera {
            Text::BuiltIn(name) => Instrument::built_in(name)?,
            Text::File(key) => descriptions::camera(store, key)?,
        };
        let recipe = match &job.recipe {
            Text::BuiltIn(name) => Recipe::built_in(name, &camera)?,
            Text::File(key) => descriptions::recipe(store, key, &camera)?,
        };
        let record = Provenance {
            core: env!("CARGO_PKG_VERSION").to_owned(),
            job: kind(&job.task),
            camera_sha256: camera.digest.clone(),
            recipe_sha256: recipe.sha256(),
            inputs: job.inputs.clone(),
            ..Provenance::default()
        };
        Ok(Context { job, camera, recipe, store, probe, record })
    }

    /// Where pipelines write their records and show themselves, beside the store.
    pub(super) fn split(&mut self) -> (&mut dyn Store, Log<'_>) {
        (&mut *self.store, Log { records: &mut self.record.steps, probe: &mut *self.probe })
    }

    /// Notes a number or small structure that belongs to no amplifier.
    pub(super) fn note(&mut self, step: &str, report: impl Serialize) {
        self.note_of(AmpId(0), step, report);
    }

    /// The same of an amplifier.
    pub(super) fn note_of(&mut self, amp: AmpId, step: &str, report: impl Serialize) {
        let report = serde_json::to_value(report).unwrap_or(serde_json::Value::Null);
        self.record.steps.push(StepRecord { amp: amp.0, step: step.to_owned(), report });
    }

    /// Notes a product that has been written.
    pub(super) fn wrote(&mut self, key: &str) {
        self.record.products.push(key.to_owned());
    }

    /// Notes a data defect.
    pub(super) fn warn(&mut self, warning: Warning) {
        self.record.warnings.push(warning);
    }

    /// Writes a JSON product, its keys in the order of the type.
    pub(super) fn write_json(&mut self, key: &Key, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|error| Error::format(key, "JSON", error))?;
        text.push('\n');
        self.store.append(key, text.as_bytes())?;
        self.wrote(key);
        Ok(())
    }

    /// Cards that say what made a product: deterministic, without time or host. The inputs of the jobs
    /// before stay, each once, and those of this job stand last.
    pub(super) fn provenance_cards(&self, header: &mut Header) {
        header.set("CREATOR", format!("rawsky {}", self.record.core), "program and version");
        header.set("RECIPE", self.recipe.name.as_str(), "name of the recipe");
        header.set("RECIPEID", self.record.recipe_sha256.as_str(), "SHA-256 as applied");
        header.set("CAMERA", self.camera.name.as_str(), "name of the camera description");
        header.set("CAMERAID", self.record.camera_sha256.as_str(), "SHA-256");
        let input = |input: &InputId| format!("input {} {}", input.sha256, input.name);
        header.history_at_end(&self.job.inputs.iter().map(input).collect::<Vec<String>>());
    }
}

fn kind(task: &Task) -> String {
    let value = serde_json::to_value(task).unwrap_or_default();
    value.get("kind").and_then(|kind| kind.as_str()).unwrap_or("unknown").to_owned()
}
