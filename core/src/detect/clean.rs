//! Cleaning: faint objects that the wings of a brighter neighbor explain are removed.
//!
//! Each object is credited with wings `A (1 + alpha r²)^-beta` (Moffat), `r` in units of its ellipse,
//! which pass through its isophote. If the wings of the brighter of two objects are higher at the
//! other's place than that one rises above the threshold, the fainter one is gone.
//!
//! * Reference: Bertin & Arnouts 1996, section 4; SExtractor's `CLEAN_PARAM` is `beta`.

use std::f64::consts::PI;

use super::Object;
use super::shape::Pixel;

/// Objects farther apart than this many times the sum of their major axes do not meet.
const ZONE: f64 = 10.0;

/// What cleaning needs of an object.
struct Wings {
    height: f64,
    slope: f64,
    flux: f64,
    /// How far the object rises above the threshold (DN).
    rise: f64,
}

/// The rise of an object: how far the `minimum_area`-th highest of its pixels is above the threshold
/// (DN); nothing for a smaller object.
///
/// That is what SExtractor's manual says. Its program and sep come to a higher one, and remove fewer
/// objects; what they do is done here. Of a list of so many highest pixels, only the top is kept in
/// order: after the first step down, the next one is taken from the place beside. The first pixel that
/// finds the list full is left out, and an object that just fills it has the rise of its first pixel.
pub(super) fn rise(pixels: &[Pixel], minimum_area: usize) -> f64 {
    let above = |pixel: &Pixel| pixel.threshold.map_or(0.0, |threshold| pixel.filtered - threshold);
    let Some((first, rest)) = pixels.split_at_checked(minimum_area) else { return 0.0 };
    let mut highest: Vec<f32> = first.iter().map(above).collect();
    if !rest.is_empty() {
        highest.sort_unstable_by(f32::total_cmp);
    }
    for height in rest.iter().skip(1).map(above) {
        if let Some(lowest) = highest.first_mut().filter(|lowest| **lowest < height) {
            *lowest = height;
            settle(&mut highest);
        }
    }
    highest.first().map_or(0.0, |&rise| f64::from(rise))
}

/// Lets the first number sink as far as SExtractor does.
fn settle(heap: &mut [f32]) {
    let (mut at, mut left) = (0, 1);
    while left < heap.len() {
        let right = left + 1;
        let lower = |a: usize, b: usize| heap.get(a).zip(heap.get(b)).is_some_and(|(a, b)| a < b);
        let child = if lower(right, left) { right } else { left };
        if !lower(child, at) {
            return;
        }
        heap.swap(at, child);
        at = child + 1;
        left = 2 * at + 1;
    }
}

/// Which objects stay.
pub(super) fn survivors(objects: &[(Object, f64)], exponent: f64) -> Vec<bool> {
    let wings: Vec<Wings> =
        objects.iter().map(|(object, rise)| Wings::new(object, *rise, exponent)).collect();
    let mut stays = vec![true; objects.len()];
    for (i, ((one, _), one_wings)) in objects.iter().zip(&wings).enumerate() {
        if !stays.get(i).copied().unwrap_or(false) {
            continue;
        }
        for (j, ((other, _), other_wings)) in objects.iter().zip(&wings).enumerate().skip(i + 1) {
            if !near(one, other) || !stays.get(j).copied().unwrap_or(false) {
                continue;
            }
            let (gone, eaten) = if other_wings.flux < one_wings.flux {
                (j, one_wings.cover(one, other, exponent) > other_wings.rise)
            } else {
                (i, other_wings.cover(other, one, exponent) > one_wings.rise)
            };
            if let Some(stays) = stays.get_mut(gone).filter(|_| eaten) {
                *stays = false;
            }
        }
    }
    stays
}

fn near(one: &Object, other: &Object) -> bool {
    let (dx, dy, reach) = (one.x - other.x, one.y - other.y, ZONE * (one.a + other.a));
    dx * dx + dy * dy <= reach * reach
}

impl Wings {
    fn new(object: &Object, rise: f64, exponent: f64) -> Wings {
        let area = PI * object.a * object.b;
        let height = object.cflux / (2.0 * area * object.cut);
        let ratio = libm::pow(height / object.thresh, 1.0 / exponent);
        Wings { height, slope: (ratio - 1.0) * area / object.npix as f64, flux: object.cflux, rise }
    }

    /// Height of these wings, those of `own`, at another object (DN).
    fn cover(&self, own: &Object, other: &Object, exponent: f64) -> f64 {
        let (dx, dy) = (own.x - other.x, own.y - other.y);
        let square = own.cxx * dx * dx + own.cyy * dy * dy + own.cxy * dx * dy;
        let base = 1.0 + self.slope * square;
        // Wings that rise outwards are no wings.
        if base > 1.0 && base < 1e10 {
            self.height * libm::pow(base, -exponent)
        } else if base > 1.0 {
            0.0
        } else {
            f64::NEG_INFINITY
        }
    }
}
