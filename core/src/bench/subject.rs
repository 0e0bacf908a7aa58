//! What lies on the bench: a raw exposure, which is reduced, or an image, which is looked at.

use ndarray::Array2;

use crate::error::Result;
use crate::header::Header;
use crate::ids::AmpId;
use crate::image::Planes;
use crate::instrument::Instrument;
use crate::pipeline::Underway;
use crate::recipe::Step;
use crate::store::Store;
use crate::table::Table;
use crate::time::Mjd;

use super::chain::{Chain, RAW};
use super::exposure::Exposure;
use super::files::Files;
use super::info::ExposureInfo;
use super::kept::{Kept, SkyView};
use super::looked::{IMAGE, Looked, PART};
use super::truth::Truth;

pub(super) enum Subject {
    Exposure(Box<Exposure>),
    Image(Box<Looked>),
}

impl Subject {
    pub(super) fn open(
        store: &mut dyn Store,
        camera: &Instrument,
        files: Files,
    ) -> Result<Subject> {
        match files.look.clone() {
            Some(look) => Ok(Subject::Image(Box::new(Looked::open(store, files, &look)?))),
            None => Ok(Subject::Exposure(Box::new(Exposure::open(store, camera, files)?))),
        }
    }

    /// The exposure, if that is what it is.
    pub(super) fn exposure(&self) -> Option<&Exposure> {
        match self {
            Subject::Exposure(exposure) => Some(exposure),
            Subject::Image(_) => None,
        }
    }

    /// The image, if that is what it is.
    pub(super) fn image(&self) -> Option<&Looked> {
        match self {
            Subject::Exposure(_) => None,
            Subject::Image(image) => Some(image),
        }
    }

    pub(super) fn files(&self) -> &Files {
        match self {
            Subject::Exposure(exposure) => &exposure.files,
            Subject::Image(image) => &image.files,
        }
    }

    pub(super) fn catalogue(&self) -> Option<&Table> {
        match self {
            Subject::Exposure(exposure) => exposure.catalogue.as_ref(),
            Subject::Image(image) => image.catalogue.as_ref(),
        }
    }

    /// The parts that are worked on one by one.
    pub(super) fn amps(&self) -> Vec<AmpId> {
        match self {
            Subject::Exposure(exposure) => exposure.amps().collect(),
            Subject::Image(_) => vec![AmpId(PART)],
        }
    }

    pub(super) fn info(&self, camera: &Instrument) -> Result<ExposureInfo> {
        match self {
            Subject::Exposure(exposure) => exposure.info(camera),
            Subject::Image(image) => Ok(image.info(camera)),
        }
    }

    pub(super) fn header(&self, camera: &Instrument, amp: AmpId) -> Result<Header> {
        match self {
            Subject::Exposure(exposure) => exposure.header(camera, amp),
            Subject::Image(image) => Ok(image.header.clone()),
        }
    }

    /// The name of the first stage.
    pub(super) fn first_stage(&self) -> &'static str {
        match self {
            Subject::Exposure(_) => RAW,
            Subject::Image(_) => IMAGE,
        }
    }

    /// Makes the first stage.
    pub(super) fn first(
        &mut self,
        store: &mut dyn Store,
        camera: &Instrument,
        (amp, key): (AmpId, String),
    ) -> Result<Kept> {
        match self {
            Subject::Image(image) => image.read(store, camera),
            Subject::Exposure(exposure) => {
                let raw = exposure.raw(store, camera, amp)?;
                let geometry = raw.geometry;
                let nothing = (serde_json::Value::Null, Vec::new());
                Ok(Kept::new((RAW, key), (Underway::Amplifier(raw), geometry), None, nothing))
            }
        }
    }

    /// Why a step cannot be done, if it cannot.
    pub(super) fn missing_for(&self, step: &str) -> Option<String> {
        self.exposure().and_then(|exposure| exposure.missing_for(step))
    }

    /// The steps without those that cannot be done; an image has none.
    pub(super) fn possible(&self, steps: &[Step]) -> Vec<Step> {
        self.exposure().map_or_else(Vec::new, |exposure| exposure.possible(steps))
    }

    /// The keys of the first stage and of those that these steps make.
    pub(super) fn keys(&self, amp: AmpId, steps: &[Step]) -> Vec<String> {
        match self {
            Subject::Exposure(exposure) => exposure.keys(amp, steps),
            Subject::Image(image) => vec![image.key()],
        }
    }

    /// Right ascension and declination (deg) of a pixel (x, y) of the stored array.
    pub(super) fn sky(&self, amp: AmpId, at: (f64, f64)) -> Option<(f64, f64)> {
        match self {
            Subject::Exposure(exposure) => exposure.sky(amp, at),
            Subject::Image(image) => image.sky(at),
        }
    }

    /// When it was taken, if that is known.
    pub(super) fn date(&self) -> Option<Mjd> {
        match self {
            Subject::Exposure(exposure) => Some(exposure.visit().mjd),
            Subject::Image(image) => crate::job::date(&image.header),
        }
    }

    /// The planes on which stars are measured, once they are there.
    pub(super) fn science(&self, last: &Kept) -> Option<Planes> {
        match self {
            Subject::Exposure(_) => last.science(),
            Subject::Image(image) => image.is_measurable().then(|| Looked::planes(last)),
        }
    }

    pub(super) fn scale_ratio(&self) -> f64 {
        self.exposure().map_or(1.0, Exposure::scale_ratio)
    }

    pub(super) fn truth(&self, amp: AmpId) -> Option<&Truth> {
        self.exposure()?.truth(amp)
    }

    pub(super) fn truth_of(&self, amp: AmpId, stage: &str, steps: &[Step]) -> Option<&Array2<f32>> {
        self.exposure()?.truth_of(amp, stage, steps)
    }

    pub(super) fn truth_view(&self, amp: AmpId, chain: &Chain) -> Option<SkyView<'_>> {
        self.exposure()?.truth_view(amp, chain)
    }
}
