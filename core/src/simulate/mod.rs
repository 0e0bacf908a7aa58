//! A night of any camera, with the truth of every stage.
//!
//! [`night()`] lists the exposures; [`raw_hdus()`] makes the HDUs of one of them, [`amplifier()`] one
//! amplifier; [`science_header`], [`science_mask()`] and [`catalogue()`] are what would come with the
//! science exposures from elsewhere; `*_truth` is what only a simulation knows.
//!
//! ```text
//! scene (stars) ▸ light (sky, lamps, response) ▸ exposure (photons, cosmic rays, full well)
//!   ▸ readout (pocket, linearity, bias, noise, converter) ▸ hdus (the camera's file)
//! ```
//!
//! Everything follows from the parameters: each random stream is named by seed, purpose, detector,
//! amplifier and visit, so that parts can be made alone and in any order. Every effect can be
//! switched off by its name ([`Effects`]) and leaves the others' random numbers as they were.
//! One amplifier is made at a time: below 200 MB at 3080 x 3072.

mod catalogue;
mod detector;
mod exposure;
mod generator;
mod hdus;
mod headers;
mod light;
mod night;
mod noise;
mod params;
mod psf;
mod readout;
mod scene;
mod science_mask;
mod site;
#[cfg(test)]
mod tests;
mod truth;
mod wcs;

pub use catalogue::catalogue;
pub use detector::AmpParams;
pub use exposure::{SimulatedAmp, amplifier};
pub use hdus::{RawHdu, RawHdus, raw_hdus};
pub use headers::{primary_header, science_header};
pub use night::{Night, Part, SimulatedExposure, night};
pub use noise::noise_of;
pub use params::{Effects, NightParams};
pub use science_mask::science_mask;
pub use truth::{
    AmpTruth, BiasTruth, ExposureTruth, NightTruth, ScienceTruth, bias_truth, lamp_truth,
    night_truth, star_truth,
};
