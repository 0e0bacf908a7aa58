//! Cosmic rays by their shape: a pixel that rises above its neighbors more steeply than any star can.
//!
//! For each of the four pairs of opposite neighbors of a pixel `p` with noise `d`, let `m` be their mean
//! above the sky, `e` the noise of that mean, and `r` what the point spread function has there in units of
//! its center. The pixel is one of a cosmic ray if
//!
//! ```text
//! p > m + min_sigma d                                      for one pair, and
//! cond3_fac2 r (p - cond3_fac d) > m + cond3_fac e         for one pair
//! ```
//!
//! A found pixel takes the value `m` at once, so that the next one of a track stands out. Connected
//! groups below `min_dn` in all are dropped. Then, `niteration` times, the pixels around each group are
//! tried again with `around_fraction` of `min_sigma` and no allowance for noise (`cond3_fac` = 0).
//!
//! * Planes: `image` with `sky_dn` of sky left in it, `variance`, `mask`.
//! * Mask: pixels with one of `mask_bits` are never cosmic rays. Pixels on the edges are not judged.
//! * Reference: the rule of SDSS's and LSST's pipelines, `findCosmicRays` of meas_algorithms. There the
//!   point spread function is the measured one; here it is a Gaussian. Between passes pixels are filled
//!   with the mean of the good ones around, there by a linear prediction. There half of `min_sigma` is
//!   asked of the pixels around: as the mean of two neighbors has noise too, that is 2.4 sigma, which in
//!   four pairs and dozens of pixels around a ray sky alone reaches about once.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::morphology::{flags_of, replaced};
use super::{Report, STEP};
use crate::detect::regions::regions;
use crate::error::{Error, Result};
use crate::mask;
use crate::measure::aperture::Pixels;
use crate::numerics::FWHM_PER_SIGMA;

/// The pairs of opposite neighbors, as the row and column of one of them.
const PAIRS: [(isize, isize); 4] = [(1, 0), (0, 1), (1, 1), (1, -1)];

/// Parameters, by the names of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Least height above the mean of opposite neighbors (sigma of the pixel).
    pub min_sigma: f64,
    /// Least light of a cosmic ray (DN).
    pub min_dn: f64,
    /// Allowance for noise in the comparison with the point spread function (sigma).
    pub cond3_fac: f64,
    /// Steepness at which a star passes (factor of the point spread function's).
    pub cond3_fac2: f64,
    /// How often the surroundings of cosmic rays are tried again.
    pub niteration: usize,
    /// What is asked of the surroundings (fraction of `min_sigma`); the peer asks half.
    pub around_fraction: f64,
    /// Full width at half maximum of the point spread function (pixel).
    pub fwhm_pix: f64,
    /// The sky that is left in the image (DN).
    pub sky_dn: f64,
    /// Bits of the mask that leave a pixel out.
    pub mask_bits: u32,
}

impl Default for Params {
    /// 6 sigma, 150 DN, 2.5, 0.6, three times, 2/3, 2.5 pixels, no sky.
    fn default() -> Params {
        Params {
            min_sigma: 6.0,
            min_dn: 150.0,
            cond3_fac: 2.5,
            cond3_fac2: 0.6,
            niteration: 3,
            around_fraction: 2.0 / 3.0,
            fwhm_pix: 2.5,
            sky_dn: 0.0,
            mask_bits: mask::BAD,
        }
    }
}

impl Params {
    /// Refuses what finds nothing or everything.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value, least, most) in [
            ("min_sigma", self.min_sigma, 0.1, 1e6),
            ("min_dn", self.min_dn, 0.0, 1e9),
            ("cond3_fac", self.cond3_fac, 0.0, 1e6),
            ("cond3_fac2", self.cond3_fac2, 1e-3, 10.0),
            ("around_fraction", self.around_fraction, 1e-3, 1e3),
            ("fwhm_pix", self.fwhm_pix, 0.5, 1000.0),
            ("sky_dn", self.sky_dn, -1e9, 1e9),
        ] {
            if !(least..=most).contains(&value) {
                let name = format!("cosmic_rays.{name}");
                return Err(Error::parameter(&name, value, format!("{least} to {most}")));
            }
        }
        if self.niteration > 100 {
            return Err(Error::parameter("cosmic_rays.niteration", self.niteration, "0 to 100"));
        }
        Ok(())
    }
}

