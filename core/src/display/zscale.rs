//! Cuts that show the sky and what is a little brighter: the zscale of IRAF.
//!
//! ```text
//! samples    every k-th finite pixel, k = max(1, floor(n / 1000)), at most 1000, sorted
//! line       least squares of the samples against their rank, fitted to the good ones
//! rejection  |sample - line| > 2.5 std of the good ones; each spreads to about 1 % of the ranks;
//!            repeated until nothing changes, at most 5 times
//! cuts       median ± slope / 0.25 × half the ranks, not beyond the samples; all of the samples
//!            if fewer than half of them (or than 5) are left
//! ```
//!
//! The steps are those of `ZScaleInterval` of astropy 8.0 with its defaults: the same samples, ranks
//! and `f32` median. The line is fitted by sums where astropy decomposes a matrix, so that the last
//! digits of a slope differ (relatively by less than 1e-12). Where the good samples are all equal the
//! slope is exactly 0, and both cuts are that value; astropy's fit leaves rounding noise there, by
//! which it may reject them and show the whole range.

use super::Pixels;

/// Samples wanted.
const SAMPLES: usize = 1000;
/// The slope is divided by it: a small contrast shows a wide range.
const CONTRAST: f64 = 0.25;
/// Fewest samples that a fit is trusted with.
const FEWEST: usize = 5;
/// Standard deviations beyond which a sample is rejected.
const REJECTION: f64 = 2.5;
/// Fits at most.
const FITS: usize = 5;

/// The cuts (low, high) of the finite pixels, in the image's unit; `None` if there is none.
pub fn zscale(pixels: &Pixels<'_>) -> Option<(f64, f64)> {
    let samples = samples(pixels);
    let (first, last) = (f64::from(*samples.first()?), f64::from(*samples.last()?));
    let Some(slope) = slope(&samples) else { return Some((first, last)) };
    let median = f64::from(median(&samples)?);
    let slope = slope / CONTRAST;
    let center = (samples.len() - 1) / 2;
    let low = median - (center as f64 - 1.0) * slope;
    let high = median + (samples.len() - center) as f64 * slope;
    Some((first.max(low), last.min(high)))
}

/// Evenly spaced finite pixels in the order of their values.
fn samples(pixels: &Pixels<'_>) -> Vec<f32> {
    let is_finite = |value: &&f32| value.is_finite();
    let count: usize = pixels.rows().map(|row| row.iter().filter(is_finite).count()).sum();
    let stride = (count / SAMPLES).max(1);
    let mut samples: Vec<f32> = pixels.finite().step_by(stride).take(SAMPLES).collect();
    samples.sort_unstable_by(f32::total_cmp);
    samples
}

/// Median of sorted samples; the mean of the two middle ones is rounded to `f32`.
fn median(sorted: &[f32]) -> Option<f32> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(if sorted.len() % 2 == 1 { upper } else { (lower + upper) / 2.0 })
}

/// Slope of the samples per rank, `None` if too few of them lie on a line.
fn slope(samples: &[f32]) -> Option<f64> {
    let fewest = FEWEST.max(samples.len() / 2);
    let growth = (samples.len() / 100).max(1);
    let mut bad = vec![false; samples.len()];
    let (mut good, mut good_before) = (samples.len(), samples.len() + 1);
    let mut slope = None;
    for _ in 0..FITS {
        if good >= good_before || good < fewest {
            break;
        }
        let line = Line::fit(samples, &bad);
        line.reject(samples, &mut bad);
        bad = grown(&bad, growth);
        good_before = good;
        good = bad.iter().filter(|&&bad| !bad).count();
        slope = Some(line.slope);
    }
    slope.filter(|_| good >= fewest)
}

/// A straight line through sorted samples.
struct Line {
    /// Mean rank and mean value of the samples that were fitted.
    middle: (f64, f64),
    /// Value per rank.
    slope: f64,
}

