//! Linearity: undo the curvature of the amplifier's response.
//!
//! With `x` the signal above the overscan level (DN), `a` (DN⁻²) and `b` (DN⁻¹) of the amplifier,
//!
//! ```text
//! D = a x² + b x + 1        y = x / D        dy/dx = (1 - a x²) / D²
//! image <- y                variance <- variance (dy/dx)²
//! ```
//!
//! and the inverse, for simulation and for tests,
//!
//! ```text
//! u = 1 - b y               x = 2 y / (u + sqrt(u² - 4 a y²))
//! ```
//!
//! * Planes: `image` and `variance`, shape `(row, column)`, readout order, overscan included.
//! * Order: after `overscan` (the relation passes through zero), before `pocket`.
//! * Mask: `NONLINEAR` where `D` or `dy/dx` is not positive; there the pixel keeps `x`.
//! * Source: the relation and its dated tables as in ztfimg 0.19, `linearity_coeffs_*`.

use ndarray::Zip;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::{AmpImage, PixelUnit, Planes};
use crate::instrument::Linearity;
use crate::mask;

const STEP: &str = "linearity";

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// A relation for all amplifiers (coefficients in DN⁻² and DN⁻¹); the camera's at the date of
    /// the exposure if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Linearity>,
}

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// Pixels outside the range of the relation.
    pub nonlinear: u64,
}

/// Linearizes `amp` in place; the camera's `relation` is used unless the recipe gives one.
///
/// # Errors
/// [`Error::Input`] if the image is not in DN; then `amp` is unchanged.
pub fn linearize(amp: &mut AmpImage, params: &Params, relation: &Linearity) -> Result<Report> {
    if amp.unit != PixelUnit::Dn {
        return Err(Error::input(STEP, "pixel unit", format!("{:?}", amp.unit), "Dn"));
    }
    let Linearity::Rational { a, b } = params.relation.unwrap_or(*relation) else {
        return Ok(Report { nonlinear: 0 });
    };
    let mut nonlinear = 0;
    let Planes { image, variance, mask: bits } = &mut amp.planes;
    Zip::from(image).and(variance).and(bits).for_each(|pixel, variance, bits| {
        let x = f64::from(*pixel);
        let (d, slope_numerator) = (a * x * x + b * x + 1.0, 1.0 - a * x * x);
        if d <= 0.0 || slope_numerator <= 0.0 {
            *bits |= mask::NONLINEAR;
            nonlinear += 1;
            return;
        }
        let slope = slope_numerator / (d * d);
        *pixel = (x / d) as f32;
        *variance = (f64::from(*variance) * slope * slope) as f32;
    });
    Ok(Report { nonlinear })
}

/// The signal `x` (DN) that [`linearize`] turns into `y` (DN).
pub fn measured_from_linear(y: f64, relation: &Linearity) -> f64 {
    match *relation {
        Linearity::Identity => y,
        Linearity::Rational { a, b } => {
            let u = 1.0 - b * y;
            2.0 * y / (u + (u * u - 4.0 * a * y * y).sqrt())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_amp;

    // ZTF CCD 1, amplifier 0 has values of this size (table of October 2019).
    const RELATION: Linearity = Linearity::Rational { a: -1.4e-11, b: 8e-7 };

    fn linearized(x: f32) -> AmpImage {
        let mut amp = flat_amp(x, 4.0, PixelUnit::Dn);
        linearize(&mut amp, &Params::default(), &RELATION).unwrap();
        amp
    }

    #[test]
    fn variance_follows_the_slope() {
        let at = |x: f32| f64::from(linearized(x).planes.image[[0, 0]]);
        let slope = (at(30_100.0) - at(29_900.0)) / 200.0;
        let variance = f64::from(linearized(30_000.0).planes.variance[[0, 0]]);
        assert!((variance - 4.0 * slope * slope).abs() < 1e-3);
    }

    #[test]
    fn the_inverse_leads_back() {
        for y in [-50.0, 0.0, 1.0, 1e3, 3e4, 5.9e4] {
            let x = measured_from_linear(y, &RELATION);
            let d = -1.4e-11 * x * x + 8e-7 * x + 1.0;
            assert!((x / d - y).abs() < 1e-9 * (1.0 + y.abs()));
        }
    }

    #[test]
    fn beyond_the_range_the_pixel_is_marked_and_kept() {
        let amp = linearized(400_000.0);
        assert_eq!((amp.planes.image[[0, 0]], amp.planes.mask[[0, 0]]), (4e5, mask::NONLINEAR));
    }
}
