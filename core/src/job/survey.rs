//! Survey: what the files of a night are, from their headers alone.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::error::{Error, Result};
use crate::ids::{AmpId, Band, DetectorId, Role};
use crate::raw::RawFile;
use crate::store::Key;
use crate::time::Mjd;

/// The product of a survey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Version of this format: 1.
    pub version: u32,
    /// Amplifiers of every detector, in the camera's order.
    pub amps: Vec<AmpId>,
    /// Detectors of the camera.
    pub detectors: Vec<DetectorId>,
    /// One entry per file, in the order asked.
    pub files: Vec<Surveyed>,
}

/// What one file is, or why that cannot be said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Surveyed {
    /// The file.
    pub key: Key,
    /// What the exposure is; absent if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// What one exposure is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// What it is for.
    pub role: Role,
    /// Which detector.
    pub detector: DetectorId,
    /// Start (UTC, MJD in days).
    pub mjd: Mjd,
    /// Day of the start (YYYY-MM-DD, UTC).
    pub day: String,
    /// Exposure time (s), if the header has it.
    pub exposure_s: Option<f64>,
    /// Band.
    pub band: Option<Band>,
    /// Lamp of a flat.
    pub lamp: Option<i64>,
}

/// Reads the headers of `files`; a file that cannot be read is listed with its error.
pub(super) fn survey(context: &mut Context<'_>, files: &[Key], output: &Key) -> Result<()> {
    let mut surveyed = Vec::with_capacity(files.len());
    for key in files {
        let entry = match RawFile::open(context.store, key, &context.camera) {
            Ok(raw) => Surveyed { key: key.clone(), visit: Some(visit(&raw)), error: None },
            Err(error) => Surveyed { key: key.clone(), visit: None, error: Some(error) },
        };
        surveyed.push(entry);
    }
    let survey = Survey {
        version: 1,
        amps: context.camera.amplifiers.iter().map(|amp| amp.id).collect(),
        detectors: context.camera.detectors.iter().map(|detector| detector.id).collect(),
        files: surveyed,
    };
    context.write_json(output, &survey)
}

fn visit(raw: &RawFile) -> Visit {
    let visit = &raw.visit;
    Visit {
        role: visit.role,
        detector: visit.detector,
        mjd: visit.mjd,
        day: visit.mjd.day().to_string(),
        exposure_s: visit.exposure_s,
        band: visit.band.clone(),
        lamp: visit.lamp.filter(|_| visit.role == Role::Flat),
    }
}
