//! An image together with the pixels to leave out of cuts, statistics, histograms and profiles.

use std::borrow::Cow;

use ndarray::{ArrayView2, Axis};

use crate::error::{Error, Result};

/// An image `(rows, columns)` in sky order, with a mask or none.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    image: ArrayView2<'a, f32>,
    /// The mask and its bits that lead to exclusion.
    mask: Option<(ArrayView2<'a, u32>, u32)>,
}

impl<'a> Pixels<'a> {
    /// Every pixel of an image.
    pub fn all(image: ArrayView2<'a, f32>) -> Pixels<'a> {
        Pixels { image, mask: None }
    }

    /// The pixels of an image that have none of `bits` in a mask of the same shape.
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn unmasked(
        image: ArrayView2<'a, f32>,
        mask: ArrayView2<'a, u32>,
        bits: u32,
    ) -> Result<Pixels<'a>> {
        if mask.dim() != image.dim() {
            let (found, needed) = (format!("{:?}", mask.dim()), format!("{:?}", image.dim()));
            return Err(Error::input("display", "shape of the mask", found, needed));
        }
        Ok(Pixels { image, mask: (bits != 0).then_some((mask, bits)) })
    }

    /// Rows and columns.
    pub fn dim(&self) -> (usize, usize) {
        self.image.dim()
    }

    /// How many pixels there are, masked ones included.
    pub fn len(&self) -> usize {
        self.image.len()
    }

    /// Whether there is no pixel at all.
    pub fn is_empty(&self) -> bool {
        self.image.is_empty()
    }

    /// The values of a row, NaN for those left out; empty if there is no such row.
    pub fn row(&self, row: usize) -> Cow<'a, [f32]> {
        let Some(values) = row_of(self.image, row) else { return Cow::default() };
        let Some((mask, bits)) = self.mask else { return values };
        let mask = row_of(mask, row).unwrap_or_default();
        let kept = |(&value, &mask): (&f32, &u32)| if mask & bits == 0 { value } else { f32::NAN };
        values.iter().zip(mask.iter()).map(kept).collect()
    }

    /// Every row from the bottom up, with NaN for the pixels left out.
    pub fn rows(&self) -> impl Iterator<Item = Cow<'a, [f32]>> + Clone {
        let pixels = *self;
        (0..pixels.image.nrows()).map(move |row| pixels.row(row))
    }

    /// The finite values, row by row from the bottom up.
    pub fn finite(&self) -> impl Iterator<Item = f32> + Clone {
        self.rows().flat_map(|row| {
            (0..row.len()).filter_map(move |at| row.get(at).copied().filter(|v| v.is_finite()))
        })
    }

    /// Whether the mask leaves a pixel out.
    pub fn is_masked(&self, row: usize, column: usize) -> bool {
        let bits = self.mask.and_then(|(mask, bits)| Some(mask.get((row, column))? & bits));
        bits.is_some_and(|bits| bits != 0)
    }

    /// How many pixels the mask leaves out.
    pub fn n_masked(&self) -> u64 {
        let Some((mask, bits)) = self.mask else { return 0 };
        mask.iter().filter(|&&pixel| pixel & bits != 0).count() as u64
    }
}

/// A row as a slice, copied if it does not lie so in memory; `None` if there is no such row.
pub(super) fn row_of<T: Copy>(image: ArrayView2<'_, T>, row: usize) -> Option<Cow<'_, [T]>> {
    if row >= image.nrows() {
        return None;
    }
    let row = image.index_axis_move(Axis(0), row);
    Some(row.to_slice().map_or_else(|| row.iter().copied().collect(), Cow::Borrowed))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array, s};

    use super::*;

    #[test]
    fn only_wanted_bits_leave_a_pixel_out() {
        let image = array![[1.0, 2.0, f32::NAN], [4.0, f32::INFINITY, 6.0]];
        let mask = array![[1, 2, 1], [0, 0, 3]];
        let pixels = Pixels::unmasked(image.view(), mask.view(), 2).unwrap();
        assert_eq!(pixels.finite().collect::<Vec<f32>>(), [1.0, 4.0]);
        assert_eq!(pixels.n_masked(), 2);
        assert!(pixels.is_masked(0, 1) && !pixels.is_masked(0, 0) && !pixels.is_masked(9, 9));
        let none = Pixels::unmasked(image.view(), mask.view(), 0).unwrap();
        assert_eq!((none.n_masked(), none.finite().count()), (0, 4));
        assert_eq!(Pixels::all(image.view()).finite().count(), 4);
    }

    #[test]
    fn rows_of_any_memory_order_are_read() {
        let image = array![[1.0, 2.0], [3.0, 4.0]];
        let rows = |view| Pixels::all(view).finite().collect::<Vec<f32>>();
        assert_eq!(rows(image.t()), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(rows(image.slice(s![..;-1, ..;-1])), [4.0, 3.0, 2.0, 1.0]);
    }

    #[test]
    fn another_shape_is_refused_and_nothing_is_a_shape() {
        let (image, mask) = (Array2::zeros((2, 3)), Array2::zeros((3, 2)));
        assert!(Pixels::unmasked(image.view(), mask.view(), 1).is_err());
        let empty = Array2::<f32>::zeros((0, 4));
        let pixels = Pixels::all(empty.view());
        assert!(pixels.is_empty() && pixels.row(0).is_empty());
        assert_eq!(pixels.finite().count(), 0);
    }
}
