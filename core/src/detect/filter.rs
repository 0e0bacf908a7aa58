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
//! * A large filter whose weights are a product `k = a(row) b(column)`, as those of a Gaussian are, runs
//!   first down the columns, then along the rows: the same sums in another order.
//! * A masked pixel comes as 0 with an infinite variance.

use super::bright::{Band, Line, Sums};
use super::params::MAX_KERNEL;
use crate::numerics::FWHM_PER_SIGMA;

/// A round Gaussian of this full width at half maximum (pixel), at the middles of the pixels within
/// `reach` sigmas along each side, 1 in the middle; cut off where a filter may not be larger.
pub fn gaussian(fwhm_pix: f64, reach: f64) -> Vec<Vec<f32>> {
    let sigma = fwhm_pix / FWHM_PER_SIGMA;
    let half = (reach * sigma).ceil().clamp(1.0, (MAX_KERNEL / 2) as f64) as i32;
    let weight = |x: i32, y: i32| {
        let square = f64::from(x * x + y * y);
        libm::exp(-0.5 * square / (sigma * sigma)) as f32
    };
    (-half..=half).map(|y| (-half..=half).map(|x| weight(x, y)).collect()).collect()
}

/// A filter with fewer rows or columns is summed weight by weight, as sep does it.
const LEAST_PRODUCT: usize = 7;
/// How near a product is to the weights (of the one in the middle).
const PRODUCT: f32 = 1e-6;

/// The weights, and where they lie from the pixel.
pub(super) struct Kernel {
    /// Row, column, weight.
    cells: Vec<(isize, isize, f32)>,
    /// Those down a column and those along a row, if the weights are their products.
    product: Option<[Vec<(isize, f32)>; 2]>,
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
        Kernel { cells: cells.collect(), product: product(rows, sum) }
    }

    /// Noise of the filtered image over that of a pixel, where all pixels have the same.
    pub(super) fn noise(&self) -> f64 {
        let squares =
            self.cells.iter().map(|&(_, _, weight)| f64::from(weight) * f64::from(weight));
        squares.sum::<f64>().sqrt()
    }

    /// How many rows above and below a pixel the weights lie.
    pub(super) fn reach(&self) -> usize {
        self.cells.first().map_or(0, |&(down, _, _)| down.unsigned_abs())
    }

    /// The weighted sum at every pixel of a row.
    pub(super) fn convolve(&self, band: &Band<'_>, row: usize, sums: &mut Sums) {
        sums.filtered.fill(0.0);
        let Some([down, right]) = &self.product else {
            for &(down, right, weight) in &self.cells {
                let Some(line) = band.line(row, down) else { continue };
                add(&line.light, (right, weight), &mut sums.filtered);
            }
            return;
        };
        let [lines, _] = &mut sums.down;
        lines.fill(0.0);
        for &(down, weight) in down {
            let Some(line) = band.line(row, down) else { continue };
            add(&line.light, (0, weight), lines);
        }
        for &placed in right {
            add(lines, placed, &mut sums.filtered);
        }
    }

    /// The weighted sum over the variances at every pixel of a row, and its norm: the significance is the sum
    /// over the root of the norm.
    pub(super) fn weigh(&self, band: &Band<'_>, row: usize, sums: &mut Sums) {
        let Sums { weighed, norms, down: [of_light, of_noise], .. } = sums;
        weighed.fill(0.0);
        norms.fill(0.0);
        let Some([down, right]) = &self.product else {
            for &(down, right, weight) in &self.cells {
                let Some(line) = band.line(row, down) else { continue };
                add_weighed(line, (right, weight), (weighed, norms));
            }
            return;
        };
        of_light.fill(0.0);
        of_noise.fill(0.0);
        for &(down, weight) in down {
            let Some(Line { light, noise }) = band.line(row, down) else { continue };
            let sums = of_light.iter_mut().zip(of_noise.iter_mut());
            for ((sum, norm), (f, v)) in sums.zip(light.iter().zip(noise)) {
                let part = weight / v;
                *sum += part * f;
                *norm += weight * part;
            }
        }
        for &(right, weight) in right {
            add(of_light, (right, weight), weighed);
            add(of_noise, (right, weight * weight), norms);
        }
    }
}

/// Adds to each sum the number that lies so far to the right of it by its weight.
fn add(numbers: &[f32], (right, weight): (isize, f32), sums: &mut [f32]) {
    let (from, to) = offsets(right);
    let numbers = numbers.get(from..).unwrap_or_default();
    let sums = sums.get_mut(to..).unwrap_or_default();
    sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += weight * number);
}

