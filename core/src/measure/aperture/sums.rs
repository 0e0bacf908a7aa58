//! The sums of one star after the other.
//!
//! A pixel that lies wholly in a circle lies wholly in every larger one: it is added once, to the
//! ring between two radii, and the rings are added up at the end. Only pixels on a circle's edge
//! need their overlap with it.

use crate::mask;
use crate::numerics::overlap::circle_pixel;

use super::{Masked, Params, Pixels, Weighting};

/// sep adds a pixel, if only with a weight of 0, whose center is less than half a diagonal (pixel,
/// rounded up as there) beyond the radius.
const SEP_REACH_PIX: f64 = 0.7072;

/// Sums of one aperture while it grows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) flux: f64,
    pub(super) variance: f64,
    pub(super) area: f64,
    pub(super) n_masked: i32,
    pub(super) saturated: bool,
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        self.flux += other.flux;
        self.variance += other.variance;
        self.area += other.area;
        self.n_masked += other.n_masked;
        self.saturated |= other.saturated;
    }
}

/// One pixel: its value and variance, or `None` where it is left out.
struct Pixel {
    sample: Option<(f64, f64)>,
    saturated: bool,
}

/// Local background: its mean and the variance of that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Local {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

/// Room and constants for the sums of one star after the other.
pub(super) struct Summer<'a> {
    pixels: Pixels<'a>,
    mask_bits: u32,
    masked: Masked,
    weighting: Weighting,
    /// Radii from small to large, and their squares.
    radii: Vec<f64>,
    squares: Vec<f64>,
    /// Per radius, the pixels that lie wholly in it but not in the next smaller one.
    ring: Vec<Sums>,
    /// Per radius, the whole sum.
    total: Vec<Sums>,
}

