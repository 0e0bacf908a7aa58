//! Objects that are sharper than a star: cosmic rays and hot pixels that no mask knows.
//!
//! Let `p` be the highest pixel of an object with noise `d`, and `s` the sum of two opposite neighbors
//! (left and right, above and below) with noise `e`. Wherever a Gaussian star lies on its highest pixel,
//! `s >= g p` with `g = 2 exp(-1 / (2 sigma²))` for both pairs, since `cosh` is never below 1. An object is
//! sharper than that if for both pairs
//!
//! ```text
//! s < PART g p                and               s < g p - SIGMAS sqrt(e² + g² d²)
//! ```
//!
//! Both, because the trail of a saturated star falls off as steeply to its sides: of a cosmic ray that is one
//! pixel wide and several long, only the shape search can tell.
//!
//! * Reference: the third condition of the rule in `masks/cosmic_rays.rs`, here for whole objects whose
//!   pixels stay: it may therefore be asked where stars are as narrow as two pixels or less, too.

use super::scene::{Found, Scene};
use crate::detect::flags;
use crate::measure::aperture::Pixels;
use crate::numerics::FWHM_PER_SIGMA;

/// Steepness at which a star passes: its width varies over the image (fraction).
const PART: f64 = 0.5;
/// What noise is allowed.
const SIGMAS: f64 = 3.0;

/// Flags those objects of `found` that are sharper than stars of this full width at half maximum (pixel).
pub(super) fn flag(scene: &Scene<'_>, found: &mut Found, fwhm_pix: f64) {
    let sigma = fwhm_pix / FWHM_PER_SIGMA;
    let steepness = 2.0 * libm::exp(-0.5 / (sigma * sigma));
    let light = scene.of_light();
    for (object, measured) in found.detections.objects.iter_mut().zip(&mut found.measured) {
        let (column, row) = object.peak_at;
        if is_sharp(light, (row as usize, column as usize), steepness) {
            object.flag |= flags::SHARP;
            measured.flag |= flags::SHARP;
        }
    }
}

fn is_sharp(light: Pixels<'_>, (row, column): (usize, usize), steepness: f64) -> bool {
    let Some((peak, peak_variance)) = pixel(light, Some((row, column))) else { return false };
    let left = column.checked_sub(1).map(|left| (row, left));
    let below = row.checked_sub(1).map(|below| (below, column));
    [(left, (row, column + 1)), (below, (row + 1, column))].into_iter().all(|(one, other)| {
        let pair = pixel(light, one).zip(pixel(light, Some(other)));
        pair.is_some_and(|((one, v), (other, w))| {
            let (sum, expected) = (one + other, steepness * peak);
            let noise = (v + w + steepness * steepness * peak_variance).sqrt();
            sum < PART * expected && sum < expected - SIGMAS * noise
        })
    })
}

/// Value (DN) and variance (DN²) of a pixel of the image that is not bad.
fn pixel(light: Pixels<'_>, at: Option<(usize, usize)>) -> Option<(f64, f64)> {
    let at = at?;
    let (value, variance) = (f64::from(*light.image.get(at)?), f64::from(*light.variance.get(at)?));
    let good = light.mask.get(at)? & crate::mask::BAD == 0 && value.is_finite() && 0.0 < variance;
    good.then_some((value, variance))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::image::Planes;

    const FWHM_PIX: f64 = 2.0;

    /// A sky of noise 1 with a Gaussian star of this peak at (4 + x, 4 + y).
    fn star(peak: f64, (x, y): (f64, f64)) -> Planes {
        let sigma = FWHM_PIX / FWHM_PER_SIGMA;
        let image = Array2::from_shape_fn((9, 9), |(row, column)| {
            let (dx, dy) = (column as f64 - 4.0 - x, row as f64 - 4.0 - y);
            (peak * libm::exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma))) as f32
        });
        Planes { variance: Array2::ones(image.dim()), ..Planes::from_image(image) }
    }

    fn told_sharp(planes: &Planes) -> bool {
        let sigma = FWHM_PIX / FWHM_PER_SIGMA;
        is_sharp(planes.into(), (4, 4), 2.0 * libm::exp(-0.5 / (sigma * sigma)))
    }

    #[test]
    fn no_star_is_sharp_wherever_it_lies_on_its_pixel() {
        for place in (0..36).map(|k| (0.1 * f64::from(k % 6) - 0.25, 0.1 * f64::from(k / 6) - 0.25))
        {
            for peak in [5.0, 50.0, 5e4] {
                assert!(!told_sharp(&star(peak, place)), "{place:?} {peak}");
            }
        }
    }

    #[test]
    fn a_single_pixel_is_sharp_and_a_faint_a_long_or_a_half_masked_one_is_left_alone() {
        let mut hot = star(0.0, (0.0, 0.0));
        hot.image[[4, 4]] = 100.0;
        assert!(told_sharp(&hot));
        let mut faint = hot.clone();
        faint.image[[4, 4]] = 3.0;
        assert!(!told_sharp(&faint));
        let mut long = hot.clone();
        long.image[[4, 5]] = 100.0;
        assert!(!told_sharp(&long));
        hot.mask[[3, 4]] = crate::mask::DEAD;
        assert!(!told_sharp(&hot));
    }
}
