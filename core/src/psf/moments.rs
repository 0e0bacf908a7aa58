//! Adaptive moments: the elliptical Gaussian that a star looks like through a window of its own shape.
//!
//! With the weight `w = exp(-r² / 2)`, `r² = d W⁻¹ d`, `d` the place from the center, over the pixels
//! `p` with `r <= 4`
//!
//! ```text
//! m = sum w p d / sum w p          C = sum w p d dᵀ / sum w p - m mᵀ
//! S = (C⁻¹ - W⁻¹)⁻¹                center <- center + S C⁻¹ m          W = S, if not below 1.25 pixels
//! fourth = sum w p r⁴ / sum w p
//! ```
//!
//! until `S` and the center stand still. For a Gaussian `S` is its covariance at once, whatever the
//! window; for another profile, at rest with `W = S`, the window is the one that fits the star best in
//! the least squares. Through a narrower window than 1.25 pixels the moments would depend on where on its
//! pixel a star lies: `W` is `S` plus what its mean variance lacks to that, the same along both axes.
//!
//! * The fourth moment of a Gaussian through a window of its own is 2; wings make it larger.
//! * References: Bernstein & Jarvis 2002, AJ 123, 583, section 3; Hirata & Seljak 2003, MNRAS 343, 459.

use ndarray::{Array2, ArrayView2};

use crate::measure::aperture::Pixels;

/// Radius of the window (sigma).
pub(super) const REACH: f64 = 4.0;
/// Least mean variance of the window (pixel²).
const LEAST_WINDOW: f64 = 1.25 * 1.25;
/// Most passes.
const PASSES: usize = 60;
/// What may change in the last pass: of the covariance (fraction), of the center (pixel).
const REST: f64 = 1e-7;
/// `S` grows in one pass to at most this many times the window (ratio).
const GROWTH: f64 = 4.0;
/// Widest star (pixel, sigma).
const WIDEST: f64 = 100.0;
/// Farthest that a center moves from its start (sigma of the start).
const FARTHEST: f64 = 2.0;

/// A symmetric matrix (pixel², or its inverse).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Symmetric {
    pub(super) xx: f64,
    pub(super) yy: f64,
    pub(super) xy: f64,
}

impl Symmetric {
    /// A circle's.
    fn round(value: f64) -> Symmetric {
        Symmetric { xx: value, yy: value, xy: 0.0 }
    }

    pub(super) fn determinant(&self) -> f64 {
        self.xx * self.yy - self.xy * self.xy
    }

    /// The inverse; `None` if the matrix is not positive.
    fn inverse(&self) -> Option<Symmetric> {
        let determinant = self.determinant();
        let positive = self.xx > 0.0 && determinant > 0.0 && determinant.is_finite();
        let inverse = Symmetric {
            xx: self.yy / determinant,
            yy: self.xx / determinant,
            xy: -self.xy / determinant,
        };
        positive.then_some(inverse)
    }

    /// The smaller eigenvalue.
    fn smaller(&self) -> f64 {
        let half = 0.5 * (self.xx - self.yy);
        0.5 * (self.xx + self.yy) - (half * half + self.xy * self.xy).sqrt()
    }

    /// With `by` more along every axis.
    fn plus(self, by: f64) -> Symmetric {
        Symmetric { xx: self.xx + by, yy: self.yy + by, ..self }
    }

    /// The window for this covariance. Its mean variance is what counts: the smaller one is too small
    /// for every star whose noise makes it long.
    fn window(self) -> Symmetric {
        self.plus((LEAST_WINDOW - 0.5 * (self.xx + self.yy)).max(0.0))
    }

    fn minus(self, other: Symmetric) -> Symmetric {
        Symmetric { xx: self.xx - other.xx, yy: self.yy - other.yy, xy: self.xy - other.xy }
    }

    fn times(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.xx * x + self.xy * y, self.xy * x + self.yy * y)
    }

    /// `d` times the matrix times `d`.
    fn square(&self, x: f64, y: f64) -> f64 {
        self.xx * x * x + 2.0 * self.xy * x * y + self.yy * y * y
    }
}

/// The shape of a star.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    /// Center, column and row (pixel).
    pub(super) center: (f64, f64),
    /// Covariance of the Gaussian (pixel²).
    pub(super) covariance: Symmetric,
    /// Fourth moment through the window.
    pub(super) fourth: f64,
}

impl Moments {
    /// Geometric mean of the axes' sigmas (pixel).
    pub(super) fn sigma(&self) -> f64 {
        self.covariance.determinant().max(0.0).sqrt().sqrt()
    }

