//! Pictures of stages, their cuts, marks and regions.
//!
//! A picture shows one stage, two on the two sides of a line, or the difference of two. Pictures of
//! less than half size are drawn from halved images, which are kept as long as they are looked at.

use ndarray::{ArrayView2, s};
use serde::{Deserialize, Serialize};

use super::{Bench, Source};
use crate::display::statistics::Sample;
use crate::display::{ColourMap, Cuts, Frame, Pixels, Region, Statistics, Stretch, draw_part};
use crate::error::{Error, Result};
use crate::ids::AmpId;
use crate::mask;

/// Of larger images the numbers that a person reads at a glance are those of pixels on a regular grid.
pub(super) const SAMPLE: usize = 1 << 18;

/// How two stages share a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One stage alone.
    #[default]
    Single,
    /// The stage on the right of a line, the other on its left.
    Split,
    /// The stage minus the other.
    Difference,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct View {
    /// Columns of the picture (pixels).
    pub width: usize,
    /// Lines of the picture (pixels).
    pub height: usize,
    /// Column of the detector at the center.
    pub x: f64,
    /// Row of the detector at the center.
    pub y: f64,
    /// Picture pixels per detector pixel.
    pub scale: f64,
    /// The stage.
    pub stage: String,
    /// The other stage.
    pub against: String,
    /// How they share the picture.
    pub mode: Mode,
    /// Place of the line, 0 (left) to 1.
    pub split: f64,
    /// Value of the first color (DN).
    pub low: f64,
    /// Value of the last color (DN).
    pub high: f64,
    /// The same of the other stage on the left of a line; those of the stage if absent.
    #[serde(default)]
    pub against_cuts: Option<(f64, f64)>,
    /// Curve between the two.
    pub stretch: Stretch,
    /// Color table.
    pub colour: ColourMap,
    /// Whether the table runs backwards.
    pub invert: bool,
    /// Mask bits to mark.
    pub mask_bits: u32,
    /// Amplifiers to draw.
    pub amps: Vec<u32>,
}

/// A bit of the mask with its count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MaskCount {
    /// Position, 0 to 30.
    pub bit: u32,
    /// Its name.
    pub name: &'static str,
    /// What it says of a pixel.
    pub meaning: &'static str,
    /// Pixels that have it.
    pub count: usize,
}

impl View {
    /// The picture's piece of the detector.
    pub fn frame(&self) -> Frame {
        let View { width, height, x, y, scale, .. } = *self;
        Frame { width, height, x, y, scale }
    }
}

impl Bench {
    /// Draws onto a picture of `4 × width × height` bytes (RGBA, topmost line first); stages that are
    /// not there leave it as it is.
    ///
    /// # Errors
    /// If a number of the view is impossible, or the picture has another size.
    pub fn draw(&mut self, view: &View, bytes: &mut [u8]) -> Result<()> {
        let [colors, colors_of_other] = view.lookups()?;
        for part in self.parts(view)? {
            self.derive(&part.source, view.mask_bits != 0);
            let Some(layer) = self.layer(&part.source) else { continue };
            let lookup = if part.side == 0 { &colors } else { &colors_of_other };
            draw_part(&view.frame(), &part.footprint, (&layer, lookup), bytes)?;
        }
        Ok(())
    }

    /// Low and high cut of a stage, or of its difference to another one: of several amplifiers the
    /// lowest and highest, for a rule that looks at all pixels, else the mean.
    ///
    /// # Errors
    /// If the rule is impossible.
    pub fn cuts(
        &mut self,
        (stage, against): (&str, Option<&str>),
        rule: Cuts,
        amps: &[AmpId],
    ) -> Result<Option<(f64, f64)>> {
        let mut found: Vec<(f64, f64)> = Vec::new();
        for &amp in amps {
            let (stage, minus) = (stage.to_owned(), against.unwrap_or_default().to_owned());
            let source = Source { amp: amp.0, stage, minus, level: 0 };
            self.derive(&source, false);
            let Some(layer) = self.layer(&source) else { continue };
            found.extend(rule.of(&Pixels::all(looked_at(layer.image, rule)))?);
        }
        if found.is_empty() {
            return Ok(None);
        }
        let count = found.len() as f64;
        let mean = |pick: fn(&(f64, f64)) -> f64| found.iter().map(pick).sum::<f64>() / count;
        Ok(Some(match rule {
            Cuts::MinMax => found.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |all, one| {
                (all.0.min(one.0), all.1.max(one.1))
            }),
            _ => (mean(|cuts| cuts.0), mean(|cuts| cuts.1)),
        }))
    }

    /// Every bit of the registry with the pixels of a stage that have it.
    pub fn mask_counts(&self, stage: &str, amps: &[AmpId]) -> Vec<MaskCount> {
        let mut counts = [0_usize; 32];
        for mask in amps.iter().filter_map(|&amp| self.view(amp, stage)?.mask) {
            for &bits in mask.iter().filter(|bits| **bits != 0) {
                for (bit, count) in counts.iter_mut().enumerate() {
                    *count += (bits >> bit & 1) as usize;
                }
            }
        }
        let counted = |entry: &mask::MaskBit| MaskCount {
            bit: entry.bit,
            name: entry.name,
            meaning: entry.meaning,
            count: counts.get(entry.bit as usize).copied().unwrap_or(0),
        };
        mask::REGISTRY.iter().map(counted).collect()
    }

    /// Statistics of a region of the detector, bad pixels left out.
    ///
    /// # Errors
    /// If the region is impossible.
    pub fn region(&self, region: &Region, stage: &str) -> Result<Statistics> {
        let mut sample = Sample::default();
        for view in self.chains.keys().filter_map(|&amp| self.view(amp, stage)) {
            let pixels = match view.mask {
                Some(mask) => Pixels::unmasked(view.image, mask, mask::BAD)?,
                None => Pixels::all(view.image),
            };
            sample.add(region, &pixels, (view.origin.0 as f64, view.origin.1 as f64))?;
        }
        Ok(sample.statistics())
    }
}

/// The pixels that a rule looks at: all, or a grid of at most [`SAMPLE`] of them for a central part.
fn looked_at(image: ArrayView2<'_, f32>, rule: Cuts) -> ArrayView2<'_, f32> {
    match rule {
        Cuts::Percentile(_) => grid(image),
        Cuts::Zscale | Cuts::MinMax => image,
    }
}

/// Every so many rows and columns, so that no more than [`SAMPLE`] pixels are left.
pub(super) fn grid(image: ArrayView2<'_, f32>) -> ArrayView2<'_, f32> {
    let step = stride(image.dim());
    image.slice_move(s![..;step, ..;step])
}

/// Every so many rows and columns of an image of `(rows, columns)` are looked at.
pub(super) fn stride((rows, columns): (usize, usize)) -> usize {
    (1..).find(|step| rows * columns / (step * step) <= SAMPLE).unwrap_or(1)
}

/// The rule for cuts of a name: `zscale`, `minmax`, or a central part such as `99.5%`.
///
/// # Errors
/// [`Error::Parameter`] for another name.
pub fn cuts_of_name(name: &str) -> Result<Cuts> {
    let unknown = || Error::parameter("cuts", name, "zscale, minmax or a percentage");
    match name {
        "zscale" => Ok(Cuts::Zscale),
        "minmax" => Ok(Cuts::MinMax),
        name => {
            let percent = name.strip_suffix('%').and_then(|number| number.parse().ok());
            percent.map(Cuts::Percentile).ok_or_else(unknown)
        }
    }
}
