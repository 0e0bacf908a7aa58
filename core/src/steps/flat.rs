//! Flat: divide by the master flat, at the level of the detector or of the focal plane.
//!
//! With `f` the flat (its detector's median is 1), `L` its level (DN) and `L_fp` the focal-plane level
//! of the band (DN),
//!
//! ```text
//! s        = L_fp / L            (1 without a focal-plane level)
//! image    <- s image / f
//! variance <- (s / f)² [ variance + (image / f)² variance_f ]
//! ```
//!
//! * Planes: all three, sky order, DN.
//! * Order: after `bias`.
//! * Mask: the flat's bits are joined; `NO_FLAT` where it is not positive, and the pixel becomes NaN
//!   ([`NotPositive`]).
//! * Source: ztfin2p3 0.4.1 (`FLTNORM`, `FLTNORM_FP`), which divides without a guard.

use serde::{Deserialize, Serialize};

use super::bias::{check_match, mark};
use crate::error::{Error, Result};
use crate::image::{CANONICAL_NAN, CcdImage, CcdView, PixelUnit};
use crate::mask;

const STEP: &str = "flat";
/// Pixels that are looked at together.
const PIECE: usize = 1024;

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// What is done where the flat has no positive value.
    #[serde(default, skip_serializing_if = "NotPositive::is_mask")]
    pub not_positive: NotPositive,
}

/// What is done where the flat has no positive value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotPositive {
    /// The pixel becomes NaN and is marked.
    #[default]
    Mask,
    /// The quotient is taken as it comes: infinite, negative or NaN.
    Divide,
}

impl NotPositive {
    fn is_mask(&self) -> bool {
        *self == NotPositive::Mask
    }
}

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// Focal-plane level over the flat's own level (a ratio).
    pub scale_ratio: f64,
    /// Pixels where the flat has no positive value.
    pub no_flat: u64,
}

/// Divides `ccd` by `flat` and multiplies by `scale_ratio`.
///
/// # Errors
/// [`Error::Input`] if the flat is of another detector, part or unit, [`Error::Parameter`] if the
/// scale is not positive; then `ccd` is unchanged.
pub fn divide(
    ccd: &mut CcdImage,
    params: &Params,
    flat: &CcdView<'_>,
    scale_ratio: f64,
) -> Result<Report> {
    check_match(STEP, ccd, flat)?;
    if (ccd.unit, flat.unit) != (PixelUnit::Dn, PixelUnit::Relative) {
        let found = format!("{:?} and a flat in {:?}", ccd.unit, flat.unit);
        return Err(Error::input(STEP, "pixel unit", found, "Dn and a Relative flat"));
    }
    if !(scale_ratio.is_finite() && 0.0 < scale_ratio) {
        return Err(Error::parameter("focal-plane over flat level", scale_ratio, "above zero"));
    }
    let guarded = params.not_positive == NotPositive::Mask;
    let (image, variance, bits) = ccd.planes.runs_mut();
    let (response, noise) = (&flat.image, &flat.variance);
    let pixels = image.chunks_mut(PIECE).zip(variance.chunks_mut(PIECE));
    let given = response.chunks(PIECE).zip(noise.chunks(PIECE));
    for ((image, variance), (response, noise)) in pixels.zip(given) {
        // Pieces without a choice go in lanes.
        if guarded && response.iter().fold(false, |some, &response| some | dark(response)) {
            quotients((image, variance), (response, noise), scale_ratio, |response| {
                !dark(response)
            });
        } else {
            quotients((image, variance), (response, noise), scale_ratio, |_| true);
        }
    }
    let bit = if guarded { mask::NO_FLAT } else { 0 };
    let no_flat = mark((bits, &flat.mask), response, bit, dark);
    Ok(Report { scale_ratio, no_flat })
}

/// Pixels over responses of a kind, with their variances; the others become NaN.
#[inline(always)]
fn quotients(
    (image, variance): (&mut [f32], &mut [f32]),
    (response, noise): (&[f32], &[f32]),
    scale_ratio: f64,
    kind: impl Fn(f32) -> bool,
) {
    let pixels = image.iter_mut().zip(variance);
    for ((pixel, variance), (&response, &noise)) in pixels.zip(response.iter().zip(noise)) {
        if !kind(response) {
            *pixel = CANONICAL_NAN;
            continue;
        }
        let inverse = 1.0 / f64::from(response);
        let (factor, ratio) = (scale_ratio * inverse, f64::from(*pixel) * inverse);
        let sum = f64::from(*variance) + ratio * ratio * f64::from(noise);
        *pixel = canonical((f64::from(*pixel) * factor) as f32);
        *variance = canonical((sum * factor * factor) as f32);
    }
}

/// Whether a response has no positive value.
#[inline(always)]
fn dark(response: f32) -> bool {
    response.is_nan() | (response <= 0.0)
}

/// With the one NaN that is written.
#[inline(always)]
fn canonical(value: f32) -> f32 {
    if value.is_nan() { CANONICAL_NAN } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_ccd;

    #[test]
    fn the_quotient_and_its_variance_follow_the_closed_form() {
        let mut ccd = flat_ccd(100.0, 4.0, PixelUnit::Dn);
        let flat = flat_ccd(0.5, 1e-4, PixelUnit::Relative);
        divide(&mut ccd, &Params::default(), &flat.view(), 1.5).unwrap();
        // 100 x 1.5 / 0.5; relative variances 4e-4 and 4e-4 add.
        assert_eq!(ccd.planes.image[[0, 0]], 300.0);
        assert!((ccd.planes.variance[[0, 0]] - 90_000.0 * 8e-4).abs() < 1e-4);
    }

    #[test]
    fn a_flat_without_a_positive_value_leaves_no_data() {
        let mut ccd = flat_ccd(100.0, 4.0, PixelUnit::Dn);
        let mut flat = flat_ccd(1.0, 0.0, PixelUnit::Relative);
        (flat.planes.image[[0, 0]], flat.planes.image[[0, 1]]) = (0.0, f32::NAN);
        let mut unguarded = ccd.clone();
        assert_eq!(divide(&mut ccd, &Params::default(), &flat.view(), 1.0).unwrap().no_flat, 2);
        assert!(ccd.planes.image[[0, 0]].is_nan() && ccd.planes.image[[0, 1]].is_nan());
        assert_eq!(ccd.planes.mask[[0, 1]], mask::NO_FLAT);
        let params = Params { not_positive: NotPositive::Divide };
        assert_eq!(divide(&mut unguarded, &params, &flat.view(), 1.0).unwrap().no_flat, 2);
        assert_eq!(unguarded.planes.image[[0, 0]], f32::INFINITY);
        assert!(unguarded.planes.image[[0, 1]].is_nan() && unguarded.planes.mask[[0, 1]] == 0);
    }

    #[test]
    fn a_bias_in_place_of_a_flat_is_refused() {
        let mut ccd = flat_ccd(100.0, 4.0, PixelUnit::Dn);
        let bias = flat_ccd(1.0, 0.0, PixelUnit::Dn);
        assert!(divide(&mut ccd, &Params::default(), &bias.view(), 1.0).is_err());
    }
}
