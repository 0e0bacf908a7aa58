//! Combine: one amplifier's frames to one image, pixel by pixel, by an iterated clipped median.
//!
//! For the values `x` of one pixel that are not NaN,
//!
//! ```text
//! repeat: m = median(x), s = sqrt(mean((x - mean(x))²));  keep |x - m| <= clip s
//! until nothing changes, at most `maximum_passes` times, and never below two values
//! merged = median (or mean) of the values kept
//! ```
//!
//! Sums are in double precision. With [`Precision::F32`] a mean is added up in 32 bits in the order of the frames,
//! as numpy does it along the first axis of an array of 32-bit numbers.
//!
//! One pass of 3 s cannot reject a lone outlier among seven values or fewer, because
//! `|x - m| / s <= n / sqrt(n - 1)`; the median is then what keeps a cosmic ray out.
//!
//! * Frames: images of equal shape (DN), NaN where a pixel is not to be used.
//! * Variance: with `v` the mean variance of the frames at the pixel and `n` the values kept,
//!   `c_n v / n` for the median ([`super::median_variance`]), `v / n` for the mean.
//! * Mask: `NO_DATA` (and a NaN) where no frame has a value, `FEW_FRAMES` where fewer than two have; `NOISY`
//!   where the values scatter, if the recipe asks for it ([`super::noisy`]).
//! * Source: astropy 8.0 `sigma_clip` with `cenfunc="median"`, `stdfunc="std"`.

use ndarray::{Array2, ArrayViewMut1};
use serde::{Deserialize, Serialize};

use super::blocks::{Merged, Odd, medians, plainly};
use super::median_variance::median_variance_factor;
use super::noisy;
use crate::error::{Error, Result};
use crate::image::{CANONICAL_NAN, Planes};
use crate::json::switch;
use crate::mask;
use crate::numerics::precision::Precision;

const STEP: &str = "combine";

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The first so many exposures of the day are left out; none if absent or `false`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "switch::deserialize"
    )]
    pub skip_first: Option<usize>,
    /// Only the last so many exposures of the day; all of them if absent or `false`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "switch::deserialize"
    )]
    pub use_last: Option<usize>,
    /// Fewer exposures than this are refused.
    pub minimum_frames: usize,
    /// Values farther than this many standard deviations (ddof 0) from the median are clipped.
    pub clip_sigma: f64,
    /// Largest number of clipping passes; 0 clips nothing.
    pub maximum_passes: usize,
    /// How the kept values are merged.
    pub merge: Merge,
    /// Precision of the sums over frames and over lamps. In single precision the masters are subtracted
    /// from every frame first; of a flat of 12,000 DN that changes pixels by 0.002 DN.
    #[serde(default, skip_serializing_if = "Precision::is_double")]
    pub sums: Precision,
    /// Pixels whose values scatter more than this many times the median scatter of the amplifier are marked
    /// ([`super::noisy`]); none are if absent or `false`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "switch::deserialize"
    )]
    pub noisy_factor: Option<f64>,
}

/// How kept values become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Merge {
    /// The median.
    Median,
    /// The mean.
    Mean,
}

/// What the stack of one amplifier gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// Frames in the stack.
    pub frames: usize,
    /// Values clipped, over all pixels.
    pub clipped: u64,
    /// Pixels for which no frame had a value.
    pub no_data: u64,
    /// Pixels for which only one frame had a value.
    pub few_frames: u64,
    /// Pixels that scatter; absent if they were not looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noisy: Option<u64>,
}

impl Params {
    /// Fewest exposures of which a master is made.
    pub fn fewest(&self) -> usize {
        self.minimum_frames.saturating_add(self.skip_first.unwrap_or(0))
    }

