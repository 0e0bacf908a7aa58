//! Normalize: a flat in DN to a response whose detector median is 1, and its level.
//!
//! ```text
//! L = median over all pixels of all amplifiers of the detector (DN)
//! flat <- flat / L          variance <- variance / L²
//! ```
//!
//! The gains of the amplifiers stay in the flat. Source: ztfin2p3 0.4.1 (`FLTNORM`).

use crate::error::{Error, Result};
use crate::image::{CcdImage, PixelUnit};
use crate::numerics::precision::Precision;
use crate::numerics::stats::CountingMedian;

/// Divides the parts of one detector's flat by their common median, which is returned (DN) with the
/// precision of `sums`.
///
/// # Errors
/// [`Error::Undetermined`] if no pixel has a value, or the median is not positive; then the parts
/// are unchanged.
pub fn normalize(parts: &mut [CcdImage], sums: Precision) -> Result<f64> {
    let mut median = CountingMedian::new();
    parts.iter().for_each(|part| median.offer(part.planes.image.iter().copied()));
    let given = parts.iter().map(|part| part.planes.image.len()).sum();
    let used = median.begin_second_pass() as usize;
    parts.iter().for_each(|part| median.offer(part.planes.image.iter().copied()));
    let level =
        median.finish().filter(|level| level.is_finite() && 0.0 < *level).ok_or_else(|| {
            Error::Undetermined {
                quantity: "level of the flat (above zero)".to_owned(),
                used,
                given,
            }
        })?;
    let level = sums.round(level);
    for part in parts {
        scale(part, 1.0 / level);
        part.unit = PixelUnit::Relative;
    }
    Ok(level)
}

/// Multiplies the image of `part` by `factor` and its variance by the square.
pub fn scale(part: &mut CcdImage, factor: f64) {
    part.planes.image.mapv_inplace(|pixel| (f64::from(pixel) * factor) as f32);
    part.planes.variance.mapv_inplace(|v| (f64::from(v) * factor * factor) as f32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_ccd;

    #[test]
    fn the_common_median_becomes_one_and_gains_stay() {
        let mut parts = [
            flat_ccd(9_000.0, 9.0, PixelUnit::Dn),
            flat_ccd(10_000.0, 9.0, PixelUnit::Dn),
            flat_ccd(11_000.0, 9.0, PixelUnit::Dn),
        ];
        assert_eq!(normalize(&mut parts, Precision::F64), Ok(10_000.0));
        assert_eq!(parts[0].planes.image[[0, 0]], 0.9);
        assert!((parts[2].planes.variance[[0, 0]] - 9e-8).abs() < 1e-14);
    }

    #[test]
    fn a_dark_flat_has_no_level() {
        assert!(normalize(&mut [flat_ccd(0.0, 1.0, PixelUnit::Dn)], Precision::F64).is_err());
        assert!(normalize(&mut [flat_ccd(f32::NAN, 1.0, PixelUnit::Dn)], Precision::F64).is_err());
    }
}
