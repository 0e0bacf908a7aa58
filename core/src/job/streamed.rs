//! A stack of raw exposures whose rows go from the files to the product band by band.

use std::ops::Range;

use ndarray::Array2;

use super::Context;
use crate::error::Result;
use crate::geometry::AmpGeometry;
use crate::ids::AmpId;
use crate::image::RawAmp;
use crate::master::GrowingPart;
use crate::pipeline::{Rows, Streamed, calibration};
use crate::raw::{AmpBands, RawFile};
use crate::recipe::Stage;
use crate::store::{Key, Store};

impl Rows for AmpBands<'_> {
    fn geometry(&self) -> AmpGeometry {
        self.about().geometry
    }

    fn overscan(&self) -> Option<&Array2<f32>> {
        self.overscan()
    }

    fn read(&mut self, store: &mut dyn Store, rows: Range<usize>) -> Result<RawAmp> {
        self.read(store, rows)
    }
}

/// Appends the stack of one amplifier to a product, with memory that the next one may use again; false, and nothing
/// done, where steps or files want whole frames.
///
/// # Errors
/// An error of the files or steps. Whole frames give the one that is to be told.
pub(super) fn append(
    context: &mut Context<'_>,
    raws: &[(Key, RawFile)],
    (stage, amp): (Stage, AmpId),
    output: &str,
    room: &mut Vec<f32>,
) -> Result<bool> {
    let (camera, recipe) = (context.camera.clone(), context.recipe.clone());
    let (steps, params) = (recipe.steps(stage), recipe.stack(stage));
    let Some(detector) = raws.first().map(|(_, raw)| raw.visit.detector) else { return Ok(false) };
    let (mut frames, mut known) = (Vec::new(), Vec::new());
    for (_, raw) in raws {
        let Some(frame) = raw.bands(context.store, &camera, amp)? else { return Ok(false) };
        frames.push(frame);
        known.push(calibration(&camera, &raw.visit, amp, steps)?);
    }
    let (store, mut log) = context.split();
    let given = (steps, params);
    let stack = Streamed::new(frames, &known, given, (detector, amp), &mut log)?;
    let Some(mut stack) = stack else { return Ok(false) };
    let place = (amp, stack.geometry().on_detector);
    let mut part = GrowingPart::begin(store, output, place, std::mem::take(room))?;
    while let Some(rows) = stack.next(store)? {
        part.take(store, output, &rows.planes)?;
    }
    *room = part.finish(store, output)?;
    stack.tell(&mut log);
    Ok(true)
}
