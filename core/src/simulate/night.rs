//! The exposures of a night in order of time: biases, flats lamp by lamp, science.
//!
//! Every detector takes part in every visit. Names follow the camera's template; the fraction of
//! the day in them is in millionths.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::{Band, DetectorId, Role};
use crate::instrument::Instrument;
use crate::time::{Day, Mjd};

use super::params::NightParams;

/// First bias, in millionths of a day.
const FIRST_BIAS: usize = 20_000;
/// From one bias to the next.
const BIAS_STEP: usize = 400;
/// From one flat to the next.
const FLAT_STEP: usize = 300;
/// First science exposure, unless the flats last longer.
const FIRST_SCIENCE: usize = 350_000;
/// From one science exposure to the next.
const SCIENCE_STEP: usize = 1_000;

/// One detector's data of one visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedExposure {
    /// Name of its raw file.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Which detector.
    pub detector: DetectorId,
    /// Number of the visit, from 1.
    pub visit: u64,
    /// Number among the visits of its role and lamp, from 0.
    pub number: usize,
    /// Start (UTC).
    pub mjd: Mjd,
    /// Exposure time (s).
    pub exposure_s: f64,
    /// Its band; none for a bias.
    pub band: Option<Band>,
    /// Lamp of a flat.
    pub lamp: Option<i64>,
    /// Number of the sky field; 0 but for science.
    pub field: u32,
}

/// A night: what is to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Night {
    /// Every exposure, by visit, then by detector.
    pub exposures: Vec<SimulatedExposure>,
    /// The detectors that take part.
    pub detectors: Vec<DetectorId>,
    /// The lamps that take part, with their bands.
    pub lamps: Vec<(Option<i64>, Option<Band>)>,
}

/// A part of a night that can be made by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Part {
    /// The exposure with this index: the raw file; for science also headers, masks and truth.
    Exposure {
        /// Index in [`Night::exposures`].
        exposure: usize,
    },
    /// The noise-free flats of a lamp.
    Lamp {
        /// Which detector.
        detector: DetectorId,
        /// Which lamp; none for a camera without lamps.
        #[serde(default)]
        lamp: Option<i64>,
    },
    /// The noise-free bias pattern.
    Bias {
        /// Which detector.
        detector: DetectorId,
    },
    /// The catalogue of stars.
    Catalogue,
}

impl Night {
    /// Every part, in a fixed order.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part::Catalogue];
        for &detector in &self.detectors {
            parts.push(Part::Bias { detector });
            parts.extend(self.lamps.iter().map(|(lamp, _)| Part::Lamp { detector, lamp: *lamp }));
        }
        parts.extend((0..self.exposures.len()).map(|exposure| Part::Exposure { exposure }));
        parts
    }
}

/// One visit before it is split into detectors.
struct Visit {
    role: Role,
    number: usize,
    fraction: usize,
    exposure_s: f64,
    band: Option<Band>,
    lamp: Option<i64>,
}

/// The exposures of a night, with their names.
///
/// # Errors
/// [`Error::Parameter`] if a parameter is impossible, the camera lacks a detector or a lamp, or the
/// exposures do not fit in a day.
pub fn night(camera: &Instrument, params: &NightParams) -> Result<Night> {
    params.check()?;
    let day = params.day()?;
    let detectors = detectors(camera, params)?;
    tells_roles(camera)?;
    let lamps = lamps(camera, params)?;
    let visits = visits(params, &lamps);
    if let Some(last) = visits.last().filter(|last| last.fraction >= 1_000_000) {
        let found =
            format!("{} visits, the last after {} days", visits.len(), last.fraction / 1_000_000);
        return Err(Error::parameter("exposures", found, "a night within one day"));
    }
    let mut exposures = Vec::with_capacity(visits.len() * detectors.len());
    for (visit, index) in visits.iter().zip(1_u64..) {
        for &detector in &detectors {
            exposures.push(exposure(camera, params, (day, visit, index), detector));
        }
    }
    Ok(Night { exposures, detectors, lamps })
}

/// A simulated header must say what its exposure is, which rules of a camera cannot be made to.
fn tells_roles(camera: &Instrument) -> Result<()> {
    let roles = &camera.dialect.roles;
    let lists = [("bias", &roles.bias), ("flat", &roles.flat), ("science", &roles.science)];
    match lists.into_iter().find(|(_, words)| words.is_empty()) {
        Some((role, _)) => {
            let needed = format!("one for {role}; nights of a camera of rules are not simulated");
            Err(Error::parameter("dialect.roles", "no word", needed))
        }
        None => Ok(()),
    }
}

