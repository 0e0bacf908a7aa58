//! A simulated night of a small camera, reduced job by job by the default recipe.
//!
//! The jobs follow from what the survey says of the raw files. Every job and its products are kept,
//! so that each can be done again elsewhere on the same inputs.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use rawsky_core::ids::{AmpId, Band, DetectorId, Role};
use rawsky_core::instrument::Instrument;
use rawsky_core::job::{
    AmpFile, Aperture, Calibrate, Compare, Detect, Detrend, Electronics, Job, Masks, RawEncoding,
    Survey, Surveyed, Task, Text, VERSION, Visit, simulation_parts,
};
use rawsky_core::simulate::NightParams;
use rawsky_core::store::Key;
use serde_json::Value;

use crate::executors::{Executor, Outcome, run};

/// A night with everything that was made of it.
pub struct Night {
    camera: String,
    /// Raws, truth and products by key.
    pub files: BTreeMap<Key, Vec<u8>>,
    /// The jobs in order, with what they left.
    pub done: Vec<(Job, Outcome)>,
}

/// The files of one exposure by what it is.
struct Raw {
    key: Key,
    visit: Visit,
}

impl Night {
    /// Simulates and reduces a night natively.
    ///
    /// # Errors
    /// The first job that fails.
    pub fn new(camera: &str, params: &NightParams, encoding: RawEncoding) -> Result<Night> {
        let mut night =
            Night { camera: camera.to_owned(), files: BTreeMap::new(), done: Vec::new() };
        let instrument = Instrument::built_in(camera)?;
        for part in simulation_parts(&instrument, params, encoding)? {
            night.run(part.task)?;
        }
        let (raws, survey) = night.survey()?;
        for detector in detectors(&raws) {
            night.masters(&raws, detector)?;
        }
        for band in bands(&raws) {
            let flats = detectors(&raws).iter().map(|id| flat_key(*id, &band)).collect();
            let output = format!("level_{band}.json");
            night.run(Task::FocalPlane { flats, output })?;
        }
        for raw in of(&raws, Role::Science) {
            night.science(raw, &survey.amps)?;
        }
        Ok(night)
    }

    /// Masks, objects, map to the sky and zero point of every science image.
    ///
    /// # Errors
    /// The first job that fails.
    pub fn calibrate(&mut self) -> Result<()> {
        let outputs = self.done.iter().filter_map(|(job, _)| match &job.task {
            Task::Detrend(detrend) => Some(detrend.outputs.clone()),
            _ => None,
        });
        for AmpFile { key: science, .. } in outputs.flatten().collect::<Vec<_>>() {
            let (mask, detector) = (None, Electronics::default());
            let [masked, objects, image, table] =
                ["masked.fits", "objects.parquet", "calibrated.fits", "calibrated.parquet"]
                    .map(|kind| format!("{science}_{kind}"));
            let output = masked.clone();
            self.run(Task::Masks(Masks { science, mask: mask.clone(), detector, output }))?;
            let (science, output) = (masked.clone(), objects.clone());
            self.run(Task::Detect(Detect { science, mask: mask.clone(), detector, output }))?;
            self.run(Task::Calibrate(Box::new(Calibrate {
                science: masked,
                mask,
                objects,
                catalogue: vec!["stars.parquet".to_owned()],
                pointing: None,
                output: Some(image),
                table_output: table,
            })))?;
        }
        Ok(())
    }

    /// The inputs of a job: those of its keys that are files of the night.
    pub fn inputs(&self, job: &Job) -> Result<BTreeMap<Key, Vec<u8>>> {
        let mut texts = Vec::new();
        strings(&serde_json::to_value(job)?, &mut texts);
        let known = |key: String| Some((key.clone(), self.files.get(&key)?.clone()));
        Ok(texts.into_iter().filter_map(known).collect())
    }

    /// Does a task natively and keeps its products.
    fn run(&mut self, task: Task) -> Result<()> {
        let built_in = |name: &str| Text::BuiltIn(name.to_owned());
        let (camera, recipe) = (built_in(&self.camera), built_in("default"));
        let job = Job { version: VERSION, camera, recipe, inputs: Vec::new(), task };
        let inputs = self.inputs(&job)?;
        let outcome = run(Executor::Native, &job, &inputs).with_context(|| format!("{job:?}"))?;
        self.files.extend(outcome.products.clone());
        self.done.push((job, outcome));
        Ok(())
    }

