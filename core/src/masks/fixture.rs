//! Fields for the tests of masks: numbers drawn by a plain rule, stars whose charge spills.

use ndarray::Array2;

use crate::detect::fixture::uniform;
use crate::image::Planes;
use crate::mask;

/// Electron per DN.
const GAIN: f64 = 2.0;
/// Variance of sky and reading (DN²).
const SKY: f64 = 64.0;
/// What a pixel holds (DN).
const FULL_DN: f64 = 30_000.0;

/// Numbers of `[0, 1)`.
pub(super) fn draws(seed: u64) -> impl FnMut() -> f64 {
    let mut at = seed << 32;
    move || {
        at += 1;
        uniform(at)
    }
}

/// Near-normal numbers of deviation 1.
pub(super) fn normals(seed: u64) -> impl FnMut() -> f64 {
    let mut draw = draws(seed);
    move || (0..12).map(|_| draw()).sum::<f64>() - 6.0
}

/// A field of stars, and the charge (DN) that came to each pixel along its column.
pub(super) struct Spilled {
    pub(super) planes: Planes,
    pub(super) spilled: Array2<f64>,
}

/// Bright stars with an axis ratio of 0.9 on an image of 300 x 200 pixels. What a pixel cannot hold
/// fills, if `spills`, the pixels above and below it to their brim, half of it each, and leaves behind
/// the last one a tail that falls by e over 4 pixels.
pub(super) fn spilled(seed: u64, spills: bool) -> Spilled {
    let mut draw = draws(seed);
    let mut light = Array2::<f64>::zeros((300, 200));
    for _ in 0..12 {
        let (x, y) = (200.0 * draw(), 300.0 * draw());
        let height = FULL_DN * libm::pow(10.0, 2.5 * draw() - 1.0);
        for ((row, column), light) in light.indexed_iter_mut() {
            let (dx, dy) = ((column as f64 - x) / 0.95, (row as f64 - y) * 0.95);
            let t = 1.0 + (dx * dx + dy * dy) / 6.0;
            *light += height / (t * t * t);
        }
    }
    let mut charge = light.mapv(|light| light.min(FULL_DN));
    if spills {
        light.indexed_iter().for_each(|(at, &light)| spill(&mut charge, at, light - FULL_DN));
    }
    let spilled = &charge - &light.mapv(|light| light.min(FULL_DN));
    let mut normal = normals(seed + 1000);
    let mut planes = Planes::from_image(Array2::zeros(light.dim()));
    planes.variance = charge.mapv(|charge| (SKY + charge / GAIN) as f32);
    planes.image = charge.mapv(|charge| (charge + normal() * (SKY + charge / GAIN).sqrt()) as f32);
    planes.mask = charge.mapv(|charge| if charge < FULL_DN { 0 } else { mask::SATURATED });
    Spilled { planes, spilled }
}

/// Lays what a pixel cannot hold over its column, upward and downward.
fn spill(charge: &mut Array2<f64>, (row, column): (usize, usize), excess: f64) {
    if excess <= 0.0 {
        return;
    }
    let rows = charge.nrows();
    let up: Vec<usize> = (row + 1..rows).collect();
    let down: Vec<usize> = (0..row).rev().collect();
    for way in [up, down] {
        let mut left = 0.5 * excess;
        let mut way = way.into_iter();
        for row in way.by_ref() {
            let room = FULL_DN - charge[[row, column]];
            charge[[row, column]] += left.min(room);
            left -= left.min(room);
            if left <= 0.0 {
                break;
            }
        }
        let tail = (0.02 * excess).min(0.1 * FULL_DN);
        for (away, row) in way.enumerate() {
            let pixel = &mut charge[[row, column]];
            *pixel = FULL_DN.min(*pixel + tail * libm::exp(-(away as f64) / 4.0));
        }
    }
}

/// Noise (DN) of a pixel with so much charge.
pub(super) fn noise(charge: f64) -> f64 {
    (SKY + charge / GAIN).sqrt()
}
