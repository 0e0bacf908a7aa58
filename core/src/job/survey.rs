//! Survey: what the files of a night, and masters of other runs, are, from their headers alone.

use serde::{Deserialize, Serialize};

use super::Context;
use super::focal_plane::read_level;
use crate::error::{Error, Result};
use crate::ids::{AmpId, Band, DetectorId, Role};
use crate::instrument::{Instrument, Period};
use crate::master::{Kind, MasterFile};
use crate::raw::RawFile;
use crate::store::Key;
use crate::time::{Day, Mjd};

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
    /// What the exposure is; absent if it is none, or could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// What the master is; absent if it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<Finished>,
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
    /// The camera's day of the start.
    pub day: Day,
    /// Name of the camera's period of the start, if one had begun.
    #[serde(default)]
    pub period: Option<String>,
    /// Exposure time (s), if the header has it.
    pub exposure_s: Option<f64>,
    /// Band.
    pub band: Option<Band>,
    /// Lamp of a flat.
    pub lamp: Option<i64>,
}

/// A master that was made before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// What it is.
    pub kind: FinishedKind,
    /// Its detector; none for a level over the focal plane.
    pub detector: Option<DetectorId>,
    /// Band of a flat or a level.
    pub band: Option<Band>,
    /// Exposure time (s) of a dark.
    pub exposure_s: Option<f64>,
    /// Start of its first and last exposure (UTC, MJD in days); those of the flats of a level.
    pub span: (Mjd, Mjd),
    /// The camera's day of the first exposure.
    pub day: Day,
    /// Name of the camera's period of the first exposure, if one had begun.
    #[serde(default)]
    pub period: Option<String>,
    /// Level (DN) of a flat; of a level over the focal plane, those of its flats by detector.
    pub levels_dn: Vec<(DetectorId, f64)>,
}

/// The kinds of masters that exposures take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinishedKind {
    /// A master bias.
    Bias,
    /// A master dark.
    Dark,
    /// The flat of a band.
    Flat,
    /// The level of a band over the focal plane.
    Level,
}

/// Reads the headers of raw `files` and of `masters`; one that cannot be read is listed with its
/// error.
pub(super) fn survey(
    context: &mut Context<'_>,
    (files, masters): (&[Key], &[Key]),
    output: &Key,
) -> Result<()> {
    let nothing = |key: &Key| Surveyed { key: key.clone(), visit: None, master: None, error: None };
    let mut surveyed = Vec::with_capacity(files.len());
    for key in files {
        surveyed.push(match RawFile::open(context.store, key, &context.camera) {
            Ok(raw) => Surveyed { visit: Some(visit(&raw, &context.camera)), ..nothing(key) },
            Err(error) => Surveyed { error: Some(error), ..nothing(key) },
        });
    }
    for key in masters {
        surveyed.push(match finished(context, key) {
            Ok(master) => Surveyed { master, ..nothing(key) },
            Err(error) => Surveyed { error: Some(error), ..nothing(key) },
        });
    }
    let survey = Survey {
        version: 1,
        amps: context.camera.amplifiers.iter().map(|amp| amp.id).collect(),
        detectors: context.camera.detectors.iter().map(|detector| detector.id).collect(),
        files: surveyed,
    };
    context.write_json(output, &survey)
}

fn visit(raw: &RawFile, camera: &Instrument) -> Visit {
    let visit = &raw.visit;
    Visit {
        role: visit.role,
        detector: visit.detector,
        mjd: visit.mjd,
        day: camera.day_of(visit.mjd),
        period: camera.period_of(visit.mjd).map(Period::name),
        exposure_s: visit.exposure_s,
        band: visit.band.clone(),
        lamp: visit.lamp.filter(|_| visit.role == Role::Flat),
    }
}

/// What a master is; nothing for the flat of a lamp, which no exposure takes.
fn finished(context: &mut Context<'_>, key: &Key) -> Result<Option<Finished>> {
    if key.ends_with(".json") {
        let level = read_level(context.store, key)?;
        let levels = level.detectors.iter().map(|one| (one.detector, one.level_dn)).collect();
        let described = describe(context, FinishedKind::Level, level.span, levels);
        return Ok(Some(Finished { band: level.band, ..described }));
    }
    let wanted = [Kind::Bias, Kind::Dark, Kind::BandFlat, Kind::LampFlat];
    let file = MasterFile::open(context.store, key, &wanted)?;
    let span = (Mjd(file.real("MJD-BEG")?), Mjd(file.real("MJD-END")?));
    let band = file.header.text("BAND").map(|band| Band(band.to_owned()));
    let (kind, levels) = match file.kind {
        Kind::Bias => (FinishedKind::Bias, Vec::new()),
        Kind::Dark => (FinishedKind::Dark, Vec::new()),
        Kind::BandFlat => (FinishedKind::Flat, vec![(file.detector, file.real("FLTNORM")?)]),
        Kind::LampFlat => return Ok(None),
    };
    let exposure_s = (kind == FinishedKind::Dark).then(|| file.real("EXPTIME")).transpose()?;
    let described = describe(context, kind, span, levels);
    Ok(Some(Finished { detector: Some(file.detector), band, exposure_s, ..described }))
}

fn describe(
    context: &Context<'_>,
    kind: FinishedKind,
    span: (Mjd, Mjd),
    levels_dn: Vec<(DetectorId, f64)>,
) -> Finished {
    Finished {
        kind,
        detector: None,
        band: None,
        exposure_s: None,
        span,
        day: context.camera.day_of(span.0),
        period: context.camera.period_of(span.0).map(Period::name),
        levels_dn,
    }
}
