//! An amplifier through its steps in bands of rows, which stay in the processor's cache.
//!
//! A step acts on each row alone, but for two: `overscan` fits a model to all rows, and `pocket` gives back a median
//! over all rows. So
//!
//! ```text
//! fit of the overscan ▸ bands: steps to pocket ▸ median ▸ bands: the other steps
//! ```
//!
//! The bytes are those of the steps on the whole image, one after the other.

use std::ops::Range;

use ndarray::Array2;
use serde_json::Value;

use super::{
    AmpCalibration, Log, Masters, MastersView, correct_amplifier_once, correct_detector_once,
    in_pieces, not_applied, reported,
};
use crate::error::{Error, Result};
use crate::geometry::{AmpGeometry, Section};
use crate::ids::{AmpId, DetectorId};
use crate::image::{AmpImage, CcdImage, CcdView, RawAmp};
use crate::probe::Probe;
use crate::recipe::{Step, at_assemble};
use crate::steps::linearity::Input;
use crate::steps::overscan::{self, fit_model};
use crate::steps::pocket::{self, Correction, Model, Solver, give_back};
use crate::steps::{assemble, overscan::Model as OverscanModel};

/// Rows of a band: their planes and those of two masters fit into a cache of 2 MiB.
const ROWS: usize = 16;

/// What an amplifier goes through.
#[derive(Clone, Copy)]
pub(super) struct Course<'a> {
    /// Steps up to `assemble` and behind it, without `split`.
    pub(super) steps: &'a [Step],
    pub(super) known: &'a AmpCalibration,
    pub(super) masters: &'a Masters,
    pub(super) detector: DetectorId,
}

/// Whether rows of `raw` can go through `steps` apart from the others.
pub(super) fn possible(raw: &RawAmp, steps: &[Step], probe: &dyn Probe) -> bool {
    possible_rows((&raw.geometry, raw.image.nrows()), steps, probe)
}

/// The same of an amplifier with so many rows.
pub(super) fn possible_rows(
    (geometry, rows): (&AmpGeometry, usize),
    steps: &[Step],
    probe: &dyn Probe,
) -> bool {
    let (before, _) = at_assemble(steps);
    let count = |name: &str| before.iter().filter(|step| step.name() == name).count();
    let first = before.iter().position(|step| matches!(step, Step::Overscan(_)));
    let (overscan, _) = before.split_at(first.unwrap_or(before.len()));
    // The model is fitted to the pixels as they were read.
    let untouched = overscan.iter().all(|step| match step {
        Step::Saturation(_) => true,
        Step::Linearity(params) => params.input == Input::Raw,
        _ => false,
    });
    let by_rows = before.iter().all(|step| match step {
        Step::Pocket(params) => {
            params.model != Model::Equilibrium && params.solver != Solver::Published
        }
        _ => true,
    });
    let once = count("overscan") == 1 && count("pocket") <= 1;
    !probe.watches_planes()
        && once
        && untouched
        && by_rows
        && steps.contains(&Step::Assemble)
        && geometry.rows(0..rows, rows).is_some()
}

/// Takes `raw` through its steps; bands of the detector come in the order of their rows, the first one last if
/// `backwards`.
///
/// # Errors
/// The first error of a step, and those of `take`.
pub(super) fn run(
    raw: &RawAmp,
    course: Course<'_>,
    backwards: bool,
    log: &mut Log<'_>,
    take: &mut dyn FnMut(CcdImage) -> Result<()>,
) -> Result<()> {
    let (before, after) = at_assemble(course.steps);
    let at_pocket = before.iter().position(|step| matches!(step, Step::Pocket(_)));
    let (first, second) = before.split_at(at_pocket.map_or(0, |place| place + 1));
    let mut bands = Bands::new(course, model((&raw.image, &raw.geometry), before, log.probe)?);
    let mut waiting = Vec::new();
    for rows in ranges(raw.image.nrows(), backwards) {
        let mut amp = raw.rows(rows.clone()).ok_or_else(|| no_rows(&rows))?;
        bands.correct(&mut amp, (first, 0), rows.start)?;
        match at_pocket {
            Some(_) => waiting.push((amp, rows.start)),
            None => take(bands.finish(amp, (second, after), rows.start)?)?,
        }
    }
    let tail = bands.close_pocket(at_pocket);
    for (mut amp, row) in waiting {
        if let Some(tail) = &tail {
            give_back(&mut amp, tail);
        }
        take(bands.finish(amp, (second, after), row)?)?;
    }
    bands.tell(raw.amp, log);
    Ok(())
}

fn no_rows(rows: &Range<usize>) -> Error {
    Error::input("bands", "rows", format!("{rows:?}"), "rows of the amplifier")
}

/// The rows of all bands.
pub(super) fn ranges(rows: usize, backwards: bool) -> impl Iterator<Item = Range<usize>> {
    let count = rows.div_ceil(ROWS);
    (0..count).map(move |index| {
        let index = if backwards { count - 1 - index } else { index };
        index * ROWS..rows.min((index + 1) * ROWS)
    })
}

