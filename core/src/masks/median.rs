//! Medians over rows, then over columns: a quick stand-in for the median of a square.
//!
//! Four columns go side by side through the same exchanges. Nearer to the edge than half the window
//! a pixel keeps its value. Pixels must be numbers.

use ndarray::Array2;

use crate::numerics::lanes::Lanes;

/// Columns that go side by side.
const LANES: usize = 4;

/// Median over `N` (odd) pixels of the row, then over `N` such medians of the column.
pub(super) fn filter<const N: usize>(image: &Array2<f32>) -> Array2<f32> {
    let (rows, columns) = image.dim();
    let mut out = image.clone();
    if rows < N || columns < N {
        return out;
    }
    let along: Vec<Vec<f32>> = image.outer_iter().map(|row| along::<N>(&row.to_vec())).collect();
    for (window, mut line) in along.windows(N).zip(out.outer_iter_mut().skip(N / 2)) {
        let Some(width) = window.first().map(Vec::len) else { continue };
        let medians = line.iter_mut().skip(N / 2).take(width);
        let blocks = (0..width).step_by(LANES).flat_map(|from| {
            let row = |at: usize| window.get(at).map_or(&[][..], Vec::as_slice);
            median::<N>(std::array::from_fn(|at| load(row(at), from)))
        });
        medians.zip(blocks).for_each(|(pixel, median)| *pixel = median);
    }
    out
}

/// Medians of a row, without the pixels at its ends that have none.
fn along<const N: usize>(row: &[f32]) -> Vec<f32> {
    let width = (row.len() + 1).saturating_sub(N);
    let mut out: Vec<f32> = Vec::with_capacity(width + LANES);
    for from in (0..width).step_by(LANES) {
        out.extend(median::<N>(std::array::from_fn(|shift| load(row, from + shift))));
    }
    out.truncate(width);
    out
}

/// Takes four pixels, fewer at the end of the row.
fn load(row: &[f32], from: usize) -> Lanes {
    let mut lanes = [0.0; LANES];
    lanes
        .iter_mut()
        .zip(row.get(from..).unwrap_or_default())
        .for_each(|(lane, pixel)| *lane = *pixel);
    Lanes::new(lanes)
}

/// The middle of `N` values, lane by lane: the lower half is put in order.
fn median<const N: usize>(mut values: [Lanes; N]) -> [f32; LANES] {
    for first in 0..=N / 2 {
        for second in first + 1..N {
            (values[first], values[second]) = values[first].ordered(values[second]);
        }
    }
    values[N / 2].to_array()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn middle(mut values: Vec<f32>) -> f32 {
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    }

    #[test]
    fn medians_are_those_of_sorted_windows_and_edges_stay() {
        let pixel = |(row, column): (usize, usize)| ((row * 37 + column * 101 + 7) % 83) as f32;
        for shape in [(9, 7), (12, 30), (7, 7), (6, 20)] {
            let image = Array2::from_shape_fn(shape, pixel);
            let found = filter::<7>(&image);
            for ((row, column), &found) in found.indexed_iter() {
                let inside = row >= 3 && column >= 3 && row + 3 < shape.0 && column + 3 < shape.1;
                let along = |row: usize| {
                    middle((column - 3..=column + 3).map(|at| image[[row, at]]).collect())
                };
                let expected = if inside {
                    middle((row - 3..=row + 3).map(along).collect())
                } else {
                    image[[row, column]]
                };
                assert_eq!(found, expected);
            }
        }
    }
}