fn detectors(camera: &Instrument, params: &NightParams) -> Result<Vec<DetectorId>> {
    if params.detectors.is_empty() {
        return Ok(camera.detectors.first().map(|detector| detector.id).into_iter().collect());
    }
    let known = |&id: &u32| {
        let found = Some(DetectorId(id)).filter(|&detector| camera.has_detector(detector));
        let needed = || format!("detectors of the camera {}", camera.name);
        found.ok_or_else(|| Error::parameter("detectors", id, needed()))
    };
    params.detectors.iter().map(known).collect()
}

/// Lamps with their bands; for a camera without lamps its bands alone.
fn lamps(camera: &Instrument, params: &NightParams) -> Result<Vec<(Option<i64>, Option<Band>)>> {
    let needed = || format!("lamps of the camera {}", camera.name);
    if !params.lamps.is_empty() {
        let known = |&lamp: &i64| {
            let band = camera.band_of_lamp(lamp).cloned();
            band.map(|band| (Some(lamp), Some(band)))
                .ok_or_else(|| Error::parameter("lamps", lamp, needed()))
        };
        return params.lamps.iter().map(known).collect();
    }
    if !camera.lamps.is_empty() {
        let all = camera.lamps.iter();
        return Ok(all.map(|lamp| (Some(lamp.lamp), Some(lamp.band.clone()))).collect());
    }
    let mut bands: Vec<Option<Band>> = camera.dialect.bands.values().cloned().map(Some).collect();
    bands.dedup();
    if bands.is_empty() {
        bands.push(None);
    }
    Ok(bands.into_iter().map(|band| (None, band)).collect())
}

fn visits(params: &NightParams, lamps: &[(Option<i64>, Option<Band>)]) -> Vec<Visit> {
    let mut visits = Vec::new();
    let mut fraction = FIRST_BIAS;
    for number in 0..params.biases {
        let (role, exposure_s) = (Role::Bias, 0.0);
        visits.push(Visit { role, number, fraction, exposure_s, band: None, lamp: None });
        fraction += BIAS_STEP;
    }
    for (lamp, band) in lamps {
        for number in 0..params.flats_per_lamp {
            let (role, exposure_s, band) = (Role::Flat, params.flat_s, band.clone());
            visits.push(Visit { role, number, fraction, exposure_s, band, lamp: *lamp });
            fraction += FLAT_STEP;
        }
    }
    let bands = bands_by_turns(lamps);
    fraction = FIRST_SCIENCE.max(fraction + SCIENCE_STEP);
    for (number, band) in (0..params.exposures).zip(bands.iter().cycle()) {
        let (role, exposure_s, band) = (Role::Science, params.exposure_s, band.clone());
        visits.push(Visit { role, number, fraction, exposure_s, band, lamp: None });
        fraction += SCIENCE_STEP;
    }
    visits
}

/// The bands of the lamps, each once, in their order.
fn bands_by_turns(lamps: &[(Option<i64>, Option<Band>)]) -> Vec<Option<Band>> {
    let mut bands: Vec<Option<Band>> = Vec::new();
    for (_, band) in lamps {
        if !bands.contains(band) {
            bands.push(band.clone());
        }
    }
    bands
}

fn exposure(
    camera: &Instrument,
    params: &NightParams,
    (day, visit, index): (Day, &Visit, u64),
    detector: DetectorId,
) -> SimulatedExposure {
    let field = if visit.role == Role::Science { params.field } else { 0 };
    let kind = match visit.role {
        Role::Bias => &camera.names.kinds.bias,
        Role::Dark => &camera.names.kinds.dark,
        Role::Flat => &camera.names.kinds.flat,
        Role::Science => &camera.names.kinds.science,
    };
    let band = visit.band.as_ref().map_or(camera.names.bias_band.as_str(), |band| band.0.as_str());
    let fields = [
        ("{date}", format!("{:04}{:02}{:02}", day.year, day.month, day.day)),
        ("{fraction}", format!("{:06}", visit.fraction)),
        ("{field}", format!("{field:06}")),
        ("{band}", band.to_owned()),
        ("{detector}", format!("{:02}", detector.0)),
        ("{kind}", kind.clone()),
    ];
    let name = fields
        .iter()
        .fold(camera.names.raw.clone(), |name, (field, value)| name.replace(field, value));
    SimulatedExposure {
        name,
        role: visit.role,
        detector,
        visit: index,
        number: visit.number,
        mjd: Mjd(day.mjd().0 + visit.fraction as f64 / 1e6),
        exposure_s: visit.exposure_s,
        band: visit.band.clone(),
        lamp: visit.lamp,
        field,
    }
}
