//! The pixels above the threshold.
//!
//! The filter goes down the image row by row and holds as many rows as it is high, so that they stay in the
//! processor's cache and no filtered image is kept.

use ndarray::{ArrayViewMut1, Zip};

use super::filter::Kernel;
use super::params::{Filter, Noise, Params};
use super::shape::Pixel;
use crate::measure::aperture::Pixels;

/// Of the square of the threshold: below, no rounding makes a pixel bright.
const SURELY_FAINT: f64 = 0.99;

/// The pixels above the threshold, in the order of rows and columns.
pub(super) fn bright_pixels(pixels: Pixels<'_>, params: &Params) -> Vec<Pixel> {
    let (rows, columns) = pixels.image.dim();
    let kernel = (params.filter != Filter::None).then(|| Kernel::new(&params.kernel));
    let reach = kernel.as_ref().map_or(0, Kernel::reach);
    let mut band = Band::new(pixels, params, reach);
    let is_weighted = params.filter == Filter::Matched && params.noise == Noise::Plane;
    let mut sums = Sums::new(columns);
    let mut bright = Vec::new();
    for row in 0..rows {
        band.read_to(row + reach);
        if let Some(kernel) = &kernel {
            kernel.convolve(&band, row, &mut sums);
        }
        if let Some(kernel) = kernel.as_ref().filter(|_| is_weighted) {
            kernel.weigh(&band, row, &mut sums);
        }
        let Some(line) = band.line(row, 0) else { continue };
        let filtered = if kernel.is_some() { &sums.filtered } else { &line.light };
        let found = |column| pixel(line, filtered, (row, column), params);
        if is_weighted {
            bright.extend(sums.significant(params.threshold_sigma as f32).filter_map(found));
        } else {
            let is_bright = |one: &Pixel| one.threshold.unwrap_or(f32::INFINITY) < one.filtered;
            bright.extend((0..columns).filter_map(found).filter(is_bright));
        }
    }
    bright
}

/// One pixel of a line with its threshold.
fn pixel(
    line: &Line,
    filtered: &[f32],
    (row, column): (usize, usize),
    params: &Params,
) -> Option<Pixel> {
    let variance = *line.noise.get(column)?;
    let sigma = params.threshold_sigma as f32;
    let threshold = match params.noise {
        Noise::Constant { rms_dn } => sigma * rms_dn as f32,
        Noise::Plane => sigma * variance.sqrt(),
    };
    Some(Pixel {
        row: row as u32,
        column: column as u32,
        value: *line.light.get(column)?,
        filtered: *filtered.get(column)?,
        variance: Some(variance).filter(|variance| variance.is_finite()),
        threshold: Some(threshold).filter(|threshold| threshold.is_finite()),
    })
}

/// One row with the masked pixels emptied.
pub(super) struct Line {
    /// Light (DN); 0 where masked.
    pub(super) light: Vec<f32>,
    /// Variance (DN²); infinite where masked.
    pub(super) noise: Vec<f32>,
}

/// Rows of an image around the one that is filtered.
pub(super) struct Band<'a> {
    pixels: Pixels<'a>,
    mask_bits: u32,
    /// The variance of all pixels, where there is one (DN²).
    constant: Option<f32>,
    /// As many as the filter is high, each row at its number modulo that.
    lines: Vec<Line>,
    /// Rows that were read.
    read: usize,
}

