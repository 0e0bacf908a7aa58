//! The measurements of one object from its own pixels: light, barycenter, moments, ellipse.
//!
//! With the filtered pixels `c` above the threshold
//!
//! ```text
//! x = sum c x / sum c        x2 = sum c x² / sum c - x²          (y2, xy alike)
//! a², b² = (x2 + y2) / 2 ± sqrt((x2 - y2)² / 4 + xy²)            tan 2 theta = 2 xy / (x2 - y2)
//! errx2 = sum v (column - x)² / (sum c)²                         v: variance of the pixel
//! ```
//!
//! An object that was told apart from another keeps the barycenter of its core, and its moments are
//! taken around that.
//!
//! * Reference: Bertin & Arnouts 1996, A&AS 117, 393; the SExtractor manual; names as in sep.

use std::f64::consts::PI;

use super::flags;

/// Below this determinant (pixel⁴) an object is as narrow as a pixel: (1/12)².
const SINGULAR: f64 = 0.00694;
/// Variance of an even distribution over one pixel (pixel²).
const PIXEL_VARIANCE: f64 = 0.083_333_3;

/// One pixel above the threshold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pixel {
    pub(super) row: u32,
    pub(super) column: u32,
    /// Its value (DN).
    pub(super) value: f32,
    /// The filtered image there (DN).
    pub(super) filtered: f32,
    /// Its variance (DN²); none if it is masked.
    pub(super) variance: Option<f32>,
    /// The threshold there (DN); none if it is masked.
    pub(super) threshold: Option<f32>,
}

impl Pixel {
    /// Column and row from an origin.
    fn from(&self, (column, row): (u32, u32)) -> (f64, f64) {
        let from = |at: u32, origin: u32| f64::from(at) - f64::from(origin);
        (from(self.column, column), from(self.row, row))
    }
}

/// Sums and extremes of a list of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    pub(super) columns: (u32, u32),
    pub(super) rows: (u32, u32),
    /// Highest pixel (DN) and its column and row.
    pub(super) peak: (f32, u32, u32),
    /// Highest filtered pixel (DN) and its column and row.
    pub(super) filtered_peak: (f32, u32, u32),
    /// Sum of the filtered pixels (DN).
    pub(super) filtered_flux: f64,
}

impl Extent {
    pub(super) fn of(pixels: impl Iterator<Item = Pixel>) -> Extent {
        let mut extent = Extent {
            columns: (u32::MAX, 0),
            rows: (u32::MAX, 0),
            peak: (f32::NEG_INFINITY, 0, 0),
            filtered_peak: (f32::NEG_INFINITY, 0, 0),
            filtered_flux: 0.0,
        };
        for pixel in pixels {
            let Pixel { row, column, value, filtered, .. } = pixel;
            extent.columns = (extent.columns.0.min(column), extent.columns.1.max(column));
            extent.rows = (extent.rows.0.min(row), extent.rows.1.max(row));
            if extent.peak.0 < value {
                extent.peak = (value, column, row);
            }
            if extent.filtered_peak.0 < filtered {
                extent.filtered_peak = (filtered, column, row);
            }
            extent.filtered_flux += f64::from(filtered);
        }
        extent
    }
}

/// Barycenter, moments and ellipse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) x2: f64,
    pub(super) y2: f64,
    pub(super) xy: f64,
    pub(super) errx2: f64,
    pub(super) erry2: f64,
    pub(super) errxy: f64,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) theta: f64,
    pub(super) cxx: f64,
    pub(super) cyy: f64,
    pub(super) cxy: f64,
    /// Sum of the pixels (DN).
    pub(super) flux: f64,
    /// Pixels that are above the threshold unfiltered.
    pub(super) above: usize,
    /// What the ellipse lacks because the threshold cuts the profile (ratio, at most 1).
    pub(super) cut: f64,
    /// [`flags::SINGULAR`] or nothing.
    pub(super) flags: i32,
}

