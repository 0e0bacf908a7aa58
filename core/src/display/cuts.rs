//! Which values get the first and the last color, found from the image.
//!
//! ```text
//! percentile p   quantiles (1 - p/100) / 2 and 1 - (1 - p/100) / 2 of the finite pixels
//! quantile q     rank r = q (n - 1); between the two values next to r, linearly
//! ```
//!
//! Quantiles are those of numpy's method "linear" on `f64`, to the last bit. Up to
//! [`EXACT_PIXELS`] pixels they are exact; of a larger image they are the quantiles of a grid of
//! every s-th pixel of every s-th row, s the smallest number that leaves no more than that.

use serde::{Deserialize, Serialize};

use super::Pixels;
use super::zscale::zscale;
use crate::error::{Error, Result};

/// Largest image, in pixels, of which every pixel counts for a percentile.
pub const EXACT_PIXELS: usize = 1 << 22;

/// A rule for the cuts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cuts {
    /// The sky and what is a little brighter, as [`mod@super::zscale`].
    #[default]
    Zscale,
    /// Every finite pixel.
    MinMax,
    /// The central part of the finite pixels, in percent: above 0, at most 100.
    Percentile(f64),
}

impl Cuts {
    /// The cuts (low, high) of the finite pixels, in the image's unit; `None` if there is none.
    ///
    /// # Errors
    /// If the percentile is not above 0 and at most 100.
    pub fn of(self, pixels: &Pixels<'_>) -> Result<Option<(f64, f64)>> {
        match self {
            Cuts::Zscale => Ok(zscale(pixels)),
            Cuts::MinMax => Ok(min_max(pixels)),
            Cuts::Percentile(percent) if percent > 0.0 && percent <= 100.0 => {
                Ok(central(&mut sampled(pixels, EXACT_PIXELS), percent))
            }
            Cuts::Percentile(percent) => {
                Err(Error::parameter("percentile", percent, "above 0, at most 100"))
            }
        }
    }
}

/// Smallest and largest finite value.
pub(super) fn min_max(pixels: &Pixels<'_>) -> Option<(f64, f64)> {
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for row in pixels.rows() {
        for &value in row.iter() {
            // No comparison holds for NaN; what is infinite lies beyond the other limit.
            if value < low && value >= f32::MIN {
                low = value;
            }
            if value > high && value <= f32::MAX {
                high = value;
            }
        }
    }
    (low <= high).then_some((f64::from(low), f64::from(high)))
}

/// The finite values of a grid of at most `most` pixels; all of them if the grid meets none.
fn sampled(pixels: &Pixels<'_>, most: usize) -> Vec<f32> {
    let (rows, columns) = pixels.dim();
    let fits = |step: &usize| rows.div_ceil(*step) * columns.div_ceil(*step) <= most.max(1);
    let step = (1..).find(fits).unwrap_or(1);
    let mut values = Vec::new();
    for row in (0..rows).step_by(step) {
        let row = pixels.row(row);
        values.extend(row.iter().step_by(step).filter(|value| value.is_finite()));
    }
    if values.is_empty() && step > 1 { pixels.finite().collect() } else { values }
}

/// The two quantiles between which the central part lies.
fn central(values: &mut [f32], percent: f64) -> Option<(f64, f64)> {
    let low = (100.0 - percent) * 0.5;
    Some((quantile(values, low / 100.0)?, quantile(values, (100.0 - low) / 100.0)?))
}

/// A quantile of values that are finite, and are reordered.
fn quantile(values: &mut [f32], q: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = q * last as f64;
    let rank = (place.floor() as usize).min(last);
    let (_, &mut below, above) = values.select_nth_unstable_by(rank, f32::total_cmp);
    let below = f64::from(below);
    let above = above.iter().copied().min_by(f32::total_cmp).map_or(below, f64::from);
    let (weight, step) = (place - rank as f64, above - below);
    // As numpy does, from the nearer side, so that a weight of 1 gives the value above exactly.
    Some(if weight < 0.5 { below + step * weight } else { above - step * (1.0 - weight) })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use serde::Deserialize;

    use super::super::fixture::{self, Case};
    use super::*;

    #[derive(Deserialize)]
    struct Expected {
        name: String,
        percent: f64,
        low: f64,
        high: f64,
    }

    #[test]
    fn percentiles_are_those_of_numpy_to_the_last_bit() {
        let text = include_str!("../../../tests/cases/display/quantiles.json");
        let expected: Vec<Expected> = fixture::read(text);
        let cases = Case::all();
        assert_eq!(expected.len(), 7 * cases.len());
        for Expected { name, percent, low, high } in expected {
            let case = cases.iter().find(|case| case.name == name).unwrap();
            let found = Cuts::Percentile(percent).of(&case.pixels()).unwrap();
            assert_eq!(found, Some((low, high)), "{name}, {percent} %");
        }
    }

    #[test]
    fn all_of_the_pixels_lie_between_the_smallest_and_the_largest() {
        for case in Case::all() {
            let [whole, hundred] = [Cuts::MinMax, Cuts::Percentile(100.0)]
                .map(|cuts| cuts.of(&case.pixels()).unwrap());
            assert_eq!(whole, hundred, "{}", case.name);
        }
        let image = array![[f32::NAN, -2.0], [f32::INFINITY, 7.0]];
        assert_eq!(Cuts::MinMax.of(&Pixels::all(image.view())).unwrap(), Some((-2.0, 7.0)));
    }

    #[test]
    fn nothing_has_no_cuts_and_one_value_has_equal_ones() {
        let (nan, one) = (Array2::from_elem((2, 2), f32::NAN), array![[f32::NAN, 3.0]]);
        for cuts in [Cuts::Zscale, Cuts::MinMax, Cuts::Percentile(99.0)] {
            assert_eq!(cuts.of(&Pixels::all(nan.view())).unwrap(), None);
            assert_eq!(cuts.of(&Pixels::all(one.view())).unwrap(), Some((3.0, 3.0)));
        }
    }

    #[test]
    fn a_large_image_is_sampled_on_a_grid() {
        let image = Array2::from_shape_fn((7, 9), |(row, column)| (10 * row + column) as f32);
        let pixels = Pixels::all(image.view());
        assert_eq!(sampled(&pixels, 63).len(), 63);
        assert_eq!(
            sampled(&pixels, 20),
            [0., 2., 4., 6., 8., 20., 22., 24., 26., 28.]
                .iter()
                .chain(&[40., 42., 44., 46., 48., 60., 62., 64., 66., 68.])
                .copied()
                .collect::<Vec<f32>>()
        );
        let mut holes = Array2::from_elem((4, 4), f32::NAN);
        holes[[1, 3]] = 5.0;
        assert_eq!(sampled(&Pixels::all(holes.view()), 4), [5.0]);
    }

    #[test]
    fn percentiles_out_of_range_are_refused() {
        let image = array![[1.0]];
        for percent in [0.0, -1.0, 100.5, f64::NAN] {
            assert!(Cuts::Percentile(percent).of(&Pixels::all(image.view())).is_err());
        }
    }

    #[test]
    fn cuts_are_plain_data() {
        let cuts = [Cuts::Zscale, Cuts::MinMax, Cuts::Percentile(99.5)];
        let text = serde_json::to_string(&cuts).unwrap();
        assert_eq!(text, r#"["zscale","min-max",{"percentile":99.5}]"#);
    }
}
