//! The profile of a star, from what a window saw of it.
//!
//! ```text
//! I(r) ~ (1 + r² / α²)^-β      FWHM = 2 α sqrt(2^(1/β) - 1)      β -> ∞: exp(-4 ln 2 r² / FWHM²)
//! ```
//!
//! integrated over each pixel (3 x 3 Gauss-Legendre). Width and β are those of the round star which,
//! laid on pixels, has the same sigma and the same fourth moment through its window, in the mean over its
//! places on a pixel: so neither the window, nor the pixels, nor the wings make the width wrong. The
//! width *with the pixel* is that of the profile after the pixel has widened it, as an image shows it.
//!
//! * Reference: Moffat 1969, A&A 3, 455.

use ndarray::Array2;

use super::moments::{self, REACH};
use crate::numerics::FWHM_PER_SIGMA;
use crate::numerics::power::power;

/// Nodes of the three-point Gauss-Legendre rule on a pixel, from its middle (`sqrt(3/5) / 2`), and
/// weights.
const RULE: [(f64, f64); 3] = [
    (-0.387_298_334_620_741_7, 5.0 / 18.0),
    (0.0, 8.0 / 18.0),
    (0.387_298_334_620_741_7, 5.0 / 18.0),
];
/// Places of a star on its pixel (pixel): the middles of the quarters; others mirror them.
const PLACES: [((f64, f64), f64); 3] =
    [((0.125, 0.125), 1.0), ((0.375, 0.125), 2.0), ((0.375, 0.375), 1.0)];
/// Widest star that is laid on pixels (sigma, pixel); a wider one is scaled down to it.
const WIDEST: f64 = 3.0;
/// Most rounds in which a width settles, how near (fraction), and what is taken of each step (ratio):
/// wings make the window grow faster than the width.
const ROUNDS: usize = 60;
const NEAR: f64 = 1e-6;
const DAMPING: f64 = 0.8;
/// How well 1/β is known.
const RESOLUTION: f64 = 1e-4;
/// Largest 1/β: below it the light of a star has no end.
const LARGEST: f64 = 0.6;
/// Below this 1/β the profile is the Gaussian.
pub(super) const GAUSSIAN: f64 = 1e-3;
/// Narrowest width (pixel).
const NARROWEST: f64 = 0.2;

/// A round profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Profile {
    /// Full width at half maximum before the pixels (pixel).
    pub(super) fwhm_pix: f64,
    /// 1/β; 0 for a Gaussian.
    pub(super) inverse_beta: f64,
}

impl Profile {
    /// Light at a squared distance (pixel²), 1 in the middle.
    fn light(&self, square: f64) -> f64 {
        let width = 0.25 * self.fwhm_pix * self.fwhm_pix;
        if self.inverse_beta < GAUSSIAN {
            return libm::exp(-std::f64::consts::LN_2 * square / width);
        }
        let alpha = width / (libm::exp2(self.inverse_beta) - 1.0);
        power(1.0 + square / alpha, -1.0 / self.inverse_beta)
    }

    /// Its mean over a pixel at a place (pixel).
    fn pixel(&self, x: f64, y: f64) -> f64 {
        let mut sum = 0.0;
        for (dy, of_row) in RULE {
            for (dx, of_column) in RULE {
                let (x, y) = (x + dx, y + dy);
                sum += of_row * of_column * self.light(x * x + y * y);
            }
        }
        sum
    }

    /// A star `offset` (pixel) off the middle of an odd square that reaches `half` pixels out.
    pub(super) fn stamp(&self, offset: (f64, f64), half: usize) -> Array2<f32> {
        let side = 2 * half + 1;
        let from = |at: usize, offset: f64| at as f64 - half as f64 - offset;
        Array2::from_shape_fn((side, side), |(row, column)| {
            self.pixel(from(column, offset.0), from(row, offset.1)) as f32
        })
    }