/// Adds the pixels that lie so far to the right over their variances, and their norms.
fn add_weighed(
    line: &Line,
    (right, weight): (isize, f32),
    (sums, norms): (&mut [f32], &mut [f32]),
) {
    let (from, to) = offsets(right);
    let light = line.light.get(from..).unwrap_or_default();
    let noise = line.noise.get(from..).unwrap_or_default();
    let sums = sums.get_mut(to..).unwrap_or_default().iter_mut();
    let norms = norms.get_mut(to..).unwrap_or_default().iter_mut();
    let square = weight * weight;
    for ((sum, norm), (f, v)) in sums.zip(norms).zip(light.iter().zip(noise)) {
        *sum += weight * f / v;
        *norm += square / v;
    }
}

/// The weights of a large filter as products, its absolute sum being `sum`.
fn product(rows: &[Vec<f32>], sum: f32) -> Option<[Vec<(isize, f32)>; 2]> {
    let (height, width) = (rows.len(), rows.first().map_or(0, Vec::len));
    if height.min(width) < LEAST_PRODUCT {
        return None;
    }
    let middle_row = rows.get(height / 2)?;
    let middle = *middle_row.get(width / 2).filter(|middle| 0.0 < **middle)?;
    let middle_column: Vec<f32> =
        rows.iter().map(|row| row.get(width / 2).copied()).collect::<Option<_>>()?;
    for (row, down) in rows.iter().zip(&middle_column) {
        let near = |(own, right): (&f32, &f32)| {
            (own * middle - down * right).abs() <= PRODUCT * middle * middle
        };
        if !row.iter().zip(middle_row).all(near) {
            return None;
        }
    }
    let placed = |weights: &[f32], over: f32| -> Vec<(isize, f32)> {
        let half = (weights.len() / 2) as isize;
        (-half..).zip(weights.iter().map(|weight| weight / over)).collect()
    };
    Some([placed(&middle_column, middle), placed(middle_row, sum)])
}

/// How many pixels of the input and of the output a shift to the right leaves out in front.
fn offsets(right: isize) -> (usize, usize) {
    (right.max(0).unsigned_abs(), right.min(0).unsigned_abs())
}

/// The same sums over whole planes, weight by weight as they are written: what the rows are held to.
#[cfg(test)]
pub(super) mod plain {
    use ndarray::{Array2, ArrayView1, ArrayViewMut1, Zip};

    use super::{Kernel, offsets};

    /// The weighted sum at every pixel.
    pub(in crate::detect) fn convolve(kernel: &Kernel, image: &Array2<f32>) -> Array2<f32> {
        let mut out = Array2::zeros(image.dim());
        if let Some([down, right]) = &kernel.product {
            let mut lines = vec![0.0; image.ncols()];
            for (row, mut sums) in out.outer_iter_mut().enumerate() {
                lines.fill(0.0);
                for &(down, weight) in down {
                    let Some(pixels) = line(image, row, down) else { continue };
                    lines.iter_mut().zip(pixels).for_each(|(sum, f)| *sum += weight * f);
                }
                along(&lines, right, sums.view_mut());
            }
            return out;
        }
        for (row, mut sums) in out.outer_iter_mut().enumerate() {
            for &(down, right, weight) in &kernel.cells {
                let Some(pixels) = line(image, row, down) else { continue };
                let (from, to) = offsets(right);
                let pixels = pixels.iter().skip(from);
                sums.iter_mut().skip(to).zip(pixels).for_each(|(sum, f)| *sum += weight * f);
            }
        }
        out
    }

