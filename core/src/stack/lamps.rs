//! Lamps: the flat of a band from the flats of its lamps.
//!
//! With `f_l` the normalized flat of lamp `l`, `L_l` its level (DN) and `w_l` its weight,
//!
//! ```text
//! f = Σ w_l f_l / Σ w_l        variance = Σ w_l² variance_l / (Σ w_l)²        L = Σ w_l L_l / Σ w_l
//! ```
//!
//! * A pixel that one lamp lacks is averaged over the others and marked `FEW_FRAMES`; the lamps' own
//!   bits are joined where no lamp has a value.
//! * Source: ztfin2p3 0.4.1 (unweighted mean over LEDs; weights optional).

use ndarray::Zip;

use crate::error::{Error, Result};
use crate::image::{CANONICAL_NAN, CcdImage, PixelUnit, Planes};
use crate::mask;
use crate::numerics::precision::Precision;
use crate::steps::bias::check_match;

const STEP: &str = "lamps";

/// The weighted mean of one part of the detector over its lamps: pairs of flat and weight, added up with
/// the precision of `sums`.
///
/// # Errors
/// [`Error::Input`] if there is no lamp or the parts differ, [`Error::Parameter`] for a weight that
/// is not positive.
pub fn mean_of_lamps(lamps: &[(CcdImage, f64)], sums: Precision) -> Result<CcdImage> {
    let (first, _) = lamps.first().ok_or_else(|| Error::input(STEP, "lamps", 0, "one or more"))?;
    for (flat, weight) in lamps {
        check_match(STEP, first, &flat.view())?;
        if flat.unit != PixelUnit::Relative {
            let found = format!("{:?}", flat.unit);
            return Err(Error::input(STEP, "pixel unit of a lamp flat", found, "Relative"));
        }
        if !(weight.is_finite() && 0.0 < *weight) {
            return Err(Error::parameter("weight of a lamp", weight, "above zero"));
        }
    }
    Ok(average(first, lamps, sums))
}

/// The weighted mean of the levels (DN), added up with the precision of `sums`.
pub fn mean_level(levels: &[(f64, f64)], sums: Precision) -> f64 {
    let weights: f64 = levels.iter().map(|(_, weight)| weight).sum();
    let sum = levels.iter().fold(0.0, |sum, (level, weight)| sums.round(sum + level * weight));
    sums.round(sum / weights)
}

fn average(first: &CcdImage, lamps: &[(CcdImage, f64)], sums: Precision) -> CcdImage {
    let mut out = first.clone();
    let total: f64 = lamps.iter().map(|(_, weight)| weight).sum();
    let CcdImage { planes: Planes { image, variance, mask: bits }, .. } = &mut out;
    Zip::indexed(image).and(variance).and(bits).for_each(|at, pixel, variance, bits| {
        let (mut value, mut noise, mut weights, mut joined) = (0.0, 0.0, 0.0, 0);
        for (Planes { image, variance, mask }, weight) in lamps.iter().map(|(f, w)| (&f.planes, w))
        {
            joined |= mask[at];
            if !image[at].is_nan() {
                value = sums.round(value + weight * f64::from(image[at]));
                noise += weight * weight * f64::from(variance[at]);
                weights += weight;
            }
        }
        if weights == 0.0 {
            (*pixel, *bits) = (CANONICAL_NAN, joined | mask::NO_DATA);
            return;
        }
        *pixel = (value / weights) as f32;
        *variance = (noise / (weights * weights)) as f32;
        *bits = if weights < total { mask::FEW_FRAMES } else { joined };
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_ccd;

    #[test]
    fn weights_enter_mean_variance_and_level() {
        let mut b = flat_ccd(1.3, 0.02, PixelUnit::Relative);
        b.planes.image[[0, 0]] = f32::NAN;
        let lamps = [(flat_ccd(1.0, 0.01, PixelUnit::Relative), 1.0), (b, 2.0)];
        let mean = mean_of_lamps(&lamps, Precision::F64).unwrap();
        assert!((mean.planes.image[[1, 1]] - 1.2).abs() < 1e-6);
        assert!((mean.planes.variance[[1, 1]] - 0.01).abs() < 1e-8);
        assert_eq!((mean.planes.image[[0, 0]], mean.planes.mask[[0, 0]]), (1.0, mask::FEW_FRAMES));
        assert!((mean_level(&[(100.0, 1.0), (160.0, 2.0)], Precision::F64) - 140.0).abs() < 1e-12);
    }

    #[test]
    fn a_flat_in_dn_is_refused() {
        assert!(
            mean_of_lamps(&[(flat_ccd(1.0, 0.01, PixelUnit::Dn), 1.0)], Precision::F64).is_err()
        );
        assert!(mean_of_lamps(&[], Precision::F64).is_err());
    }
}