    /// Refuses impossible values.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(&self, stage: &str) -> Result<()> {
        let name = |field: &str| format!("{stage}.{field}");
        if self.clip_sigma.is_nan() || self.clip_sigma <= 0.0 {
            return Err(Error::parameter(&name("clip_sigma"), self.clip_sigma, "above zero"));
        }
        if self.minimum_frames == 0 {
            return Err(Error::parameter(&name("minimum_frames"), 0, "at least 1"));
        }
        if let Some(factor) = self.noisy_factor.filter(|factor| !(1.0..=1e6).contains(factor)) {
            return Err(Error::parameter(&name("noisy_factor"), factor, "1 to 1e6"));
        }
        if self.use_last == Some(0) {
            return Err(Error::parameter(&name("use_last"), 0, "at least 1, or left out"));
        }
        Ok(())
    }
}

#[cfg(test)]
impl Params {
    /// A clipped median that takes any number of frames.
    pub(super) const OF_TESTS: Params = Params {
        skip_first: None,
        use_last: None,
        minimum_frames: 1,
        clip_sigma: 3.0,
        maximum_passes: 50,
        merge: Merge::Median,
        sums: Precision::F64,
        noisy_factor: None,
    };
}

/// Merges the `given` frames; `mean_variance` is the mean of their variances.
///
/// # Errors
/// [`Error::Input`] if there is no frame or their shapes differ.
pub fn combine(
    given: &[Array2<f32>],
    mean_variance: Array2<f32>,
    params: &Params,
) -> Result<(Planes, Report)> {
    let shape = mean_variance.dim();
    if given.is_empty() {
        return Err(Error::input(STEP, "frames", 0, "at least one"));
    }
    if let Some(odd) = given.iter().find(|frame| frame.dim() != shape) {
        let (found, needed) = (format!("{:?}", odd.dim()), format!("{shape:?}"));
        return Err(Error::input(STEP, "shape of a frame", found, needed));
    }
    let mut planes = Planes::from_image(Array2::zeros(shape));
    planes.variance = mean_variance;
    let mut report =
        Report { frames: given.len(), clipped: 0, no_data: 0, few_frames: 0, noisy: None };
    let factors: Vec<f64> = (0..=given.len()).map(|n| variance_factor(n, params.merge)).collect();
    let frames: Vec<_> = given.iter().map(|frame| frame.as_standard_layout()).collect();
    let mut merged = Merged::new(shape.1);
    let Planes { image, variance, mask: bits } = &mut planes;
    let outputs = image.rows_mut().into_iter().zip(variance.rows_mut()).zip(bits.rows_mut());
    for (row, ((image, variance), bits)) in outputs.enumerate() {
        let rows: Vec<&[f32]> =
            frames.iter().filter_map(|frame| frame.row(row).to_slice()).collect();
        match params.merge {
            Merge::Median => medians(&rows, params, &mut merged),
            Merge::Mean => plainly(&rows, params, &mut merged),
        }
        take(&merged, &factors, (image, variance, bits), &mut report);
    }
    drop(frames);
    report.noisy = params.noisy_factor.map(|factor| noisy::mark(given, &mut planes.mask, factor));
    Ok((planes, report))
}

/// Writes a merged row into the planes.
fn take(
    merged: &Merged,
    factors: &[f64],
    (mut image, mut variance, mut bits): (
        ArrayViewMut1<'_, f32>,
        ArrayViewMut1<'_, f32>,
        ArrayViewMut1<'_, u32>,
    ),
    report: &mut Report,
) {
    image.iter_mut().zip(&merged.values).for_each(|(pixel, value)| *pixel = *value);
    let factor = |kept: usize| factors.get(kept).copied().unwrap_or(1.0);
    let scaled = |variance: f32, factor: f64| (f64::from(variance) * factor) as f32;
    let own = |odd: &Odd| variance.get(odd.column).map(|value| scaled(*value, factor(odd.kept)));
    let odd: Vec<_> = merged.odd.iter().map(|odd| (*odd, own(odd))).collect();
    let common = factor(report.frames);
    variance.iter_mut().for_each(|variance| *variance = scaled(*variance, common));
    for (Odd { column, given, kept }, own) in odd {
        if let (Some(variance), Some(own)) = (variance.get_mut(column), own) {
            *variance = own;
        }
        report.clipped += (given - kept) as u64;
        if let (0 | 1, Some(bits)) = (given, bits.get_mut(column)) {
            *bits = if given == 0 { mask::NO_DATA } else { mask::FEW_FRAMES };
            report.no_data += u64::from(given == 0);
            report.few_frames += u64::from(given == 1);
        }
    }
}

