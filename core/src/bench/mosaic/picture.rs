//! Pictures of the focal plane, their cuts, and the value under the cursor.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::detail::{MOST_BYTES, bytes_of};
use super::{LEVEL, Mosaic, Part};
use crate::display::{ColourMap, Cuts, Frame, Layer, Lookup, Pixels, Place, Stretch, Style, draw};
use crate::error::Result;
use crate::ids::{AmpId, DetectorId};

/// At most so many pixels of all overviews decide on the cuts.
const MOST_SAMPLED: usize = 1 << 20;

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MosaicView {
    /// Columns of the picture (pixels).
    pub width: usize,
    /// Lines of the picture (pixels).
    pub height: usize,
    /// Column of the focal plane at the center.
    pub x: f64,
    /// Row of the focal plane at the center.
    pub y: f64,
    /// Picture pixels per pixel of the focal plane.
    pub scale: f64,
    /// Value of the first color (DN).
    pub low: f64,
    /// Value of the last color (DN).
    pub high: f64,
    /// Curve between the two.
    pub stretch: Stretch,
    /// Color table.
    pub colour: ColourMap,
    /// Whether the table runs backwards.
    pub invert: bool,
}

impl MosaicView {
    fn frame(&self) -> Frame {
        let MosaicView { width, height, x, y, scale, .. } = *self;
        Frame { width, height, x, y, scale }
    }
}

/// A pixel of the focal plane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MosaicPixel {
    /// Its detector.
    pub detector: u32,
    /// Its amplifier.
    pub amp: u32,
    /// Column on the detector.
    pub x: usize,
    /// Row on the detector.
    pub y: usize,
    /// The value (DN); none for a NaN.
    pub value: Option<f64>,
    /// Whether it is the mean of the 8 × 8 pixels about it.
    pub is_mean: bool,
}

impl Mosaic {
    /// Draws onto a picture of `4 × width × height` bytes (RGBA, topmost line first); what was not read
    /// stays as it is.
    ///
    /// # Errors
    /// If a number of the view is impossible, or the picture has another size.
    pub fn draw(&mut self, view: &MosaicView, bytes: &mut [u8]) -> Result<()> {
        let MosaicView { low, high, stretch, colour: map, invert, .. } = *view;
        let lookup = Lookup::new(&Style { low, high, stretch, map, invert, mask_bits: 0 })?;
        let frame = view.frame();
        for (&of, part) in &self.parts {
            let Some(origin) = self.place_of(of, part) else { continue };
            let level = level_of(view.scale);
            let close = self.detail.level(of, level).filter(|_| level < LEVEL);
            let (image, level) = close.map_or((&part.overview, LEVEL), |image| (image, level));
            let place = Place { origin, size: part.size, level };
            let layer = Layer { image: image.view(), mask: None, place };
            draw(&frame, &layer, &lookup, bytes)?;
        }
        Ok(())
    }

    /// The amplifiers whose full pixels this view needs and that are not kept, the nearest to its
    /// center first: never more than fit into the bound. Those that are kept count as used.
    pub fn wanted(&mut self, view: &MosaicView) -> Vec<(u32, u32)> {
        if LEVEL <= level_of(view.scale) {
            return Vec::new();
        }
        let reach = (0.5 * view.width as f64 / view.scale, 0.5 * view.height as f64 / view.scale);
        let mut seen: Vec<((DetectorId, AmpId), f64, usize)> = Vec::new();
        for (&of, part) in &self.parts {
            let Some((x0, y0)) = self.place_of(of, part) else { continue };
            let far = (
                distance(view.x, (x0, x0 + part.size.1 as f64)),
                distance(view.y, (y0, y0 + part.size.0 as f64)),
            );
            if far.0 < reach.0 && far.1 < reach.1 {
                seen.push((of, libm::hypot(far.0, far.1), bytes_of(part.size.0 * part.size.1)));
            }
        }
        seen.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut room = MOST_BYTES;
        let mut wanted = Vec::new();
        for (of, _, bytes) in seen {
            let Some(left) = room.checked_sub(bytes) else { break };
            room = left;
            match self.detail.has(of) {
                true => self.detail.touch(of),
                false => wanted.push((of.0.0, of.1.0)),
            }
        }
        wanted
    }

    /// Low and high cut of all that was read, by one rule.
    ///
    /// # Errors
    /// If the rule is impossible.
    pub fn cuts(&self, rule: Cuts) -> Result<Option<(f64, f64)>> {
        let count: usize = self.parts.values().map(|part| part.overview.len()).sum();
        let step = count.div_ceil(MOST_SAMPLED).max(1);
        let values = self.parts.values().flat_map(|part| part.overview.iter().copied());
        let sampled: Vec<f32> = values.step_by(step).collect();
        let row = Array2::from_shape_vec((1, sampled.len()), sampled).unwrap_or_default();
        rule.of(&Pixels::all(row.view()))
    }

    /// The pixel at a place of the focal plane, if its amplifier was read.
    pub fn pixel(&self, x: f64, y: f64) -> Option<MosaicPixel> {
        let inside = |at: f64, first: f64, count: usize| {
            let index = (at - first + 0.5).floor();
            (0.0 <= index && index < count as f64).then_some(index as usize)
        };
        for (&of, part) in &self.parts {
            let Some((x0, y0)) = self.place_of(of, part) else { continue };
            let Some((column, row)) = inside(x, x0, part.size.1).zip(inside(y, y0, part.size.0))
            else {
                continue;
            };
            let close = self.detail.level(of, 0).and_then(|image| image.get((row, column)));
            let mean = part.overview.get((row >> LEVEL, column >> LEVEL));
            let value = close.or(mean).copied().map(f64::from).filter(|value| value.is_finite());
            let (at_x, at_y) = (column + part.on_detector.0, row + part.on_detector.1);
            let (detector, amp) = (of.0.0, of.1.0);
            let is_mean = close.is_none();
            return Some(MosaicPixel { detector, amp, x: at_x, y: at_y, value, is_mean });
        }
        None
    }

    /// Column and row of the first pixel of an amplifier in the focal plane.
    fn place_of(&self, of: (DetectorId, AmpId), part: &Part) -> Option<(f64, f64)> {
        let (x0, y0) = self.origin(of.0)?;
        Some(((x0 + part.on_detector.0) as f64, (y0 + part.on_detector.1) as f64))
    }
}

/// How far a number is from an interval.
fn distance(at: f64, (first, end): (f64, f64)) -> f64 {
    (first - at).max(at - end).max(0.0)
}

/// How often an image is halved for a scale (picture pixels per pixel), at most as the overview.
fn level_of(scale: f64) -> u32 {
    (0..LEVEL).find(|&level| 0.5 < scale * f64::from(1_u32 << level)).unwrap_or(LEVEL)
}
