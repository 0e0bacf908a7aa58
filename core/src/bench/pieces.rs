//! A long step in pieces, so that a person who changes their mind does not wait for its end.
//!
//! The pocket step takes a second for an amplifier of 3080 x 3072 pixels; its rows do not know of each
//! other. The other steps take a tenth of that.

use crate::error::Result;
use crate::image::AmpImage;
use crate::pipeline::{AmpCalibration, Underway, in_pieces};
use crate::recipe::Step;
use crate::steps::pocket::Correction;

/// Rows of one piece: some hundredths of a second for 3072 columns.
const PIECE_ROWS: usize = 128;
/// Images of more rows go through a long step in pieces.
const MANY_ROWS: usize = 1024;

/// A step of which some rows are done.
pub(super) struct Begun {
    amp: AmpImage,
    correction: Correction,
}

/// How a step starts.
pub(super) enum Start {
    /// In pieces.
    Begun(Begun),
    /// At once, on this image.
    AtOnce(Underway),
}

/// A step after one of its pieces.
pub(super) enum Going {
    /// Rows are left.
    On(Begun),
    /// The image, and the report of the step.
    Done(AmpImage, serde_json::Value),
}

/// Begins a step.
///
/// # Errors
/// Those of the step.
pub(super) fn begin(input: Underway, step: &Step, known: &AmpCalibration) -> Result<Start> {
    let (Underway::Amplifier(amp), Step::Pocket(params)) = (&input, step) else {
        return Ok(Start::AtOnce(input));
    };
    if amp.planes.shape().0 <= MANY_ROWS {
        return Ok(Start::AtOnce(input));
    }
    match (in_pieces(amp, params, known)?, input) {
        (Some(correction), Underway::Amplifier(amp)) => Ok(Start::Begun(Begun { amp, correction })),
        (_, input) => Ok(Start::AtOnce(input)),
    }
}

impl Begun {
    pub(super) fn go_on(mut self) -> Going {
        if self.correction.rows(&mut self.amp, PIECE_ROWS) {
            return Going::On(self);
        }
        let report = self.correction.finish(&mut self.amp);
        Going::Done(self.amp, serde_json::to_value(report).unwrap_or(serde_json::Value::Null))
    }
}
