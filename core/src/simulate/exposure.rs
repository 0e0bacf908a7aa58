//! The forward model of one amplifier exposure: from light to raw numbers.
//!
//! ```text
//! light x response -> photons counted -> cosmic rays -> full well -> read out
//! ```
//!
//! Everything here is in stored order and in DN of the amplifier.

use ndarray::Array2;

use crate::error::Result;
use crate::ids::{AmpId, Role};
use crate::instrument::Instrument;
use crate::mask;

use super::detector::{AmpParams, Defects, amp_params, defects};
use super::generator::{Generator, Normal, Purpose};
use super::light::{Illumination, add_hot_pixels, add_sky, lit};
use super::night::SimulatedExposure;
use super::params::{NightParams, share_of_full_size};
use super::readout;
use super::scene::starlight;
use super::site::Site;
use super::truth::ScienceTruth;

/// Longest track of a cosmic ray (pixels).
const LONGEST_TRACK: usize = 24;
/// Charge that a cosmic ray leaves in each pixel of its track (electron).
const TRACK_ELECTRON: (f64, f64) = (2e3, 4e4);

/// One amplifier's data of one exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedAmp {
    /// Imaging pixels (DN), stored order.
    pub imaging: Array2<f32>,
    /// Overscan pixels (DN), stored order; none if the amplifier has none.
    pub overscan: Option<Array2<f32>>,
    /// The constants of the amplifier.
    pub params: AmpParams,
    /// The level of each row (DN), stored order.
    pub level: Vec<f64>,
    /// What is known of a science exposure.
    pub truth: Option<ScienceTruth>,
}

/// Makes one amplifier of an exposure.
///
/// # Errors
/// If the camera lacks the detector, the amplifier or its coefficients, or a parameter is wrong.
pub fn amplifier(
    camera: &Instrument,
    params: &NightParams,
    exposure: &SimulatedExposure,
    amp: AmpId,
) -> Result<SimulatedAmp> {
    let site = Site::new(camera, params, exposure.detector, amp)?;
    let constants = amp_params(&site)?;
    let defects = defects(&site);
    let (light, sky) = light(&site, &constants, &defects, exposure);
    let mut charge = collected(&site, &constants, exposure, light.as_ref());
    let mut bits = Array2::zeros(site.shape);
    if exposure.role == Role::Science {
        mark_defects(&defects, &mut bits);
    }
    add_cosmic_rays(&site, &constants, exposure, (&mut charge, &mut bits));
    if light.is_some() {
        fill_wells(&site, &constants, (&mut charge, &mut bits));
    }
    let raw = readout::read_out(&site, &constants, exposure.visit, (&charge, &mut bits));
    let truth = match (light, sky) {
        (Some(light), Some(sky)) => Some(ScienceTruth { light, sky, signal: charge, mask: bits }),
        _ => None,
    };
    let readout::Raw { imaging, overscan, level } = raw;
    Ok(SimulatedAmp { imaging, overscan, params: constants, level, truth })
}

/// All light times the response, and for science the sky's part (DN), stored order.
fn light(
    site: &Site<'_>,
    amp: &AmpParams,
    defects: &Defects,
    exposure: &SimulatedExposure,
) -> (Option<Array2<f32>>, Option<Array2<f32>>) {
    let (mut light, sky) = match exposure.role {
        Role::Bias | Role::Dark => return (None, None),
        Role::Flat => {
            let drift = 1.0 + site.params.lamp_drift * exposure.number as f64;
            (lit(site, amp, defects, Illumination::lamp(site, exposure.lamp, drift)), None)
        }
        Role::Science => {
            let mut sky = lit(site, amp, defects, Illumination::ONE);
            let mut light = starlight(site, amp, exposure);
            add_sky(site, &mut light, &mut sky);
            (light, Some(sky))
        }
    };
    add_hot_pixels(&mut light, defects, exposure.exposure_s);
    (Some(light), sky)
}

/// The charge (DN) that the light left, photons counted.
fn collected(
    site: &Site<'_>,
    amp: &AmpParams,
    exposure: &SimulatedExposure,
    light: Option<&Array2<f32>>,
) -> Array2<f32> {
    let Some(light) = light else { return Array2::zeros(site.shape) };
    if !site.params.effects.photon_noise {
        return light.clone();
    }
    let gain = amp.gain_electron_per_dn;
    let per_gain = 1.0 / gain;
    let table = Normal::new();
    let mut numbers = Generator::new(site.params.seed, Purpose::Photons, site.key(exposure.visit));
    light.map(|&light| (table.poisson(&mut numbers, f64::from(light) * gain) * per_gain) as f32)
}

/// Sets the mask bits of the defects.
fn mark_defects(defects: &Defects, bits: &mut Array2<u32>) {
    for &low in &defects.low_columns {
        if low < bits.ncols() {
            bits.column_mut(low).map_inplace(|pixel| *pixel |= mask::LOW_RESPONSE);
        }
    }
    let dead = defects.dead.iter().map(|&at| (at, mask::DEAD));
    let hot = defects.hot.iter().map(|&(row, column, _)| ((row, column), mask::NOISY));
    for (at, bit) in dead.chain(hot) {
        if let Some(pixel) = bits.get_mut(at) {
            *pixel |= bit;
        }
    }
}

/// Lays straight tracks of even charge over the pixels.
fn add_cosmic_rays(
    site: &Site<'_>,
    amp: &AmpParams,
    exposure: &SimulatedExposure,
    (charge, bits): (&mut Array2<f32>, &mut Array2<u32>),
) {
    if !site.params.effects.cosmics {
        return;
    }
    let (bias, flat, science) = site.params.cosmic_rays;
    let (full, least) = match exposure.role {
        Role::Bias | Role::Dark => (bias, 1.0),
        Role::Flat => (flat, 2.0),
        Role::Science => (science, 3.0),
    };
    let count = if full > 0.0 { (full * share_of_full_size(site.shape)).max(least) } else { 0.0 };
    let (rows, columns) = site.shape;
    let longest = LONGEST_TRACK.min(rows.min(columns) / 4).max(1);
    let mut numbers = Generator::new(site.params.seed, Purpose::Cosmics, site.key(exposure.visit));
    for _ in 0..count as usize {
        let (row, column) = (numbers.below(rows) as f64, numbers.below(columns) as f64);
        let length = 1 + numbers.below(longest);
        let (rise, run) = libm::sincos(numbers.between(0.0, std::f64::consts::PI));
        let left = numbers.between(TRACK_ELECTRON.0, TRACK_ELECTRON.1);
        let dn = (left / amp.gain_electron_per_dn) as f32;
        for step in 0..length {
            let (row, column) = (row + step as f64 * rise, column + step as f64 * run);
            let at = (row as usize, column.floor() as i64);
            let Ok(column) = usize::try_from(at.1) else { continue };
            if let (Some(pixel), Some(bits)) =
                (charge.get_mut((at.0, column)), bits.get_mut((at.0, column)))
            {
                *pixel += dn;
                *bits |= mask::SPIKE;
            }
        }
    }
}

/// No pixel holds more than its full well.
fn fill_wells(
    site: &Site<'_>,
    amp: &AmpParams,
    (charge, bits): (&mut Array2<f32>, &mut Array2<u32>),
) {
    if !site.params.effects.saturation {
        return;
    }
    let most = (site.params.full_well_electron / amp.gain_electron_per_dn) as f32;
    for (pixel, bits) in charge.iter_mut().zip(bits.iter_mut()) {
        if *pixel > most {
            *pixel = most;
            *bits |= mask::SATURATED;
        }
    }
}