impl<'a> Band<'a> {
    /// Room for the rows up to `reach` above and below one.
    pub(super) fn new(pixels: Pixels<'a>, params: &Params, reach: usize) -> Band<'a> {
        let constant = match params.noise {
            Noise::Constant { rms_dn } => Some((rms_dn * rms_dn) as f32),
            Noise::Plane => None,
        };
        let columns = pixels.image.ncols();
        let line = || Line { light: vec![0.0; columns], noise: vec![0.0; columns] };
        let lines = (0..2 * reach + 1).map(|_| line()).collect();
        Band { pixels, mask_bits: params.mask_bits, constant, lines, read: 0 }
    }

    /// Reads the rows up to and with `row`, as far as there are any.
    pub(super) fn read_to(&mut self, row: usize) {
        let end = (row + 1).min(self.pixels.image.nrows());
        let height = self.lines.len();
        for row in self.read..end {
            if let Some(line) = self.lines.get_mut(row % height) {
                line.fill((self.pixels, row), self.mask_bits, self.constant);
            }
        }
        self.read = self.read.max(end);
    }

    /// The line that lies `down` from `row`, if there is one; at most the reach away.
    pub(super) fn line(&self, row: usize, down: isize) -> Option<&Line> {
        let row = row.checked_add_signed(down).filter(|&row| row < self.read)?;
        self.lines.get(row % self.lines.len())
    }
}

impl Line {
    fn fill(&mut self, (pixels, row): (Pixels<'_>, usize), bits: u32, constant: Option<f32>) {
        let empty = constant.unwrap_or(f32::INFINITY);
        Zip::from(ArrayViewMut1::from(&mut self.light[..]))
            .and(ArrayViewMut1::from(&mut self.noise[..]))
            .and(pixels.image.row(row))
            .and(pixels.variance.row(row))
            .and(pixels.mask.row(row))
            .for_each(|light, noise, &pixel, &variance, &own| {
                let variance = constant.unwrap_or(variance);
                let sound = 0.0 < variance && variance.is_finite();
                let counts = own & bits == 0 && pixel.is_finite() && sound;
                *light = if counts { pixel } else { 0.0 };
                *noise = if counts { variance } else { empty };
            });
    }
}

/// The sums of one row.
pub(super) struct Sums {
    /// Weighted by the filter (DN).
    pub(super) filtered: Vec<f32>,
    /// The same with each pixel over its variance (DN⁻¹).
    pub(super) weighed: Vec<f32>,
    /// Squared weights over the variances (DN⁻²).
    pub(super) norms: Vec<f32>,
    /// Sums down the columns: of light and of norms.
    pub(super) down: [Vec<f32>; 2],
}

impl Sums {
    pub(super) fn new(columns: usize) -> Sums {
        let line = || vec![0.0; columns];
        Sums { filtered: line(), weighed: line(), norms: line(), down: [line(), line()] }
    }