/// The level of the rows of an image as it was read.
pub(super) fn model(
    (image, geometry): (&Array2<f32>, &AmpGeometry),
    steps: &[Step],
    probe: &mut dyn Probe,
) -> Result<Option<OverscanModel>> {
    let params = steps.iter().find_map(|step| match step {
        Step::Overscan(params) if geometry.overscan.is_some() => Some(params),
        _ => None,
    });
    params.map(|params| fit_model(image, geometry, params, probe)).transpose()
}

/// What is known of all bands.
pub(super) struct Bands<'a> {
    course: Course<'a>,
    overscan: Option<overscan::Model>,
    pocket: Option<Correction>,
    /// A report for each step, once it has one.
    reports: Vec<Option<Value>>,
}

impl<'a> Bands<'a> {
    pub(super) fn new(course: Course<'a>, overscan: Option<overscan::Model>) -> Bands<'a> {
        let reports = vec![None; course.steps.len()];
        Bands { course, overscan, pocket: None, reports }
    }

    /// Steps of the amplifier on a band that begins at a row; the first of them has this number.
    fn correct(
        &mut self,
        amp: &mut AmpImage,
        (steps, first): (&[Step], usize),
        row: usize,
    ) -> Result<()> {
        for (index, step) in (first..).zip(steps) {
            match (step, &self.overscan) {
                (Step::Overscan(_), Some(model)) => {
                    model.subtract_from(amp, row)?;
                    let report = reported(&model.report);
                    self.put(index, |known| *known = report);
                }
                (Step::Pocket(params), _) => self.trap(amp, params)?,
                _ => {
                    let known = self.course.known;
                    let report = correct_amplifier_once(amp, step, known, &mut ())?;
                    self.put(index, |known| add(known, report));
                }
            }
        }
        Ok(())
    }

    fn trap(&mut self, amp: &mut AmpImage, params: &pocket::Params) -> Result<()> {
        if self.pocket.is_none() {
            self.pocket = in_pieces(amp, params, self.course.known)?;
        }
        if let Some(correction) = &mut self.pocket {
            correction.band(amp);
        }
        Ok(())
    }

    /// What the pocket step gives back to every pixel; none if it was not applied.
    fn close_pocket(&mut self, at: Option<usize>) -> Option<pocket::Report> {
        let report = self.pocket.take().map(Correction::close);
        let value = report.as_ref().map_or_else(not_applied, reported);
        if let Some(index) = at {
            self.put(index, |known| *known = value);
        }
        report
    }

    /// Notes what was reported of all bands.
    pub(super) fn tell(self, amp: AmpId, log: &mut Log<'_>) {
        for (step, report) in self.course.steps.iter().zip(self.reports) {
            if let Some(report) = report {
                log.note(amp, step.name(), report);
            }
        }
    }

    /// All steps up to `assemble`, which is the last one, of a band that begins at a row.
    pub(super) fn finish_amplifier(&mut self, amp: AmpImage, row: usize) -> Result<CcdImage> {
        let (before, after) = at_assemble(self.course.steps);
        self.finish(amp, (before, after), row)
    }

    /// The other steps of a band: of the amplifier and of the detector.
    fn finish(
        &mut self,
        mut amp: AmpImage,
        (second, after): (&[Step], &[Step]),
        row: usize,
    ) -> Result<CcdImage> {
        let assembly = self.course.steps.len() - after.len() - 1;
        self.correct(&mut amp, (second, assembly - second.len()), row)?;
        let mut ccd = assemble::assemble(vec![amp], self.course.detector)?;
        let masters = self.course.masters.under(&ccd)?;
        for (index, step) in (assembly + 1..).zip(after) {
            let report = correct_detector_once(&mut ccd, step, &masters)?;
            self.put(index, |known| add(known, report));
        }
        Ok(ccd)
    }

    fn put(&mut self, index: usize, change: impl FnOnce(&mut Value)) {
        if let Some(place) = self.reports.get_mut(index) {
            change(place.get_or_insert(Value::Null));
        }
    }
}

/// Adds the counts of another band; every other number of a report is the same for all bands.
fn add(known: &mut Value, more: Value) {
    let (Value::Object(known), Value::Object(more)) = (&mut *known, &more) else {
        *known = more;
        return;
    };
    for (key, value) in known {
        if let (Some(count), Some(more)) = (value.as_u64(), more.get(key).and_then(Value::as_u64)) {
            *value = count.saturating_add(more).into();
        }
    }
}

impl Masters {
    /// The part of the masters under `ccd`.
    fn under(&self, ccd: &CcdImage) -> Result<MastersView<'_>> {
        let part = |master| under(master, ccd.on_detector);
        let dark = self.dark.as_ref().map(|(master, ratio)| Ok((part(master)?, *ratio)));
        Ok(MastersView {
            bias: self.bias.as_ref().map(part).transpose()?,
            dark: dark.transpose()?,
            flat: self.flat.as_ref().map(part).transpose()?,
            scale_ratio: self.scale_ratio,
        })
    }
}

fn under(master: &CcdImage, section: Section) -> Result<CcdView<'_>> {
    master.part(section).ok_or_else(|| {
        let found = format!("{:?}", master.on_detector);
        Error::input("bands", "place of a master", found, format!("{section:?}"))
    })
}
