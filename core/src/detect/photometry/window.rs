//! Windowed positions: the barycenter under a Gaussian window that follows it.
//!
//! ```text
//! x <- x + 2 sum w f (column - x) / sum w f          w = exp(-r² / 2 sigma²), r < 4 sigma
//! ```
//!
//! until the shift of the barycenter is below 1e-4 pixels, at most 16 times. The factor 2 undoes what
//! the window takes from the shift of a Gaussian as wide as itself. A pixel that is left out counts as
//! the mean of the others.
//!
//! The errors are those of the place where the barycenter comes to rest, for the variances `v` of the
//! pixels:
//!
//! ```text
//! cov(x, y) = sum w² v dx dy / (D_x D_y)          D_x = sum w f (1 - dx² / sigma²)
//! ```
//!
//! which for a Gaussian in a window as wide as itself is SExtractor's `4 sum w² v dx dy / (sum w f)²`.
//!
//! * Reference: the SExtractor manual, `XWIN_IMAGE`, `ERRX2WIN_IMAGE`; sep's `winpos`.

use super::light::Light;
use crate::detect::flags;
use crate::numerics::overlap::circle_pixel;

/// Radius of the window in sigmas.
const REACH: f64 = 4.0;
/// Most passes.
const PASSES: usize = 16;
/// A smaller shift ends the passes (pixel).
const SMALLEST_SHIFT: f64 = 1e-4;
/// Factor of a shift.
const FACTOR: f64 = 2.0;

/// The windowed position (pixel) from `start`, and flags; `start` if sigma (pixel) is not positive.
pub(super) fn position(light: &Light<'_>, start: (f64, f64), sigma: f64) -> ((f64, f64), i32) {
    let (mut x, mut y) = start;
    let mut flags = 0;
    if !(sigma > 0.0 && sigma.is_finite()) {
        return (start, flags);
    }
    for _ in 0..PASSES {
        let (moment, own) = pass(light, (x, y), sigma);
        flags |= own;
        if moment.weight.is_nan() || moment.weight <= 0.0 {
            break;
        }
        let (dx, dy) = (moment.dx / moment.weight, moment.dy / moment.weight);
        x += FACTOR * dx;
        y += FACTOR * dy;
        if dx * dx + dy * dy < SMALLEST_SHIFT * SMALLEST_SHIFT {
            break;
        }
    }
    if x.is_finite() && y.is_finite() { ((x, y), flags) } else { (start, flags) }
}

/// Variances and covariance of a windowed position (pixel²).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Errors {
    pub(super) xx: f64,
    pub(super) yy: f64,
    pub(super) xy: f64,
}

/// The errors of the position `center` through the window of `sigma` (pixel); NaN where the light has no
/// top there.
pub(super) fn errors(light: &Light<'_>, center: (f64, f64), sigma: f64) -> Errors {
    let none = Errors { xx: f64::NAN, yy: f64::NAN, xy: f64::NAN };
    if !(sigma > 0.0 && sigma.is_finite()) {
        return none;
    }
    let reach = REACH * sigma;
    let (mut steep_x, mut steep_y) = (0.0, 0.0);
    let mut sums = Errors { xx: 0.0, yy: 0.0, xy: 0.0 };
    for pixel in light.around(center, (reach, reach)).0 {
        let Some(value) = pixel.value else { continue };
        let overlap = circle_pixel(pixel.dx, pixel.dy, reach);
        if overlap <= 0.0 {
            continue;
        }
        let (dx, dy) = (pixel.dx, pixel.dy);
        let square = sigma * sigma;
        let weight = overlap * libm::exp(-(dx * dx + dy * dy) / (2.0 * square));
        steep_x += weight * value * (1.0 - dx * dx / square);
        steep_y += weight * value * (1.0 - dy * dy / square);
        let noise = weight * weight * light.variance(pixel.at);
        sums.xx += noise * dx * dx;
        sums.yy += noise * dy * dy;
        sums.xy += noise * dx * dy;
    }
    if !(steep_x > 0.0 && steep_y > 0.0) {
        return none;
    }
    let Errors { xx, yy, xy } = sums;
    Errors {
        xx: xx / (steep_x * steep_x),
        yy: yy / (steep_y * steep_y),
        xy: xy / (steep_x * steep_y),
    }
}

/// Weighted sums: of the light, and of the light times its place from the center.
#[derive(Default)]
struct Moment {
    weight: f64,
    dx: f64,
    dy: f64,
}

impl Moment {
    fn add(&mut self, weight: f64, (dx, dy): (f64, f64)) {
        self.weight += weight;
        self.dx += weight * dx;
        self.dy += weight * dy;
    }
}

fn pass(light: &Light<'_>, center: (f64, f64), sigma: f64) -> (Moment, i32) {
    let reach = REACH * sigma;
    let (near, mut flags) = light.around(center, (reach, reach));
    let (mut moment, mut left_out) = (Moment::default(), Moment::default());
    let (mut flux, mut area) = (0.0, 0.0);
    for pixel in near {
        let overlap = circle_pixel(pixel.dx, pixel.dy, reach);
        if overlap <= 0.0 {
            continue;
        }
        let square = pixel.dx * pixel.dx + pixel.dy * pixel.dy;
        let weight = overlap * libm::exp(-square / (2.0 * sigma * sigma));
        if let Some(value) = pixel.value {
            flux += overlap * value;
            area += overlap;
            moment.add(weight * value, (pixel.dx, pixel.dy));
        } else {
            flags |= flags::APERTURE_MASKED;
            left_out.add(weight, (pixel.dx, pixel.dy));
        }
    }
    let mean = if area > 0.0 { flux / area } else { 0.0 };
    moment.weight += mean * left_out.weight;
    moment.dx += mean * left_out.dx;
    moment.dy += mean * left_out.dy;
    (moment, flags)
}