    /// Full width at half maximum with the pixel (pixel).
    pub(super) fn width_with_pixel(&self) -> f64 {
        let half = 0.5 * self.pixel(0.0, 0.0);
        let (mut low, mut high) = (0.0, 0.5 * self.fwhm_pix + 1.0);
        for _ in 0..48 {
            let middle = 0.5 * (low + high);
            // Along the sides of the pixel and across its corners, which it widens alike.
            let corner = std::f64::consts::FRAC_1_SQRT_2 * middle;
            let light = 0.5 * (self.pixel(middle, 0.0) + self.pixel(corner, corner));
            if light > half { low = middle } else { high = middle }
        }
        low + high
    }

    /// Pixels of sky whose noise adds to a flux that is fitted with this profile (pixel²):
    /// `1 / sum p²`, `p` the light of a pixel over all light (King 1983, PASP 95, 163).
    pub(super) fn noise_area(&self) -> f64 {
        let pi = std::f64::consts::PI;
        let width = 0.25 * self.fwhm_pix * self.fwhm_pix;
        let total = if self.inverse_beta < GAUSSIAN {
            pi * width / std::f64::consts::LN_2
        } else {
            let alpha = width / (libm::exp2(self.inverse_beta) - 1.0);
            pi * alpha * self.inverse_beta / (1.0 - self.inverse_beta)
        };
        let half = (1.5 * self.fwhm_pix).ceil().clamp(4.0, 200.0) as usize;
        let (mut squares, mut weights) = (0.0, 0.0);
        for (offset, weight) in PLACES {
            let stamp = self.stamp(offset, half);
            let own: f64 = stamp.iter().map(|&light| f64::from(light) * f64::from(light)).sum();
            squares += weight * own;
            weights += weight;
        }
        total * total * weights / squares
    }

    /// Sigma and fourth moment through the window, the mean over the places on a pixel.
    fn moments(&self) -> Option<(f64, f64)> {
        let sigma = self.fwhm_pix / FWHM_PER_SIGMA + 0.3;
        let half = (1.6 * REACH * sigma.max(1.25)).ceil() as usize + 1;
        let (mut width, mut fourth, mut weights) = (0.0, 0.0, 0.0);
        for (offset, weight) in PLACES {
            let middle = half as f64;
            let stamp = self.stamp(offset, half);
            let start = (middle + offset.0, middle + offset.1);
            let found = moments::of_light(stamp.view(), start, sigma)?;
            width += weight * found.sigma();
            fourth += weight * found.fourth;
            weights += weight;
        }
        Some((width / weights, fourth / weights))
    }
}

/// The profile of the stars whose windows see this sigma (pixel) and fourth moment; `None` for stars
/// that are narrower than a pixel makes them. Wings beyond the range of β give its end.
pub(super) fn fitted(sigma: f64, fourth: f64) -> Option<Profile> {
    let scale = (sigma / WIDEST).max(1.0);
    let sigma = sigma / scale;
    let start = Profile { fwhm_pix: FWHM_PER_SIGMA * sigma, inverse_beta: 0.0 };
    let (mut found, least) = of_width(sigma, start)?;
    let (mut low, mut high) = (0.0, if fourth <= least { 0.0 } else { LARGEST });
    while RESOLUTION < high - low {
        let (profile, seen) =
            of_width(sigma, Profile { inverse_beta: 0.5 * (low + high), ..found })?;
        found = profile;
        if seen < fourth { low = profile.inverse_beta } else { high = profile.inverse_beta }
    }
    Some(Profile { fwhm_pix: found.fwhm_pix * scale, ..found })
}

/// The profile with the β of `start` whose window sees this sigma (pixel), and its fourth moment.
fn of_width(sigma: f64, start: Profile) -> Option<(Profile, f64)> {
    let mut profile = start;
    for _ in 0..ROUNDS {
        let (seen, fourth) = profile.moments()?;
        if (seen / sigma - 1.0).abs() < NEAR {
            return Some((profile, fourth));
        }
        // In squares, to which the pixel adds a part that hardly changes.
        let square = profile.fwhm_pix * profile.fwhm_pix;
        let missing = FWHM_PER_SIGMA * FWHM_PER_SIGMA * (sigma * sigma - seen * seen);
        profile.fwhm_pix = (square + DAMPING * missing).max(0.25 * square).sqrt();
        if profile.fwhm_pix < NARROWEST {
            return None;
        }
    }
    None
}
