//! Statistics of a region, or of a whole plane.
//!
//! ```text
//! sigma     1.4826 median |v - median|
//! clipping  keep |v - median of the kept| <= 3 std of the kept, until nothing changes, at most 5
//!           times; std with divisor n
//! ```
//!
//! The clipping is that of `sigma_clipped_stats` of astropy 8.0 with its defaults. A plane of more
//! than [`SORTED_PIXELS`] pixels is not copied: its medians come from counting passes, exact but for
//! its `sigma`, whose deviations are rounded to `f32`. That takes up to fifteen passes over the plane;
//! the statistics of its [`super::overview::eighth`] are there at once.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::{Pixels, Region};
use crate::error::Result;
use crate::numerics::stats::{CountingMedian, SIGMA_FROM_MAD, median};

/// Largest plane, in pixels, whose values are copied and sorted.
pub const SORTED_PIXELS: usize = 1 << 20;

/// Standard deviations kept by the clipping.
const CLIP: f64 = 3.0;
/// Passes of the clipping at most.
const PASSES: usize = 5;

/// Statistics of some pixels, in the image's unit; `None` where there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Statistics {
    /// Pixels inside.
    pub n_pixels: u64,
    /// Of these, unmasked pixels without a finite value.
    pub n_nan: u64,
    /// Of these, masked pixels.
    pub n_masked: u64,
    /// Mean of the finite unmasked values.
    pub mean: Option<f64>,
    /// Median.
    pub median: Option<f64>,
    /// 1.4826 times the median absolute deviation.
    pub sigma: Option<f64>,
    /// Smallest value.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// Mean of the values that the clipping keeps.
    pub clipped_mean: Option<f64>,
    /// Standard deviation of the values that the clipping keeps.
    pub clipped_sigma: Option<f64>,
}

/// Statistics of the pixels of an image that lie inside a region; the image's first pixel is that of
/// the detector.
///
/// # Errors
/// If the region is not a valid one.
pub fn statistics(region: &Region, pixels: &Pixels<'_>) -> Result<Statistics> {
    let mut sample = Sample::default();
    sample.add(region, pixels, (0.0, 0.0))?;
    Ok(sample.statistics())
}

/// Statistics of a whole plane. `mask` is a mask of the same shape with the bits to leave out.
///
/// # Errors
/// If the shapes differ.
pub fn whole(
    image: ArrayView2<'_, f32>,
    mask: Option<(ArrayView2<'_, u32>, u32)>,
) -> Result<Statistics> {
    let pixels = match mask {
        Some((mask, bits)) => Pixels::unmasked(image, mask, bits)?,
        None => Pixels::all(image),
    };
    Ok(if pixels.len() > SORTED_PIXELS { streamed(&pixels) } else { sorted(&pixels) })
}

fn sorted(pixels: &Pixels<'_>) -> Statistics {
    let (n_pixels, n_masked) = (pixels.len() as u64, pixels.n_masked());
    Sample { n_pixels, n_masked, values: pixels.finite().collect() }.statistics()
}

fn streamed(pixels: &Pixels<'_>) -> Statistics {
    let n_pixels = pixels.len() as u64;
    of(pixels, Statistics { n_pixels, n_masked: pixels.n_masked(), ..Statistics::default() })
}

/// Values gathered from one or more images, such as the amplifiers that a region covers.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    n_pixels: u64,
    n_masked: u64,
    values: Vec<f32>,
}

impl Sample {
    /// Adds the pixels of an image whose first pixel lies at `origin` (column, row) of the detector.
    ///
    /// # Errors
    /// If the region is not a valid one.
    pub fn add(&mut self, region: &Region, pixels: &Pixels<'_>, origin: (f64, f64)) -> Result<()> {
        region.check()?;
        let region = region.seen_from(origin);
        let (rows, columns) = region.window(pixels.dim());
        for row in rows {
            let values = pixels.row(row);
            let inside = |column: &usize| region.contains(*column as f64, row as f64);
            for column in columns.clone().filter(inside) {
                self.n_pixels += 1;
                self.n_masked += u64::from(pixels.is_masked(row, column));
                self.values.extend(values.get(column).filter(|value| value.is_finite()));
            }
        }
        Ok(())
    }

    /// Statistics of what was gathered; the order of gathering does not matter.
    pub fn statistics(mut self) -> Statistics {
        self.values.sort_unstable_by(f32::total_cmp);
        let Sample { n_pixels, n_masked, values } = self;
        of(&Sorted(values), Statistics { n_pixels, n_masked, ..Statistics::default() })
    }
}

