//! What is known of a night because it was made: noise-free light, flats, bias, constants.

use ndarray::Array2;
use serde::Serialize;

use crate::error::Result;
use crate::ids::{AmpId, DetectorId, Role};
use crate::instrument::Instrument;
use crate::table::{Table, Values};
use crate::time::Mjd;

use super::detector::{AmpParams, Pattern, amp_params, defects, level_per_row};
use super::light::{Illumination, lit};
use super::night::SimulatedExposure;
use super::params::NightParams;
use super::scene::{dither, spots, stars};
use super::site::{Site, imaging_shape};

/// The truth of one science amplifier; planes in stored order.
#[derive(Debug, Clone, PartialEq)]
pub struct ScienceTruth {
    /// LIGHT: sky, stars and hot pixels, times the response, without noise (DN).
    pub light: Array2<f32>,
    /// SKY: the sky times the response, without noise (DN).
    pub sky: Array2<f32>,
    /// SIGNAL: after counting of photons, cosmic rays and full well (DN).
    pub signal: Array2<f32>,
    /// Bits of [`crate::mask`]: SPIKE (cosmic ray), SATURATED, DEAD, NOISY (hot), LOW_RESPONSE.
    pub mask: Array2<u32>,
}

/// The bias of an amplifier without noise; stored order.
#[derive(Debug, Clone, PartialEq)]
pub struct BiasTruth {
    /// Pattern above the level of the row (DN).
    pub pattern: Array2<f32>,
    /// Level of each row without the offset of the single exposure (DN).
    pub level: Vec<f64>,
}

/// The pattern and the level of an amplifier's bias.
///
/// # Errors
/// If the camera lacks the detector or the amplifier, or a parameter is wrong.
pub fn bias_truth(
    camera: &Instrument,
    params: &NightParams,
    detector: DetectorId,
    amp: AmpId,
) -> Result<BiasTruth> {
    let site = Site::new(camera, params, detector, amp)?;
    let constants = amp_params(&site)?;
    let mut plane = Array2::zeros(site.shape);
    if let Some(mut pattern) = Pattern::new(&site, &constants) {
        let mut values = vec![0.0; site.shape.1];
        for mut row in plane.rows_mut() {
            values.fill(0.0);
            pattern.add_next_row(&mut values);
            row.iter_mut().zip(&values).for_each(|(pixel, value)| *pixel = *value as f32);
        }
    }
    let flip = site.readout_from_stored();
    let mut level = level_per_row(&site, &constants, None);
    if flip.rows {
        level.reverse();
    }
    Ok(BiasTruth { pattern: flip.apply(plane), level })
}

/// The flat of a lamp without noise (DN), stored order: that of its first frame.
///
/// # Errors
/// If the camera lacks the detector or the amplifier, or a parameter is wrong.
pub fn lamp_truth(
    camera: &Instrument,
    params: &NightParams,
    lamp: Option<i64>,
    (detector, amp): (DetectorId, AmpId),
) -> Result<Array2<f32>> {
    let site = Site::new(camera, params, detector, amp)?;
    let light = Illumination::lamp(&site, lamp, 1.0);
    Ok(lit(&site, &amp_params(&site)?, &defects(&site), light))
}

/// The stars on one science amplifier: `source_id`, `x`, `y` (pixels, stored order, zero-based),
/// `flux` (DN of light before the response), `mag`.
///
/// # Errors
/// If the camera lacks the detector or the amplifier, or a parameter is wrong.
pub fn star_truth(
    camera: &Instrument,
    params: &NightParams,
    exposure: &SimulatedExposure,
    amp: AmpId,
) -> Result<Table> {
    let site = Site::new(camera, params, exposure.detector, amp)?;
    let stars = stars(&site);
    let inside = |at: f64, count: usize| at >= -0.5 && at < count as f64 - 0.5;
    let found: Vec<_> = spots(&site, &stars, dither(&site, exposure))
        .filter(|(_, spot)| inside(spot.x, site.shape.1) && inside(spot.y, site.shape.0))
        .filter_map(|(index, spot)| stars.get(index).map(|star| (star, spot)))
        .collect();
    let mut table = Table::new();
    let ids = found.iter().map(|(star, _)| star.source_id).collect();
    table.set("source_id", "", Values::I64(ids))?;
    table.set("x", "pix", Values::F64(found.iter().map(|(_, spot)| spot.x).collect()))?;
    table.set("y", "pix", Values::F64(found.iter().map(|(_, spot)| spot.y).collect()))?;
    table.set("flux", "DN", Values::F64(found.iter().map(|(_, spot)| spot.flux).collect()))?;
    let magnitudes = found.iter().map(|(star, _)| star.magnitude).collect();
    table.set("mag", "mag", Values::F64(magnitudes))?;
    Ok(table)
}

/// The parameters of a night and the constants that follow from them, to be written as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NightTruth {
    /// Name of the camera.
    pub camera: String,
    /// The parameters as given.
    pub params: NightParams,
    /// Imaging rows and columns of every amplifier.
    pub amp_shape: (usize, usize),
    /// The constants of every amplifier.
    pub amplifiers: Vec<AmpTruth>,
    /// The exposures.
    pub exposures: Vec<ExposureTruth>,
}

/// The constants of one amplifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AmpTruth {
    /// Which detector.
    pub detector: DetectorId,
    /// Which amplifier.
    pub amp: AmpId,
    /// Its constants.
    #[serde(flatten)]
    pub params: AmpParams,
}

/// One exposure in the list of the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExposureTruth {
    /// Name of the raw file.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Start (UTC).
    pub mjd: Mjd,
    /// Lamp of a flat.
    pub lamp: Option<i64>,
    /// Offset of the stars from their undithered places (pixels, sky order).
    pub dither_pix: (f64, f64),
}

/// Parameters and constants of a whole night.
///
/// # Errors
/// If a parameter is wrong, or the camera lacks a detector, a lamp or its coefficients.
pub fn night_truth(camera: &Instrument, params: &NightParams) -> Result<NightTruth> {
    let night = super::night(camera, params)?;
    let mut amplifiers = Vec::new();
    for &detector in &night.detectors {
        for amp in &camera.amplifiers {
            let site = Site::new(camera, params, detector, amp.id)?;
            amplifiers.push(AmpTruth { detector, amp: amp.id, params: amp_params(&site)? });
        }
    }
    let mut exposures = Vec::new();
    for exposure in night.exposures {
        let Some(amp) = camera.amplifiers.first() else { break };
        let site = Site::new(camera, params, exposure.detector, amp.id)?;
        let dither_pix = dither(&site, &exposure);
        let SimulatedExposure { name, role, mjd, lamp, .. } = exposure;
        exposures.push(ExposureTruth { name, role, mjd, lamp, dither_pix });
    }
    let amp_shape = imaging_shape(camera, params)?;
    let (camera, params) = (camera.name.clone(), params.clone());
    Ok(NightTruth { camera, params, amp_shape, amplifiers, exposures })
}
