//! The objects of a science image in pixels: found, centered, and measured through one circle.
//!
//! ```text
//! background ▸ detection ▸ windowed position, Kron flux ▸ aperture at the windowed position ▸ stars
//! ```
//!
//! Pixels whose value is no sky (dead, hit by a cosmic ray, without data) are left out of the detection.
//! Saturated ones are kept there, because a bright star without its middle is two or none; its flux
//! is flagged.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::Planes;
use crate::mask;
use crate::measure::aperture::{self, Pixels};
use crate::measure::background::{self, Background};
use crate::measure::flags as aperture_flags;
use crate::table::{Table, Values};

use crate::detect::{self, flags as detection_flags, photometry};
use crate::psf::{self, Member, Psf, Source};

/// What is found and measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Detection; its `mask_bits` leave saturated pixels in.
    pub detection: detect::Params,
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
    /// The detection's defaults, and a circle of 6 pixels.
    fn default() -> Params {
        let detection =
            detect::Params { mask_bits: mask::BAD & !KEPT, ..detect::Params::default() };
        let (shapes, psf) = (photometry::Params::default(), psf::Params::default());
        Params { detection, shapes, radius_pix: 6.0, psf }
    }
}

/// Finds and measures the objects of `planes`, whose background is of the form of `mesh`; an image
/// without a variance plane gets one from the background's rms and the gain (electron/DN), if there is
/// one.
///
/// The table has the columns of the detection and the photometry, and `flux_aper`, `fluxerr_aper` (DN),
/// `flag_aper` and `masked_aper` (pix) of the circle about (`xwin`, `ywin`); the stars of the [`Psf`],
/// which is in the metadata too, have `fwhm` (pix), `e1` and `e2`.
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
    let sky =
        Background::estimate(planes.image.view(), planes.mask.view(), mask::BAD_OR_SOURCE, mesh)?;
    let mut image = planes.image.clone();
    sky.subtract_from(&mut image)?;
    let rms = sky.rms();
    // Found against the noise of the sky, measured with that of the light.
    let sky_variance = rms.mapv(|rms| rms * rms);
    let own;
    let variance = if has_variance {
        &planes.variance
    } else {
        own = aperture::variance_from_background(image.view(), rms, gain)?;
        &own
    };
    let found = found(&image, (&sky_variance, variance), &planes.mask, params)?;
    let mut table = found.0.table()?;
    photometry::add_columns(&mut table, &found.1)?;
    let positions: Vec<(f64, f64)> = found.1.iter().map(|one| (one.xwin, one.ywin)).collect();
    let pixels =
        Pixels { image: image.view(), variance: variance.view(), mask: planes.mask.view() };
    let circle = aperture::Params { radii_pix: vec![params.radius_pix], ..Default::default() };
    let measured = aperture::photometer(pixels, &positions, &circle)?.into_iter().next();
    let sums = measured.ok_or_else(|| Error::parameter("radius_pix", params.radius_pix, "one"))?;
    table.set("flux_aper", "DN", Values::F64(sums.flux))?;
    table.set("fluxerr_aper", "DN", Values::F64(sums.flux_err))?;
    table.set("flag_aper", "", Values::I32(sums.flags))?;
    table.set("masked_aper", "pix", Values::I32(sums.n_masked))?;
    table.metadata.push(("radius_aper_pix".to_owned(), params.radius_pix.to_string()));
    let sources = sources(&table, &found.1)?;
    let (psf, members) = psf::measure(pixels, &sources, params.radius_pix, &params.psf)?;
    add_stars(&mut table, &psf, &members)?;
    Ok((table, psf))
}

/// The objects as the selection of stars sees them.
fn sources(table: &Table, measured: &[photometry::Measured]) -> Result<Vec<Source>> {
    let column = |name: &str| {
        let needed = || Error::input("objects", "columns of the objects", "no such", name);
        table.f64(name).ok_or_else(needed)
    };
    let sums = column("flux_aper")?.into_iter().zip(column("fluxerr_aper")?);
    let sums = sums.zip(column("flag_aper")?);
    let source = |(one, ((flux, flux_err), flag)): (&photometry::Measured, ((f64, f64), f64))| {
        let whole = one.flag & NO_STAR == 0 && flag as i32 & UNUSABLE == 0;
        Source {
            x: one.xwin,
            y: one.ywin,
            radius_pix: one.flux_radius,
            light: one.flux_auto,
            flux,
            flux_err,
            usable: whole && flux > 0.0 && flux_err > 0.0,
        }
    };
    Ok(measured.iter().zip(sums).map(source).collect())
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
    let json = serde_json::to_string(psf).map_err(|e| Error::format("objects", PSF_KEY, e))?;
    table.metadata.push((PSF_KEY.to_owned(), json));
    Ok(())
}

fn found(
    image: &Array2<f32>,
    (of_sky, of_light): (&Array2<f32>, &Array2<f32>),
    bits: &Array2<u32>,
    params: &Params,
) -> Result<(detect::Detections, Vec<photometry::Measured>)> {
    let pixels = |variance| Pixels { image: image.view(), variance, mask: bits.view() };
    let found = detect::detect(pixels(of_sky.view()), &params.detection)?;
    let measured =
        photometry::measure(pixels(of_light.view()), &found, &params.detection, &params.shapes)?;
    Ok((found, measured))
}

/// Flags of an object that is no single whole star.
const NO_STAR: i32 = detection_flags::MERGED | detection_flags::TRUNCATED;

/// Flags of a circle that make its flux useless for a zero point.
pub const UNUSABLE: i32 = aperture_flags::TRUNCATED
    | aperture_flags::OUTSIDE
    | aperture_flags::MASKED
    | aperture_flags::SATURATED
    | aperture_flags::ALL_MASKED;