/// Completes statistics of which the pixels are counted.
fn of(values: &impl Values, counts: Statistics) -> Statistics {
    let unmasked = counts.n_pixels.saturating_sub(counts.n_masked);
    let Some(median) = values.median() else { return Statistics { n_nan: unmasked, ..counts } };
    // About the median the sums lose no digits.
    let moments = values.moments(EVERYTHING, median);
    let clipped = clipped(values, median, moments);
    Statistics {
        n_nan: unmasked.saturating_sub(moments.count),
        mean: Some(moments.mean),
        median: Some(median),
        sigma: values.deviation(median).map(|deviation| SIGMA_FROM_MAD * deviation),
        min: Some(moments.min),
        max: Some(moments.max),
        clipped_mean: Some(clipped.mean),
        clipped_sigma: Some(clipped.std),
        ..counts
    }
}

/// The moments of what the clipping keeps. Each pass clips what the passes before it kept; the last
/// limits are then those of all values.
fn clipped(values: &impl Values, mut median: f64, mut kept: Moments) -> Moments {
    let mut inside = EVERYTHING;
    let mut limits = EVERYTHING;
    for _ in 0..PASSES {
        limits = (median - CLIP * kept.std, median + CLIP * kept.std);
        inside = (limits.0.max(inside.0), limits.1.min(inside.1));
        let (now_kept, now_median) = values.clip(inside, median);
        if now_kept.count == kept.count {
            break;
        }
        (kept, median) = (now_kept, now_median.unwrap_or(median));
    }
    if limits == inside { kept } else { values.moments(limits, median) }
}

/// Limits that keep every finite value.
const EVERYTHING: (f64, f64) = (f64::MIN, f64::MAX);

/// Finite values that can be run through again and again.
trait Values {
    /// Median of all.
    fn median(&self) -> Option<f64>;
    /// Median distance from `center`.
    fn deviation(&self, center: f64) -> Option<f64>;
    /// Count, mean, standard deviation and ends of the values within `limits`, both included.
    fn moments(&self, limits: (f64, f64), pivot: f64) -> Moments;
    /// The same, and the median of these values.
    fn clip(&self, limits: (f64, f64), pivot: f64) -> (Moments, Option<f64>);
}

#[derive(Clone, Copy)]
struct Moments {
    count: u64,
    mean: f64,
    std: f64,
    min: f64,
    max: f64,
}

/// Sums of values relative to a pivot that lies near their mean. Long ones are sums of shorter ones
/// (rows, or [`CHUNK`] values), so that rounding does not add up.
struct Sums {
    count: u64,
    first: f64,
    second: f64,
    ends: (f64, f64),
}

impl Sums {
    const NONE: Sums =
        Sums { count: 0, first: 0.0, second: 0.0, ends: (f64::INFINITY, f64::NEG_INFINITY) };

    fn add(&mut self, value: f64, pivot: f64) {
        self.count += 1;
        self.first += value - pivot;
        self.second += (value - pivot) * (value - pivot);
        self.ends = (self.ends.0.min(value), self.ends.1.max(value));
    }

    fn merge(&mut self, other: Sums) {
        self.count += other.count;
        self.first += other.first;
        self.second += other.second;
        self.ends = (self.ends.0.min(other.ends.0), self.ends.1.max(other.ends.1));
    }

    fn moments(self, pivot: f64) -> Moments {
        let count = (self.count as f64).max(1.0);
        let offset = self.first / count;
        let variance = (self.second / count - offset * offset).max(0.0);
        let (min, max) = self.ends;
        Moments { count: self.count, mean: pivot + offset, std: libm::sqrt(variance), min, max }
    }
}

/// Sorted values summed at a time.
const CHUNK: usize = 1024;

/// Values in ascending order.
struct Sorted(Vec<f32>);

impl Sorted {
    fn within(&self, (low, high): (f64, f64)) -> &[f32] {
        let first = self.0.partition_point(|&value| f64::from(value) < low);
        let end = self.0.partition_point(|&value| f64::from(value) <= high);
        self.0.get(first..end).unwrap_or_default()
    }
}

impl Values for Sorted {
    fn median(&self) -> Option<f64> {
        middle(&self.0)
    }

