//! Flat-field lamps: which band each stands for, and with which weight.

use serde::{Deserialize, Serialize};

use crate::ids::Band;

/// One lamp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lamp {
    /// Its number in the headers.
    pub lamp: i64,
    /// The band whose flat it contributes to.
    pub band: Band,
    /// Its weight in that flat, relative to the other lamps of the band.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}
