//! The second pass: a detection whose filter is as wide as the stars.
//!
//! With the star's light `p` in the pixels (its sum is 1), the pixels `f` and their variances `v`, the
//! significance of a star at a place is that of the best-fitting flux,
//!
//! ```text
//! sum (p f / v) / sqrt(sum p² / v)                   noise of the flux: sqrt(v A), A = 1 / sum p²
//! ```
//!
//! and no other sum of pixels has a higher one in the mean: a star of `n` sigma, flux `n sqrt(v A)`, stands
//! out of the filtered image by `n` of its own sigmas. With the filter `k` of another width, `r` times that
//! of the star, it stands out by `2 r / (1 + r²)` of that (Gaussians), at `r` = 1.2 by 0.98. Therefore
//!
//! * the threshold is one of the filtered image alone, and one pixel above it is enough (a star of 8 sigma
//!   has few single pixels above 5);
//! * the filter is a Gaussian with the stars' full width at half maximum, pixel included;
//! * cleaning compares heights and thresholds of the filtered image ([`CleanThreshold::Filtered`]), and
//!   the wings fall as those of the stars do: only what the wings of a star lift above the threshold goes;
//! * the window of a position is at least as wide as a star's (sigma = width / sqrt(8 ln 2)).
//!
//! The width is the one that is told, or that of the first pass's stars, or, where these are too few, the
//! one of [`WIDTHS`] with which most is found.
//!
//! * References: Bertin & Arnouts 1996, A&AS 117, 393; Barbary 2016, JOSS 1, 58 (sep 1.4.1,
//!   `filter_type='matched'`); Zackay & Ofek 2017, ApJ 836, 187 (the matched filter's optimality).

use serde::{Deserialize, Serialize};

use super::objects::Params;
use super::scene::{Pass, Scene};
use crate::detect::{self, CleanThreshold, Filter, Noise, gaussian, photometry};
use crate::error::{Error, Result};
use crate::json::switch;
use crate::numerics::FWHM_PER_SIGMA;

/// Key of the [`Width`] as JSON in the metadata of a table.
pub const FILTER_KEY: &str = "filter";

/// Full widths at half maximum (pixel) that are tried where no star tells its own: neighbors differ by
/// less than the square root of two, which costs at most 0.015 of the significance.
const WIDTHS: [f64; 6] = [1.5, 2.1, 3.0, 4.2, 5.9, 8.0];
/// Exponent with which wings fall about as those of a Gaussian.
const GAUSSIAN: f64 = 10.0;
/// Narrowest and widest filter (pixel).
const LIMITS: (f64, f64) = (1.0, 30.0);

/// The second pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matched {
    /// Full width at half maximum of the stars, with the pixel (pixel); without it, or with `false`, that of
    /// the image.
    #[serde(deserialize_with = "switch::deserialize")]
    pub fwhm_pix: Option<f64>,
    /// Half the side of the filter (sigma).
    pub reach_sigma: f64,
    /// Fewest connected pixels of an object.
    pub minimum_area_pix: usize,
    /// Exponent of the wings in cleaning (dimensionless); without it, or with `false`, that of the stars'
    /// profile. Where the first pass keeps all, the second does, too.
    #[serde(deserialize_with = "switch::deserialize")]
    pub clean_exponent: Option<f64>,
}

impl Default for Matched {
    /// The image's own width, three sigma, one pixel, the stars' own wings.
    fn default() -> Matched {
        Matched { fwhm_pix: None, reach_sigma: 3.0, minimum_area_pix: 1, clean_exponent: None }
    }
}

/// How wide the filter of the second pass is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Width {
    /// Full width at half maximum (pixel).
    pub fwhm_pix: f64,
    /// Who says so.
    pub from: From,
}

/// Where a width comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// The parameters.
    Told,
    /// The stars of the first pass.
    Stars,
    /// The number of objects that it finds.
    Counts,
}

impl Matched {
    /// Refuses what is no filter.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value, low, high) in [
            ("matched.fwhm_pix", self.fwhm_pix, LIMITS.0, LIMITS.1),
            ("matched.reach_sigma", Some(self.reach_sigma), 1.0, 10.0),
            ("matched.clean_exponent", self.clean_exponent, 0.1, 100.0),
        ] {
            if let Some(value) = value.filter(|value| !(low..=high).contains(value)) {
                return Err(Error::parameter(name, value, format!("{low} to {high}")));
            }
        }
        Ok(())
    }

    /// Width and ways of the second pass; `None` where there is nothing to find, or the noise is not
    /// that of a plane, with which the filtered image has no threshold of its own.
    pub(super) fn prepare(
        &self,
        scene: &Scene<'_>,
        params: &Params,
    ) -> Result<Option<(Width, Pass)>> {
        self.check()?;
        if params.detection.noise != Noise::Plane {
            return Ok(None);
        }
        let of = |width: Width, beta| {
            let detection = self.detection(width.fwhm_pix, beta, params);
            let least_window_pix = width.fwhm_pix / FWHM_PER_SIGMA;
            let shapes = photometry::Params { least_window_pix, ..params.shapes.clone() };
            (width, Pass { detection, shapes })
        };
        if let Some(fwhm_pix) = self.fwhm_pix {
            return Ok(Some(of(Width { fwhm_pix, from: From::Told }, None)));
        }
        if let Some(stars) = scene.stars_shape(params)? {
            let fwhm_pix = stars.fwhm_pix.clamp(LIMITS.0, LIMITS.1);
            return Ok(Some(of(Width { fwhm_pix, from: From::Stars }, stars.moffat_beta)));
        }
        let fwhm_pix = self.most_found(scene, params)?;
        Ok(fwhm_pix.map(|fwhm_pix| of(Width { fwhm_pix, from: From::Counts }, None)))
    }

    /// The detection with a filter of this width (pixel), whose stars have wings of exponent `beta`.
    fn detection(&self, fwhm_pix: f64, beta: Option<f64>, params: &Params) -> detect::Params {
        let exponent = self.clean_exponent.or(beta).unwrap_or(GAUSSIAN);
        detect::Params {
            filter: Filter::Matched,
            kernel: gaussian(fwhm_pix, self.reach_sigma),
            minimum_area_pix: self.minimum_area_pix,
            clean_exponent: params.detection.clean_exponent.map(|_| exponent),
            clean_threshold: CleanThreshold::Filtered,
            ..params.detection.clone()
        }
    }

    /// The width (pixel) with which most objects are found; of two with as many the one under which they
    /// stand out more; `None` if there is none at all.
    fn most_found(&self, scene: &Scene<'_>, params: &Params) -> Result<Option<f64>> {
        let mut best = None;
        for fwhm_pix in WIDTHS {
            let detection = self.detection(fwhm_pix, None, params);
            let objects = scene.detect(&detection)?.objects;
            let ratio = detection.filtered_threshold_ratio();
            let height = |one: &detect::Object| f64::from(one.cpeak) / (ratio * one.thresh);
            let found = (objects.len(), objects.iter().map(height).sum::<f64>());
            if 0 < found.0 && best.is_none_or(|(most, _)| most < found) {
                best = Some((found, fwhm_pix));
            }
        }
        Ok(best.map(|(_, fwhm_pix)| fwhm_pix))
    }
}
