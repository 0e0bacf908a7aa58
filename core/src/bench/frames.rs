//! The frames of which masters were stacked on the spot: what the clip does to the values of one pixel.
//!
//! Frames go through the steps of their kind one after the other, as in the stack, and only the pixels
//! around the asked one are kept of each where whole frames would be too much.

use std::collections::BTreeMap;

use ndarray::{Array2, s};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::geometry::Section;
use crate::ids::AmpId;
use crate::pipeline;
use crate::raw::RawFile;
use crate::recipe::{Recipe, Stage};
use crate::stack::combine::{Merge, Params};
use crate::stack::select::select;
use crate::stack::trace::{Pass, trace};
use crate::store::{Key, Store};

use super::exposure::Exposure;
use super::plots::{self, Plot, PlotRequest};
use super::{Bench, SkyView, nothing_open};

/// Names under which the masters can be drawn, as stages are.
pub(super) const BIAS: &str = "master bias";
pub(super) const FLAT: &str = "master flat";

/// Most bytes of frames that are kept; of larger ones a window is.
const MOST_BYTES: usize = 1 << 26;
/// Half the side of that window (pixels).
const HALF_WINDOW: usize = 64;

/// A stack of which a master was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackInfo {
    /// What it is, such as `flats of lamp 3`.
    pub title: String,
    /// The master that it went into, by the name under which it is drawn.
    pub master: &'static str,
    /// Names of the frames that were stacked, in order of time.
    pub frames: Vec<String>,
    /// Frames that were there and not taken.
    pub left_out: usize,
    /// Values farther than this many standard deviations from the median are cut.
    pub clip_sigma: f64,
    /// Largest number of passes.
    pub maximum_passes: usize,
    /// How the kept values become one.
    pub merge: Merge,
}

/// How far the frames of a stack are there, and one pixel of them once they are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stacked {
    /// Frames that are there.
    pub loaded: usize,
    /// Frames of the stack.
    pub frames: usize,
    /// The pixel; none before all frames are there.
    pub pixel: Option<StackedPixel>,
}

/// One pixel of a stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackedPixel {
    /// Column of the detector.
    pub x: usize,
    /// Row of the detector.
    pub y: usize,
    /// Its amplifier.
    pub amp: u32,
    /// Its value in each frame.
    pub values: Vec<StackedValue>,
    /// What the clip did.
    pub passes: Vec<Pass>,
    /// The merged value (DN); none if no frame has one.
    pub merged_dn: Option<f64>,
    /// The pixel of the master (DN of a bias, relative of a flat).
    pub master: Option<f64>,
}

/// The pixel's value in one frame.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackedValue {
    /// Its value (DN) after the steps of the frame; none where the pixel does not count.
    pub dn: Option<f64>,
    /// The pass that cut it, from 1.
    pub cut_in: Option<usize>,
}

/// One stack: frames of one kind that were chosen.
struct Stack {
    info: StackInfo,
    stage: Stage,
    keys: Vec<Key>,
}

/// Pixels of the frames of one stack.
struct Loaded {
    stack: usize,
    amp: AmpId,
    window: Section,
    images: Vec<Array2<f32>>,
}

/// An image in sky order, with column and row of its first pixel on the detector.
type Placed = (Array2<f32>, (usize, usize));

/// What is kept of stacks and masters.
#[derive(Default)]
pub(super) struct Frames {
    stacks: Option<Vec<Stack>>,
    loaded: Option<Loaded>,
    masters: BTreeMap<(AmpId, &'static str), Placed>,
}

impl Frames {
    /// A master as it is drawn.
    pub(super) fn view(&self, amp: AmpId, master: &str) -> Option<SkyView<'_>> {
        let known = [BIAS, FLAT].into_iter().find(|known| *known == master)?;
        let (image, origin) = self.masters.get(&(amp, known))?;
        Some(SkyView { image: image.view(), variance: None, mask: None, origin: *origin })
    }

    /// The histogram of a master that is held, if that is what is asked for.
    pub(super) fn plot(&self, request: &PlotRequest) -> Option<Result<Plot>> {
        let PlotRequest::Histogram { stage, low, high, bins, sampled, amp } = request else {
            return None;
        };
        let view = self.view(AmpId(*amp), stage)?;
        let unit = if stage == FLAT { "relative" } else { "DN" };
        Some(plots::histogram(&view, (stage, unit.to_owned()), (*low, *high), (*bins, *sampled)))
    }

    pub(super) fn forget(&mut self, amp: AmpId) {
        self.masters.retain(|(held, _), _| *held != amp);
        self.loaded.take_if(|loaded| loaded.amp == amp);
    }
}

impl Bench {
    /// The stacks of which the exposure's masters were made on the spot; none where finished masters
    /// were given.
    ///
    /// # Errors
    /// Those of reading the frames' headers.
    pub fn stacks(&mut self, store: &mut dyn Store) -> Result<Vec<StackInfo>> {
        if self.frames.stacks.is_none() {
            let exposure = self.subject.as_ref().and_then(|subject| subject.exposure());
            self.frames.stacks = Some(match exposure {
                Some(exposure) => stacks(store, self, exposure)?,
                None => Vec::new(),
            });
        }
        let all = self.frames.stacks.iter().flatten();
        Ok(all.map(|stack| stack.info.clone()).collect())
    }

