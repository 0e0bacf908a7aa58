//! The objects of a science image in pixels: found, centered, and measured through one circle.
//!
//! ```text
//! background ▸ first pass ▸ width of the stars ▸ second pass ▸ stars
//! pass: detection ▸ windowed position, Kron flux ▸ aperture at the windowed position
//! ```
//!
//! The first pass has the filter and the area that sep has without being told: it is sure to find the
//! stars that tell their width, and misses faint ones. The second pass is matched to that width (the file
//! of [`Matched`] has its formulas).
//!
//! Pixels whose value is no sky (dead, hit by a cosmic ray, without data) are left out of the detection.
//! Saturated ones are kept there, because a bright star without its middle is two or none; its flux
//! is flagged.

use serde::{Deserialize, Serialize};

use super::scene::{Pass, Scene};
use super::sharp;
use crate::error::{Error, Result};
use crate::image::Planes;
use crate::json::switch;
use crate::mask;
use crate::measure::background;
use crate::measure::flags as aperture_flags;
use crate::table::{Table, Values};

use crate::detect::{self, photometry};
use crate::psf::{self, Member, Psf, Shape};

pub use super::matched::{FILTER_KEY, From, Matched, Width};

/// What is found and measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Detection of the first pass; its `mask_bits` leave saturated pixels in.
    pub detection: detect::Params,
    /// The second pass; `false` (`None`) for the first alone.
    #[serde(with = "switch")]
    pub matched: Option<Matched>,
    /// Shapes and Kron fluxes.
    pub shapes: photometry::Params,
    /// Radius of the circle of the flux (pixel).
    pub radius_pix: f64,
    /// Size and shape of the stars, and the aperture correction.
    pub psf: psf::Params,
}

/// Marks of pixels that are kept in a detection though their value is not right.
const KEPT: u32 = mask::SATURATED
    | mask::SPILLAGE
    | mask::GHOST
    | mask::HALO
    | mask::NONLINEAR
    | mask::HIGH_RESPONSE;

impl Default for Params {
    /// The detection's defaults, a second pass, and a circle of 6 pixels.
    fn default() -> Params {
        let detection =
            detect::Params { mask_bits: mask::BAD & !KEPT, ..detect::Params::default() };
        let (shapes, psf) = (photometry::Params::default(), psf::Params::default());
        Params { detection, matched: Some(Matched::default()), shapes, radius_pix: 6.0, psf }
    }
}

impl Params {
    /// The first pass.
    fn first(&self) -> Pass {
        Pass { detection: self.detection.clone(), shapes: self.shapes.clone() }
    }
}

/// Finds and measures the objects of `planes`, whose background is of the form of `mesh`; an image
/// without a variance plane gets one from the background's rms and the gain (electron/DN), if there is
/// one.
///
/// The table has the columns of the detection and the photometry, and `flux_aper`, `fluxerr_aper` (DN),
/// `flag_aper` and `masked_aper` (pix) of the circle about (`xwin`, `ywin`); the stars of the [`Psf`],
/// which is in the metadata too, have `fwhm` (pix), `e1` and `e2`. The metadata [`FILTER_KEY`] has the
/// [`Width`] of the second pass, or `null`.
///
/// # Errors
/// Those of the background, the detection, the apertures and the stars.
pub fn objects(
    planes: &Planes,
    has_variance: bool,
    gain: Option<f64>,
    mesh: &background::Params,
    params: &Params,
) -> Result<(Table, Psf)> {
    let scene = Scene::new(planes, has_variance, gain, mesh)?;
    let second = match &params.matched {
        Some(matched) => matched.prepare(&scene, params)?,
        None => None,
    };
    let (width, pass) = match second {
        Some((width, pass)) => (Some(width), pass),
        None => (None, params.first()),
    };
    let mut found = scene.pass(&pass, params.radius_pix)?;
    if let Some(width) = &width {
        sharp::flag(&scene, &mut found, width.fwhm_pix);
    }
    let mut table = found.detections.table()?;
    photometry::add_columns(&mut table, &found.measured)?;
    let sources = found.sources();
    table.set("flux_aper", "DN", Values::F64(found.sums.flux))?;
    table.set("fluxerr_aper", "DN", Values::F64(found.sums.flux_err))?;
    table.set("flag_aper", "", Values::I32(found.sums.flags))?;
    table.set("masked_aper", "pix", Values::I32(found.sums.n_masked))?;
    table.metadata.push(("radius_aper_pix".to_owned(), params.radius_pix.to_string()));
    note(&mut table, FILTER_KEY, &width)?;
    let (psf, members) = psf::measure(scene.of_light(), &sources, params.radius_pix, &params.psf)?;
    add_stars(&mut table, &psf, &members)?;
    Ok((table, psf))
}

/// Size and shape of the stars that the first pass finds, if there are enough; the rest of [`objects`] is
/// not done.
///
/// # Errors
/// Those of [`objects`].
pub fn stars_shape(
    planes: &Planes,
    has_variance: bool,
    gain: Option<f64>,
    mesh: &background::Params,
    params: &Params,
) -> Result<Option<Shape>> {
    Scene::new(planes, has_variance, gain, mesh)?.stars_shape(params)
}

impl Scene<'_> {
    /// Size and shape of the stars of the first pass.
    pub(super) fn stars_shape(&self, params: &Params) -> Result<Option<Shape>> {
        let sources = self.pass(&params.first(), params.radius_pix)?.sources();
        psf::shape(self.of_light(), &sources, &params.psf)
    }
}

/// Key of the [`Psf`] as JSON in the metadata of a table.
pub const PSF_KEY: &str = "psf";

fn add_stars(table: &mut Table, psf: &Psf, members: &[Member]) -> Result<()> {
    type Column = (&'static str, &'static str, fn(&Member) -> f64);
    let columns: [Column; 3] = [
        ("fwhm", "pix", |star| star.fwhm_pix),
        ("e1", "", |star| star.ellipticity_ratio.0),
        ("e2", "", |star| star.ellipticity_ratio.1),
    ];
    for (name, unit, value) in columns {
        let mut values = vec![f64::NAN; table.rows()];
        for star in members {
            if let Some(place) = values.get_mut(star.row) {
                *place = value(star);
            }
        }
        table.set(name, unit, Values::F64(values))?;
    }
    note(table, PSF_KEY, psf)
}

/// Writes a structure as JSON into the metadata.
fn note(table: &mut Table, key: &str, value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string(value).map_err(|e| Error::format("objects", key, e))?;
    table.metadata.push((key.to_owned(), json));
    Ok(())
}

/// Flags of a circle that make its flux useless for a zero point.
pub const UNUSABLE: i32 = aperture_flags::TRUNCATED
    | aperture_flags::OUTSIDE
    | aperture_flags::MASKED
    | aperture_flags::SATURATED
    | aperture_flags::ALL_MASKED;
