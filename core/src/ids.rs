//! Names of detectors, amplifiers, bands and roles, so that numbers cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number! {
    /// One chip, numbered as the camera does (for ZTF, CCDs 1 to 16).
    DetectorId
}
number! {
    /// One readout region of a detector, numbered as the camera does (for ZTF, quadrants 1 to 4).
    AmpId
}

/// A passband by the camera's code, such as `zr`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Band(pub String);

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an exposure, or a product made of exposures, is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Zero exposure time, shutter closed.
    Bias,
    /// Shutter closed.
    Dark,
    /// An even light.
    Flat,
    /// The sky.
    Science,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Bias => "bias",
            Role::Dark => "dark",
            Role::Flat => "flat",
            Role::Science => "science",
        })
    }
}