    fn deviation(&self, center: f64) -> Option<f64> {
        let distance = |&value: &f32| (f64::from(value) - center).abs();
        median(&mut self.0.iter().map(distance).collect::<Vec<f64>>())
    }

    fn moments(&self, limits: (f64, f64), pivot: f64) -> Moments {
        let mut sums = Sums::NONE;
        for chunk in self.within(limits).chunks(CHUNK) {
            let mut part = Sums::NONE;
            chunk.iter().for_each(|&value| part.add(f64::from(value), pivot));
            sums.merge(part);
        }
        sums.moments(pivot)
    }

    fn clip(&self, limits: (f64, f64), pivot: f64) -> (Moments, Option<f64>) {
        (self.moments(limits, pivot), middle(self.within(limits)))
    }
}

/// Median of values in ascending order.
fn middle(sorted: &[f32]) -> Option<f64> {
    let upper = f64::from(*sorted.get(sorted.len() / 2)?);
    let lower = f64::from(*sorted.get((sorted.len() - 1) / 2)?);
    Some(0.5 * (lower + upper))
}

impl Values for Pixels<'_> {
    fn median(&self) -> Option<f64> {
        counted(self, |value| if value.is_finite() { value } else { f32::NAN })
    }

    fn deviation(&self, center: f64) -> Option<f64> {
        let distance = |value: f32| (f64::from(value) - center).abs() as f32;
        counted(self, |value| if value.is_finite() { distance(value) } else { f32::NAN })
    }

    fn moments(&self, limits: (f64, f64), pivot: f64) -> Moments {
        let mut sums = Sums::NONE;
        for row in self.rows() {
            let mut part = Sums::NONE;
            within(&row, limits).for_each(|value| part.add(f64::from(value), pivot));
            sums.merge(part);
        }
        sums.moments(pivot)
    }

    fn clip(&self, limits: (f64, f64), pivot: f64) -> (Moments, Option<f64>) {
        let (mut sums, mut median) = (Sums::NONE, CountingMedian::new());
        for row in self.rows() {
            let mut part = Sums::NONE;
            let add = |value: &f32| part.add(f64::from(*value), pivot);
            median.offer(within(&row, limits).inspect(add));
            sums.merge(part);
        }
        median.begin_second_pass();
        self.rows().for_each(|row| median.offer(within(&row, limits)));
        (sums.moments(pivot), median.finish())
    }
}

/// The values within finite limits, both included; NaN never is.
fn within(row: &[f32], (low, high): (f64, f64)) -> impl Iterator<Item = f32> {
    row.iter().copied().filter(move |&v| f64::from(v) >= low && f64::from(v) <= high)
}

