//! The faintest light that stands out of the noise of an empty aperture.
//!
//! ```text
//! noise² = v sum w²          limit = n noise          v: median variance of the good pixels
//! magnitude = Z - 2.5 log10(limit)                    w: overlap of circle and pixel
//! ```
//!
//! with `Z` the zero point of the same aperture, which holds what the aperture lacks of a star's light.
//! Half of the pixels may hold stars and the median is still that of the sky.

use serde::{Deserialize, Serialize};

use super::Params;
use crate::measure::aperture::Pixels;
use crate::numerics::overlap::circle_pixel;
use crate::numerics::stats::finite_median;

/// Pixels looked at along each side.
const GRID: usize = 512;
/// Places of the circle on its pixel (pixel) with their weights: the middles of the quarters; others
/// mirror them.
const PLACES: [((f64, f64), f64); 3] =
    [((0.125, 0.125), 0.25), ((0.375, 0.125), 0.5), ((0.375, 0.375), 0.25)];

/// The noise of an empty aperture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Radius of the aperture (pixel).
    pub radius_pix: f64,
    /// Noise of a pixel of sky (DN).
    pub pixel_noise_dn: f64,
    /// Noise of the aperture on the sky (DN).
    pub aperture_noise_dn: f64,
    /// The limit (DN).
    pub flux_dn: f64,
    /// Signal over noise at the limit (ratio).
    pub signal_ratio: f64,
}

/// The limit of the circle of `radius` (pixel); `None` without a good pixel.
pub(super) fn limit(pixels: Pixels<'_>, radius: f64, params: &Params) -> Option<Limit> {
    let (rows, columns) = pixels.variance.dim();
    let every = |length: usize| length.div_ceil(GRID).max(1);
    let rows = (0..rows).step_by(every(rows));
    let places = rows.flat_map(|row| (0..columns).step_by(every(columns)).map(move |at| (row, at)));
    let good = places.filter_map(|at| {
        let (variance, bits) = (*pixels.variance.get(at)?, *pixels.mask.get(at)?);
        (bits & params.mask_bits == 0 && 0.0 < variance).then_some(f64::from(variance))
    });
    let variance = finite_median(good)?;
    let pixel_noise_dn = variance.sqrt();
    let aperture_noise_dn = (variance * squared_area(radius)).sqrt();
    let flux_dn = params.limit_signal_ratio * aperture_noise_dn;
    let signal_ratio = params.limit_signal_ratio;
    Some(Limit { radius_pix: radius, pixel_noise_dn, aperture_noise_dn, flux_dn, signal_ratio })
}

/// The sum of the squared overlaps of a circle's pixels (pixel²), the mean over its places.
fn squared_area(radius: f64) -> f64 {
    let half = radius.ceil() as i64 + 1;
    let mut sum = 0.0;
    for ((x, y), weight) in PLACES {
        for row in -half..=half {
            for column in -half..=half {
                let overlap = circle_pixel(column as f64 - x, row as f64 - y, radius);
                sum += weight * overlap * overlap;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over all places of the circle the mean is the area that it shares with itself moved from one
    /// point of a pixel to another: pi r² - 2 r t + O(1 / r), t = 0.521405 the mean distance of two
    /// points of a unit square.
    #[test]
    fn the_squared_area_is_the_area_less_the_rim() {
        for radius in [2.0, 3.0, 4.5, 6.0, 15.0] {
            let expected = std::f64::consts::PI * radius * radius - 2.0 * 0.521_405_433 * radius;
            let found = squared_area(radius) / expected;
            assert!((found - 1.0).abs() < 0.004, "{radius}: {found}");
        }
        let inside = 0.01 * std::f64::consts::PI;
        assert!((squared_area(0.1) / (inside * inside) - 1.0).abs() < 1e-9);
    }
}
