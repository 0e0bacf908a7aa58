//! What a task is about, for those who count and look: detector, amplifier, band, exposure.

use rawsky_core::ids::{AmpId, Band, DetectorId};
use serde::{Deserialize, Serialize};

use crate::survey::Raw;

/// What a task is about; what does not apply is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The day or period of a master (`20200214`), or the name of an exposure.
    pub when: String,
    /// The detector; none for the whole focal plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detector: Option<DetectorId>,
    /// The amplifier; none for all of the detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amp: Option<AmpId>,
    /// The band; none for biases and darks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<Band>,
}

impl Subject {
    /// A master of a detector, or of a band over the focal plane.
    pub fn master(when: &str, detector: Option<DetectorId>, band: Option<&Band>) -> Subject {
        Subject { when: when.to_owned(), detector, amp: None, band: band.cloned() }
    }

    /// An exposure of a detector.
    pub fn exposure(name: String, raw: &Raw) -> Subject {
        Subject { when: name, detector: Some(raw.detector), amp: None, band: raw.band.clone() }
    }

    /// One amplifier of it.
    #[must_use = "the changed subject is returned"]
    pub fn amplifier(self, amp: AmpId) -> Subject {
        Subject { amp: Some(amp), ..self }
    }
}

/// A detector and its place on the focal plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The detector.
    pub detector: DetectorId,
    /// Its row, 0 at the bottom.
    pub row: usize,
    /// Its column, 0 at the left.
    pub column: usize,
}
