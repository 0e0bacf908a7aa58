//! How far off the start may be, and when a solution is believed.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Parameters of the astrometry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Largest error of the pointing along either axis (arcsecond).
    pub shift_arcsec: f64,
    /// Largest error of the rotation (degree).
    pub rotation_deg: f64,
    /// Largest error of the pixel scale (fraction).
    pub scale_fraction: f64,
    /// Whether the image may be mirrored with respect to the start.
    pub either_parity: bool,
    /// Brightest stars of the image that vote (number).
    pub voters: usize,
    /// Highest order of the distortion (number); 1 fits none.
    pub max_order: usize,
    /// Stars per coefficient of an axis that an order needs (number).
    pub stars_per_term: usize,
    /// Residuals beyond this are clipped (sigma).
    pub clip_sigma: f64,
    /// Fewest matched stars of a solution (number).
    pub min_matched: usize,
    /// Least part of the rarer list, on the image, that is matched (fraction).
    pub min_matched_fraction: f64,
    /// Largest probability, as its decimal exponent (dimensionless), that a random field anywhere in
    /// the search gives as many matches.
    pub log10_chance: f64,
    /// Position error below which all stars weigh the same (pixel).
    pub floor_pix: f64,
    /// Epoch of positions that come without `ref_epoch` (Julian year).
    pub epoch_year: f64,
}

impl Default for Params {
    /// 10 arcminutes, 5 degrees and 3 %, order 4, and a chance below 1e-6.
    fn default() -> Params {
        Params {
            shift_arcsec: 600.0,
            rotation_deg: 5.0,
            scale_fraction: 0.03,
            either_parity: false,
            voters: 250,
            max_order: 4,
            stars_per_term: 2,
            clip_sigma: 4.0,
            min_matched: 8,
            min_matched_fraction: 0.2,
            log10_chance: -6.0,
            floor_pix: 0.02,
            epoch_year: 2016.0,
        }
    }
}

/// Highest order that SIP has.
const HIGHEST_ORDER: usize = 5;

impl Params {
    /// Refuses what cannot be searched or fitted.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value, low, high) in [
            ("shift_arcsec", self.shift_arcsec, 0.1, 7200.0),
            ("rotation_deg", self.rotation_deg, 0.0, 180.0),
            ("scale_fraction", self.scale_fraction, 0.0, 0.3),
            ("clip_sigma", self.clip_sigma, 1.0, 100.0),
            ("min_matched_fraction", self.min_matched_fraction, 0.0, 1.0),
            ("log10_chance", self.log10_chance, -300.0, -1.0),
            ("floor_pix", self.floor_pix, 1e-6, 10.0),
            ("epoch_year", self.epoch_year, 1800.0, 2200.0),
        ] {
            if !(low..=high).contains(&value) {
                return Err(Error::parameter(name, value, format!("{low} to {high}")));
            }
        }
        for (name, value, low, high) in [
            ("voters", self.voters, 10, 1000),
            ("max_order", self.max_order, 1, HIGHEST_ORDER),
            ("stars_per_term", self.stars_per_term, 2, 1000),
            ("min_matched", self.min_matched, 5, 100_000),
        ] {
            if !(low..=high).contains(&value) {
                return Err(Error::parameter(name, value, format!("{low} to {high}")));
            }
        }
        Ok(())
    }
}
