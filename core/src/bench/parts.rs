//! What a picture is made of: images, the picture pixels that show them, and in which colors. The
//! raster of this crate and a page's graphics processor draw from the same list.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};
use serde::{Deserialize, Serialize};

use super::view::{Mode, View};
use super::{Bench, SkyView};
use crate::display::footprint::DEEPEST_LEVEL;
use crate::display::{Footprint, Layer, Lookup, Place, Style, overview, table};
use crate::error::{Error, Result};
use crate::ids::AmpId;

/// Most pixels of a piece of an image that is given away at once.
const LARGEST_PIECE: usize = 1 << 24;

/// An image that a picture can show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Number of the amplifier.
    pub amp: u32,
    /// The stage.
    pub stage: String,
    /// The stage that is subtracted; none if empty.
    pub minus: String,
    /// How often it was halved.
    pub level: u32,
}

/// A part of a picture: an image, and the picture pixels that show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The image.
    pub source: Source,
    /// Changes when the image's pixels do.
    pub version: String,
    /// Rows and columns of the halved image.
    pub size: (usize, usize),
    /// 0 for the colors of the stage, 1 for those of the other one.
    pub side: usize,
    /// The picture pixels.
    pub footprint: Footprint,
}

/// A plane of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    /// The values.
    Image,
    /// The mask bits.
    Mask,
}

/// Images derived from stages for pictures, by source and what tells their stages from earlier ones.
pub(super) type Derived = BTreeMap<(Source, String), (Option<Array2<f32>>, Option<Array2<u32>>)>;

/// Derived images are let go when they take more (byte): the thumbnails of every stage and both sides
/// of a line for a large detector, a difference of one of its amplifiers.
const MOST_DERIVED: usize = 80 << 20;

impl View {
    /// The colors of the stage and of the other one.
    ///
    /// # Errors
    /// If a cut or their distance is not finite, or the cuts are in the wrong order.
    pub fn lookups(&self) -> Result<[Lookup; 2]> {
        let style = Style {
            low: self.low,
            high: self.high,
            stretch: self.stretch,
            map: self.colour,
            invert: self.invert,
            mask_bits: self.mask_bits,
        };
        let (low, high) = self.against_cuts.unwrap_or((self.low, self.high));
        Ok([Lookup::new(&style)?, Lookup::new(&Style { low, high, ..style })?])
    }

    /// The colors as tables of [`table::steps`]: of the stage, and of the other side of a line.
    ///
    /// # Errors
    /// As [`View::lookups`].
    pub fn tables(&self) -> Result<Vec<u32>> {
        let sides = if self.mode == Mode::Split { 2 } else { 1 };
        Ok(self.lookups()?.iter().take(sides).flat_map(table::steps).collect())
    }

    /// The images that one amplifier shows: of the stage and of the other side of a line.
    fn sources(&self, amp: u32) -> (Source, Option<Source>) {
        let level = level_of(self.scale);
        let of = |stage: &str, minus: &str| Source {
            amp,
            stage: stage.to_owned(),
            minus: minus.to_owned(),
            level,
        };
        let minus = if self.mode == Mode::Difference { self.against.as_str() } else { "" };
        let other = (self.mode == Mode::Split).then(|| of(&self.against, ""));
        (of(&self.stage, minus), other)
    }
}

impl Bench {
    /// What a picture is made of; stages that are not there are left out.
    ///
    /// # Errors
    /// If a number of the view is impossible.
    pub fn parts(&self, view: &View) -> Result<Vec<Part>> {
        let frame = view.frame();
        let [left, right] = frame.halves(view.split)?;
        let mut parts = Vec::new();
        for &amp in &view.amps {
            let (source, other) = view.sources(amp);
            let Some(place) = self.place(&source) else { continue };
            let other = other.and_then(|other| Some((self.place(&other)?, other)));
            let Some((place_of_other, other)) = other else {
                parts.push(self.part((source, 0), &place, (view, 0..view.width))?);
                continue;
            };
            parts.push(self.part((other, 1), &place_of_other, (view, left.clone()))?);
            parts.push(self.part((source, 0), &place, (view, right.clone()))?);
        }
        Ok(parts)
    }

    fn part(
        &self,
        (source, side): (Source, usize),
        place: &Place,
        (view, columns): (&View, Range<usize>),
    ) -> Result<Part> {
        let footprint = Footprint::new(&view.frame(), place, columns)?;
        let (version, size) = (self.version(&source), place.halved_size()?);
        Ok(Part { source, version, size, side, footprint })
    }

    /// Pixels of an image, row by row from the bottom up: the bits of the values, or the mask bits.
    ///
    /// # Errors
    /// If the image is not there, or has no such rows and columns.
    pub fn pixels(
        &mut self,
        source: &Source,
        plane: Plane,
        (rows, columns): (Range<usize>, Range<usize>),
    ) -> Result<Vec<u32>> {
        self.derive(source, plane == Plane::Mask);
        let layer = self.layer(source).ok_or_else(|| {
            Error::input("picture", "stage", &source.stage, "one that has been made")
        })?;
        let (height, width) = layer.image.dim();
        let inside = rows.start <= rows.end
            && rows.end <= height
            && columns.start <= columns.end
            && columns.end <= width;
        if !inside || LARGEST_PIECE < rows.len().saturating_mul(columns.len()) {
            let found = format!("rows {rows:?}, columns {columns:?}");
            let needed = format!(
                "rows and columns of an image of {height} x {width}, at most {LARGEST_PIECE} pixels"
            );
            return Err(Error::parameter("piece of an image", found, needed));
        }
        let piece = s![rows.clone(), columns.clone()];
        Ok(match (plane, layer.mask) {
            (Plane::Image, _) => {
                layer.image.slice(piece).iter().map(|value| value.to_bits()).collect()
            }
            (Plane::Mask, Some(mask)) => mask.slice(piece).iter().copied().collect(),
            (Plane::Mask, None) => vec![0; rows.len() * columns.len()],
        })
    }

