//! The aperture correction: what the calibration aperture lacks of a star's light.
//!
//! With the fluxes `f` within the calibration aperture and `F` within the large one, over the stars
//!
//! ```text
//! F - f = a f + b             correction = -2.5 log10(1 + a)      (below 0: the large aperture holds more)
//! error² of F - f = v(F) - v(f) + (s f)²         v: variance; the ring between them has no part of f
//! ```
//!
//! `b` is what a wrong sky puts into the ring of every star, bright or faint, and `s` the scatter that
//! is in proportion to the light. Both come from the same fit, in which stars beyond the clip are left
//! out until none changes. The curve of growth is the median of the stars' `f(r) / F`.
//!
//! * References: Howell 1989, PASP 101, 616; Stetson 1990, PASP 102, 932.

use serde::{Deserialize, Serialize};

use super::Params;
use super::select::Star;
use crate::error::Result;
use crate::measure::aperture::{self, Apertures, Pixels};
use crate::numerics::least_squares::LeastSquares;
use crate::numerics::stats::{SIGMA_FROM_MAD, finite_median};

/// Magnitudes over natural logarithm: 2.5 / ln 10.
const MAG: f64 = 1.085_736_204_758_129_6;
/// Radii of the curve of growth.
const STEPS: usize = 10;
/// Rounds of clipping, and halvings in the search of the scatter.
const ROUNDS: usize = 20;
const HALVINGS: usize = 30;
/// Unit of the fluxes in the fit (DN).
const UNIT: f64 = 1e4;

/// What an aperture lacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// Radius of the calibration aperture (pixel).
    pub radius_pix: f64,
    /// Radius that holds all light that is counted (pixel).
    pub large_radius_pix: f64,
    /// Magnitude in the large aperture minus that in the calibration aperture (mag).
    pub correction_mag: f64,
    /// Its error (mag).
    pub error_mag: f64,
    /// Scatter of the stars beyond their noise (mag).
    pub scatter_mag: f64,
    /// What the sky was taken too low by, as far as the rings tell (DN).
    pub sky_dn: f64,
    /// Stars that it comes from.
    pub stars: usize,
    /// Median light within each radius over that of the large aperture.
    pub growth: Vec<Growth>,
}

/// A point of the curve of growth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// Radius (pixel).
    pub radius_pix: f64,
    /// Light within it over that of the large aperture (fraction).
    pub light_fraction: f64,
}

/// The correction of the aperture of `radius` (pixel) from `stars`, which have no neighbors within the
/// large one; `None` if too few of them are whole there.
///
/// # Errors
/// Those of the apertures.
pub(super) fn correction(
    pixels: Pixels<'_>,
    stars: &[Star],
    radius: f64,
    params: &Params,
) -> Result<Option<Correction>> {
    let large = params.large_radius_pix;
    let mut radii_pix = vec![radius, large];
    radii_pix.extend((1..STEPS).map(|step| large * step as f64 / STEPS as f64));
    let circles = aperture::Params { radii_pix, mask_bits: params.mask_bits, ..Default::default() };
    let places: Vec<(f64, f64)> = stars.iter().map(|star| star.moments.center).collect();
    let sums = aperture::photometer(pixels, &places, &circles)?;
    let [small, whole, curve @ ..] = sums.as_slice() else { return Ok(None) };
    let sound = |star: &usize| is_sound(whole, small, *star);
    let sound: Vec<usize> = (0..stars.len()).filter(sound).collect();
    let rings: Vec<Ring> = sound.iter().filter_map(|&star| ring(small, whole, star)).collect();
    let point = |sums: &Apertures| Growth {
        radius_pix: sums.radius_pix,
        light_fraction: finite_median(sound.iter().filter_map(|&star| fraction(sums, whole, star)))
            .unwrap_or(f64::NAN),
    };
    let area = std::f64::consts::PI * (large * large - radius * radius);
    Ok(line(rings, params).map(|Line { slope, error, offset, scatter, used }| Correction {
        radius_pix: radius,
        large_radius_pix: large,
        correction_mag: -MAG * libm::log(1.0 + slope),
        error_mag: MAG * error / (1.0 + slope),
        scatter_mag: MAG * scatter / (1.0 + slope),
        sky_dn: offset / area,
        stars: used,
        growth: curve.iter().map(point).collect(),
    }))
}

