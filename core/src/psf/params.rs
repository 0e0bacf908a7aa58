//! Which objects count as stars, and how far their light is followed.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::mask;

/// Parameters of the stars' size and of the aperture correction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Least flux over its error (ratio).
    pub min_signal_ratio: f64,
    /// Fewest stars (number).
    pub min_stars: usize,
    /// Most stars, the brightest (number).
    pub max_stars: usize,
    /// Stars beyond this from the median size or shape are left out (sigma).
    pub clip_sigma: f64,
    /// Most light of neighbors within the reach of the measurement over the star's (fraction).
    pub neighbors_fraction: f64,
    /// Radius that holds all light that is counted (pixel).
    pub large_radius_pix: f64,
    /// Signal over noise of the limiting magnitude (ratio).
    pub limit_signal_ratio: f64,
    /// Bits of the mask that leave a star out.
    pub mask_bits: u32,
}

impl Default for Params {
    /// Stars of 30 sigma and more, five of them, clipped at 3.5; neighbors of 1 %; 15 pixels; 5 sigma.
    fn default() -> Params {
        Params {
            min_signal_ratio: 30.0,
            min_stars: 5,
            max_stars: 1000,
            clip_sigma: 3.5,
            neighbors_fraction: 0.01,
            large_radius_pix: 15.0,
            limit_signal_ratio: 5.0,
            mask_bits: mask::BAD,
        }
    }
}

impl Params {
    /// Refuses what selects nothing.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value, low, high) in [
            ("psf.min_signal_ratio", self.min_signal_ratio, 1.0, 1e6),
            ("psf.clip_sigma", self.clip_sigma, 1.0, 100.0),
            ("psf.neighbors_fraction", self.neighbors_fraction, 0.0, 1e6),
            ("psf.large_radius_pix", self.large_radius_pix, 1.0, 1000.0),
            ("psf.limit_signal_ratio", self.limit_signal_ratio, 0.1, 1e6),
        ] {
            if !(low..=high).contains(&value) {
                return Err(Error::parameter(name, value, format!("{low} to {high}")));
            }
        }
        if !(3..=100_000).contains(&self.min_stars) {
            return Err(Error::parameter("psf.min_stars", self.min_stars, "3 to 100000"));
        }
        if !(self.min_stars..=100_000).contains(&self.max_stars) {
            let needed = format!("{} (min_stars) to 100000", self.min_stars);
            return Err(Error::parameter("psf.max_stars", self.max_stars, needed));
        }
        Ok(())
    }
}
