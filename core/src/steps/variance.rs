//! Variance: add the photon noise of the signal to the variance plane.
//!
//! The plane comes with the noise of reading and of the converter's step, carried through the
//! linearity correction by its slope `dy/dx`; this step adds what the light itself contributes:
//!
//! ```text
//! variance = max(signal, 0) / gain + [ (read noise / gain)² + q² / 12 ] (dy/dx)²
//! ```
//!
//! with `signal` the corrected image (DN), gain (electron/DN), read noise (electron) and `q` the step
//! of the raw encoding (DN; 1 for integers, a tile's scale for quantized floats). Where there is no
//! overscan, the bias is still in the image: the signal is what stands above it.
//!
//! * Planes: `variance` (DN²), shape `(row, column)`, readout order.
//! * Order: after `pocket`, which puts the electrons back where the light fell.
//! * Not for a bias: its signal is structure, not light. The recipe of a bias leaves the step out.
//! * Source: photon transfer, Janesick 2001, "Scientific Charge-Coupled Devices", chapter 2.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::{AmpImage, PixelUnit};

const STEP: &str = "variance";

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Gain (electron/DN) for all amplifiers; that of the header or camera if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain_electron_per_dn: Option<f64>,
}

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// Gain used (electron/DN).
    pub gain_electron_per_dn: f64,
}

/// Adds photon noise to the variance of `amp`.
///
/// # Errors
/// [`Error::Input`] if the image is not in DN, [`Error::Parameter`] if the gain is not positive; then
/// `amp` is unchanged.
pub fn add_photon_noise(amp: &mut AmpImage, params: &Params) -> Result<Report> {
    add_photon_noise_above(amp, params, 0.0)
}

/// Adds the photon noise of what stands above `pedestal_dn`, the level that no overscan has taken
/// from the image.
///
/// # Errors
/// Those of [`add_photon_noise`], and [`Error::Parameter`] if the pedestal is not finite.
pub fn add_photon_noise_above(
    amp: &mut AmpImage,
    params: &Params,
    pedestal_dn: f64,
) -> Result<Report> {
    if !pedestal_dn.is_finite() {
        return Err(Error::parameter("pedestal (DN)", pedestal_dn, "a finite number"));
    }
    if amp.unit != PixelUnit::Dn {
        return Err(Error::input(STEP, "pixel unit", format!("{:?}", amp.unit), "Dn"));
    }
    let gain = params.gain_electron_per_dn.unwrap_or(amp.gain);
    if !(gain.is_finite() && 0.0 < gain) {
        return Err(Error::parameter("gain", gain, "a positive number of electrons per DN"));
    }
    let (image, variance, _) = amp.planes.runs_mut();
    for (&mut pixel, variance) in image.iter_mut().zip(variance) {
        let above = f64::from(pixel) - pedestal_dn;
        let signal = if above > 0.0 { above } else { 0.0 };
        *variance = (f64::from(*variance) + signal / gain) as f32;
    }
    Ok(Report { gain_electron_per_dn: gain })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_amp;

    #[test]
    fn light_adds_its_variance_and_a_negative_pixel_adds_none() {
        let mut amp = flat_amp(100.0, 4.0, PixelUnit::Dn);
        amp.planes.image[[0, 0]] = -20.0;
        add_photon_noise(&mut amp, &Params::default()).unwrap();
        assert_eq!(amp.planes.variance[[0, 0]], 4.0);
        assert_eq!(amp.planes.variance[[0, 1]], 54.0);
    }

    #[test]
    fn a_pedestal_is_no_light() {
        let mut amp = flat_amp(1100.0, 4.0, PixelUnit::Dn);
        add_photon_noise_above(&mut amp, &Params::default(), 1000.0).unwrap();
        assert_eq!(amp.planes.variance[[0, 1]], 54.0);
    }

    #[test]
    fn an_impossible_gain_is_refused() {
        let mut amp = flat_amp(100.0, 4.0, PixelUnit::Dn);
        let params = Params { gain_electron_per_dn: Some(0.0) };
        assert!(add_photon_noise(&mut amp, &params).is_err());
    }
}