impl<'a> Summer<'a> {
    pub(super) fn new(pixels: Pixels<'a>, params: &Params, radii: Vec<f64>) -> Summer<'a> {
        Summer {
            pixels,
            mask_bits: params.mask_bits,
            masked: params.masked,
            weighting: params.weighting,
            squares: radii.iter().map(|radius| radius * radius).collect(),
            ring: vec![Sums::default(); radii.len()],
            total: vec![Sums::default(); radii.len()],
            radii,
        }
    }

    /// The sums of the last star, radii from small to large.
    pub(super) fn total(&self) -> &[Sums] {
        &self.total
    }

    /// Sums the pixels around `(x, y)` for every radius.
    pub(super) fn sum(&mut self, (x, y): (f64, f64)) {
        self.ring.fill(Sums::default());
        self.total.fill(Sums::default());
        let largest = self.radii.last().copied().unwrap_or(0.0);
        let (rows, columns) = self.pixels.image.dim();
        let (Some((top, bottom)), Some((left, right))) =
            (span(y, largest, rows), span(x, largest, columns))
        else {
            return;
        };
        for row in top..bottom {
            let dy = row as f64 - y;
            for column in left..right {
                self.add_pixel((row, column), (column as f64 - x, dy));
            }
        }
        let mut inside = Sums::default();
        for (total, ring) in self.total.iter_mut().zip(&self.ring) {
            inside.add(ring);
            total.add(&inside);
        }
    }

    /// Adds the pixel at `at`, whose center lies at `(dx, dy)` from the star, where it belongs.
    fn add_pixel(&mut self, at: (usize, usize), (dx, dy): (f64, f64)) {
        let near = ((dx.abs() - 0.5).max(0.0), (dy.abs() - 0.5).max(0.0));
        let far = (dx.abs() + 0.5, dy.abs() + 0.5);
        let (near2, far2) = (near.0 * near.0 + near.1 * near.1, far.0 * far.0 + far.1 * far.1);
        let first_touched = self.squares.iter().filter(|&&square| square <= near2).count();
        if self.masked == Masked::NotANumber {
            self.add_without_weight(at, (dx, dy), first_touched);
        }
        if first_touched == self.radii.len() {
            return;
        }
        let Some(pixel) = self.pixel(at) else {
            return;
        };
        let first_whole = self.squares.iter().filter(|&&square| square < far2).count();
        for index in first_touched..first_whole {
            let (Some(&radius), Some(sums)) = (self.radii.get(index), self.total.get_mut(index))
            else {
                return;
            };
            let weight = circle_pixel(dx, dy, radius);
            if weight > 0.0 {
                accumulate(sums, &pixel, weight, self.weighting);
            }
        }
        if let Some(sums) = self.ring.get_mut(first_whole) {
            accumulate(sums, &pixel, 1.0, self.weighting);
        }
    }

    /// A pixel without a number takes away the flux of the `circles` smallest circles that do not
    /// touch it but come as near as sep looks: 0 times no number is none.
    fn add_without_weight(&mut self, at: (usize, usize), (dx, dy): (f64, f64), circles: usize) {
        let sample = self.pixel(at).and_then(|pixel| pixel.sample);
        if sample.is_none_or(|(value, _)| value.is_finite()) {
            return;
        }
        let distance2 = dx * dx + dy * dy;
        for (radius, sums) in self.radii.iter().zip(&mut self.total).take(circles) {
            let (reach, box_half) = (radius + SEP_REACH_PIX, radius + 0.5);
            if distance2 < reach * reach && dx.abs() < box_half && dy.abs() < box_half {
                sums.flux = f64::NAN;
            }
        }
    }

    fn pixel(&self, at: (usize, usize)) -> Option<Pixel> {
        let (value, variance) = (*self.pixels.image.get(at)?, *self.pixels.variance.get(at)?);
        let bits = *self.pixels.mask.get(at)?;
        let named = bits & self.mask_bits != 0;
        let good = match self.masked {
            Masked::LeaveOut => !named && value.is_finite() && variance.is_finite(),
            Masked::NotANumber => true,
        };
        let value = if named { f64::NAN } else { f64::from(value) };
        Some(Pixel {
            sample: good.then_some((value, f64::from(variance))),
            saturated: bits & mask::SATURATED != 0,
        })
    }

    /// Mean and its variance over the annulus; `None` without a good pixel.
    pub(super) fn annulus(&self, (x, y): (f64, f64), (inner, outer): (f64, f64)) -> Option<Local> {
        let (rows, columns) = self.pixels.image.dim();
        let ((top, bottom), (left, right)) = (span(y, outer, rows)?, span(x, outer, columns)?);
        let (mut n, mut sum, mut variance) = (0.0, 0.0, 0.0);
        for row in top..bottom {
            for column in left..right {
                let (dx, dy) = (column as f64 - x, row as f64 - y);
                let distance2 = dx * dx + dy * dy;
                if distance2 < inner * inner || distance2 >= outer * outer {
                    continue;
                }
                if let Some((value, noise)) = self.pixel((row, column))?.sample {
                    n += 1.0;
                    sum += value;
                    variance += noise;
                }
            }
        }
        (n > 0.0).then(|| Local { mean: sum / n, variance: variance / (n * n) })
    }
}

/// Adds a pixel with the overlap `weight`.
fn accumulate(sums: &mut Sums, pixel: &Pixel, weight: f64, weighting: Weighting) {
    sums.saturated |= pixel.saturated;
    let Some((value, variance)) = pixel.sample else {
        sums.n_masked += 1;
        return;
    };
    sums.flux += weight * value;
    sums.area += weight;
    sums.variance += variance
        * match weighting {
            Weighting::WeightSquared => weight * weight,
            Weighting::Weight => weight,
        };
}

/// First and one past the last pixel of a line that a circle can touch; `None` if there is none.
fn span(center: f64, radius: f64, length: usize) -> Option<(usize, usize)> {
    let low = (center - radius + 0.5).floor().max(0.0);
    let high = (center + radius + 0.5).ceil().min(length as f64);
    // A NaN would pass the bounds as 0 and the length.
    (center.is_finite() && low < high).then_some((low as usize, high as usize))
}
