//! Which keyword says what: from a header to [`VisitInfo`].

use serde::{Deserialize, Serialize};

use super::Instrument;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::ids::{Band, DetectorId, Role};
use crate::time::Mjd;

/// The keywords of a camera's headers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// What the exposure is for.
    pub role: String,
    /// Values of that keyword (any case) for each role.
    pub roles: Roles,
    /// Detector number.
    pub detector: String,
    /// Start of the exposure as MJD (days, UTC).
    pub mjd: String,
    /// Exposure time (s).
    pub exposure_s: String,
    /// Filter.
    pub filter: String,
    /// Value of the filter keyword to band code.
    #[serde(default)]
    pub bands: std::collections::BTreeMap<String, Band>,
    /// Number of the flat-field lamp, if there are lamps.
    #[serde(default)]
    pub lamp: Option<String>,
    /// Gain (electron/DN), in the amplifier's header.
    #[serde(default)]
    pub gain: Option<String>,
    /// Read noise (electron), in the amplifier's header.
    #[serde(default)]
    pub read_noise: Option<String>,
    /// Temperature of the detectors (K).
    #[serde(default)]
    pub temperature: Option<String>,
}

/// Header values by role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Bias.
    pub bias: Vec<String>,
    /// Dark.
    #[serde(default)]
    pub dark: Vec<String>,
    /// Flat.
    pub flat: Vec<String>,
    /// Science.
    pub science: Vec<String>,
}

/// What the headers say of one exposure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisitInfo {
    /// What it is for.
    pub role: Role,
    /// Which detector.
    pub detector: DetectorId,
    /// Start (UTC).
    pub mjd: Mjd,
    /// Exposure time (s).
    pub exposure_s: f64,
    /// Band; that of the lamp for a flat with a known lamp.
    pub band: Option<Band>,
    /// Lamp of a flat.
    pub lamp: Option<i64>,
    /// Temperature of the detectors (K), if the header has it.
    #[serde(default)]
    pub temperature_k: Option<f64>,
}

impl Instrument {
    /// Reads the header of a raw exposure.
    ///
    /// # Errors
    /// [`Error::Input`] if a needed keyword is absent or has an unknown value.
    pub fn visit(&self, header: &Header) -> Result<VisitInfo> {
        let dialect = &self.dialect;
        let role = dialect.role(header)?;
        let detector =
            dialect.needed(header, &dialect.detector, "a detector number", |header, key| {
                header.integer(key).and_then(|id| u32::try_from(id).ok()).map(DetectorId)
            })?;
        if !self.has_detector(detector) {
            let needed = format!("one of the camera {}", self.name);
            return Err(Error::input("header", &dialect.detector, detector, needed));
        }
        let mjd = dialect.needed(header, &dialect.mjd, "a finite MJD", |header, key| {
            header.real(key).filter(|mjd| mjd.is_finite() && mjd.abs() < 1e7).map(Mjd)
        })?;
        let lamp = dialect.lamp.as_deref().and_then(|key| header.integer(key));
        let named = header.text(&dialect.filter).and_then(|name| dialect.bands.get(name));
        let band = lamp.and_then(|lamp| self.band_of_lamp(lamp)).or(named).cloned();
        let exposure_s = header.real(&dialect.exposure_s).unwrap_or(0.0);
        let temperature = dialect.temperature.as_deref().and_then(|key| header.real(key));
        let temperature_k = temperature.filter(|kelvin| kelvin.is_finite());
        Ok(VisitInfo { role, detector, mjd, exposure_s, band, lamp, temperature_k })
    }
}

impl Dialect {
    fn role(&self, header: &Header) -> Result<Role> {
        let known = [
            (Role::Bias, &self.roles.bias),
            (Role::Dark, &self.roles.dark),
            (Role::Flat, &self.roles.flat),
            (Role::Science, &self.roles.science),
        ];
        let words = known.iter().flat_map(|(_, words)| words.iter().cloned()).collect::<Vec<_>>();
        let found = header.text(&self.role).unwrap_or("no value").to_lowercase();
        let role = known
            .iter()
            .find(|(_, words)| words.iter().any(|word| word.to_lowercase() == found))
            .map(|(role, _)| *role);
        role.ok_or_else(|| {
            Error::input("header", &self.role, found, format!("one of {}", words.join(", ")))
        })
    }

    fn needed<T>(
        &self,
        header: &Header,
        key: &str,
        what: &str,
        read: impl Fn(&Header, &str) -> Option<T>,
    ) -> Result<T> {
        read(header, key).ok_or_else(|| {
            let found =
                header.card(key).map_or("nothing".to_owned(), |card| format!("{:?}", card.value));
            Error::input("header", key, found, what)
        })
    }
}
