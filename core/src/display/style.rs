//! How a pixel's value becomes a color: cuts, stretch and color map baked into one table.
//!
//! ```text
//! step  = floor(4095 (value - low) / (high - low) + 1/2), at least 0, at most 4095
//! color = map[ floor(255 stretch(step / 4095) + 1/2) ]
//! ```
//!
//! A value at or below `low` has the first color, one at or above `high` the last. With equal cuts
//! (a constant image) what is above them has the last color, all else the first.

use serde::{Deserialize, Serialize};

use super::{ColourMap, Stretch};
use crate::error::{Error, Result};

/// Steps of the table.
pub const STEPS: usize = 4096;

/// What a person chooses of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// Value of the first color, in the image's unit; finite.
    pub low: f64,
    /// Value of the last color, in the image's unit; finite, not below `low`.
    pub high: f64,
    /// Curve between the two.
    #[serde(default)]
    pub stretch: Stretch,
    /// Color table.
    #[serde(default)]
    pub map: ColourMap,
    /// Whether the table runs backwards.
    #[serde(default)]
    pub invert: bool,
    /// Mask bits to mark; 0 marks nothing.
    #[serde(default)]
    pub mask_bits: u32,
}

impl Style {
    /// A linear grey picture between two values, without marks.
    pub fn grey(low: f64, high: f64) -> Style {
        let (stretch, map) = (Stretch::Linear, ColourMap::Grey);
        Style { low, high, stretch, map, invert: false, mask_bits: 0 }
    }
}

/// A [`Style`] as a table, made once and used for every pixel.
#[derive(Debug, Clone)]
pub struct Lookup {
    low: f64,
    /// Steps per unit of the image.
    slope: f64,
    colors: Box<[[u8; 4]; STEPS]>,
    pub(super) mask_bits: u32,
}

impl Lookup {
    /// Bakes the table.
    ///
    /// # Errors
    /// If a cut or their distance is not finite, or the cuts are in the wrong order.
    pub fn new(style: &Style) -> Result<Lookup> {
        let Style { low, high, .. } = *style;
        if !((high - low).is_finite() && low <= high) {
            let found = format!("{low} to {high}");
            let needed = "two values at a finite distance, the lower one first";
            return Err(Error::parameter("cuts", found, needed));
        }
        let mut colors = Box::new([[0; 4]; STEPS]);
        for (step, color) in colors.iter_mut().enumerate() {
            *color = color_of(style, step as f64 / LAST_STEP);
        }
        // With equal cuts the slope is the largest number, and the cut itself is still step 0.
        let slope = (LAST_STEP / (high - low)).min(f64::MAX);
        Ok(Lookup { low, slope, colors, mask_bits: style.mask_bits })
    }

    /// The color of a value as red, green, blue, alpha; `None` for NaN.
    #[inline]
    pub fn color(&self, value: f32) -> Option<[u8; 4]> {
        let step = self.step(value);
        if value.is_nan() { None } else { self.colors.get(step).copied() }
    }

    /// The step of a value that is not NaN.
    #[inline]
    pub(super) fn step(&self, value: f32) -> usize {
        let step = (f64::from(value) - self.low) * self.slope + 0.5;
        step.clamp(0.0, LAST_STEP) as usize
    }

    /// The color of every step.
    pub(super) fn colors(&self) -> &[[u8; 4]; STEPS] {
        &self.colors
    }
}

/// The last step, as a number.
const LAST_STEP: f64 = (STEPS - 1) as f64;

fn color_of(style: &Style, y: f64) -> [u8; 4] {
    let level = (255.0 * style.stretch.apply(y) + 0.5) as u8;
    let level = if style.invert { 255 - level } else { level };
    let [red, green, blue] = style.map.table()[usize::from(level)];
    [red, green, blue, 255]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey_of(style: &Style, value: f32) -> u8 {
        Lookup::new(style).unwrap().color(value).unwrap()[0]
    }

    #[test]
    fn cuts_have_the_first_and_the_last_color() {
        for stretch in Stretch::ALL {
            for map in ColourMap::ALL {
                let style = Style { stretch, map, ..Style::grey(-3.5, 1e6) };
                let lookup = Lookup::new(&style).unwrap();
                let ends = [map.table()[0], map.table()[255]];
                let opaque = ends.map(|[red, green, blue]| Some([red, green, blue, 255]));
                assert_eq!([lookup.color(-3.5), lookup.color(1e6)], opaque);
                assert_eq!([lookup.color(f32::MIN), lookup.color(f32::MAX)], opaque);
                let infinite = [f32::NEG_INFINITY, f32::INFINITY];
                assert_eq!(infinite.map(|value| lookup.color(value)), opaque);
                assert_eq!(lookup.color(f32::NAN), None);
            }
        }
    }

    #[test]
    fn a_linear_grey_picture_of_bytes_is_itself() {
        let lookup = Lookup::new(&Style::grey(0.0, 255.0)).unwrap();
        for level in 0..=255_u8 {
            assert_eq!(lookup.color(f32::from(level)), Some([level, level, level, 255]));
        }
    }

    #[test]
    fn an_inverted_table_runs_backwards() {
        let style = Style { invert: true, ..Style::grey(0.0, 255.0) };
        assert_eq!([0.0, 100.0, 255.0].map(|value| grey_of(&style, value)), [255, 155, 0]);
    }

    #[test]
    fn equal_cuts_part_what_is_above_them() {
        let style = Style::grey(7.0, 7.0);
        let greys = [6.999, 7.0, 7.001, f32::INFINITY, f32::NEG_INFINITY];
        assert_eq!(greys.map(|value| grey_of(&style, value)), [0, 0, 255, 255, 0]);
    }

    #[test]
    fn huge_and_tiny_ranges_keep_their_order() {
        let huge = Style::grey(-1e300, 1e300);
        assert_eq!(
            [f32::MIN, 0.0, f32::INFINITY].map(|value| grey_of(&huge, value)),
            [128, 128, 255]
        );
        let tiny = Style::grey(0.0, f64::MIN_POSITIVE);
        assert_eq!([0.0, 1.0].map(|value| grey_of(&tiny, value)), [0, 255]);
    }

    #[test]
    fn cuts_that_are_not_finite_or_in_order_are_refused() {
        for (low, high) in [(f64::NAN, 1.0), (0.0, f64::INFINITY), (2.0, 1.0), (f64::MIN, f64::MAX)]
        {
            assert!(Lookup::new(&Style::grey(low, high)).is_err());
        }
    }

    #[test]
    fn a_style_is_plain_data_with_defaults() {
        let style: Style = serde_json::from_str(r#"{"low":1,"high":2,"map":"viridis"}"#).unwrap();
        assert_eq!(style, Style { map: ColourMap::Viridis, ..Style::grey(1.0, 2.0) });
        assert!(serde_json::from_str::<Style>(r#"{"low":1,"high":2,"gamma":2}"#).is_err());
    }
}
