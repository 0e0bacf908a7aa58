//! Precision: how many bits an intermediate result keeps.

use serde::{Deserialize, Serialize};

/// Bits that an intermediate result keeps. The default is double precision; single precision is what
/// arrays of 32-bit numbers give in numpy, for recipes that do as packages built on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Double precision.
    #[default]
    F64,
    /// Single precision.
    F32,
}

impl Precision {
    /// `value` rounded to this precision.
    pub fn round(self, value: f64) -> f64 {
        match self {
            Self::F64 => value,
            Self::F32 => f64::from(value as f32),
        }
    }

    /// Whether this is double precision.
    pub fn is_double(&self) -> bool {
        *self == Self::F64
    }
}
