//! Which keyword says what: from a header to [`VisitInfo`].
//!
//! Where a header may use one of several keywords for the same thing, the camera lists them in order
//! of preference ([`Keywords`]).

use serde::{Deserialize, Serialize};

use super::{Instrument, Keywords, RoleRule, Roles};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::ids::{Band, DetectorId, Role};
use crate::time::Mjd;

/// The keywords of a camera's headers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// What the exposure is for.
    #[serde(default)]
    pub role: Keywords,
    /// Values of those keywords (any case) for each role.
    #[serde(default)]
    pub roles: Roles,
    /// Roles of headers in which those keywords have none of these values; the first rule that
    /// holds decides.
    #[serde(default)]
    pub rules: Vec<RoleRule>,
    /// Detector number; a camera of one detector needs no keyword for it.
    #[serde(default)]
    pub detector: Keywords,
    /// Parts of the detector's name, which are joined by `_`; instead of `detector`.
    #[serde(default)]
    pub detector_name: Vec<String>,
    /// Start of the exposure as MJD (days, UTC).
    #[serde(default)]
    pub mjd: Keywords,
    /// Start of the exposure as JD (days, UTC).
    #[serde(default)]
    pub jd: Keywords,
    /// Start of the exposure as a FITS date (UTC), with or without the time of day.
    #[serde(default)]
    pub date: Keywords,
    /// Time of day of the start (`hh:mm:ss`, UTC) where the date has none.
    #[serde(default)]
    pub time: Keywords,
    /// The day (YYYY-MM-DD) that stands for that of an exposure whose header has none; without it
    /// such an exposure is refused.
    #[serde(default)]
    pub undated: Option<String>,
    /// Exposure time (s).
    pub exposure_s: Keywords,
    /// Filter.
    pub filter: Keywords,
    /// Value of the filter keyword to band code.
    #[serde(default)]
    pub bands: std::collections::BTreeMap<String, Band>,
    /// What a filter without an entry in `bands` is.
    #[serde(default)]
    pub other_filters: OtherFilters,
    /// Band of an exposure whose header names no filter; none if absent.
    #[serde(default)]
    pub unfiltered: Option<Band>,
    /// Number of the flat-field lamp, if there are lamps.
    #[serde(default)]
    pub lamp: Keywords,
    /// Gain (electron/DN), in the amplifier's header.
    #[serde(default)]
    pub gain: Keywords,
    /// Read noise (electron), in the amplifier's header.
    #[serde(default)]
    pub read_noise: Keywords,
    /// Temperature of the detectors (K).
    #[serde(default)]
    pub temperature: Keywords,
    /// Full width of a star at half its height (pixels), in the science header.
    #[serde(default)]
    pub seeing_pix: Keywords,
    /// How science headers are found in a table of them, if there are such tables.
    #[serde(default)]
    pub header_table: Option<HeaderTable>,
}

/// The columns that say whose header a row of a table is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderTable {
    /// Column, and keyword of the raw header, with the number of the exposure.
    pub exposure: String,
    /// Column with the number of the amplifier in the focal plane, counted from 0 through the
    /// amplifiers of the first detector of the camera file, then those of the next.
    pub amplifier: String,
}

/// What a filter is that has no entry in the list of bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherFilters {
    /// No band.
    #[default]
    NoBand,
    /// A band of its own name, in which other characters than A-Z a-z 0-9 . _ become `-`.
    OwnName,
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
    /// Exposure time (s), if the header has it.
    pub exposure_s: Option<f64>,
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
        let role = dialect.role_of(header)?;
        let detector = self.detector_of(header)?;
        let mjd = dialect.instant(header).ok_or_else(|| no_date(dialect, header))?;
        let lamp = dialect.lamp.number(header).filter(|lamp| lamp.fract() == 0.0);
        let lamp = lamp.filter(|lamp| lamp.abs() < 1e15).map(|lamp| lamp as i64);
        let of_lamp = lamp.and_then(|lamp| self.band_of_lamp(lamp)).cloned();
        let band = of_lamp.or_else(|| dialect.band(header));
        let exposure_s = dialect.exposure_s.numbers(header).find(|seconds| 0.0 <= *seconds);
        let temperature_k = dialect.temperature.number(header);
        Ok(VisitInfo { role, detector, mjd, exposure_s, band, lamp, temperature_k })
    }

    /// The detector of an exposure: by number, by name, or the only one.
    fn detector_of(&self, header: &Header) -> Result<DetectorId> {
        let dialect = &self.dialect;
        let needed = || format!("one of the camera {}", self.name);
        if !dialect.detector_name.is_empty() {
            let parts = dialect.detector_name.iter().map(|key| header.text(key).unwrap_or("?"));
            let name = parts.map(str::trim).collect::<Vec<_>>().join("_");
            let known = self.detectors.iter().find(|known| known.name.as_ref() == Some(&name));
            let what = dialect.detector_name.join(" and ");
            return known
                .map(|known| known.id)
                .ok_or_else(|| Error::input("header", &what, &name, needed()));
        }
        match self.detectors.as_slice() {
            [only] if dialect.detector.is_empty() => return Ok(only.id),
            _ => (),
        }
        let whole = |number: &f64| number.fract() == 0.0 && (0.0..1e9).contains(number);
        let number = dialect.detector.numbers(header).find(whole);
        let (keywords, found) = dialect.detector.found(header);
        let number =
            number.ok_or_else(|| Error::input("header", &keywords, found, "a detector number"))?;
        let detector = DetectorId(number as u32);
        if self.has_detector(detector) {
            return Ok(detector);
        }
        Err(Error::input("header", &keywords, detector, needed()))
    }
}

impl Dialect {
    /// The band of the filter.
    fn band(&self, header: &Header) -> Option<Band> {
        let listed = self.filter.texts(header).find_map(|name| self.bands.get(&name).cloned());
        let own = || match self.other_filters {
            OtherFilters::NoBand => None,
            OtherFilters::OwnName => self.filter.text(header).map(|name| own_band(&name)),
        };
        // A filter that is none of the listed ones is not the absence of a filter.
        let absent = || self.unfiltered.clone().filter(|_| self.filter.text(header).is_none());
        listed.or_else(own).or_else(absent)
    }
}

/// The name of a filter as a band code, which becomes part of file names.
fn own_band(name: &str) -> Band {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { '-' };
    let code: String = name.chars().map(plain).take(32).collect();
    let code = code.trim_matches(['-', '.']);
    Band(if code.is_empty() { "unnamed".to_owned() } else { code.to_owned() })
}

fn no_date(dialect: &Dialect, header: &Header) -> Error {
    let keywords = [&dialect.date, &dialect.mjd, &dialect.jd];
    let all = Keywords(keywords.into_iter().flat_map(|keys| keys.0.clone()).collect());
    let (names, found) = all.found(header);
    Error::input("header", &names, found, "the start of the exposure, as a date or a finite MJD")
}