    /// `((xx - yy), 2 xy) / (xx + yy)`.
    pub(super) fn ellipticity(&self) -> (f64, f64) {
        let Symmetric { xx, yy, xy } = self.covariance;
        ((xx - yy) / (xx + yy), 2.0 * xy / (xx + yy))
    }
}

/// What a window sees.
struct Seen {
    mean: (f64, f64),
    covariance: Symmetric,
    fourth: f64,
}

/// The moments of the star near `start` (pixel) whose sigma is about `sigma` (pixel); `None` if they do
/// not come to rest, or if the window reaches beyond the image or on a pixel with one of `bad`.
pub(super) fn adaptive(
    pixels: Pixels<'_>,
    bad: u32,
    start: (f64, f64),
    sigma: f64,
) -> Option<Moments> {
    if !(sigma > 0.0 && sigma <= WIDEST) {
        return None;
    }
    let mut center = start;
    let mut covariance = Symmetric::round(sigma * sigma);
    for _ in 0..PASSES {
        let window = covariance.window();
        let inverse = window.inverse()?;
        let seen = seen(pixels, bad, center, (&window, &inverse))?;
        let sharp = seen.covariance.inverse()?;
        let least = inverse.smaller() / GROWTH;
        let bare = sharp.minus(inverse);
        let found = bare.plus((least - bare.smaller()).max(0.0)).inverse()?;
        let shift = found.times(sharp.times(seen.mean));
        let change = found.minus(covariance);
        let largest = change.xx.abs().max(change.yy.abs()).max(change.xy.abs());
        center = (center.0 + shift.0, center.1 + shift.1);
        covariance = found;
        let moved = (center.0 - start.0).abs().max((center.1 - start.1).abs());
        let lost = WIDEST < found.xx.max(found.yy).sqrt() || FARTHEST * sigma.max(1.0) < moved;
        if lost || !largest.is_finite() {
            return None;
        }
        if largest < REST * found.xx.max(found.yy) && shift.0.abs().max(shift.1.abs()) < REST {
            return Some(Moments { center, covariance, fourth: seen.fourth });
        }
    }
    None
}

fn seen(
    pixels: Pixels<'_>,
    bad: u32,
    center: (f64, f64),
    (window, inverse): (&Symmetric, &Symmetric),
) -> Option<Seen> {
    let (rows, columns) = pixels.image.dim();
    let across = span(center.0, REACH * window.xx.sqrt(), columns)?;
    let along = span(center.1, REACH * window.yy.sqrt(), rows)?;
    let (mut light, mut sx, mut sy, mut fourth) = (0.0, 0.0, 0.0, 0.0);
    let mut squares = Symmetric::round(0.0);
    for row in along.0..along.1 {
        let y = row as f64 - center.1;
        let (values, bits) = (pixels.image.row(row), pixels.mask.row(row));
        for column in across.0..across.1 {
            let x = column as f64 - center.0;
            let square = inverse.square(x, y);
            if square > REACH * REACH {
                continue;
            }
            let (value, bits) = (values.get(column)?, bits.get(column)?);
            if bits & bad != 0 || !value.is_finite() {
                return None;
            }
            let weight = f64::from(*value) * libm::exp(-0.5 * square);
            light += weight;
            sx += weight * x;
            sy += weight * y;
            squares.xx += weight * x * x;
            squares.yy += weight * y * y;
            squares.xy += weight * x * y;
            fourth += weight * square * square;
        }
    }
    let mean = (sx / light, sy / light);
    let covariance = Symmetric {
        xx: squares.xx / light - mean.0 * mean.0,
        yy: squares.yy / light - mean.1 * mean.1,
        xy: squares.xy / light - mean.0 * mean.1,
    };
    (light > 0.0).then_some(Seen { mean, covariance, fourth: fourth / light })
}

/// First and one past the last pixel within `reach` of `center`; `None` if some lie beyond the image.
fn span(center: f64, reach: f64, length: usize) -> Option<(usize, usize)> {
    let (low, high) = ((center - reach).ceil(), (center + reach).floor() + 1.0);
    (low >= 0.0 && high <= length as f64).then_some((low as usize, high as usize))
}

/// The moments of a light without noise.
pub(super) fn of_light(
    image: ArrayView2<'_, f32>,
    start: (f64, f64),
    sigma: f64,
) -> Option<Moments> {
    let mask = Array2::zeros(image.dim());
    adaptive(Pixels { image, variance: image, mask: mask.view() }, 0, start, sigma)
}