    /// Brings one more frame of a stack, if one is missing around a pixel, and says what the clip did to
    /// the pixel once all are there; nothing off the amplifiers.
    ///
    /// # Errors
    /// Those of reading and reducing the frame.
    pub fn stacked(
        &mut self,
        store: &mut dyn Store,
        stack: usize,
        (x, y): (usize, usize),
    ) -> Result<Option<Stacked>> {
        self.stacks(store)?;
        let Some(chain) = self.chains.values().find(|chain| chain.holds(x, y)) else {
            return Ok(None);
        };
        let amp = chain.amp;
        self.begin_frames((stack, amp), (x, y))?;
        self.load_frame(store)?;
        let master = self.stack(stack)?.info.master;
        self.hold_master(store, master, &[amp])?;
        self.stacked_pixel((x, y)).map(Some)
    }

    /// Reads a master of the exposure, so that it can be drawn as a stage of its name.
    ///
    /// # Errors
    /// If there is no such master, or it cannot be read.
    pub fn hold_master(
        &mut self,
        store: &mut dyn Store,
        master: &str,
        amps: &[AmpId],
    ) -> Result<()> {
        let none = || Error::input("bench", "master", master, "one that the exposure has");
        let (name, step) = match master {
            BIAS => (BIAS, "bias"),
            FLAT => (FLAT, "flat"),
            _ => return Err(none()),
        };
        for &amp in amps {
            if self.frames.masters.contains_key(&(amp, name)) {
                continue;
            }
            let (subject, chain) = self.of(amp)?;
            let file = subject.exposure().and_then(|exposure| exposure.master(step));
            let image = file.ok_or_else(none)?.image(store, amp)?;
            let place = place(chain)?;
            self.frames.masters.insert((amp, name), (image, (place.column_start, place.row_start)));
        }
        Ok(())
    }

    fn stack(&self, stack: usize) -> Result<&Stack> {
        let all = self.frames.stacks.as_deref().unwrap_or_default();
        all.get(stack)
            .ok_or_else(|| Error::input("bench", "stack", stack, format!("below {}", all.len())))
    }

    /// Makes room for the frames of a stack around a pixel, unless they are kept already.
    fn begin_frames(&mut self, (stack, amp): (usize, AmpId), (x, y): (usize, usize)) -> Result<()> {
        let kept = self.frames.loaded.as_ref().is_some_and(|loaded| {
            loaded.stack == stack && loaded.amp == amp && holds(&loaded.window, (x, y))
        });
        if !kept {
            let count = self.stack(stack)?.keys.len();
            let window = window(place(self.of(amp)?.1)?, count, (x, y));
            self.frames.loaded = Some(Loaded { stack, amp, window, images: Vec::new() });
        }
        Ok(())
    }

    /// Reduces the next frame that is missing and keeps what is in the window.
    fn load_frame(&mut self, store: &mut dyn Store) -> Result<()> {
        let loaded = self.frames.loaded.as_ref().ok_or_else(nothing_open)?;
        let (amp, window) = (loaded.amp, loaded.window);
        let stack = self.stack(loaded.stack)?;
        let Some(key) = stack.keys.get(loaded.images.len()) else { return Ok(()) };
        let image = self.frame(store, (key, stack.stage), (amp, window))?;
        if let Some(loaded) = self.frames.loaded.as_mut() {
            loaded.images.push(image);
        }
        Ok(())
    }

    /// The pixels of a frame in a window, as they enter the stack.
    fn frame(
        &self,
        store: &mut dyn Store,
        (key, stage): (&Key, Stage),
        (amp, window): (AmpId, Section),
    ) -> Result<Array2<f32>> {
        let exposure = self.subject.as_ref().and_then(|subject| subject.exposure());
        let exposure = exposure.ok_or_else(nothing_open)?;
        let raw = RawFile::open(store, key, &self.camera)?;
        let steps = self.recipe.steps(stage);
        let image = raw.read(store, &self.camera, amp)?;
        let known = pipeline::calibration(&self.camera, &raw.visit, amp, steps)?;
        let known = match stage {
            Stage::Bias => known,
            _ => exposure.known_of(store, (amp, &image.geometry), &known)?,
        };
        let ccd = pipeline::frame(image, raw.visit.detector, (steps, &known))?;
        let (rows, columns) = (
            window.row_start.checked_sub(ccd.on_detector.row_start),
            window.column_start.checked_sub(ccd.on_detector.column_start),
        );
        let cut = rows.zip(columns).map(|origin| Section::at(origin, window.shape()));
        let cut = cut.filter(|cut| cut.fits(ccd.planes.shape())).ok_or_else(|| {
            let (found, needed) = (format!("{:?}", ccd.on_detector), format!("{window:?} inside"));
            Error::input("bench", &format!("place of the frame {key}"), found, needed)
        })?;
        let piece = s![cut.row_start..cut.row_end, cut.column_start..cut.column_end];
        Ok(ccd.planes.image.slice(piece).to_owned())
    }