fn variance_factor(n: usize, merge: Merge) -> f64 {
    let per_value = if n == 0 { 1.0 } else { 1.0 / n as f64 };
    match merge {
        Merge::Median => median_variance_factor(n) * per_value,
        Merge::Mean => per_value,
    }
}

/// The merged value and the number of values kept; a NaN for none.
pub(super) fn merge(values: &mut [f32], params: &Params) -> (f32, usize) {
    let as_given = match (params.merge, params.sums) {
        (Merge::Mean, Precision::F32) => values.to_vec(),
        _ => Vec::new(),
    };
    // Zeros get one sign: of equal values either may be the median.
    values.iter_mut().for_each(|value| *value += 0.0);
    sort(values);
    let mut kept = &*values;
    for _ in 0..params.maximum_passes {
        let smaller = clip_once(kept, params.clip_sigma);
        if smaller.len() == kept.len() || smaller.len() < 2 {
            break;
        }
        kept = smaller;
    }
    if kept.is_empty() {
        return (CANONICAL_NAN, 0);
    }
    let merged = match (params.merge, params.sums) {
        (Merge::Median, _) => sorted_median(kept),
        (Merge::Mean, Precision::F64) => mean(kept),
        (Merge::Mean, Precision::F32) => mean_in_order(&as_given, kept),
    };
    (merged as f32, kept.len())
}

/// Insertion sort: the stacks are short.
pub(super) fn sort(values: &mut [f32]) {
    for i in 1..values.len() {
        let value = values[i];
        let mut j = i;
        while 0 < j && value < values[j - 1] {
            values[j] = values[j - 1];
            j -= 1;
        }
        values[j] = value;
    }
}

/// The part of the sorted `values` within `clip` standard deviations of their median.
pub(super) fn clip_once(values: &[f32], clip: f64) -> &[f32] {
    if values.len() < 3 {
        return values;
    }
    let (center, _, limit) = center_and_limit(values, clip);
    let outside = |value: &f32| limit < (f64::from(*value) - center).abs();
    let below = values.iter().take_while(|value| outside(value) && f64::from(**value) < center);
    let first = below.count();
    let above = values.iter().rev().take_while(|value| outside(value));
    let end = values.len() - above.count();
    values.get(first..end).unwrap_or(values)
}

/// Median and standard deviation (ddof 0) of the sorted `values`, and how far from the median a value may
/// lie.
pub(super) fn center_and_limit(values: &[f32], clip: f64) -> (f64, f64, f64) {
    let (center, average) = (sorted_median(values), mean(values));
    let square = |value: &f32| {
        let difference = f64::from(*value) - average;
        difference * difference
    };
    let variance = values.iter().map(square).sum::<f64>() / values.len() as f64;
    let sigma = variance.sqrt();
    (center, sigma, clip * sigma)
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
}

/// The mean of the `values` that are within the sorted `kept`, added in 32 bits in their order.
fn mean_in_order(values: &[f32], kept: &[f32]) -> f64 {
    let (Some(least), Some(greatest)) = (kept.first(), kept.last()) else { return 0.0 };
    let within = values.iter().filter(|value| (least..=greatest).contains(value));
    f64::from(within.sum::<f32>()) / kept.len() as f64
}