/// Whether a star's large aperture is whole and both fluxes are positive.
fn is_sound(whole: &Apertures, small: &Apertures, star: usize) -> bool {
    let positive = |sums: &Apertures| sums.flux.get(star).is_some_and(|flux| *flux > 0.0);
    whole.flags.get(star) == Some(&0) && positive(whole) && positive(small)
}

fn fraction(sums: &Apertures, whole: &Apertures, star: usize) -> Option<f64> {
    Some(sums.flux.get(star)? / whole.flux.get(star)?)
}

/// What a star has between the two apertures.
#[derive(Debug, Clone, Copy)]
struct Ring {
    /// Light within the small aperture (DN).
    flux: f64,
    /// Light between them (DN).
    light: f64,
    /// Variance of that (DN²).
    variance: f64,
}

fn ring(small: &Apertures, whole: &Apertures, star: usize) -> Option<Ring> {
    let (flux, flux_err) = (*small.flux.get(star)?, small.flux_err.get(star)?);
    let (large, large_err) = (whole.flux.get(star)?, whole.flux_err.get(star)?);
    let variance = large_err * large_err - flux_err * flux_err;
    (variance > 0.0).then_some(Ring { flux, light: large - flux, variance })
}

/// The line through the rings' light over the flux.
struct Line {
    slope: f64,
    /// Of the slope.
    error: f64,
    /// Light of a ring without a star (DN).
    offset: f64,
    /// Over the flux (ratio).
    scatter: f64,
    used: usize,
}

/// The clipped line; `None` if fewer stars are left than the parameters ask for, or the light grows by
/// nothing that a logarithm knows.
fn line(rings: Vec<Ring>, params: &Params) -> Option<Line> {
    let start = finite_median(rings.iter().map(|ring| ring.light / ring.flux))?;
    let mut line = Line { slope: start, error: 0.0, offset: 0.0, scatter: 0.0, used: 0 };
    let mut kept = vec![true; rings.len()];
    for _ in 0..ROUNDS {
        let off = |ring: &Ring| ring.light - line.slope * ring.flux - line.offset;
        line.scatter = unexplained(&rings, &kept, off)?;
        let error = |ring: &Ring| {
            let own = line.scatter * ring.flux;
            (ring.variance + own * own).sqrt()
        };
        let near = |ring: &Ring| off(ring).abs() <= params.clip_sigma * error(ring);
        let now: Vec<bool> = rings.iter().map(near).collect();
        let used = now.iter().filter(|kept| **kept).count();
        if used < params.min_stars {
            return None;
        }
        let mut sums = LeastSquares::new(2, 1);
        for (ring, _) in rings.iter().zip(&now).filter(|(_, kept)| **kept) {
            let error = error(ring);
            // In units of a faint star, as the fit wants its terms near 1.
            sums.add(&[ring.flux / UNIT, 1.0], 1.0 / (error * error), &[ring.light]);
        }
        let found = sums.solve()?.into_iter().next()?;
        let variance = *sums.covariance()?.first()?.first()?;
        let (slope, offset) = (found.first()? / UNIT, *found.get(1)?);
        line = Line { slope, offset, error: variance.sqrt() / UNIT, used, ..line };
        if now == kept && line.used > 0 {
            break;
        }
        kept = now;
    }
    (line.slope > -1.0).then_some(line)
}

/// The scatter (ratio of the flux) which, added to the noise, gives the residuals the spread of one
/// sigma.
fn unexplained(rings: &[Ring], kept: &[bool], off: impl Fn(&Ring) -> f64) -> Option<f64> {
    let used = || rings.iter().zip(kept).filter(|(_, kept)| **kept).map(|(ring, _)| ring);
    let spread = |scatter: f64| {
        let pull = |ring: &Ring| {
            let own = scatter * ring.flux;
            (off(ring) / (ring.variance + own * own).sqrt()).abs()
        };
        finite_median(used().map(pull)).map(|median| SIGMA_FROM_MAD * median)
    };
    let (mut low, mut high) = (0.0, 1.0);
    if spread(low)? <= 1.0 {
        return Some(low);
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if spread(middle)? > 1.0 { low = middle } else { high = middle }
    }
    Some(0.5 * (low + high))
}
