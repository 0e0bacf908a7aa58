//! A stack whose frames are read in bands of rows: what [`super::stack`] gives, without holding a frame.
//!
//! ```text
//! overscan of every frame ▸ fits ▸ bands: rows of every frame ▸ steps ▸ assemble ▸ combine
//! ```
//!
//! For stacks without steps behind `assemble`, as those of a bias; the bytes are those of the whole frames.

use std::ops::Range;

use ndarray::Array2;

use super::bands::{self, Bands, Course};
use super::stack::Kept;
use super::{AmpCalibration, Log, Masters};
use crate::error::{Error, Result};
use crate::geometry::{AmpGeometry, Section};
use crate::ids::{AmpId, DetectorId};
use crate::image::{CcdImage, RawAmp};
use crate::recipe::{Step, at_assemble};
use crate::stack::combine::{self, Report, combine};
use crate::store::Store;

/// One amplifier of a frame, read in bands of rows.
pub trait Rows {
    /// Where its pixels are, all rows.
    fn geometry(&self) -> AmpGeometry;

    /// All pixels of its overscan, readout order.
    fn overscan(&self) -> Option<&Array2<f32>>;

    /// Reads some rows (readout order), overscan attached: an image of their own.
    ///
    /// # Errors
    /// Whatever keeps them from being read.
    fn read(&mut self, store: &mut dyn Store, rows: Range<usize>) -> Result<RawAmp>;
}

/// A stack under way, from the first row (sky order) on.
pub struct Streamed<'a, R> {
    frames: Vec<(R, Bands<'a>)>,
    amp: AmpId,
    params: &'a combine::Params,
    geometry: AmpGeometry,
    bands: Vec<Range<usize>>,
    report: Report,
}

/// No master: there are no steps that need one.
const NONE: &Masters = &Masters { bias: None, dark: None, flat: None, scale_ratio: 1.0 };

impl<'a, R: Rows> Streamed<'a, R> {
    /// A stack of frames with what is known of each; `None` if its steps or frames want to be whole.
    ///
    /// # Errors
    /// Those of the fit to the overscan.
    pub fn new(
        frames: Vec<R>,
        known: &'a [AmpCalibration],
        (steps, params): (&'a [Step], &'a combine::Params),
        (detector, amp): (DetectorId, AmpId),
        log: &mut Log<'_>,
    ) -> Result<Option<Streamed<'a, R>>> {
        let Some(geometry) = frames.first().map(Rows::geometry) else { return Ok(None) };
        let (before, after) = at_assemble(steps);
        let rows = geometry.imaging.shape().0;
        let alike = frames.iter().all(|frame| frame.geometry() == geometry);
        let still = !before.iter().any(|step| matches!(step, Step::Pocket(_)));
        let apart = bands::possible_rows((&geometry, rows), steps, log.probe);
        // What a pixel's scatter is compared with is that of the whole amplifier.
        let local = still && apart && after.is_empty() && params.noisy_factor.is_none();
        if !(alike && local && frames.len() == known.len()) {
            return Ok(None);
        }
        let backwards = geometry.sky_from_readout().rows;
        let report =
            Report { frames: frames.len(), clipped: 0, no_data: 0, few_frames: 0, noisy: None };
        let mut fitted = Vec::with_capacity(frames.len());
        for (frame, known) in frames.into_iter().zip(known) {
            let course = Course { steps, known, masters: NONE, detector };
            let model = model(&frame, before, log)?;
            fitted.push((frame, Bands::new(course, model)));
        }
        let mut bands: Vec<_> = bands::ranges(rows, backwards).collect();
        bands.reverse();
        Ok(Some(Streamed { frames: fitted, amp, params, geometry, bands, report }))
    }

    /// Where the pixels of the stack are, all rows.
    pub fn geometry(&self) -> AmpGeometry {
        self.geometry
    }

    /// The next rows of the stack; `None` after the last ones.
    ///
    /// # Errors
    /// The first error of a frame or step.
    pub fn next(&mut self, store: &mut dyn Store) -> Result<Option<CcdImage>> {
        let Some(rows) = self.bands.pop() else { return Ok(None) };
        let mut kept = Kept::default();
        for (frame, bands) in &mut self.frames {
            let amp = frame.read(store, rows.clone())?.into_image();
            kept.take(bands.finish_amplifier(amp, rows.start)?, None)?;
        }
        let (mut ccd, images) = kept.finish()?;
        let variance = std::mem::take(&mut ccd.planes.variance);
        let (planes, report) = combine(&images, variance, self.params)?;
        ccd.planes = planes;
        self.report.clipped += report.clipped;
        self.report.no_data += report.no_data;
        self.report.few_frames += report.few_frames;
        Ok(Some(ccd))
    }

    /// Notes what was reported of all rows.
    pub fn tell(self, log: &mut Log<'_>) {
        for (_, bands) in self.frames {
            bands.tell(self.amp, log);
        }
        log.note(self.amp, "combine", self.report);
    }
}

/// The level of the rows of a frame.
fn model(
    frame: &impl Rows,
    steps: &[Step],
    log: &mut Log<'_>,
) -> Result<Option<crate::steps::overscan::Model>> {
    let geometry = frame.geometry();
    let Some(place) = geometry.overscan else { return Ok(None) };
    let pixels = frame
        .overscan()
        .ok_or_else(|| Error::input("bands", "overscan", "none", "that of the amplifier"))?;
    let alone = AmpGeometry { overscan: Some(Section::at((0, 0), pixels.dim())), ..geometry };
    let model = bands::model((pixels, &alone), steps, log.probe)?;
    Ok(model.map(|model| model.after(place.column_start)))
}