    /// What the raw files are, by their headers.
    fn survey(&mut self) -> Result<(Vec<Raw>, Survey)> {
        let is_raw = |job: &Job| {
            let part = serde_json::to_value(&job.task).unwrap_or_default();
            part["part"]["kind"] == "exposure"
        };
        let exposures = self.done.iter().filter(|(job, _)| is_raw(job));
        let raw = |outcome: &Outcome| -> Vec<Key> {
            let beside = |key: &&Key| !key.contains("_q");
            outcome.products.keys().filter(beside).cloned().collect()
        };
        let files: Vec<Key> = exposures.flat_map(|(_, outcome)| raw(outcome)).collect();
        self.run(Task::Survey { files, masters: Vec::new(), output: "survey.json".to_owned() })?;
        let survey: Survey = serde_json::from_slice(&self.files["survey.json"])?;
        let known = |file: &Surveyed| {
            let visit = file.visit.clone().with_context(|| format!("{file:?}"))?;
            Ok(Raw { key: file.key.clone(), visit })
        };
        let raws = survey.files.iter().map(known).collect::<Result<Vec<Raw>>>()?;
        Ok((raws, survey))
    }

    /// Master bias, lamp flats and band flats of one detector.
    fn masters(&mut self, raws: &[Raw], detector: DetectorId) -> Result<()> {
        let own: Vec<&Raw> = raws.iter().filter(|raw| raw.visit.detector == detector).collect();
        let keys = |role: Role, lamp: Option<i64>| -> Vec<Key> {
            let wanted = own.iter().filter(|raw| raw.visit.role == role && raw.visit.lamp == lamp);
            wanted.map(|raw| raw.key.clone()).collect()
        };
        let bias = format!("bias_{detector}.fits");
        self.run(Task::MasterBias { raws: keys(Role::Bias, None), output: bias.clone() })?;
        let flats = own.iter().filter(|raw| raw.visit.role == Role::Flat);
        let mut lamps: Vec<(Option<i64>, Band)> =
            flats.filter_map(|raw| Some((raw.visit.lamp, raw.visit.band.clone()?))).collect();
        lamps.sort();
        lamps.dedup();
        let mut of_band: BTreeMap<Band, Vec<Key>> = BTreeMap::new();
        for (lamp, band) in lamps {
            let output = format!("lampflat_{detector}_{}.fits", lamp.unwrap_or_default());
            let (raws, bias) = (keys(Role::Flat, lamp), Some(bias.clone()));
            self.run(Task::LampFlat { raws, bias, dark: None, output: output.clone() })?;
            of_band.entry(band).or_default().push(output);
        }
        for (band, flats) in of_band {
            self.run(Task::BandFlat { flats, output: flat_key(detector, &band) })?;
        }
        Ok(())
    }

    /// Science images, catalogues and comparisons of one exposure.
    fn science(&mut self, raw: &Raw, amps: &[AmpId]) -> Result<()> {
        let stem = raw.key.split('.').next().unwrap_or_default().to_owned();
        let (detector, band) = (raw.visit.detector, raw.visit.band.clone().context("no band")?);
        let files = |suffix: &str| -> Vec<AmpFile> {
            let file = |amp: &AmpId| AmpFile { amp: *amp, key: format!("{stem}_q{amp}_{suffix}") };
            amps.iter().map(file).collect()
        };
        let outputs = files("science.fits");
        self.run(Task::Detrend(Detrend {
            raw: raw.key.clone(),
            bias: Some(format!("bias_{detector}.fits")),
            dark: None,
            flat: Some(flat_key(detector, &band)),
            focal_plane: Some(format!("level_{band}.json")),
            headers: files("sciimg.fits"),
            masks: files("mskimg.fits"),
            outputs: outputs.clone(),
            mask_outputs: Vec::new(),
        }))?;
        for AmpFile { amp, key: science } in outputs {
            let catalogue = format!("{stem}_q{amp}_catalogue.parquet");
            self.run(Task::Aperture(Aperture {
                science: science.clone(),
                mask: None,
                catalogue: vec!["stars.parquet".to_owned()],
                detector: Electronics::default(),
                output: catalogue.clone(),
            }))?;
            let lamp_truth = format!("lamp_c{:02}_", detector.0);
            self.run(Task::Compare(Compare {
                science,
                catalogue: Some(catalogue),
                truth: format!("{stem}_q{amp}_truth.fits"),
                lamps: self
                    .files
                    .keys()
                    .filter(|key| key.starts_with(&lamp_truth))
                    .cloned()
                    .collect(),
                output: format!("{stem}_q{amp}_comparison.json"),
            }))?;
        }
        Ok(())
    }
}

fn of(raws: &[Raw], role: Role) -> impl Iterator<Item = &Raw> {
    raws.iter().filter(move |raw| raw.visit.role == role)
}

fn detectors(raws: &[Raw]) -> Vec<DetectorId> {
    let mut found: Vec<DetectorId> = raws.iter().map(|raw| raw.visit.detector).collect();
    found.sort();
    found.dedup();
    found
}

fn bands(raws: &[Raw]) -> Vec<Band> {
    let mut found: Vec<Band> =
        of(raws, Role::Flat).filter_map(|raw| raw.visit.band.clone()).collect();
    found.sort();
    found.dedup();
    found
}

fn flat_key(detector: DetectorId, band: &Band) -> Key {
    format!("flat_{detector}_{band}.fits")
}

/// Every string in plain data.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}