impl Line {
    /// Least squares of the good samples.
    fn fit(samples: &[f32], bad: &[bool]) -> Line {
        let (mut count, mut ranks, mut values) = (0.0, 0.0, 0.0);
        for (rank, value) in good_ones(samples, bad) {
            count += 1.0;
            ranks += rank;
            values += value;
        }
        let middle = (ranks / count, values / count);
        let (mut square, mut product) = (0.0, 0.0);
        for (rank, value) in good_ones(samples, bad) {
            square += (rank - middle.0) * (rank - middle.0);
            product += (rank - middle.0) * (value - middle.1);
        }
        Line { middle, slope: product / square }
    }

    fn distance(&self, (rank, value): (f64, f64)) -> f64 {
        value - (self.middle.1 + self.slope * (rank - self.middle.0))
    }

    /// Adds the samples far from the line to the bad ones.
    fn reject(&self, samples: &[f32], bad: &mut [bool]) {
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for sample in good_ones(samples, bad) {
            count += 1.0;
            sum += self.distance(sample);
        }
        let mean = sum / count;
        for sample in good_ones(samples, bad) {
            let distance = self.distance(sample) - mean;
            squares += distance * distance;
        }
        let threshold = REJECTION * libm::sqrt(squares / count);
        for (rank, (bad, &value)) in bad.iter_mut().zip(samples).enumerate() {
            *bad |= self.distance((rank as f64, f64::from(value))).abs() > threshold;
        }
    }
}

/// Rank and value of the samples that are not bad.
fn good_ones<'a>(samples: &'a [f32], bad: &'a [bool]) -> impl Iterator<Item = (f64, f64)> + 'a {
    let ranked = samples.iter().zip(bad).enumerate();
    let good = ranked.filter(|(_, (_, bad))| !**bad);
    good.map(|(rank, (&value, _))| (rank as f64, f64::from(value)))
}

/// Bad samples with their neighbors: each spreads over `growth` ranks, as many below as above it, or
/// one more above.
fn grown(bad: &[bool], growth: usize) -> Vec<bool> {
    let mut grown = vec![false; bad.len()];
    for (at, _) in bad.iter().enumerate().filter(|(_, bad)| **bad) {
        let first = at.saturating_sub((growth - 1) / 2);
        let end = (at + growth / 2 + 1).min(bad.len());
        grown.get_mut(first..end).unwrap_or_default().fill(true);
    }
    grown
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::fixture::Case;
    use super::*;

    #[test]
    fn cuts_are_those_of_astropy() {
        let cases = Case::all();
        assert!(cases.len() >= 20);
        for case in &cases {
            let (low, high) = zscale(&case.pixels()).unwrap();
            for (ours, theirs) in [(low, case.low), (high, case.high)] {
                assert!((ours - theirs).abs() <= 1e-12 * theirs.abs(), "{}: {ours}", case.name);
            }
        }
    }

    #[test]
    fn an_image_without_values_has_no_cuts() {
        for image in [Array2::from_elem((3, 4), f32::NAN), Array2::zeros((0, 0))] {
            assert_eq!(zscale(&Pixels::all(image.view())), None);
        }
    }

    #[test]
    fn equal_pixels_with_one_outlier_have_equal_cuts() {
        let mut image = Array2::from_elem((11, 11), 5.0);
        image[[3, 4]] = 9e4;
        assert_eq!(zscale(&Pixels::all(image.view())), Some((5.0, 5.0)));
    }

    #[test]
    fn a_bad_sample_spreads_to_as_many_ranks_as_asked_for() {
        let mut bad = vec![false; 12];
        bad[6] = true;
        let spread = |growth| {
            let grown = grown(&bad, growth);
            (grown.iter().position(|&bad| bad), grown.iter().filter(|&&bad| bad).count())
        };
        assert_eq!(spread(1), (Some(6), 1));
        assert_eq!(spread(2), (Some(6), 2));
        assert_eq!(spread(3), (Some(5), 3));
        assert_eq!(spread(10), (Some(2), 10));
        assert_eq!(grown(&[true, false, false], 5), [true; 3]);
    }
}