    fn stacked_pixel(&self, (x, y): (usize, usize)) -> Result<Stacked> {
        let loaded = self.frames.loaded.as_ref().ok_or_else(nothing_open)?;
        let stack = self.stack(loaded.stack)?;
        let (count, frames) = (loaded.images.len(), stack.keys.len());
        if count < frames {
            return Ok(Stacked { loaded: count, frames, pixel: None });
        }
        let at = [y - loaded.window.row_start, x - loaded.window.column_start];
        let of = |image: &Array2<f32>| image.get(at).copied().unwrap_or(f32::NAN);
        let values: Vec<f32> = loaded.images.iter().map(of).collect();
        let traced = trace(&values, self.params(stack.stage));
        let number = |value: f32| (!value.is_nan()).then(|| f64::from(value));
        let master = self.frames.view(loaded.amp, stack.info.master);
        let master = master.and_then(|view| {
            number(view.image.get([y - view.origin.1, x - view.origin.0]).copied()?)
        });
        let values = values.iter().zip(&traced.cut_in);
        let pixel = StackedPixel {
            x,
            y,
            amp: loaded.amp.0,
            values: values
                .map(|(value, cut)| StackedValue { dn: number(*value), cut_in: *cut })
                .collect(),
            passes: traced.passes,
            merged_dn: number(traced.merged),
            master,
        };
        Ok(Stacked { loaded: count, frames, pixel: Some(pixel) })
    }

    fn params(&self, stage: Stage) -> &Params {
        params(&self.recipe, stage)
    }
}

fn params(recipe: &Recipe, stage: Stage) -> &Params {
    match stage {
        Stage::Bias => &recipe.bias_master,
        _ => &recipe.flat_master,
    }
}

/// The stacks that were made beside an exposure: its biases, and its flats lamp by lamp.
fn stacks(store: &mut dyn Store, bench: &Bench, exposure: &Exposure) -> Result<Vec<Stack>> {
    let files = &exposure.files;
    let mut flats: Vec<(Option<i64>, Vec<Key>)> = Vec::new();
    for key in &files.flats {
        let lamp = RawFile::open(store, key, &bench.camera)?.visit.lamp;
        match flats.iter_mut().find(|(known, _)| *known == lamp) {
            Some((_, group)) => group.push(key.clone()),
            None => flats.push((lamp, vec![key.clone()])),
        }
    }
    let biases = Some((Stage::Bias, "biases".to_owned(), files.biases.clone()));
    let biases = biases.filter(|(_, _, keys)| !keys.is_empty());
    let flats = flats.into_iter().map(|(lamp, keys)| {
        let of_lamp = lamp.map_or(String::new(), |lamp| format!(" of lamp {lamp}"));
        (Stage::Flat, format!("flats{of_lamp}"), keys)
    });
    let mut all = Vec::new();
    for (stage, title, keys) in biases.into_iter().chain(flats) {
        let params = params(&bench.recipe, stage);
        let chosen = select(&title, keys.len(), params)?;
        let left_out = keys.len() - chosen.len();
        let keys = keys.get(chosen).unwrap_or_default().to_vec();
        let name = |key: &Key| key.rsplit('/').next().unwrap_or_default().to_owned();
        let info = StackInfo {
            title,
            master: if stage == Stage::Bias { BIAS } else { FLAT },
            frames: keys.iter().map(name).collect(),
            left_out,
            clip_sigma: params.clip_sigma,
            maximum_passes: params.maximum_passes,
            merge: params.merge,
        };
        all.push(Stack { info, stage, keys });
    }
    Ok(all)
}

/// Where an amplifier lies on the detector.
fn place(chain: &super::chain::Chain) -> Result<Section> {
    let first = chain.all().next().ok_or_else(nothing_open)?;
    Ok(first.1.geometry.on_detector)
}

fn holds(section: &Section, (x, y): (usize, usize)) -> bool {
    (section.column_start..section.column_end).contains(&x)
        && (section.row_start..section.row_end).contains(&y)
}

/// What of the frames is kept: all, or the surroundings of a pixel.
fn window(place: Section, count: usize, (x, y): (usize, usize)) -> Section {
    let (rows, columns) = place.shape();
    let bytes = rows.saturating_mul(columns).saturating_mul(4).saturating_mul(count);
    if bytes <= MOST_BYTES {
        return place;
    }
    Section {
        row_start: place.row_start.max(y.saturating_sub(HALF_WINDOW)),
        row_end: place.row_end.min(y + HALF_WINDOW),
        column_start: place.column_start.max(x.saturating_sub(HALF_WINDOW)),
        column_end: place.column_end.min(x + HALF_WINDOW),
    }
}