fn sorted_median(values: &[f32]) -> f64 {
    let middle = values.len() / 2;
    let upper = f64::from(values[middle]);
    if values.len() % 2 == 1 { upper } else { 0.5 * (f64::from(values[middle - 1]) + upper) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: Params = Params::OF_TESTS;

    fn merged(values: &[f32]) -> (f32, usize) {
        merge(&mut values.to_vec(), &PARAMS)
    }

    #[test]
    fn a_stack_of_one_frame_says_so_in_every_pixel() {
        let frame = Array2::from_elem((2, 5), 3.0);
        let (planes, report) = combine(&[frame], Array2::from_elem((2, 5), 9.0), &PARAMS).unwrap();
        assert!(planes.mask.iter().all(|bits| *bits == mask::FEW_FRAMES));
        assert_eq!((report.few_frames, planes.variance[[1, 4]]), (10, 9.0));
    }

    #[test]
    fn eleven_values_lose_their_outlier_and_then_the_next() {
        let mut values: Vec<f32> = (0..20).map(|i| (i % 5) as f32).collect();
        values.extend([1e4, 60.0]);
        // 1e4 goes first; only then does 60 stand out.
        assert_eq!(merged(&values), (2.0, 20));
    }

    #[test]
    fn seven_values_cannot_lose_a_lone_outlier_to_three_sigma() {
        assert_eq!(merged(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1e6]), (1.0, 7));
    }

    #[test]
    fn the_variance_is_that_of_a_median_and_missing_values_are_marked() {
        let frames: Vec<_> = [[1.0, f32::NAN, f32::NAN], [2.0, 5.0, f32::NAN], [3.0, 6.0, 4.0]]
            .iter()
            .map(|row| Array2::from_shape_vec((1, 3), row.to_vec()).unwrap())
            .collect();
        let (planes, report) = combine(&frames, Array2::from_elem((1, 3), 9.0), &PARAMS).unwrap();
        assert_eq!(planes.image.as_slice().unwrap(), [2.0, 5.5, 4.0]);
        let expected = [(3.0 * 1.346_013) as f32, 4.5, 9.0];
        assert!(planes.variance.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5));
        assert_eq!(planes.mask[[0, 2]], mask::FEW_FRAMES);
        assert_eq!((report.few_frames, report.no_data), (1, 0));
        let (planes, _) = combine(&frames[..2], Array2::from_elem((1, 3), 9.0), &PARAMS).unwrap();
        assert_eq!(planes.mask[[0, 2]], mask::NO_DATA);
        assert!(planes.image[[0, 2]].is_nan());
    }

    #[test]
    fn frames_of_mixed_shape_are_refused() {
        let frames = [Array2::zeros((2, 2)), Array2::zeros((2, 3))];
        assert!(combine(&frames, Array2::zeros((2, 2)), &PARAMS).is_err());
        assert!(combine(&[], Array2::zeros((2, 2)), &PARAMS).is_err());
    }

    #[test]
    fn one_pass_and_a_mean_are_the_peers_merge() {
        let one = Params { maximum_passes: 1, merge: Merge::Mean, ..PARAMS };
        let mut values: Vec<f32> = (0..20).map(|i| (i % 5) as f32).collect();
        values.extend([1e4, 60.0]);
        // 1e4 goes; 60 stands out only then, and stays.
        assert_eq!(merge(&mut values, &one), ((100.0_f64 / 21.0) as f32, 21));
    }

    #[test]
    fn sums_in_32_bits_follow_the_order_of_the_frames() {
        let mean = Params { merge: Merge::Mean, sums: Precision::F32, ..PARAMS };
        let of = |values: [f32; 3]| merge(&mut values.to_vec(), &mean).0;
        // 2^24 + 1 is lost in 32 bits, 1 + 1 + 2^24 is not.
        assert_eq!(of([16_777_216.0, 1.0, 1.0]), 16_777_216.0 / 3.0);
        assert_eq!(of([1.0, 1.0, 16_777_216.0]), 16_777_218.0 / 3.0);
    }
}