/// The median of a number made of each pixel, where it is not NaN, by two counting passes.
fn counted(pixels: &Pixels<'_>, number: impl Fn(f32) -> f32) -> Option<f64> {
    let mut median = CountingMedian::new();
    pixels.rows().for_each(|row| median.offer(row.iter().map(|&value| number(value))));
    median.begin_second_pass();
    pixels.rows().for_each(|row| median.offer(row.iter().map(|&value| number(value))));
    median.finish()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array, s};
    use serde_json::Value;

    use super::super::fixture::{self, Case};
    use super::*;

    fn near(ours: Option<f64>, theirs: f64) -> bool {
        ours.is_some_and(|ours| (ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0))
    }

    #[test]
    fn statistics_of_regions_are_those_of_astropy_and_numpy() {
        let text = include_str!("../../../tests/cases/display/statistics.json");
        let expected: Vec<Value> = fixture::read(text);
        assert!(expected.len() > 50);
        let cases = Case::all();
        for expected in expected {
            let case = cases.iter().find(|case| expected["name"] == *case.name).unwrap();
            let region: Region = serde_json::from_value(expected["region"].clone()).unwrap();
            let found = serde_json::to_value(statistics(&region, &case.pixels()).unwrap()).unwrap();
            for count in ["n_pixels", "n_nan", "n_masked"] {
                assert_eq!(found[count], expected[count], "{} {region:?} {count}", case.name);
            }
            for exact in ["median", "min", "max"] {
                assert_eq!(found[exact], expected[exact], "{} {region:?} {exact}", case.name);
            }
            for key in ["mean", "sigma", "clipped_mean", "clipped_sigma"] {
                let (ours, theirs) = (found[key].as_f64(), expected[key].as_f64().unwrap());
                assert!(near(ours, theirs), "{} {region:?} {key} {ours:?} {theirs}", case.name);
            }
        }
    }

    #[test]
    fn counting_gives_what_sorting_gives() {
        for case in Case::all() {
            let (one, two) = (sorted(&case.pixels()), streamed(&case.pixels()));
            let exact = |s: Statistics| (s.n_pixels, s.n_nan, s.n_masked, s.median, s.min, s.max);
            assert_eq!(exact(one), exact(two), "{}", case.name);
            let loose =
                |s: Statistics| [s.mean, s.clipped_mean, s.clipped_sigma].map(Option::unwrap);
            for (ours, theirs) in loose(one).into_iter().zip(loose(two)) {
                assert!(near(Some(ours), theirs), "{} {ours} {theirs}", case.name);
            }
            // Deviations of a stream are rounded to f32.
            let (one, two) = (one.sigma.unwrap(), two.sigma.unwrap());
            assert!(
                (one - two).abs() <= f64::from(f32::EPSILON) * one,
                "{} {one} {two}",
                case.name
            );
        }
    }

    #[test]
    fn a_whole_plane_is_the_largest_rectangle() {
        let case = Case::named("stars masked");
        let region = Region::Rectangle { x0: -9.0, y0: -9.0, x1: 1e9, y1: 1e9 };
        let plane = whole(case.image.view(), Some((case.mask.view(), 1))).unwrap();
        assert_eq!(plane, statistics(&region, &case.pixels()).unwrap());
        assert!(whole(case.image.view(), Some((case.mask.t(), 1))).is_err());
    }

    #[test]
    fn a_region_over_several_images_is_that_of_the_image_they_make() {
        let case = Case::named("stars, 61 x 47");
        let region = Region::Circle { x: 21.0, y: 29.0, radius: 11.0 };
        let mut sample = Sample::default();
        for (rows, columns) in [(30..61, 20..47), (0..30, 0..20), (30..61, 0..20), (0..30, 20..47)]
        {
            let origin = (columns.start as f64, rows.start as f64);
            let part = case.image.slice(s![rows, columns]);
            sample.add(&region, &Pixels::all(part), origin).unwrap();
        }
        assert_eq!(sample.statistics(), statistics(&region, &case.pixels()).unwrap());
    }

    #[test]
    fn without_a_value_there_are_only_counts() {
        let image = array![[f32::NAN, f32::INFINITY, 3.0]];
        let mask = array![[0, 0, 4]];
        let found = whole(image.view(), Some((mask.view(), 4))).unwrap();
        let counts = Statistics { n_pixels: 3, n_nan: 2, n_masked: 1, ..Statistics::default() };
        assert_eq!(found, counts);
        let empty = Array2::zeros((0, 0));
        assert_eq!(whole(empty.view(), None).unwrap(), Statistics::default());
        let far = Region::Circle { x: 50.0, y: 0.0, radius: 2.0 };
        assert_eq!(statistics(&far, &Pixels::all(image.view())).unwrap(), Statistics::default());
    }

    #[test]
    fn one_value_and_a_constant_have_no_spread() {
        for image in [array![[7.5]], Array2::from_elem((5, 4), 7.5)] {
            let found = whole(image.view(), None).unwrap();
            for value in [found.mean, found.median, found.min, found.max, found.clipped_mean] {
                assert_eq!(value, Some(7.5));
            }
            assert_eq!((found.sigma, found.clipped_sigma), (Some(0.0), Some(0.0)));
        }
    }

    #[test]
    fn a_large_plane_is_counted_and_agrees_with_its_closed_form() {
        // 0, 1, … n - 1 in a mixed order, exact in f32.
        let (rows, columns) = (1024_usize, 1031_usize);
        let count = rows * columns;
        assert!(count > SORTED_PIXELS);
        let value =
            |(row, column): (usize, usize)| ((row * columns + column) * 7919 % count) as f32;
        let found = whole(Array2::from_shape_fn((rows, columns), value).view(), None).unwrap();
        let middle = (count - 1) as f64 / 2.0;
        assert_eq!((found.mean, found.median), (Some(middle), Some(middle)));
        assert_eq!((found.min, found.max), (Some(0.0), Some(2.0 * middle)));
        let n = count as f64;
        assert!(near(found.clipped_sigma, libm::sqrt((n * n - 1.0) / 12.0)));
        assert_eq!(found.sigma, Some(SIGMA_FROM_MAD * n / 4.0));
    }
}
