//! The stages of one amplifier: which are kept, which are wanted, and the next one to make.

use crate::error::Result;
use crate::ids::AmpId;
use crate::instrument::Instrument;
use crate::recipe::Step;
use crate::store::Store;

use super::kept::Kept;
use super::nothing_open;
use super::pieces::{self, Begun, Going, Work};
use super::subject::Subject;

/// The name of the first stage of a raw exposure.
pub(super) const RAW: &str = "raw";

/// The stages of one amplifier.
pub(super) struct Chain {
    pub(super) amp: AmpId,
    /// The name of the first stage.
    pub(super) first: &'static str,
    /// Stages that are as wanted, the first one first.
    kept: Vec<Kept>,
    /// The steps that are wanted.
    pub(super) steps: Vec<Step>,
    /// The keys of the stages that are wanted, the first one first.
    keys: Vec<String>,
    /// Why the step after the last stage cannot be done.
    pub(super) failure: Option<String>,
    /// Every step that was done, in order.
    pub(super) executed: Vec<&'static str>,
    /// A step that is done in pieces.
    begun: Option<Begun>,
}

impl Chain {
    pub(super) fn new(amp: AmpId, first: &'static str) -> Chain {
        let (steps, keys, executed) = (Vec::new(), Vec::new(), Vec::new());
        let (kept, failure, begun) = (Vec::new(), None, None);
        Chain { amp, first, kept, steps, keys, failure, executed, begun }
    }

    /// Sets what is wanted and drops what no longer is; whether anything changed.
    pub(super) fn want(&mut self, subject: &Subject, steps: Vec<Step>) -> bool {
        let keys = subject.keys(self.amp, &steps);
        if keys == self.keys {
            return false;
        }
        let same = keys.iter().zip(&self.kept).take_while(|(key, kept)| **key == kept.key).count();
        self.kept.truncate(same);
        (self.keys, self.steps, self.failure, self.begun) = (keys, steps, None, None);
        true
    }

    pub(super) fn kept(&self, stage: &str) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.stage == stage)
    }

    /// The stages that are there, with the one before each.
    pub(super) fn all(&self) -> impl Iterator<Item = (Option<&Kept>, &Kept)> {
        let before = std::iter::once(None).chain(self.kept.iter().map(Some));
        before.zip(&self.kept)
    }

    pub(super) fn last(&self) -> Option<&Kept> {
        self.kept.last()
    }

    /// The steps that are wanted and not done.
    pub(super) fn left(&self) -> &[Step] {
        let done = self.kept.len().saturating_sub(1);
        self.steps.get(done..).unwrap_or_default()
    }

    /// Bytes of all stages.
    pub(super) fn bytes(&self) -> usize {
        self.all().map(|(before, kept)| kept.bytes(before)).sum()
    }

    /// Whether a pixel of the detector is one of this amplifier.
    pub(super) fn holds(&self, x: usize, y: usize) -> bool {
        let Some(first) = self.kept.first() else { return false };
        let place = first.geometry.on_detector;
        (place.column_start..place.column_end).contains(&x)
            && (place.row_start..place.row_end).contains(&y)
    }

    pub(super) fn next(&self) -> Option<&'static str> {
        match self.kept.len() {
            _ if self.failure.is_some() => None,
            0 if !self.keys.is_empty() => Some(self.first),
            0 => None,
            done => self.steps.get(done - 1).map(Step::name),
        }
    }

    /// Makes the next stage, or a piece of it; its name, or nothing if all are there.
    pub(super) fn advance(
        &mut self,
        store: &mut dyn Store,
        camera: &Instrument,
        subject: &mut Subject,
    ) -> Result<Option<&'static str>> {
        let Some(stage) = self.next() else { return Ok(None) };
        let made = match self.kept.last() {
            None => {
                let key = self.keys.first().cloned().unwrap_or_default();
                subject.first(store, camera, (self.amp, key)).map(Some)
            }
            Some(_) => self.step((store, camera), subject),
        };
        match made {
            Ok(Some(kept)) => {
                self.kept.push(kept);
                self.executed.push(stage);
            }
            Ok(None) => {}
            Err(error) => {
                self.failure = Some(error.to_string());
                return Err(error);
            }
        }
        Ok(Some(stage))
    }

    /// The stage of the next step; nothing while it is done in pieces.
    fn step(
        &mut self,
        (store, camera): (&mut dyn Store, &Instrument),
        subject: &Subject,
    ) -> Result<Option<Kept>> {
        let exposure = subject.exposure().ok_or_else(nothing_open)?;
        let index = self.kept.len();
        let (Some(before), Some(step)) = (self.kept.last(), self.steps.get(index - 1)) else {
            return Err(nothing_open());
        };
        let work = Work { camera, exposure, steps: &self.steps, step, amp: self.amp };
        let mut going = match self.begun.take() {
            None => Going::On(Begun::new(before.underway())),
            Some(begun) => begun.go_on(store, &work)?,
        };
        loop {
            match going {
                Going::On(begun) if pieces::is_large(before) => {
                    self.begun = Some(begun);
                    return Ok(None);
                }
                Going::On(begun) => going = begun.go_on(store, &work)?,
                Going::Done(image, told) => {
                    let key = self.keys.get(index).cloned().unwrap_or_default();
                    let of = (image, before.geometry);
                    return Ok(Some(Kept::new((step.name(), key), of, Some(before), told)));
                }
            }
        }
    }
}
