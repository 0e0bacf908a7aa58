//! Cleaning: faint objects that the wings of a brighter neighbor explain are removed.
//!
//! Each object is credited with wings `A (1 + alpha r²)^-beta` (Moffat), `r` in units of its ellipse,
//! which pass through its isophote. If the wings of the brighter of two objects are higher at the
//! other's place than that one rises above the threshold, the fainter one is gone.
//!
//! After a matched filter the threshold of the filtered image is `q t` with the threshold `t` of a pixel
//! and `q² = sum k²` of the filter's weights `k`. sep and SExtractor take `t` all the same: an object that
//! only the filter lifts above `q t` then rises by less than nothing, and any wings within reach explain it.
//! [`CleanThreshold::Filtered`] takes `q t`, and the filtered peak's height above it as the rise.
//!
//! * Reference: Bertin & Arnouts 1996, section 4; SExtractor's `CLEAN_PARAM` is `beta`.
//!
//! [`CleanThreshold::Filtered`]: super::CleanThreshold::Filtered

use std::f64::consts::PI;

use super::Object;
use super::places::Places;
use super::shape::Pixel;

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

/// An object of the list, and how far it rises above the threshold (DN).
pub(super) type Candidate = (Object, f64);

/// Which objects stay; a threshold is `ratio` times the object's.
pub(super) fn survivors(objects: &[Candidate], exponent: f64, ratio: f64) -> Vec<bool> {
    let places = Places::new(objects.iter().map(|(object, _)| object).collect());
    let cleaning = Cleaning::new(objects, exponent, ratio);
    let mut stays = vec![true; objects.len()];
    for one in 0..objects.len() {
        if stays.get(one) != Some(&true) {
            continue;
        }
        for other in places.after(one) {
            if stays.get(other) == Some(&true)
                && let Some(gone) = cleaning.loser(one, other)
                && let Some(stays) = stays.get_mut(gone)
            {
                *stays = false;
            }
        }
    }
    stays
}

/// The objects with their wings.
struct Cleaning<'a> {
    objects: &'a [Candidate],
    wings: Vec<Wings>,
    exponent: f64,
}

impl<'a> Cleaning<'a> {
    fn new(objects: &'a [Candidate], exponent: f64, ratio: f64) -> Cleaning<'a> {
        let of = |(object, rise): &Candidate| Wings::new(object, *rise, (exponent, ratio));
        Cleaning { objects, wings: objects.iter().map(of).collect(), exponent }
    }

    /// The one of two objects that the wings of the other explain.
    fn loser(&self, one: usize, other: usize) -> Option<usize> {
        let brighter = |a: usize, b: usize| {
            self.wings.get(a).zip(self.wings.get(b)).is_some_and(|(a, b)| b.flux < a.flux)
        };
        let (high, low) = if brighter(one, other) { (one, other) } else { (other, one) };
        let (wings, faint) = (self.wings.get(high)?, self.wings.get(low)?);
        let (own, there) = (&self.objects.get(high)?.0, &self.objects.get(low)?.0);
        (faint.rise < wings.cover(own, there, self.exponent)).then_some(low)
    }
}

impl Wings {
    fn new(object: &Object, rise: f64, (exponent, ratio): (f64, f64)) -> Wings {
        let area = PI * object.a * object.b;
        let height = object.cflux / (2.0 * area * object.cut);
        let ratio = libm::pow(height / (ratio * object.thresh), 1.0 / exponent);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::fixture::uniform;
    use crate::detect::places::near;

    /// Every pair, one after the other.
    fn plain(objects: &[Candidate], exponent: f64, ratio: f64) -> Vec<bool> {
        let cleaning = Cleaning::new(objects, exponent, ratio);
        let mut stays = vec![true; objects.len()];
        for i in 0..objects.len() {
            if !stays[i] {
                continue;
            }
            for j in i + 1..objects.len() {
                if stays[j] && near(&objects[i].0, &objects[j].0) {
                    cleaning.loser(i, j).into_iter().for_each(|gone| stays[gone] = false);
                }
            }
        }
        stays
    }

    fn object(at: u64) -> Candidate {
        let draw = |k: u64| uniform((at << 8) + k);
        let a = 0.6 * libm::pow(draw(0) + 1e-3, -0.5);
        let (b, npix) = (a * (0.5 + 0.5 * draw(1)), (4.0 * a * a) as usize + 1);
        let height = 20.0 * libm::pow(draw(2) + 1e-3, -0.7);
        let object = Object {
            x: 1500.0 * draw(3),
            y: 1200.0 * draw(4),
            thresh: 20.0,
            npix,
            a,
            b,
            cxx: 1.0 / (a * a),
            cyy: 1.0 / (b * b),
            cflux: 6.0 * height * a * b,
            cut: 0.5 + 0.5 * draw(5),
            ..Object::default()
        };
        (object, 0.2 * (height - 20.0) * draw(6))
    }

    #[test]
    fn those_stay_that_stay_pair_by_pair() {
        for (field, exponent, ratio) in
            [(0, 1.0, 1.0), (1, 1.0, 0.3), (2, 2.5, 0.4), (3, 10.0, 1.0)]
        {
            let mut objects: Vec<Candidate> =
                (0..2000).map(|at| object((field << 32) + at)).collect();
            objects[5].0.y = f64::NAN;
            objects[9].0.a = f64::NAN;
            let stays = survivors(&objects, exponent, ratio);
            assert_eq!(stays, plain(&objects, exponent, ratio), "{field}");
            let gone = stays.iter().filter(|stays| !**stays).count();
            assert!((20..1980).contains(&gone), "{field}: {gone}");
        }
    }
}
