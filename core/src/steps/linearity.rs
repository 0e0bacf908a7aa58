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
//! * Order: after `overscan` (the relation passes through zero), before `pocket`. With
//!   [`Input::Raw`] before `overscan`, on the imaging pixels alone, as ztfimg up to 0.21 has it: the
//!   pedestal bends with the signal (1.2 DN at most for a pedestal of 100 DN).
//! * Mask: `NONLINEAR` where `D` or `dy/dx` is not positive; there the pixel keeps `x`.
//! * Source: the relation and its dated tables as in ztfimg 0.19, `linearity_coeffs_*`.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::{AmpImage, PixelUnit};
use crate::instrument::Linearity;
use crate::mask;
use crate::numerics::precision::Precision;
use crate::time::Day;

const STEP: &str = "linearity";

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// A relation for all amplifiers (coefficients in DN⁻² and DN⁻¹); the camera's at the date of
    /// the exposure if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Linearity>,
    /// Day (YYYY-MM-DD) whose relation of the camera is taken; that of the exposure if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Day>,
    /// What the relation acts on (DN).
    #[serde(default, skip_serializing_if = "Input::is_signal")]
    pub input: Input,
    /// Precision of x², which ztfimg keeps in 32 bits; changes the last digit of few pixels.
    #[serde(default, skip_serializing_if = "Precision::is_double")]
    pub squares: Precision,
}

/// What the relation acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// The signal above the overscan level, in every column.
    #[default]
    Signal,
    /// Raw DN, pedestal included, in the imaging columns; the step then stands before `overscan`.
    Raw,
}

impl Input {
    fn is_signal(&self) -> bool {
        *self == Input::Signal
    }

    /// What the image must count.
    fn unit(self) -> PixelUnit {
        match self {
            Input::Signal => PixelUnit::Dn,
            Input::Raw => PixelUnit::RawDn,
        }
    }
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
/// [`Error::Input`] if the image is not in DN (raw DN for [`Input::Raw`]), or its imaging section does
/// not fit it; then `amp` is unchanged.
pub fn linearize(amp: &mut AmpImage, params: &Params, relation: &Linearity) -> Result<Report> {
    let needed = params.input.unit();
    if amp.unit != needed {
        let (found, needed) = (format!("{:?}", amp.unit), format!("{needed:?}"));
        return Err(Error::input(STEP, "pixel unit", found, needed));
    }
    let (imaging, shape) = (amp.geometry.imaging, amp.planes.shape());
    let columns = match params.input {
        Input::Signal => 0..shape.1,
        Input::Raw => imaging.column_start..imaging.column_end,
    };
    if !imaging.fits(shape) {
        let (found, needed) = (format!("{imaging:?}"), format!("inside {shape:?}"));
        return Err(Error::input(STEP, "imaging section", found, needed));
    }
    let Linearity::Rational { a, b } = params.relation.unwrap_or(*relation) else {
        return Ok(Report { nonlinear: 0 });
    };
    let mut nonlinear = 0;
    let width = shape.1.max(1);
    let (image, variance, bits) = amp.planes.runs_mut();
    let rows = image.chunks_mut(width).zip(variance.chunks_mut(width)).zip(bits.chunks_mut(width));
    for ((image, variance), bits) in rows {
        let (Some(image), Some(variance), Some(bits)) = (
            image.get_mut(columns.clone()),
            variance.get_mut(columns.clone()),
            bits.get_mut(columns.clone()),
        ) else {
            continue;
        };
        nonlinear += match params.squares {
            Precision::F64 => bend((image, variance, bits), (a, b), |square| square),
            Precision::F32 => {
                bend((image, variance, bits), (a, b), |square| Precision::F32.round(square))
            }
        };
    }
    Ok(Report { nonlinear })
}

/// Applies the relation to a run of pixels, their variance and mask; how many were outside its range.
#[inline(always)]
fn bend(
    (image, variance, bits): (&mut [f32], &mut [f32], &mut [u32]),
    (a, b): (f64, f64),
    round: impl Fn(f64) -> f64,
) -> u64 {
    let mut outside = 0;
    for ((pixel, variance), bits) in image.iter_mut().zip(variance).zip(bits) {
        let x = f64::from(*pixel);
        let square = round(x * x);
        let (d, slope_numerator) = (a * square + b * x + 1.0, 1.0 - a * square);
        let inverse = 1.0 / d;
        let slope = slope_numerator * inverse * inverse;
        let wrong = d <= 0.0 || slope_numerator <= 0.0;
        *pixel = if wrong { *pixel } else { (x * inverse) as f32 };
        let scaled = (f64::from(*variance) * slope * slope) as f32;
        *variance = if wrong { *variance } else { scaled };
        *bits |= if wrong { mask::NONLINEAR } else { 0 };
        outside += u32::from(wrong);
    }
    u64::from(outside)
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

    #[test]
    fn raw_input_bends_the_pedestal_with_the_signal_and_leaves_the_overscan() {
        let mut amp = flat_amp(30_100.0, 4.0, PixelUnit::RawDn);
        let params = Params { input: Input::Raw, ..Params::default() };
        linearize(&mut amp, &params, &RELATION).unwrap();
        assert_eq!(
            (amp.planes.image[[0, 0]], amp.unit),
            (linearized(30_100.0).planes.image[[0, 0]], PixelUnit::RawDn)
        );
        assert_eq!(amp.planes.image[[0, 4]], 30_100.0);
        assert!(linearize(&mut amp, &Params::default(), &RELATION).is_err());
    }

    #[test]
    fn a_day_is_written_as_text_and_a_wrong_one_refused() {
        let params: Params = toml::from_str("as_of = \"2019-10-23\"").unwrap();
        assert_eq!(serde_json::to_string(&params).unwrap(), "{\"as_of\":\"2019-10-23\"}");
        assert!(toml::from_str::<Params>("as_of = \"2019-13-23\"").is_err());
    }
}