/// The shape of an object whose extent and threshold (DN) are known; `center` is the barycenter (x, y)
/// that it keeps.
pub(super) fn shape(
    pixels: &[Pixel],
    extent: &Extent,
    threshold: f64,
    center: Option<(f64, f64)>,
    gain: Option<f64>,
) -> Shape {
    let origin = (extent.columns.0, extent.rows.0);
    let total = extent.filtered_flux;
    let half_height = 0.5 * (threshold + f64::from(extent.peak.0));
    let (mut flux, mut above, mut high) = (0.0, 0_usize, 0_usize);
    let (mut sx, mut sy, mut sxx, mut syy, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for pixel in pixels {
        let (x, y) = pixel.from(origin);
        let (value, weight) = (f64::from(pixel.value), f64::from(pixel.filtered));
        flux += value;
        above += usize::from(threshold < value);
        high += usize::from(half_height < value);
        sx += weight * x;
        sy += weight * y;
        sxx += weight * x * x;
        syy += weight * y * y;
        sxy += weight * x * y;
    }
    let (mean_x, mean_y) = (sx / total, sy / total);
    let shifted = |(x, y): (f64, f64)| (x - f64::from(origin.0), y - f64::from(origin.1));
    let (x, y) = center.map_or((mean_x, mean_y), shifted);
    let mut moments = Moments {
        x2: sxx / total + x * x - 2.0 * mean_x * x,
        y2: syy / total + y * y - 2.0 * mean_y * y,
        xy: sxy / total + x * y - mean_x * y - x * mean_y,
    };
    let mut errors = errors(pixels, origin, (x, y), gain);
    let mut flags = 0;
    if moments.determinant() < SINGULAR {
        flags = flags::SINGULAR;
        moments.widen(PIXEL_VARIANCE);
        errors.widen(total);
    }
    let Ellipse { a, b, theta } = moments.ellipse();
    let determinant = moments.determinant();
    let cut = cut(threshold / half_height, above as f64 - high as f64, a * b);
    let square = total * total;
    Shape {
        x: x + f64::from(origin.0),
        y: y + f64::from(origin.1),
        x2: moments.x2,
        y2: moments.y2,
        xy: moments.xy,
        errx2: errors.moments.x2 / square,
        erry2: errors.moments.y2 / square,
        errxy: errors.moments.xy / square,
        a,
        b,
        theta,
        cxx: moments.y2 / determinant,
        cyy: moments.x2 / determinant,
        cxy: -2.0 * moments.xy / determinant,
        flux,
        above,
        cut,
        flags,
    }
}

/// Second moments (pixel²).
struct Moments {
    x2: f64,
    y2: f64,
    xy: f64,
}

/// Axes (pixel) and angle (radian) of an ellipse.
struct Ellipse {
    a: f64,
    b: f64,
    theta: f64,
}

impl Moments {
    fn determinant(&self) -> f64 {
        self.x2 * self.y2 - self.xy * self.xy
    }

    fn widen(&mut self, by: f64) {
        self.x2 += by;
        self.y2 += by;
    }

    fn ellipse(&self) -> Ellipse {
        let difference = self.x2 - self.y2;
        let theta = if difference.abs() > 0.0 {
            0.5 * libm::atan2(2.0 * self.xy, difference)
        } else {
            0.25 * PI
        };
        let mean = 0.5 * (self.x2 + self.y2);
        let half = (0.25 * difference * difference + self.xy * self.xy).sqrt();
        Ellipse { a: (mean + half).sqrt(), b: (mean - half).sqrt(), theta }
    }
}

/// Sums of variances around the barycenter (DN² pixel²), and of the variances alone (DN²).
struct Errors {
    moments: Moments,
    sum: f64,
}

impl Errors {
    /// What a singular object gains: an even distribution over a pixel.
    fn widen(&mut self, total: f64) {
        let square = total * total;
        let added = self.sum * 0.08333;
        let relative = added / square;
        if self.moments.determinant() / (square * square) < relative * relative {
            self.moments.widen(added);
        }
    }
}

fn errors(pixels: &[Pixel], origin: (u32, u32), (x, y): (f64, f64), gain: Option<f64>) -> Errors {
    let mut sums = Errors { moments: Moments { x2: 0.0, y2: 0.0, xy: 0.0 }, sum: 0.0 };
    for pixel in pixels {
        let (column, row) = pixel.from(origin);
        let photons = gain.map_or(0.0, |gain| f64::from(pixel.filtered).max(0.0) / gain);
        let variance = pixel.variance.map_or(0.0, f64::from) + photons;
        sums.sum += variance;
        sums.moments.x2 += variance * (column - x) * (column - x);
        sums.moments.y2 += variance * (row - y) * (row - y);
        sums.moments.xy += variance * (column - x) * (row - y);
    }
    sums
}

/// The area of a Gaussian between its half height and the threshold grows with the logarithm of their
/// ratio; what the moments say of that area is too small by this factor.
fn cut(height_ratio: f64, between: f64, axes: f64) -> f64 {
    if height_ratio > 0.0 {
        let logarithm = libm::log(if height_ratio < 1.0 { height_ratio } else { 0.99 });
        let area = if between > 0.0 { -between } else { -1.0 };
        (area / (2.0 * PI * logarithm * axes)).min(1.0)
    } else {
        1.0
    }
}
