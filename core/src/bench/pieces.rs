//! A step in pieces, so that a person who changes their mind does not wait for its end.
//!
//! ```text
//! copy of the stage before ▸ masters ▸ the step ▸ what it left as it was is shared
//! ```
//!
//! Each takes some hundredths of a second for an amplifier of 3080 x 3072 pixels, but the pocket step, which goes by rows:
//! they do not know of each other. Small images go through at once.

use crate::error::Result;
use crate::ids::AmpId;
use crate::image::AmpImage;
use crate::instrument::Instrument;
use crate::pipeline::{AmpCalibration, Log, Masters, Underway, advance, calibration, in_pieces};
use crate::probe::{self, Probe};
use crate::recipe::Step;
use crate::steps::pocket::Correction;
use crate::store::Store;

use super::exposure::Exposure;
use super::kept::{Evidence, Kept};

/// Rows of one piece: some hundredths of a second for 3072 columns.
const PIECE_ROWS: usize = 128;
/// Images of more rows go through a step in pieces.
const MANY_ROWS: usize = 1024;

/// Whether a stage is so large that the next step is done in pieces.
pub(super) fn is_large(stage: &Kept) -> bool {
    stage.image.nrows() > MANY_ROWS
}

/// The step that is done, and what it is done to.
pub(super) struct Work<'a> {
    pub(super) camera: &'a Instrument,
    pub(super) exposure: &'a Exposure,
    /// All steps that are wanted.
    pub(super) steps: &'a [Step],
    pub(super) step: &'a Step,
    pub(super) amp: AmpId,
}

/// A step of which a piece is done.
pub(super) enum Begun {
    /// The image that goes into it.
    Input(Underway),
    /// With what it needs.
    Ready(Box<(Underway, AmpCalibration, Masters)>),
    /// Some of its rows are done.
    Rows(Box<(AmpImage, Correction)>),
    /// The image that comes out of it.
    Output(Underway, Told),
}

/// Its report and its evidence.
pub(super) type Told = (serde_json::Value, Evidence);

/// A step after one of its pieces.
pub(super) enum Going {
    /// More is to be done.
    On(Begun),
    /// The image.
    Done(Underway, Told),
}

impl Begun {
    /// Begins with a copy of the stage before.
    pub(super) fn new(input: Underway) -> Begun {
        Begun::Input(input)
    }

    /// Does the next piece.
    ///
    /// # Errors
    /// Those of the step.
    pub(super) fn go_on(self, store: &mut dyn Store, work: &Work<'_>) -> Result<Going> {
        Ok(match self {
            Begun::Input(image) => {
                let (known, masters) = work.needs(store, &image)?;
                Going::On(Begun::Ready(Box::new((image, known, masters))))
            }
            Begun::Ready(ready) => {
                let (image, known, masters) = *ready;
                Going::On(work.start(store, image, (&known, &masters))?)
            }
            Begun::Rows(mut begun) => {
                let (amp, correction) = &mut *begun;
                match correction.rows(amp, PIECE_ROWS) {
                    true => Going::On(Begun::Rows(begun)),
                    false => {
                        let (mut amp, correction) = *begun;
                        let report = serde_json::to_value(correction.finish(&mut amp));
                        let told = (report.unwrap_or(serde_json::Value::Null), Vec::new());
                        Going::On(Begun::Output(Underway::Amplifier(amp), told))
                    }
                }
            }
            Begun::Output(image, told) => Going::Done(image, told),
        })
    }
}

impl Work<'_> {
    /// What is known of the amplifier, and the masters of the step.
    fn needs(&self, store: &mut dyn Store, image: &Underway) -> Result<(AmpCalibration, Masters)> {
        let known = calibration(self.camera, self.exposure.visit(), self.amp, self.steps)?;
        let masters = self.exposure.masters(store, self.amp, self.step)?;
        let known = match image {
            Underway::Amplifier(amp) => {
                self.exposure.known_of(store, (amp.amp, &amp.geometry), &known)?
            }
            _ => known,
        };
        Ok((known, masters))
    }

    /// Begins the pocket step of many rows; does any other.
    fn start(
        &self,
        store: &mut dyn Store,
        image: Underway,
        (known, masters): (&AmpCalibration, &Masters),
    ) -> Result<Begun> {
        match (image, self.step) {
            (Underway::Amplifier(amp), Step::Pocket(params))
                if MANY_ROWS < amp.planes.shape().0 =>
            {
                match in_pieces(&amp, params, known)? {
                    Some(correction) => Ok(Begun::Rows(Box::new((amp, correction)))),
                    None => self.at_once(store, Underway::Amplifier(amp), (known, masters)),
                }
            }
            (image, _) => self.at_once(store, image, (known, masters)),
        }
    }

    fn at_once(
        &self,
        store: &mut dyn Store,
        image: Underway,
        (known, masters): (&AmpCalibration, &Masters),
    ) -> Result<Begun> {
        let (mut records, mut recorder) = (Vec::new(), Recorder::default());
        let mut log = Log { records: &mut records, probe: &mut recorder };
        let what = (self.step, self.exposure.visit().detector);
        let mut image = advance(image, what, (known, masters), &mut log)?;
        if let Underway::Science(image) = &mut image {
            self.exposure.join_mask(store, self.camera, image)?;
        }
        let report = records.pop().map_or(serde_json::Value::Null, |record| record.report);
        Ok(Begun::Output(image, (report, recorder.profiles)))
    }
}

/// Keeps the profiles that a step shows.
#[derive(Default)]
struct Recorder {
    profiles: Evidence,
}

impl Probe for Recorder {
    fn observe(&mut self, _step: &str, tag: &str, evidence: probe::Evidence<'_>) {
        if let probe::Evidence::Profile(values, _) = evidence {
            self.profiles.push((tag.to_owned(), values.to_vec()));
        }
    }
}