    /// The columns whose significance `weighed / sqrt(norm)` is above `sigma`, which is positive.
    fn significant(&self, sigma: f32) -> impl Iterator<Item = usize> {
        let faint = SURELY_FAINT * f64::from(sigma) * f64::from(sigma);
        let sums = self.weighed.iter().zip(&self.norms).enumerate();
        sums.filter_map(move |(column, (&sum, &norm))| {
            let (wide, norm) = (f64::from(sum), f64::from(norm));
            let may_be = 0.0 < sum && faint * norm <= wide * wide;
            (may_be && sigma < (wide / norm.sqrt()) as f32).then_some(column)
        })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::detect::filter::plain;
    use crate::detect::fixture::uniform;
    use crate::detect::gaussian;
    use crate::image::Planes;

    /// Sky of unlike noise with some light, dead and hit pixels, and values that are none.
    fn planes(shape: (usize, usize)) -> Planes {
        let draw = |seed: u64, (row, column): (usize, usize)| {
            uniform((seed << 40) + 1000 * row as u64 + column as u64)
        };
        let light = |at| {
            let sum: f64 = (1..=12).map(|seed| draw(seed, at)).sum();
            let bright = if draw(13, at) < 0.02 { 60.0 * draw(14, at) } else { 0.0 };
            (4.0 * (sum - 6.0) + bright) as f32
        };
        let mut planes = Planes::from_image(Array2::from_shape_fn(shape, light));
        planes.variance = Array2::from_shape_fn(shape, |at| 8.0 + 16.0 * draw(15, at) as f32);
        for (at, bits) in planes.mask.indexed_iter_mut() {
            match (100.0 * draw(16, at)) as u32 {
                0 => *bits = crate::mask::DEAD,
                1 => planes.image[at] = f32::NAN,
                2 => planes.variance[at] = 0.0,
                3 => planes.variance[at] = f32::INFINITY,
                _ => {}
            }
        }
        planes
    }

    /// Image and variance with what does not count emptied.
    fn emptied(pixels: Pixels<'_>, params: &Params) -> (Array2<f32>, Array2<f32>) {
        let (mut image, mut variance) = (pixels.image.to_owned(), pixels.variance.to_owned());
        let mut empty = f32::INFINITY;
        if let Noise::Constant { rms_dn } = params.noise {
            empty = (rms_dn * rms_dn) as f32;
            variance.fill(empty);
        }
        for (at, bits) in pixels.mask.indexed_iter() {
            let noise = 0.0 < variance[at] && variance[at].is_finite();
            if bits & params.mask_bits != 0 || !image[at].is_finite() || !noise {
                (image[at], variance[at]) = (0.0, empty);
            }
        }
        (image, variance)
    }

    /// The same by whole planes, every pixel judged by its significance.
    fn by_planes(pixels: Pixels<'_>, params: &Params) -> Vec<(Vec<u32>, [Option<u32>; 4])> {
        let (image, variance) = emptied(pixels, params);
        let kernel = Kernel::new(&params.kernel);
        let filtered = match params.filter {
            Filter::None => image.clone(),
            _ => plain::convolve(&kernel, &image),
        };
        let weighted = params.filter == Filter::Matched && params.noise == Noise::Plane;
        let significance = weighted.then(|| plain::significance(&kernel, &image, &variance));
        let sigma = params.threshold_sigma as f32;
        let mut bright = Vec::new();
        for (at, &variance) in variance.indexed_iter() {
            let threshold = match params.noise {
                Noise::Constant { rms_dn } => sigma * rms_dn as f32,
                Noise::Plane => sigma * variance.sqrt(),
            };
            let is_bright = match &significance {
                Some(plane) => sigma < plane[at],
                None => threshold < filtered[at],
            };
            if is_bright {
                let finite = |value: f32| value.is_finite().then(|| value.to_bits());
                let [value, filtered] = [image[at], filtered[at]].map(|one| Some(one.to_bits()));
                let place = vec![at.0 as u32, at.1 as u32];
                bright.push((place, [value, filtered, finite(variance), finite(threshold)]));
            }
        }
        bright
    }

    fn by_rows(pixels: Pixels<'_>, params: &Params) -> Vec<(Vec<u32>, [Option<u32>; 4])> {
        let bits = |value: f32| Some(value.to_bits());
        let told = |one: &Pixel| {
            let noise = [one.variance, one.threshold].map(|value| value.map(f32::to_bits));
            let values = [bits(one.value), bits(one.filtered), noise[0], noise[1]];
            (vec![one.row, one.column], values)
        };
        bright_pixels(pixels, params).iter().map(told).collect()
    }

    #[test]
    fn rows_give_the_bits_of_whole_planes() {
        let mut skew = gaussian(4.0, 3.0);
        skew[0][3] *= 1.5;
        let kernels = [
            Params::default().kernel,
            gaussian(2.2, 3.0),
            gaussian(6.0, 3.0),
            skew,
            vec![vec![1.0]],
            vec![vec![0.5, 1.0, -0.25]],
        ];
        for shape in [(61, 83), (3, 40), (50, 2), (1, 1)] {
            let planes = planes(shape);
            let pixels = Pixels::from(&planes);
            for kernel in &kernels {
                for filter in [Filter::Matched, Filter::Convolve, Filter::None] {
                    for noise in [Noise::Plane, Noise::Constant { rms_dn: 4.0 }] {
                        // At the lower threshold every fifth pixel is bright.
                        for threshold_sigma in [0.8, 5.0] {
                            let kernel = kernel.clone();
                            let params = Params {
                                kernel,
                                filter,
                                noise,
                                threshold_sigma,
                                ..Params::default()
                            };
                            let found = by_rows(pixels, &params);
                            assert!(found == by_planes(pixels, &params), "{shape:?} {params:?}");
                            let many = 60 < shape.0
                                && threshold_sigma < 1.0
                                && (filter, noise) == (Filter::Matched, Noise::Plane);
                            assert!(!many || 300 < found.len(), "{}", found.len());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_image_without_pixels_has_no_bright_ones() {
        for shape in [(0, 0), (0, 5), (5, 0)] {
            let planes = Planes::from_image(Array2::zeros(shape));
            assert!(bright_pixels(Pixels::from(&planes), &Params::default()).is_empty());
        }
    }
}
