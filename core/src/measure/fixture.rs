//! A small image for tests that any language can make: products and integers only.

use ndarray::Array2;

use crate::image::Planes;
use crate::mask;

/// Rows and columns of the image: no multiple of a cell.
pub(super) const SHAPE: (usize, usize) = (61, 83);

/// Stars as `(x, y, peak)`.
pub(super) const STARS: [(f64, f64, f64); 6] = [
    (20.3, 15.8, 900.0),
    (41.0, 30.5, 4000.0),
    (60.75, 44.25, 300.0),
    (70.1, 10.4, 1500.0),
    (9.6, 50.2, 700.0),
    (33.3, 50.9, 120.0),
];

/// Noise of a pixel, uniform from 0 to 16.
fn noise(row: usize, column: usize) -> f64 {
    let mixed = (row as u32 * 83 + column as u32).wrapping_mul(2_654_435_761);
    f64::from((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 20) / 256.0
}

/// A sloping sky with noise and stars `peak / (1 + d² / 4)²`.
pub(super) fn image() -> Array2<f32> {
    Array2::from_shape_fn(SHAPE, |(row, column)| {
        let mut value = 200.0 + 0.25 * column as f64 - 0.125 * row as f64 + noise(row, column);
        for (x, y, peak) in STARS {
            let (dx, dy) = (column as f64 - x, row as f64 - y);
            let profile = 1.0 + (dx * dx + dy * dy) / 4.0;
            value += peak / (profile * profile);
        }
        value as f32
    })
}

/// The image with variance 16 + column / 8, every 29th pixel dead, and a cell's worth of
/// dead pixels.
pub(super) fn planes() -> Planes {
    let mut planes = Planes::from_image(image());
    for ((row, column), bits) in planes.mask.indexed_iter_mut() {
        let scattered = (row * 83 + column) % 29 == 0;
        let block =
            (40..56).contains(&row) && (48..72).contains(&column) && (row + column) % 4 != 0;
        *bits = if scattered || block { mask::DEAD } else { 0 };
    }
    for ((_, column), variance) in planes.variance.indexed_iter_mut() {
        *variance = 16.0 + column as f32 / 8.0;
    }
    planes
}
