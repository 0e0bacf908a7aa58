//! Level and rms of one cell.
//!
//! Pixels within two standard deviations of the mean set the limits of a histogram, mean ± 5 sigma
//! with about one bin per pixel; on the histogram, mean and median are clipped at 3 sigma about the
//! median until sigma settles. Then
//!
//! ```text
//! level = 2.5 median - 1.5 mean    if |mean - median| < 0.3 sigma
//!         median                   otherwise (crowded)
//!         mean                     if that is asked for
//! ```
//!
//! Reference: Bertin & Arnouts 1996, A&AS 117, 393, sec. 3; the quantization as in sep 1.4.1, in
//! single precision where sep has it, because a bin's border decides where a pixel counts.

/// Fewest unmasked pixels of a cell, as a part of all.
const MIN_GOOD_FRACTION: f64 = 0.5;
/// Half-width of the histogram (sigma).
const HISTOGRAM_SIGMA: f64 = 5.0;
/// Most bins of the histogram.
const MAX_BINS: usize = 4096;
/// Bins per pixel: `sqrt(2 / pi) * 5 / 4`.
const BINS_PER_PIXEL: f64 = 0.997_355_701_003_582;
/// Relative change of sigma at which the clipping has settled.
const SETTLED: f64 = 1e-4;
/// Most passes of the clipping.
const MAX_PASSES: usize = 100;

/// Level and rms (DN).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Statistics {
    pub(super) level: f32,
    pub(super) rms: f32,
}

/// A histogram's place: the value of bin 0 and the width of a bin.
struct Scale {
    zero: f32,
    width: f32,
    bins: usize,
}

/// Statistics of a cell of `n_pixels` of which `values` are finite and unmasked; `histogram` is
/// room to work in.
pub(super) fn statistics(
    values: &[f32],
    n_pixels: usize,
    as_mean: bool,
    histogram: &mut Vec<u32>,
) -> Option<Statistics> {
    if values.is_empty() || (values.len() as f64) < n_pixels as f64 * MIN_GOOD_FRACTION {
        return None;
    }
    let (_, mean, sigma) = moments(values, f32::NEG_INFINITY, f32::INFINITY);
    let (low, high) = ((mean - 2.0 * sigma) as f32, (mean + 2.0 * sigma) as f32);
    let (n, mean, sigma) = moments(values, low, high);
    let bins = ((BINS_PER_PIXEL * n as f64 + 1.0) as usize).min(MAX_BINS);
    if sigma <= 0.0 || bins < 2 {
        return Some(Statistics { level: mean as f32, rms: 0.0 });
    }
    let width = (2.0 * HISTOGRAM_SIGMA * sigma / bins as f64) as f32;
    let scale = Scale { zero: (mean - HISTOGRAM_SIGMA * sigma) as f32, width, bins };
    fill(histogram, values, &scale);
    Some(level(histogram, &scale, as_mean))
}

/// Number, mean and standard deviation of the values from `low` to `high`.
fn moments(values: &[f32], low: f32, high: f32) -> (usize, f64, f64) {
    let (mut n, mut sum, mut squares) = (0, 0.0, 0.0);
    for &value in values.iter().filter(|&&value| value >= low && value <= high) {
        let value = f64::from(value);
        n += 1;
        sum += value;
        squares += value * value;
    }
    let count = (n as f64).max(1.0);
    let mean = sum / count;
    (n, mean, (squares / count - mean * mean).max(0.0).sqrt())
}

fn fill(histogram: &mut Vec<u32>, values: &[f32], scale: &Scale) {
    histogram.clear();
    histogram.resize(scale.bins, 0);
    let offset = (0.499_999 - f64::from(scale.zero / scale.width)) as f32;
    for &value in values {
        // Rounding toward zero: what lies less than a bin below the first still counts there.
        let bin = value / scale.width + offset;
        if bin > -1.0
            && let Some(count) = histogram.get_mut(bin as usize)
        {
            *count += 1;
        }
    }
}

/// Clipped mean, median and sigma of a histogram, in bins.
#[derive(Clone, Copy)]
struct Clipped {
    mean: f64,
    median: f64,
    sigma: f64,
}

fn level(histogram: &[u32], scale: &Scale, as_mean: bool) -> Statistics {
    let last = histogram.len() - 1;
    let (mut low, mut high) = (0, last);
    let mut before = 1.0;
    let mut now = Clipped { mean: 0.0, median: 0.0, sigma: 10.0 * last as f64 };
    for _ in 0..MAX_PASSES {
        if now.sigma < 0.1 || (now.sigma / before - 1.0).abs() <= SETTLED {
            break;
        }
        before = now.sigma;
        now = clipped(histogram, low, high);
        low = (now.median - 3.0 * now.sigma + 0.5).max(0.0) as usize;
        high = ((now.median + 3.0 * now.sigma + 0.5).max(0.0) as usize).min(last);
    }
    let Clipped { mean, median, sigma } = now;
    let position = if as_mean || sigma <= 0.0 {
        mean
    } else if ((mean - median) / sigma).abs() < 0.3 {
        2.5 * median - 1.5 * mean
    } else {
        median
    };
    let (zero, width) = (f64::from(scale.zero), f64::from(scale.width));
    Statistics { level: (zero + position * width) as f32, rms: (sigma * width) as f32 }
}

fn clipped(histogram: &[u32], low: usize, high: usize) -> Clipped {
    let Some(bins) = histogram.get(low..=high) else {
        return Clipped { mean: 0.0, median: 0.0, sigma: 0.0 };
    };
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (bin, &count) in (low..).zip(bins) {
        let (bin, count) = (bin as f64, f64::from(count));
        n += count;
        sum += count * bin;
        squares += count * bin * bin;
    }
    if n == 0.0 {
        return Clipped { mean: 0.0, median: 0.0, sigma: 0.0 };
    }
    let mean = sum / n;
    let variance = squares / n - mean * mean;
    Clipped { mean, median: median(histogram, low, high), sigma: variance.max(0.0).sqrt() }
}

/// The median within bins `low` to `high`: two sums grow toward each other, the smaller one first,
/// and the last bins they reach share the difference.
fn median(histogram: &[u32], low: usize, high: usize) -> f64 {
    let count = |bin: usize| u64::from(histogram.get(bin).copied().unwrap_or(0));
    let (mut from_below, mut from_above) = (0_u64, 0_u64);
    // `above` is one past the next bin to take from above.
    let (mut below, mut above) = (low, high + 1);
    while below < above {
        if from_below < from_above {
            from_below += count(below);
            below += 1;
        } else {
            above -= 1;
            from_above += count(above);
        }
    }
    if above == 0 {
        return 0.0;
    }
    let share = 2 * count(below).max(count(above - 1));
    let excess = from_above as f64 - from_below as f64;
    above as f64 - 0.5 + if share > 0 { excess / share as f64 } else { 0.0 }
}
