//! The pixels around an object that count, and sums over them.

use ndarray::ArrayView2;

use super::overlap::Ellipse;
use crate::detect::flags;
use crate::detect::params::Noise;
use crate::measure::aperture::{Pixels, Weighting};

/// The planes with what leaves a pixel out.
#[derive(Clone, Copy)]
pub(super) struct Light<'a> {
    pub(super) pixels: Pixels<'a>,
    pub(super) mask_bits: u32,
    pub(super) noise: Noise,
    pub(super) gain: Option<f64>,
    pub(super) weighting: Weighting,
    /// The segmentation, if the pixels of other objects are left out.
    pub(super) segmentation: Option<ArrayView2<'a, i32>>,
    /// Number of the object that is measured.
    pub(super) number: i32,
}

/// A pixel near an object: its place from the object's center (pixel), and its value (DN) unless it is
/// left out.
pub(super) struct Near {
    pub(super) dx: f64,
    pub(super) dy: f64,
    pub(super) at: (usize, usize),
    pub(super) value: Option<f64>,
}

/// The sum over an ellipse.
pub(super) struct Sum {
    /// DN.
    pub(super) flux: f64,
    /// DN.
    pub(super) error: f64,
    pub(super) flags: i32,
}

impl Light<'_> {
    /// Value of a pixel (DN), if it counts.
    fn value(&self, at: (usize, usize)) -> Option<f64> {
        let (value, bits) = (*self.pixels.image.get(at)?, *self.pixels.mask.get(at)?);
        let label =
            self.segmentation.as_ref().and_then(|labels| labels.get(at)).copied().unwrap_or(0);
        let own = label == 0 || label == self.number;
        let counts = bits & self.mask_bits == 0 && value.is_finite() && own;
        counts.then_some(f64::from(value))
    }

    /// Variance of a pixel (DN²).
    pub(super) fn variance(&self, at: (usize, usize)) -> f64 {
        match self.noise {
            Noise::Constant { rms_dn } => rms_dn * rms_dn,
            Noise::Plane => self.pixels.variance.get(at).map_or(0.0, |&value| f64::from(value)),
        }
    }

    /// The pixels of the box around `(x, y)`, and whether it reaches beyond the image.
    pub(super) fn around(
        &self,
        (x, y): (f64, f64),
        (right, up): (f64, f64),
    ) -> (impl Iterator<Item = Near>, i32) {
        let (rows, columns) = self.pixels.image.dim();
        let ((left, end, cut_x), (low, top, cut_y)) = (span(x, right, columns), span(y, up, rows));
        let flags = if cut_x || cut_y { flags::APERTURE_TRUNCATED } else { 0 };
        let near = (low..top).flat_map(move |row| {
            (left..end).map(move |column| Near {
                dx: column as f64 - x,
                dy: row as f64 - y,
                at: (row, column),
                value: self.value((row, column)),
            })
        });
        (near, flags)
    }

    /// The sum over an ellipse with exact overlaps.
    pub(super) fn sum(&self, center: (f64, f64), ellipse: &Ellipse) -> Sum {
        let (near, mut flags) = self.around(center, ellipse.reach());
        let (mut flux, mut variance, mut area) = (0.0, 0.0, 0.0);
        for pixel in near {
            let weight = ellipse.pixel(pixel.dx, pixel.dy);
            if weight <= 0.0 {
                continue;
            }
            let Some(value) = pixel.value else {
                flags |= flags::APERTURE_MASKED;
                continue;
            };
            area += weight;
            flux += weight * value;
            variance += self.variance(pixel.at)
                * match self.weighting {
                    Weighting::WeightSquared => weight * weight,
                    Weighting::Weight => weight,
                };
        }
        if area <= 0.0 {
            let flags = flags | flags::APERTURE_ALL_MASKED;
            return Sum { flux: f64::NAN, error: f64::NAN, flags };
        }
        variance += self.gain.map_or(0.0, |gain| flux.max(0.0) / gain);
        Sum { flux, error: variance.max(0.0).sqrt(), flags }
    }
}

/// First and one past the last pixel within `reach` of `center`, and whether some lie beyond the image.
fn span(center: f64, reach: f64, length: usize) -> (usize, usize, bool) {
    let (low, high) = ((center - reach + 0.5).floor(), (center + reach + 0.5).ceil());
    let end = length as f64;
    if low.is_nan() || high.is_nan() || high < low {
        return (0, 0, true);
    }
    (low.clamp(0.0, end) as usize, high.clamp(0.0, end) as usize, low < 0.0 || end < high)
}
