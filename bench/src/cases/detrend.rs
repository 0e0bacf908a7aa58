//! Detrend: a detector from decoded numbers to science images, with variance and mask.

use std::path::Path;

use anyhow::{Context, Result};
use ndarray::Array2;
use rawsky_core::geometry::Flip;
use rawsky_core::image::RawAmp;
use rawsky_core::instrument::Instrument;
use rawsky_core::master::{Kind, MasterFile};
use rawsky_core::pipeline::{AmpCalibration, Log, Masters, calibration, detrend};
use rawsky_core::raw::RawFile;
use rawsky_core::recipe::{Recipe, Stage, Step};

use super::{Answer, Work};
use crate::store::Folder;

/// What one amplifier needs.
pub struct Ready {
    /// The amplifier as it was decoded.
    pub raw: RawAmp,
    /// What the camera knows of it.
    pub known: AmpCalibration,
    /// Its masters.
    pub masters: Masters,
}

/// The exposure and masters in memory.
pub(super) fn prepare(inputs: &Path) -> Result<Work> {
    let (steps, ready) = load(inputs)?;
    Ok(Box::new(move || {
        let images = ready.iter().map(|one| science(&steps, one));
        Ok(Answer::Images(images.collect::<Result<_>>()?))
    }))
}

/// The recipe's steps without the pocket, which is a case of its own and which no peer has; the
/// amplifiers.
///
/// # Errors
/// If a file is missing.
pub fn load(inputs: &Path) -> Result<(Vec<Step>, Vec<Ready>)> {
    let camera = Instrument::built_in("ztf")?;
    let recipe = Recipe::built_in("default", &camera)?;
    let mut steps = recipe.steps(Stage::Science).to_vec();
    steps.retain(|step| step.name() != "pocket");
    let mut store = Folder::new(inputs);
    let raw = RawFile::open(&mut store, "float.fits.fz", &camera)?;
    let bias = MasterFile::open(&mut store, "bias.fits", &[Kind::Bias])?;
    let flat = MasterFile::open(&mut store, "flat.fits", &[Kind::BandFlat, Kind::LampFlat])?;
    let mut all = Vec::new();
    for amplifier in &camera.amplifiers {
        let decoded = raw.read(&mut store, &camera, amplifier.id)?;
        let known = calibration(&camera, &raw.visit, amplifier.id, &steps)?;
        let masters = Masters {
            bias: Some(bias.part(&mut store, amplifier.id)?),
            dark: None,
            flat: Some(flat.part(&mut store, amplifier.id)?),
            scale_ratio: 1.05,
        };
        all.push(Ready { raw: decoded, known, masters });
    }
    Ok((steps, all))
}

/// One amplifier, as if it had just been decoded.
fn science(steps: &[Step], ready: &Ready) -> Result<Array2<f32>> {
    let detector = ready.masters.bias.as_ref().context("no bias")?.detector;
    let mut log = Log { records: &mut Vec::new(), probe: &mut () };
    let image = detrend(&ready.raw, detector, steps, (&ready.known, &ready.masters), &mut log)?;
    Ok(image.planes.image)
}

/// Pixels of a master in the order of reading, in which the peer has its frames.
pub fn in_readout_order(pixels: Array2<f32>, ready: &Ready) -> Array2<f32> {
    let flip: Flip = ready.raw.geometry.sky_from_readout();
    flip.apply(pixels)
}
