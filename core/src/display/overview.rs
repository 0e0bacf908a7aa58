//! Smaller copies of an image: each pixel is the mean of the valid ones of a 2 × 2 block.
//!
//! A pixel is valid if it is finite; a block without any is NaN. At an odd edge a block is what there
//! is of it. Halving again gives every pixel of a block the same weight, however many valid ones it
//! stands for. The mask of a block has every bit that one of its pixels has.

use ndarray::{Array2, ArrayView2};

use super::pixels::row_of;

/// Half as many rows and columns, rounded up.
pub fn halve(image: ArrayView2<'_, f32>) -> Array2<f32> {
    blocks(image, mean_of_valid)
}

/// An eighth of the rows and columns, rounded up: three halvings.
pub fn eighth(image: ArrayView2<'_, f32>) -> Array2<f32> {
    halve(halve(halve(image).view()).view())
}

/// The mask of [`halve`]: the bits of each block together.
pub fn halve_mask(mask: ArrayView2<'_, u32>) -> Array2<u32> {
    blocks(mask, |lower, upper| lower.iter().chain(upper).fold(0, |bits, pixel| bits | pixel))
}

/// The mask of [`eighth`].
pub fn eighth_mask(mask: ArrayView2<'_, u32>) -> Array2<u32> {
    halve_mask(halve_mask(halve_mask(mask).view()).view())
}

/// One value for each 2 × 2 block, from its one or two pixels of the lower row and its none to two
/// of the upper row.
fn blocks<T: Copy + Default>(
    image: ArrayView2<'_, T>,
    value: impl Fn(&[T], &[T]) -> T,
) -> Array2<T> {
    let (rows, columns) = image.dim();
    let mut halved = Array2::default((rows.div_ceil(2), columns.div_ceil(2)));
    for (at, mut halved) in halved.outer_iter_mut().enumerate() {
        let lower = row_of(image, 2 * at).unwrap_or_default();
        let upper = row_of(image, 2 * at + 1).unwrap_or_default();
        let mut pairs_above = upper.chunks(2);
        for (halved, pair) in halved.iter_mut().zip(lower.chunks(2)) {
            *halved = value(pair, pairs_above.next().unwrap_or_default());
        }
    }
    halved
}

fn mean_of_valid(lower: &[f32], upper: &[f32]) -> f32 {
    if let ([a, b], [c, d]) = (lower, upper) {
        let sum = (f64::from(*a) + f64::from(*b)) + (f64::from(*c) + f64::from(*d));
        // A sum of four `f32` is finite if and only if each of them is.
        if sum.is_finite() {
            return (0.25 * sum) as f32;
        }
    }
    let (mut sum, mut count) = (0.0, 0.0);
    for &value in lower.iter().chain(upper).filter(|value| value.is_finite()) {
        sum += f64::from(value);
        count += 1.0;
    }
    if count > 0.0 { (sum / count) as f32 } else { f32::NAN }
}

#[cfg(test)]
mod tests {
    use ndarray::{array, s};

    use super::*;
    use crate::image::CANONICAL_NAN;

    const NAN: f32 = f32::NAN;

    fn same(ours: &Array2<f32>, expected: &Array2<f32>) {
        let bits = |image: &Array2<f32>| image.mapv(f32::to_bits);
        assert_eq!(bits(ours), bits(expected), "{ours} {expected}");
    }

    #[test]
    fn a_block_is_the_mean_of_its_valid_pixels() {
        let image =
            array![[1.0, 2.0, NAN, 5.0, NAN, NAN], [3.0, 4.0, 6.0, 7.0, NAN, f32::INFINITY],];
        same(&halve(image.view()), &array![[2.5, 6.0, CANONICAL_NAN]]);
    }

    #[test]
    fn an_odd_edge_counts_what_there_is() {
        let image = array![[1.0, 3.0, 5.0], [1.0, 3.0, NAN], [7.0, 9.0, 11.0]];
        same(&halve(image.view()), &array![[2.0, 5.0], [8.0, 11.0]]);
        same(&halve(array![[4.0]].view()), &array![[4.0]]);
        assert_eq!(halve(Array2::zeros((0, 3)).view()).dim(), (0, 2));
    }

    #[test]
    fn an_eighth_of_whole_blocks_is_their_mean() {
        let image = Array2::from_shape_fn((16, 24), |(row, column)| (row * 37 + column) as f32);
        let expected = Array2::from_shape_fn((2, 3), |(row, column)| {
            image.slice(s![8 * row..8 * row + 8, 8 * column..8 * column + 8]).sum() / 64.0
        });
        same(&eighth(image.view()), &expected);
        assert_eq!(eighth(image.slice(s![..9, ..17])).dim(), (2, 3));
    }

    #[test]
    fn huge_values_do_not_overflow() {
        same(&halve(Array2::from_elem((2, 2), f32::MAX).view()), &array![[f32::MAX]]);
    }

    #[test]
    fn a_view_in_another_order_is_halved_alike() {
        let image = Array2::from_shape_fn((5, 7), |(row, column)| (row * 7 + column) as f32);
        same(&halve(image.t()), &halve(image.t().as_standard_layout().view()));
    }

    #[test]
    fn a_masked_pixel_marks_its_block() {
        let mask = array![[1, 2, 0], [4, 0, 0], [0, 8, 16]];
        assert_eq!(halve_mask(mask.view()), array![[7, 0], [8, 16]]);
        assert_eq!(eighth_mask(mask.view()), array![[31]]);
    }
}