/// Finds the cosmic rays of an image; the caller marks them ([`super::mark`]).
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, [`Error::Input`] for planes of different shapes.
pub fn find(pixels: Pixels<'_>, params: &Params) -> Result<(Array2<bool>, Report)> {
    params.check()?;
    pixels.shape(STEP)?;
    let bad = flags_of(pixels, params.mask_bits);
    let mut found = bright_groups(pixels, &bad, params);
    let mut passes = 1;
    let mut work = replaced(&pixels.image.to_owned(), &found, &bad, params.sky_dn as f32);
    let again = Rule::new(params, params.around_fraction * params.min_sigma, 0.0);
    for _ in 0..params.niteration {
        passes += 1;
        let mut near = neighbors(&found);
        near.retain(|&at| bad.get(at) == Some(&false));
        let mut any = false;
        for at in near {
            if let Some(estimate) = again.judge(&work, pixels, at) {
                any |= !std::mem::replace(&mut found[at], true);
                work[at] = estimate;
            }
        }
        if !any {
            break;
        }
    }
    let report = Report::of(&found, passes);
    Ok((found, report))
}

/// The connected groups of pixels that pass the rule and hold enough light together.
fn bright_groups(pixels: Pixels<'_>, bad: &Array2<bool>, params: &Params) -> Array2<bool> {
    let rule = Rule::new(params, params.min_sigma, params.cond3_fac);
    let mut work = pixels.image.to_owned();
    let mut places = Vec::new();
    for (at, _) in bad.indexed_iter().filter(|(_, bad)| !**bad) {
        if let Some(estimate) = rule.judge(&work, pixels, at) {
            work[at] = estimate;
            places.push((at.0 as u32, at.1 as u32));
        }
    }
    let mut found = Array2::from_elem(bad.dim(), false);
    for group in regions(&places) {
        let own = group.iter().filter_map(|&index| places.get(index));
        let own: Vec<(usize, usize)> =
            own.map(|&(row, column)| (row as usize, column as usize)).collect();
        let light = |at: &(usize, usize)| {
            pixels.image.get(*at).map_or(0.0, |&value| f64::from(value) - params.sky_dn)
        };
        if own.iter().map(light).sum::<f64>() >= params.min_dn {
            own.into_iter().for_each(|at| found[at] = true);
        }
    }
    found
}

/// The pixels that are found or touch one.
fn neighbors(found: &Array2<bool>) -> Vec<(usize, usize)> {
    let grown = super::morphology::dilated(found);
    grown.indexed_iter().filter(|(_, near)| **near).map(|(at, _)| at).collect()
}

/// The rule with its numbers.
struct Rule {
    min_sigma: f64,
    noise_factor: f64,
    /// Steepness for each of [`PAIRS`].
    steepness: [f64; 4],
    sky: f64,
}

impl Rule {
    fn new(params: &Params, min_sigma: f64, noise_factor: f64) -> Rule {
        let sigma = params.fwhm_pix / FWHM_PER_SIGMA;
        let profile = |square: f64| params.cond3_fac2 * libm::exp(-square / (2.0 * sigma * sigma));
        let steepness = PAIRS.map(|(row, column)| profile((row * row + column * column) as f64));
        Rule { min_sigma, noise_factor, steepness, sky: params.sky_dn }
    }

    /// What a cosmic-ray pixel would hold without it (DN); none if it is none, or on the edge.
    fn judge(&self, work: &Array2<f32>, pixels: Pixels<'_>, at: (usize, usize)) -> Option<f32> {
        let value = f64::from(*work.get(at)?);
        if value < 0.0 {
            return None;
        }
        let noise = f64::from(*pixels.variance.get(at)?).max(0.0).sqrt();
        let mut pairs = [(0.0, 0.0); 4];
        for (pair, (row, column)) in pairs.iter_mut().zip(PAIRS) {
            let one = (at.0.checked_add_signed(row)?, at.1.checked_add_signed(column)?);
            let other = (at.0.checked_add_signed(-row)?, at.1.checked_add_signed(-column)?);
            let mean = 0.5 * (f64::from(*work.get(one)?) + f64::from(*work.get(other)?));
            let variance = *pixels.variance.get(one)? + *pixels.variance.get(other)?;
            *pair = (mean, 0.5 * f64::from(variance).max(0.0).sqrt());
        }
        let high = self.min_sigma * noise;
        if pairs.iter().all(|(mean, _)| value < mean + high) {
            return None;
        }
        let lowered = value - self.sky - self.noise_factor * noise;
        let steep = pairs.iter().zip(self.steepness).find(|((mean, error), steepness)| {
            mean - self.sky + self.noise_factor * error < steepness * lowered
        });
        steep.map(|((mean, _), _)| *mean as f32)
    }
}
