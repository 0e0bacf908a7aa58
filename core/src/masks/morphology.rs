//! Growing masks, and filling what they cover.

use ndarray::Array2;

use crate::measure::aperture::Pixels;

/// Whether a pixel has one of `bits` or holds no number.
pub(super) fn flags_of(pixels: Pixels<'_>, bits: u32) -> Array2<bool> {
    let mut flags = pixels.mask.mapv(|pixel| pixel & bits != 0);
    let planes = pixels.image.iter().zip(pixels.variance);
    for (flag, (value, variance)) in flags.iter_mut().zip(planes) {
        *flag |= !(value.is_finite() && variance.is_finite());
    }
    flags
}

/// The pixels that are set, and the eight around each. Pixels on the edge of the image stay as they are.
pub(super) fn dilated(flags: &Array2<bool>) -> Array2<bool> {
    let mut out = flags.clone();
    let (rows, columns) = flags.dim();
    let inner = |at: usize, length: usize| 0 < at && at + 1 < length;
    for ((row, column), _) in flags.indexed_iter().filter(|(_, set)| **set) {
        for row in row.saturating_sub(1)..(row + 2).min(rows) {
            for column in column.saturating_sub(1)..(column + 2).min(columns) {
                if inner(row, rows) && inner(column, columns) {
                    out[[row, column]] = true;
                }
            }
        }
    }
    out
}

/// The plane with the `hit` pixels replaced by the mean of the good ones of the 5 x 5 around, by
/// `level` where there is none. Two pixels along the edges stay as they are.
pub(super) fn replaced(
    plane: &Array2<f32>,
    hit: &Array2<bool>,
    bad: &Array2<bool>,
    level: f32,
) -> Array2<f32> {
    let mut out = plane.clone();
    let (rows, columns) = plane.dim();
    for ((row, column), _) in hit.indexed_iter().filter(|(_, hit)| **hit) {
        if row < 2 || column < 2 || rows <= row + 2 || columns <= column + 2 {
            continue;
        }
        let (mut n, mut sum) = (0.0_f32, 0.0_f32);
        for row in row - 2..=row + 2 {
            for column in column - 2..=column + 2 {
                if !hit[[row, column]] && !bad[[row, column]] {
                    n += 1.0;
                    sum += plane[[row, column]];
                }
            }
        }
        out[[row, column]] = if n > 0.0 { sum / n } else { level };
    }
    out
}