    /// Where an image lies, if its stages are there.
    fn place(&self, source: &Source) -> Option<Place> {
        if source.level > DEEPEST_LEVEL {
            return None;
        }
        let SkyView { image, origin, .. } = self.view(AmpId(source.amp), &source.stage)?;
        let size = image.dim();
        if !source.minus.is_empty() {
            let other = self.view(AmpId(source.amp), &source.minus)?;
            (other.image.dim() == size).then_some(())?;
        }
        Some(Place { origin: (origin.0 as f64, origin.1 as f64), size, level: source.level })
    }

    /// What tells an image from an earlier one of the same stages.
    fn version(&self, source: &Source) -> String {
        let key = |stage: &str| {
            let chain = self.chains.get(&AmpId(source.amp))?;
            let kept = if stage == "truth" { chain.last() } else { chain.kept(stage) };
            Some(kept?.key.as_str())
        };
        let [stage, minus] = [&source.stage, &source.minus].map(|name| key(name).unwrap_or(""));
        format!("{stage} {minus}")
    }

    /// Makes a halved or difference image, with its mask if that is drawn, unless it is there or not
    /// needed.
    pub(super) fn derive(&mut self, source: &Source, masked: bool) {
        if source.level == 0 && source.minus.is_empty() {
            return;
        }
        let key = (source.clone(), self.version(source));
        if self.place(source).is_none() {
            return;
        }
        let (image, mask) = self.derived.remove(&key).unwrap_or((None, None));
        let image = image.or_else(|| self.derived_image(&key));
        let mask = mask.or_else(|| if masked { self.derived_mask(source) } else { None });
        let held: usize = self.derived.values().map(bytes).sum();
        if MOST_DERIVED < held {
            self.derived.clear();
        }
        self.derived.insert(key, (image, mask));
    }

    /// Halved from the view, or from the least halved image of it that is there.
    fn derived_image(&self, (source, version): &(Source, String)) -> Option<Array2<f32>> {
        let begun = (0..source.level).rev().find_map(|level| {
            let key = (Source { level, ..source.clone() }, version.clone());
            Some((level, self.derived.get(&key)?.0.as_ref()?))
        });
        if let Some((level, image)) = begun {
            return Some(times(source.level - level, image.view(), overview::halve));
        }
        let (amp, minus) = (AmpId(source.amp), source.minus.as_str());
        let view = self.view(amp, &source.stage)?.image;
        if minus.is_empty() {
            return Some(times(source.level, view, overview::halve));
        }
        let difference = difference(view, self.view(amp, minus)?.image)?;
        Some(times(source.level, difference.view(), overview::halve))
    }

    fn derived_mask(&self, source: &Source) -> Option<Array2<u32>> {
        let mask = self.view(AmpId(source.amp), &source.stage)?.mask?;
        Some(times(source.level, mask, overview::halve_mask))
    }

    /// The image with its mask, once it has been derived.
    pub(super) fn layer(&self, source: &Source) -> Option<Layer<'_>> {
        let place = self.place(source)?;
        if source.level == 0 && source.minus.is_empty() {
            let view = self.view(AmpId(source.amp), &source.stage)?;
            return Some(Layer { image: view.image, mask: view.mask, place });
        }
        let (image, mask) = self.derived.get(&(source.clone(), self.version(source)))?;
        let mask = mask.as_ref().map(|mask| mask.view());
        Some(Layer { image: image.as_ref()?.view(), mask, place })
    }
}

/// Bytes of a derived image with its mask.
fn bytes((image, mask): &(Option<Array2<f32>>, Option<Array2<u32>>)) -> usize {
    4 * (image.as_ref().map_or(0, Array2::len) + mask.as_ref().map_or(0, Array2::len))
}

/// A plane halved so often.
fn times<T: Clone>(
    count: u32,
    plane: ArrayView2<'_, T>,
    halve: fn(ArrayView2<'_, T>) -> Array2<T>,
) -> Array2<T> {
    if count == 0 {
        return plane.to_owned();
    }
    (1..count).fold(halve(plane), |halved, _| halve(halved.view()))
}

/// How often an image is halved for a scale (picture pixels per detector pixel).
pub(super) fn level_of(scale: f64) -> u32 {
    (0..8).find(|&level| 0.5 < scale * f64::from(1_u32 << level)).unwrap_or(8)
}

fn difference(one: ArrayView2<'_, f32>, other: ArrayView2<'_, f32>) -> Option<Array2<f32>> {
    (one.dim() == other.dim()).then(|| &one - &other)
}
