//! Pocket: the trap of a quadrant undone, as the default recipe does it.

use std::path::Path;

use anyhow::{Context, Result};
use rawsky_core::image::AmpImage;
use rawsky_core::instrument::Instrument;
use rawsky_core::pipeline::{AmpCalibration, Log, calibration, correct_amplifier};
use rawsky_core::raw::RawFile;
use rawsky_core::recipe::{Recipe, Stage, Step};

use super::{Answer, Work};
use crate::store::Folder;

/// The first amplifier of the exposure, up to the step before.
pub(super) fn prepare(inputs: &Path) -> Result<Work> {
    let camera = Instrument::built_in("ztf")?;
    let recipe = Recipe::built_in("default", &camera)?;
    let steps = recipe.steps(Stage::Science);
    let at = steps.iter().position(|step| step.name() == "pocket").context("no pocket step")?;
    let mut store = Folder::new(inputs);
    let raw = RawFile::open(&mut store, "float.fits.fz", &camera)?;
    let first = camera.amplifiers.first().context("no amplifier")?.id;
    let mut amp = raw.amplifier(&mut store, &camera, first)?;
    let known = calibration(&camera, &raw.visit, first, steps)?;
    correct(&mut amp, &steps[..at], &known)?;
    let step = steps[at].clone();
    Ok(Box::new(move || {
        let mut image = amp.clone();
        correct(&mut image, std::slice::from_ref(&step), &known)?;
        Ok(Answer::Images(vec![image.planes.image]))
    }))
}

fn correct(amp: &mut AmpImage, steps: &[Step], known: &AmpCalibration) -> Result<()> {
    let mut log = Log { records: &mut Vec::new(), probe: &mut () };
    Ok(correct_amplifier(amp, steps, known, &mut log)?)
}