    /// The significance at every pixel.
    pub(in crate::detect) fn significance(
        kernel: &Kernel,
        image: &Array2<f32>,
        variance: &Array2<f32>,
    ) -> Array2<f32> {
        let mut out = Array2::zeros(image.dim());
        let mut norms = vec![0.0_f32; image.ncols()];
        if let Some(product) = &kernel.product {
            for (row, mut sums) in out.outer_iter_mut().enumerate() {
                norms.fill(0.0);
                by_product(product, (image, variance, row), (sums.view_mut(), &mut norms));
                Zip::from(&mut sums).and(&norms).for_each(ratio);
            }
            return out;
        }
        for (row, mut sums) in out.outer_iter_mut().enumerate() {
            norms.fill(0.0);
            for &(down, right, weight) in &kernel.cells {
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
            Zip::from(&mut sums).and(&norms).for_each(ratio);
        }
        out
    }

    /// The significance of a weighted sum.
    fn ratio(sum: &mut f32, norm: &f32) {
        *sum = (f64::from(*sum) / f64::from(*norm).sqrt()) as f32;
    }

    /// Adds a row of weighted sums and their norms.
    fn by_product(
        [down, right]: &[Vec<(isize, f32)>; 2],
        (image, variance, row): (&Array2<f32>, &Array2<f32>, usize),
        (sums, norms): (ArrayViewMut1<'_, f32>, &mut [f32]),
    ) {
        let mut lines = vec![(0.0_f32, 0.0_f32); image.ncols()];
        for &(down, weight) in down {
            let (Some(pixels), Some(noise)) = (line(image, row, down), line(variance, row, down))
            else {
                continue;
            };
            for ((sum, norm), (f, v)) in lines.iter_mut().zip(pixels.into_iter().zip(noise)) {
                let part = weight / v;
                *sum += part * f;
                *norm += weight * part;
            }
        }
        let (of_light, of_noise): (Vec<f32>, Vec<f32>) = lines.into_iter().unzip();
        along(&of_light, right, sums);
        let squares: Vec<(isize, f32)> =
            right.iter().map(|&(at, weight)| (at, weight * weight)).collect();
        along(&of_noise, &squares, norms.into());
    }

    /// Adds to each sum the numbers around its place by their weights.
    fn along(numbers: &[f32], weights: &[(isize, f32)], mut sums: ArrayViewMut1<'_, f32>) {
        for &(right, weight) in weights {
            let (from, to) = offsets(right);
            let numbers = numbers.iter().skip(from);
            sums.iter_mut().skip(to).zip(numbers).for_each(|(sum, number)| *sum += weight * number);
        }
    }

    /// The line that lies `down` from `row`, if there is one.
    fn line(plane: &Array2<f32>, row: usize, down: isize) -> Option<ArrayView1<'_, f32>> {
        let row = row.checked_add_signed(down).filter(|&row| row < plane.nrows())?;
        Some(plane.row(row))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::detect::fixture::uniform;

    #[test]
    fn a_product_filters_as_its_weights_do() {
        for fwhm in [2.1, 3.0, 6.0] {
            let mut kernel = Kernel::new(&gaussian(fwhm, 3.0));
            let plane = |seed: u64, scale: f32| {
                let pixel =
                    |(row, column)| uniform((seed << 40) + 1000 * row as u64 + column as u64);
                Array2::from_shape_fn((31, 47), |at| scale * (0.2 + pixel(at) as f32))
            };
            let (mut image, mut variance) = (plane(1, 30.0), plane(2, 9.0));
            (image[[11, 20]], variance[[11, 20]]) = (0.0, f32::INFINITY);
            let found =
                (plain::convolve(&kernel, &image), plain::significance(&kernel, &image, &variance));
            assert!(kernel.product.take().is_some());
            let expected =
                (plain::convolve(&kernel, &image), plain::significance(&kernel, &image, &variance));
            for (found, expected) in [(found.0, expected.0), (found.1, expected.1)] {
                let far = found.iter().zip(&expected).find(|(a, b)| (**a / **b - 1.0).abs() > 2e-6);
                assert_eq!(far, None);
            }
        }
    }

    #[test]
    fn small_filters_and_those_that_are_no_product_are_summed_weight_by_weight() {
        assert!(Kernel::new(&gaussian(1.5, 3.0)).product.is_none());
        let mut weights = gaussian(4.0, 3.0);
        assert!(Kernel::new(&weights).product.is_some());
        weights[0][3] *= 1.1;
        assert!(Kernel::new(&weights).product.is_none());
        assert!(Kernel::new(&vec![vec![0.0; 9]; 9]).product.is_none());
    }

    #[test]
    fn the_noise_of_a_gaussian_is_that_of_its_area() {
        for fwhm in [3.0, 5.0, 9.0] {
            let sigma = fwhm / FWHM_PER_SIGMA;
            let area = 4.0 * std::f64::consts::PI * sigma * sigma;
            let noise = Kernel::new(&gaussian(fwhm, 5.0)).noise();
            assert!((noise * noise * area - 1.0).abs() < 1e-3, "{fwhm}: {noise}");
        }
        let small = gaussian(0.01, 3.0);
        assert_eq!(small.len(), 3);
        assert_eq!(gaussian(1e9, 3.0).len(), MAX_KERNEL);
        assert_eq!(small[1], [0.0, 1.0, 0.0]);
    }
}
