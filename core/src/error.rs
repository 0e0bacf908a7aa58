//! The one error type, its variants sorted by who can put it right.
//!
//! A data defect (a saturated, dead or NaN pixel, a source off the edge) is not an error: it becomes
//! a mask bit, a flag or a [`Warning`](crate::warning::Warning) with a count.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What every fallible function of the core returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the work could not be done: what was found, what was needed, where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(tag = "class", rename_all = "kebab-case")]
pub enum Error {
    /// The caller gave data that do not fit: another shape, unit, detector or kind.
    #[error("{step}: {what}: found {found}, needed {needed}")]
    Input {
        /// The step or command that refused.
        step: String,
        /// The quantity that does not fit.
        what: String,
        /// What was there.
        found: String,
        /// What would have been accepted.
        needed: String,
    },
    /// A parameter is outside its range, or a description (camera, recipe, job) is wrong.
    #[error("{name} is {found}: needed {needed}")]
    Parameter {
        /// Name of the parameter, with its place in the file where there is one.
        name: String,
        /// Its value.
        found: String,
        /// The allowed range, or the reason.
        needed: String,
    },
    /// No calibration fits.
    #[error("no {role} for {asked}: {nearest}")]
    Calibration {
        /// Kind of calibration: bias, flat, linearity, pocket.
        role: String,
        /// Detector, band, date asked for.
        asked: String,
        /// The nearest one there is, or what to do.
        nearest: String,
    },
    /// Too few samples to determine a quantity.
    #[error("{quantity} cannot be determined from {used} of {given} samples")]
    Undetermined {
        /// The quantity.
        quantity: String,
        /// Samples left.
        used: usize,
        /// Samples given.
        given: usize,
    },
    /// The stars of an image are not those of a catalogue, or too few to tell. The image is sound.
    #[error("no match of the image's stars with the catalogue: found {found}, needed {needed}")]
    NoMatch {
        /// How far it went.
        found: String,
        /// What would have been accepted, or what to do.
        needed: String,
    },
    /// A file is damaged or breaks its standard.
    #[error("{file}: {place}: {reason}")]
    Format {
        /// Key of the file.
        file: String,
        /// HDU, keyword, row or byte offset.
        place: String,
        /// What was found and what was needed.
        reason: String,
    },
    /// The file is sound, but of a kind that this version does not read.
    #[error("{what} is not supported: {hint}")]
    Unsupported {
        /// The unsupported thing.
        what: String,
        /// What to do instead.
        hint: String,
    },
    /// The store could not deliver or take bytes.
    #[error("{key}: {reason}")]
    Store {
        /// Key of the file.
        key: String,
        /// The host's reason.
        reason: String,
    },
    /// The probe asked to stop.
    #[error("stopped after {step}")]
    Stopped {
        /// The last step that ran.
        step: String,
    },
}

impl Error {
    /// An [`Error::Input`] from anything that can be shown.
    pub fn input(
        step: &str,
        what: &str,
        found: impl fmt::Display,
        needed: impl fmt::Display,
    ) -> Error {
        Error::Input {
            step: step.to_owned(),
            what: what.to_owned(),
            found: found.to_string(),
            needed: needed.to_string(),
        }
    }

    /// An [`Error::Parameter`] from anything that can be shown.
    pub fn parameter(name: &str, found: impl fmt::Display, needed: impl fmt::Display) -> Error {
        Error::Parameter {
            name: name.to_owned(),
            found: found.to_string(),
            needed: needed.to_string(),
        }
    }

    /// An [`Error::Format`] from anything that can be shown.
    pub fn format(file: &str, place: impl fmt::Display, reason: impl fmt::Display) -> Error {
        Error::Format {
            file: file.to_owned(),
            place: place.to_string(),
            reason: reason.to_string(),
        }
    }

    /// An [`Error::Store`] from anything that can be shown.
    pub fn store(key: &str, reason: impl fmt::Display) -> Error {
        Error::Store { key: key.to_owned(), reason: reason.to_string() }
    }
}
