//! How many pixels have which value.
//!
//! ```text
//! edge k = low + k (high - low) / bins      bin k holds edge k <= v < edge k + 1, the last also high
//! ```
//!
//! Edges are the numbers that `numpy.histogram` computes, and a value is put between the edges that
//! it lies between, so that counts of whole numbers are exact too.

use serde::{Deserialize, Serialize};

use super::Pixels;
use crate::error::{Error, Result};

/// Most bins.
pub const MOST_BINS: usize = 1 << 16;

/// Counts of pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Lower edge of the first bin, in the image's unit.
    pub low: f64,
    /// Upper edge of the last bin, in the image's unit.
    pub high: f64,
    /// Pixels of each bin.
    pub counts: Vec<u64>,
    /// Pixels below the first bin; negative infinity is one of them.
    pub below: u64,
    /// Pixels above the last bin; infinity is one of them.
    pub above: u64,
    /// Pixels without a value (NaN), masked ones excluded.
    pub nan: u64,
    /// Masked pixels.
    pub masked: u64,
}

impl Histogram {
    /// Counts the pixels of an image.
    ///
    /// # Errors
    /// If the edges are not finite and in order, or there is no bin or more than [`MOST_BINS`].
    pub fn of(pixels: &Pixels<'_>, low: f64, high: f64, bins: usize) -> Result<Histogram> {
        if !((high - low).is_finite() && low < high) {
            let found = format!("{low} to {high}");
            return Err(Error::parameter("edges", found, "two finite values, the lower first"));
        }
        if !(1..=MOST_BINS).contains(&bins) {
            return Err(Error::parameter("bins", bins, format!("1 to {MOST_BINS}")));
        }
        let edges = Edges::new(low, high, bins);
        let (counts, masked) = (vec![0; bins], pixels.n_masked());
        let mut histogram = Histogram { low, high, counts, below: 0, above: 0, nan: 0, masked };
        for row in pixels.rows() {
            row.iter().for_each(|&value| histogram.count(f64::from(value), &edges));
        }
        // Masked pixels come as NaN.
        histogram.nan = histogram.nan.saturating_sub(masked);
        Ok(histogram)
    }

    fn count(&mut self, value: f64, edges: &Edges) {
        let place = if value < self.low {
            Some(&mut self.below)
        } else if value > self.high {
            Some(&mut self.above)
        } else if value.is_nan() {
            Some(&mut self.nan)
        } else {
            self.counts.get_mut(edges.bin(value))
        };
        if let Some(count) = place {
            *count += 1;
        }
    }
}

struct Edges {
    edges: Vec<f64>,
    per_unit: f64,
}

impl Edges {
    fn new(low: f64, high: f64, bins: usize) -> Edges {
        let step = (high - low) / bins as f64;
        let inner = (0..bins).map(|edge| edge as f64 * step + low);
        Edges { edges: inner.chain([high]).collect(), per_unit: bins as f64 / (high - low) }
    }

    /// The bin of a value between the first and the last edge.
    fn bin(&self, value: f64) -> usize {
        let edge = |at: usize| self.edges.get(at).copied().unwrap_or(f64::INFINITY);
        let last = self.edges.len().saturating_sub(2);
        let guess = (((value - edge(0)) * self.per_unit) as usize).min(last);
        // The product is rounded: it can be off by one.
        if value < edge(guess) {
            guess.saturating_sub(1)
        } else if guess < last && value >= edge(guess + 1) {
            guess + 1
        } else {
            guess
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::super::fixture::{self, Case};
    use super::*;

    #[derive(Deserialize)]
    struct Expected {
        name: String,
        #[serde(flatten)]
        histogram: Histogram,
    }

    #[test]
    fn counts_are_those_of_numpy() {
        let text = include_str!("../../../tests/cases/display/histogram.json");
        let cases = Case::all();
        let expected: Vec<Expected> = fixture::read(text);
        assert_eq!(expected.len(), 3 * cases.len());
        for Expected { name, histogram } in expected {
            let case = cases.iter().find(|case| case.name == name).unwrap();
            let Histogram { low, high, .. } = histogram;
            let found = Histogram::of(&case.pixels(), low, high, histogram.counts.len()).unwrap();
            assert_eq!(found, histogram, "{name}");
        }
    }

    #[test]
    fn whole_numbers_fall_into_their_bins() {
        for (low, bins) in [(-7.0, 49), (0.0, 1000), (30_000.0, 777)] {
            let image = Array2::from_shape_fn((1, bins), |(_, at)| low as f32 + at as f32);
            let pixels = Pixels::all(image.view());
            let found = Histogram::of(&pixels, low, low + bins as f64, bins).unwrap();
            assert_eq!(found.counts, vec![1; bins]);
        }
        // Tenths have no exact edges, but each is the lower edge of its bin.
        let image = Array2::from_shape_fn((1, 10), |(_, at)| at as f32);
        let found = Histogram::of(&Pixels::all(image.view()), 0.0, 9.0, 10).unwrap();
        assert_eq!(found.counts, [1; 10]);
    }

    #[test]
    fn every_pixel_is_counted_once() {
        let image = array![[f32::NEG_INFINITY, -1.0, 0.0, 1.0, 2.0, 9.0, f32::INFINITY, f32::NAN]];
        let mask = array![[0, 0, 0, 0, 8, 0, 0, 0]];
        let pixels = Pixels::unmasked(image.view(), mask.view(), 8).unwrap();
        let found = Histogram::of(&pixels, 0.0, 1.0, 2).unwrap();
        let counts = vec![1, 1];
        let expected =
            Histogram { low: 0.0, high: 1.0, counts, below: 2, above: 2, nan: 1, masked: 1 };
        assert_eq!(found, expected);
    }

    #[test]
    fn edges_and_bins_out_of_range_are_refused() {
        let image = array![[1.0]];
        let pixels = Pixels::all(image.view());
        for (low, high, bins) in
            [(1.0, 1.0, 5), (2.0, 1.0, 5), (f64::NAN, 1.0, 5), (0.0, 1.0, 0), (0.0, 1.0, 1 << 17)]
        {
            assert!(Histogram::of(&pixels, low, high, bins).is_err());
        }
    }
}
