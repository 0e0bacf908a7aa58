//! A mask as another pipeline would deliver it with a science exposure: stored order, bits of the
//! archive, not quite complete.

use ndarray::Array2;

use crate::error::Result;
use crate::ids::AmpId;
use crate::instrument::Instrument;
use crate::mask;

use super::detector::amp_params;
use super::exposure::SimulatedAmp;
use super::generator::{Generator, Purpose};
use super::night::SimulatedExposure;
use super::params::NightParams;
use super::scene::mark_stars;
use super::site::Site;

/// Share of cosmic-ray pixels that the other pipeline found.
const FOUND: f64 = 0.7;

/// The mask of a science amplifier: SOURCE discs and PSF_SOURCE middles of the stars, SATURATED,
/// DEAD, NOISY, LOW_RESPONSE pixels, and SPIKE for seven of ten cosmic-ray pixels.
///
/// # Errors
/// If the camera lacks the detector or the amplifier, or a parameter is wrong.
pub fn science_mask(
    camera: &Instrument,
    params: &NightParams,
    exposure: &SimulatedExposure,
    (amp, made): (AmpId, &SimulatedAmp),
) -> Result<Array2<u32>> {
    let site = Site::new(camera, params, exposure.detector, amp)?;
    let mut numbers = Generator::new(params.seed, Purpose::Mask, site.key(exposure.visit));
    let mut bits = match &made.truth {
        Some(truth) => truth.mask.clone(),
        None => Array2::zeros(site.shape),
    };
    for pixel in bits.iter_mut().filter(|pixel| **pixel & mask::SPIKE != 0) {
        if numbers.uniform() >= FOUND {
            *pixel &= !mask::SPIKE;
        }
    }
    mark_stars(&site, &amp_params(&site)?, exposure, &mut bits);
    Ok(bits)
}
