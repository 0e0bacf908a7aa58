//! Pocket-effect parameters per amplifier, with their dates.

use serde::{Deserialize, Serialize};

use super::Instrument;
use crate::error::{Error, Result};
use crate::ids::{AmpId, DetectorId};
use crate::time::{Day, Mjd};

/// The four parameters of a serial trap (formulas in `steps/pocket.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PocketParams {
    /// Exponent of the trap's filling.
    pub alpha: f64,
    /// Capacity of the trap (DN).
    pub cmax: f64,
    /// Exponent of the pixel's charge.
    pub beta: f64,
    /// Scale of the pixel's charge (DN).
    pub nmax: f64,
}

/// Parameters of all amplifiers for an interval of days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PocketTable {
    /// Where the numbers come from.
    pub source: String,
    /// First day (YYYY-MM-DD); open if absent.
    #[serde(default)]
    pub from: Option<String>,
    /// First day after the interval (YYYY-MM-DD); open if absent.
    #[serde(default)]
    pub until: Option<String>,
    /// One row per amplifier.
    pub rows: Vec<PocketRow>,
}

/// One amplifier's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PocketRow {
    /// Detector.
    pub detector: DetectorId,
    /// Amplifier.
    pub amp: AmpId,
    /// Exponent of the trap's filling.
    pub alpha: f64,
    /// Capacity of the trap (DN).
    pub cmax: f64,
    /// Exponent of the pixel's charge.
    pub beta: f64,
    /// Scale of the pixel's charge (DN).
    pub nmax: f64,
}

impl PocketRow {
    /// The parameters alone. (They are fields of the row, not flattened into it, because a
    /// flattened structure cannot refuse unknown fields.)
    pub fn params(&self) -> PocketParams {
        PocketParams { alpha: self.alpha, cmax: self.cmax, beta: self.beta, nmax: self.nmax }
    }
}

impl Instrument {
    /// The pocket parameters of an amplifier at a date; `None` if the camera has none then.
    ///
    /// # Errors
    /// [`Error::Calibration`] if a table covers the date but lacks the amplifier.
    pub fn pocket(
        &self,
        detector: DetectorId,
        amp: AmpId,
        at: Mjd,
    ) -> Result<Option<PocketParams>> {
        let covering = |table: &&PocketTable| covers(&table.from, &table.until, at);
        let Some(table) = self.pocket.iter().find(covering) else { return Ok(None) };
        let row = table.rows.iter().find(|row| row.detector == detector && row.amp == amp);
        row.map(|row| Some(row.params())).ok_or_else(|| Error::Calibration {
            role: "pocket parameters".to_owned(),
            asked: format!("detector {detector}, amplifier {amp}, {}", at.day()),
            nearest: format!("the table '{}' has no such row", table.source),
        })
    }
}

/// Whether `at` lies in `[from, until)`; an absent bound is open.
pub(super) fn covers(from: &Option<String>, until: &Option<String>, at: Mjd) -> bool {
    let begins = from.as_deref().and_then(Day::parse).is_none_or(|day| day.mjd() <= at);
    let ends = until.as_deref().and_then(Day::parse).is_some_and(|day| day.mjd() <= at);
    begins && !ends
}
