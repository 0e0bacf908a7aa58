//! Detrend: a detector from decoded numbers to science images, with variance and mask.

use std::path::Path;

use anyhow::{Context, Result};
use ndarray::Array2;
use rawsky_core::geometry::Flip;
use rawsky_core::image::{AmpImage, Planes};
use rawsky_core::instrument::Instrument;
use rawsky_core::master::{Kind, MasterFile};
use rawsky_core::pipeline::{AmpCalibration, Log, Masters, calibration, detrend};
use rawsky_core::raw::RawFile;
use rawsky_core::recipe::{Recipe, Stage, Step};

use super::{Answer, Work};
use crate::store::Folder;

/// What one amplifier needs.
pub struct Ready {
    /// The amplifier as it was decoded; its planes are those of reading alone.
    pub amp: AmpImage,
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
        let amp = raw.amplifier(&mut store, &camera, amplifier.id)?;
        let known = calibration(&camera, &raw.visit, amplifier.id, &steps)?;
        let masters = Masters {
            bias: Some(bias.part(&mut store, amplifier.id)?),
            dark: None,
            flat: Some(flat.part(&mut store, amplifier.id)?),
            scale_ratio: 1.05,
        };
        all.push(Ready { amp, known, masters });
    }
    Ok((steps, all))
}

/// One amplifier with fresh planes, as if it had just been decoded.
fn science(steps: &[Step], ready: &Ready) -> Result<Array2<f32>> {
    let detector = ready.masters.bias.as_ref().context("no bias")?.detector;
    let amp = fresh(&ready.amp);
    let mut log = Log { records: &mut Vec::new(), probe: &mut () };
    let image = detrend(amp, detector, steps, (&ready.known, &ready.masters), &mut log)?;
    Ok(image.planes.image)
}

/// A copy whose variance and mask are made anew.
pub fn fresh(amp: &AmpImage) -> AmpImage {
    let shape = amp.planes.shape();
    let noise = amp.read_noise / amp.gain;
    let planes = Planes {
        image: amp.planes.image.clone(),
        variance: Array2::from_elem(shape, (noise * noise) as f32),
        mask: Array2::zeros(shape),
    };
    AmpImage {
        planes,
        unit: amp.unit,
        amp: amp.amp,
        geometry: amp.geometry,
        gain: amp.gain,
        read_noise: amp.read_noise,
        quantum: amp.quantum.clone(),
        zero: amp.zero,
    }
}

/// Pixels of a master in the order of reading, in which the peer has its frames.
pub fn in_readout_order(pixels: Array2<f32>, ready: &Ready) -> Array2<f32> {
    let flip: Flip = ready.amp.geometry.sky_from_readout();
    flip.apply(pixels)
}
