//! Linearity relations per amplifier, with their dates.

use serde::{Deserialize, Serialize};

use super::Instrument;
use super::pocket::covers;
use crate::error::{Error, Result};
use crate::ids::{AmpId, DetectorId};
use crate::time::Mjd;

/// How an amplifier's output follows its input (formulas in `steps/linearity.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Linearity {
    /// As it is.
    Identity,
    /// `y = x / (a x² + b x + 1)`.
    Rational {
        /// Quadratic coefficient (DN⁻²).
        a: f64,
        /// Linear coefficient (DN⁻¹).
        b: f64,
    },
}

/// Rational relations of all amplifiers for an interval of days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearityTable {
    /// Where the numbers come from.
    pub source: String,
    /// First day (YYYY-MM-DD); open if absent.
    #[serde(default)]
    pub from: Option<String>,
    /// First day after the interval (YYYY-MM-DD); open if absent.
    #[serde(default)]
    pub until: Option<String>,
    /// One row per amplifier.
    pub rows: Vec<LinearityRow>,
}

/// One amplifier's coefficients of the rational relation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearityRow {
    /// Detector.
    pub detector: DetectorId,
    /// Amplifier.
    pub amp: AmpId,
    /// Quadratic coefficient (DN⁻²).
    pub a: f64,
    /// Linear coefficient (DN⁻¹).
    pub b: f64,
}

impl Instrument {
    /// The relation of an amplifier at a date; the identity if the camera has no table then.
    ///
    /// # Errors
    /// [`Error::Calibration`] if a table covers the date but lacks the amplifier.
    pub fn linearity(&self, detector: DetectorId, amp: AmpId, at: Mjd) -> Result<Linearity> {
        let covering = |table: &&LinearityTable| covers(&table.from, &table.until, at);
        let Some(table) = self.linearity.iter().find(covering) else {
            return Ok(Linearity::Identity);
        };
        let row = table.rows.iter().find(|row| row.detector == detector && row.amp == amp);
        row.map(|row| Linearity::Rational { a: row.a, b: row.b }).ok_or_else(|| {
            Error::Calibration {
                role: "linearity".to_owned(),
                asked: format!("detector {detector}, amplifier {amp}, {}", at.day()),
                nearest: format!("the table '{}' has no such row", table.source),
            }
        })
    }
}
