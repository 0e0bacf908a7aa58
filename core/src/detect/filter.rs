//! The filter before the threshold: a shape is found where the image, weighted by it, is high.
//!
//! With the weights `k` (their absolute sum is 1), the pixels `f` and their variances `v`
//!
//! ```text
//! convolved    = sum k f
//! significance = sum (k f / v) / sqrt(sum k² / v)         the matched filter
//! ```
//!
//! * Beyond the edges there is nothing: the sums run over the pixels of the image, and `k` is not
//!   scaled up. Arithmetic is single precision in the order of the weights, as in sep.
//! * A masked pixel comes as 0 with an infinite variance.

use ndarray::{Array2, ArrayView1, Zip};

/// The weights, and where they lie from the pixel (row, column).
pub(super) struct Kernel {
    cells: Vec<(isize, isize, f32)>,
}

impl Kernel {
    /// Weights with an absolute sum of 1.
    pub(super) fn new(rows: &[Vec<f32>]) -> Kernel {
        let sum = rows.iter().flatten().fold(0.0_f32, |sum, weight| sum + weight.abs());
        let (half_height, half_width) = (rows.len() / 2, rows.first().map_or(0, Vec::len) / 2);
        let from = |at: usize, half: usize| at as isize - half as isize;
        let cells = rows.iter().enumerate().flat_map(|(row, weights)| {
            weights.iter().enumerate().map(move |(column, weight)| {
                (from(row, half_height), from(column, half_width), weight / sum)
            })
        });
        Kernel { cells: cells.collect() }
    }

    /// The weighted sum at every pixel.
    pub(super) fn convolve(&self, image: &Array2<f32>) -> Array2<f32> {
        let mut out = Array2::zeros(image.dim());
        for (row, mut sums) in out.outer_iter_mut().enumerate() {
            for &(down, right, weight) in &self.cells {
                let Some(pixels) = line(image, row, down) else { continue };
                let (from, to) = offsets(right);
                let pixels = pixels.iter().skip(from);
                sums.iter_mut().skip(to).zip(pixels).for_each(|(sum, f)| *sum += weight * f);
            }
        }
        out
    }

    /// The significance at every pixel.
    pub(super) fn significance(&self, image: &Array2<f32>, variance: &Array2<f32>) -> Array2<f32> {
        let mut out = Array2::zeros(image.dim());
        let mut norms = vec![0.0_f32; image.ncols()];
        for (row, mut sums) in out.outer_iter_mut().enumerate() {
            norms.fill(0.0);
            for &(down, right, weight) in &self.cells {
                let (Some(pixels), Some(noise)) =
                    (line(image, row, down), line(variance, row, down))
                else {
                    continue;
                };
                let (from, to) = offsets(right);
                let inputs = pixels.into_iter().skip(from).zip(noise.into_iter().skip(from));
                let sums = sums.iter_mut().skip(to).zip(norms.iter_mut().skip(to));
                for ((sum, norm), (f, v)) in sums.zip(inputs) {
                    *sum += weight * f / v;
                    *norm += weight * weight / v;
                }
            }
            Zip::from(&mut sums).and(&norms).for_each(|sum, &norm| {
                *sum = (f64::from(*sum) / f64::from(norm).sqrt()) as f32;
            });
        }
        out
    }
}

/// The line that lies `down` from `row`, if there is one.
fn line(plane: &Array2<f32>, row: usize, down: isize) -> Option<ArrayView1<'_, f32>> {
    let row = row.checked_add_signed(down).filter(|&row| row < plane.nrows())?;
    Some(plane.row(row))
}

/// How many pixels of the input and of the output a shift to the right leaves out in front.
fn offsets(right: isize) -> (usize, usize) {
    (right.max(0).unsigned_abs(), right.min(0).unsigned_abs())
}
