//! Search: all masks of our own on one science image, in the order in which each needs the ones before.
//!
//! ```text
//! trails ▸ cosmic rays ▸ growth ▸ edges ▸ interpolation (only on request)
//! SPILLAGE  SPIKE                  EDGE    INTERPOLATED
//! ```
//!
//! Trails come first, because a trail is as steep as a cosmic ray; edges after the growth, which they do
//! not need. The bits that the mask brings along stay.
//!
//! * Planes: all three, columns along which the charge moves; the sky is in the image. Image and variance
//!   change where values are interpolated, and nowhere else.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{cosmic_rays, edges, growth, interpolation, la_cosmic, mark, trails};
use crate::error::Result;
use crate::image::Planes;
use crate::json::switch;
use crate::mask;
use crate::measure::aperture::{Pixels, variance_from_background};
use crate::measure::background::{self, Background};

/// What is searched for and done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Trails of saturated stars.
    pub trails: Trails,
    /// Cosmic rays.
    pub cosmic_rays: CosmicRays,
    /// Bits that grow, one after the other.
    pub growth: Vec<growth::Params>,
    /// Margins.
    pub edges: edges::Params,
    /// Pixels that get a value; none if absent, or with `false`.
    #[serde(deserialize_with = "switch::deserialize")]
    pub interpolation: Option<interpolation::Params>,
}

/// How trails are found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Trails {
    /// By their height above the light around them ([`trails`]).
    Height(trails::Params),
    /// Not at all.
    None,
}

/// How cosmic rays are found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum CosmicRays {
    /// By their shape ([`cosmic_rays`]).
    Shape(cosmic_rays::Params),
    /// By L.A.Cosmic ([`la_cosmic`]).
    Laplacian(la_cosmic::Params),
    /// Not at all.
    None,
}

impl Default for Params {
    /// Trails, cosmic rays by their shape, a pixel around what is saturated or spilled, and margins.
    fn default() -> Params {
        let grown = |bit: &str| growth::Params { bit: bit.to_owned(), by_pix: 1 };
        Params {
            trails: Trails::Height(trails::Params::default()),
            cosmic_rays: CosmicRays::Shape(cosmic_rays::Params::default()),
            growth: vec![grown("SATURATED"), grown("SPILLAGE")],
            edges: edges::Params::default(),
            interpolation: None,
        }
    }
}

impl Params {
    /// Refuses what any of the searches refuses.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        if let Trails::Height(params) = &self.trails {
            params.check()?;
        }
        match &self.cosmic_rays {
            CosmicRays::Shape(params) => params.check()?,
            CosmicRays::Laplacian(params) => params.check()?,
            CosmicRays::None => {}
        }
        self.growth.iter().try_for_each(|params| params.check().map(drop))?;
        self.interpolation.iter().try_for_each(|params| params.check().map(drop))
    }
}

/// What is known of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// Whether its variance plane holds its variance.
    pub has_variance: bool,
    /// Gain (electron/DN), if it has none.
    pub gain: Option<f64>,
    /// Its sides.
    pub seams: edges::Seams,
}

/// What was found and done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Median level of the sky, before anything was marked (DN).
    pub sky_level_dn: f64,
    /// Median noise of the sky in a pixel (DN).
    pub sky_rms_dn: f64,
    /// Trails.
    pub trails: Option<trails::Report>,
    /// Cosmic rays.
    pub cosmic_rays: Option<super::Report>,
    /// Pixels that each growth added.
    pub grown: Vec<u64>,
    /// Pixels of the margins.
    pub edges: u64,
    /// Pixels with a new value.
    pub interpolation: Option<interpolation::Report>,
    /// Share of pixels with a bit of [`mask::BAD`] in the end (fraction).
    pub bad_fraction: f64,
}

/// Searches `planes`, whose background is of the form of `mesh`, and marks what is found.
///
/// # Errors
/// Those of the parameters and of the background; then `planes` is unchanged.
pub fn search(
    planes: &mut Planes,
    known: &Known,
    mesh: &background::Params,
    params: &Params,
) -> Result<Report> {
    params.check()?;
    let (sky, image, variance) = above_sky(planes, known, mesh)?;
    let mut bits = planes.mask.clone();
    let trails = match &params.trails {
        Trails::Height(params) => {
            let (found, report) = trails::find(over((&image, &variance), &bits), params)?;
            mark(&mut bits, &found, mask::SPILLAGE)?;
            Some(report)
        }
        Trails::None => None,
    };
    let cosmic_rays = match rays(over((&image, &variance), &bits), &params.cosmic_rays)? {
        Some((found, report)) => {
            mark(&mut bits, &found, mask::SPIKE)?;
            Some(report)
        }
        None => None,
    };
    let grown = params.growth.iter().map(|params| growth::grow(&mut bits, params));
    let grown = grown.collect::<Result<_>>()?;
    let edges = edges::mark(&mut bits, known.seams, &params.edges);
    planes.mask = bits;
    let interpolation = match &params.interpolation {
        Some(params) => Some(interpolation::fill(planes, params)?),
        None => None,
    };
    let bad = mask::count(&planes.mask, mask::BAD);
    Ok(Report {
        sky_level_dn: f64::from(sky.global_level),
        sky_rms_dn: f64::from(sky.global_rms),
        trails,
        cosmic_rays,
        grown,
        edges,
        interpolation,
        bad_fraction: bad as f64 / planes.mask.len().max(1) as f64,
    })
}

fn rays(pixels: Pixels<'_>, params: &CosmicRays) -> Result<Option<(Array2<bool>, super::Report)>> {
    match params {
        CosmicRays::Shape(params) => cosmic_rays::find(pixels, params).map(Some),
        CosmicRays::Laplacian(params) => la_cosmic::find(pixels, params).map(Some),
        CosmicRays::None => Ok(None),
    }
}

/// Light and variance under a mask.
fn over<'a>(
    (image, variance): (&'a Array2<f32>, &'a Array2<f32>),
    bits: &'a Array2<u32>,
) -> Pixels<'a> {
    Pixels { image: image.view(), variance: variance.view(), mask: bits.view() }
}

/// The background, the image without it, and the image's variance.
fn above_sky(
    planes: &Planes,
    known: &Known,
    mesh: &background::Params,
) -> Result<(Background, Array2<f32>, Array2<f32>)> {
    let (image, bits) = (planes.image.view(), planes.mask.view());
    let sky = Background::estimate(image, bits, mask::BAD_OR_SOURCE, mesh)?;
    let mut image = planes.image.clone();
    sky.subtract_from(&mut image)?;
    let variance = match known.has_variance {
        true => planes.variance.clone(),
        false => variance_from_background(image.view(), sky.rms(), known.gain)?,
    };
    Ok((sky, image, variance))
}

#[cfg(test)]
mod tests;
