//! The stars of a calibrated image: their width on the sky, what the aperture lacks, the limit in
//! magnitudes. As cards, and as a report.
//!
//! ```text
//! limit = Z - 2.5 log10(n noise)                     in the aperture of the zero point Z
//! limit_psf = Z - C - 2.5 log10(n noise_of_a_pixel sqrt(area))      C: aperture correction (mag)
//! ```

use serde_json::{Value, json};

use crate::calibrate::objects::PSF_KEY;
use crate::calibrate::zero_point::ZeroPoint;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::numerics::sky::{DEGREE, Wcs};
use crate::psf::{Limit, Psf, Shape};
use crate::table::Table;

/// Pixels over which the direction on the sky is taken.
const STEP_PIX: f64 = 4.0;

/// What a map and a zero point add.
pub(super) struct Sky {
    fwhm_arcsec: Option<f64>,
    /// Of the long axis, from north through east, 0 to 180 (degree).
    angle_deg: Option<f64>,
    limit_mag: Option<f64>,
    limit_psf_mag: Option<f64>,
}

/// What the detection noted in its table; `None` if it noted nothing.
pub(super) fn read(objects: &Table) -> Result<Option<Psf>> {
    let noted = objects.metadata.iter().find(|(key, _)| key == PSF_KEY);
    let parse = |(_, text): &(String, String)| {
        serde_json::from_str(text)
            .map_err(|error| Error::format("objects", format!("metadata {PSF_KEY}"), error))
    };
    noted.map(parse).transpose()
}

/// The same with the map of the image of `shape`, and the zero point.
pub(super) fn sky(psf: &Psf, wcs: &Wcs, shape: (usize, usize), zero: Option<&ZeroPoint>) -> Sky {
    let of_shape = psf.shape.as_ref();
    let magnitude = |flux: f64| Some(zero?.zero_point_mag - 2.5 * libm::log10(flux));
    let fitted = |limit: &Limit| {
        let noise = limit.pixel_noise_dn * of_shape?.noise_area_pix2.sqrt();
        let correction = psf.correction.as_ref()?.correction_mag;
        Some(magnitude(limit.signal_ratio * noise)? - correction)
    };
    Sky {
        fwhm_arcsec: of_shape.map(|stars| stars.fwhm_pix * wcs.pixel_scale_arcsec()),
        angle_deg: of_shape.map(|stars| angle_deg(stars, wcs, shape)),
        limit_mag: psf.limit.as_ref().and_then(|limit| magnitude(limit.flux_dn)),
        limit_psf_mag: psf.limit.as_ref().and_then(fitted),
    }
}

/// Direction of the long axis at the middle of the image, from north through east, 0 to 180 (degree).
fn angle_deg(stars: &Shape, wcs: &Wcs, (rows, columns): (usize, usize)) -> f64 {
    let (x, y) = (0.5 * (columns as f64 - 1.0), 0.5 * (rows as f64 - 1.0));
    let (dx, dy) = stars.direction();
    let here = wcs.sky_from_pixel(x - STEP_PIX * dx, y - STEP_PIX * dy);
    let there = wcs.sky_from_pixel(x + STEP_PIX * dx, y + STEP_PIX * dy);
    let turn = 2.0 * std::f64::consts::PI;
    let apart = there.0 - here.0;
    let apart = apart - turn * (apart / turn + 0.5).floor();
    let east = apart * libm::cos(0.5 * (here.1 + there.1));
    let angle = libm::atan2(east, there.1 - here.1) / DEGREE;
    let angle = angle - 180.0 * (angle / 180.0).floor();
    if angle < 180.0 { angle } else { 0.0 }
}

/// Everything as JSON.
pub(super) fn report(psf: &Psf, sky: &Sky) -> Value {
    json!({
        "fwhm_arcsec": sky.fwhm_arcsec,
        "ellipticity_ratio": psf.shape.as_ref().map(Shape::ellipticity),
        "angle_deg": sky.angle_deg,
        "limit_mag": sky.limit_mag,
        "limit_psf_mag": sky.limit_psf_mag,
        "shape": psf.shape,
        "correction": psf.correction,
        "limit": psf.limit,
    })
}

/// The cards; `SEEING` and `MAGLIM` by the names of the archive of the Zwicky Transient Facility (Masci
/// et al. 2019, PASP 131, 018003). Those of another pipeline that this image has no number for go.
pub(super) fn write(header: &mut Header, psf: &Psf, sky: &Sky) {
    let shape = |value: fn(&Shape) -> f64| psf.shape.as_ref().map(value);
    let correction = psf.correction.as_ref();
    let cards = [
        ("SEEING", shape(|s| s.fwhm_pix), "FWHM of stars, with the pixel (pix)"),
        ("SEEINGUN", shape(|s| s.fwhm_err_pix), "its uncertainty (pix)"),
        ("SEEINGAS", sky.fwhm_arcsec, "FWHM of stars, with the pixel (arcsec)"),
        ("FWHMOPT", shape(|s| s.fwhm_before_pixel_pix), "FWHM before the pixel (pix)"),
        ("PSFE1", shape(|s| s.e1_ratio), "(xx - yy) / (xx + yy) of stars"),
        ("PSFE2", shape(|s| s.e2_ratio), "2 xy / (xx + yy) of stars"),
        ("PSFPA", sky.angle_deg, "their long axis, north through east (deg)"),
        ("APRAD", psf.limit.as_ref().map(|limit| limit.radius_pix), "radius of the aperture (pix)"),
        ("APCOR", correction.map(|c| c.correction_mag), "magnitude in APCORRAD minus APRAD (mag)"),
        ("APCORUNC", correction.map(|c| c.error_mag), "its uncertainty (mag)"),
        ("APCORRAD", correction.map(|c| c.large_radius_pix), "radius of all light (pix)"),
        ("MAGLIM", sky.limit_mag, "limit in the aperture (mag)"),
        ("MAGLIMSN", psf.limit.as_ref().map(|limit| limit.signal_ratio), "sigmas of the limit"),
    ];
    for (key, value, comment) in cards {
        match value.filter(|value| value.is_finite()) {
            Some(value) => header.set(key, value, comment),
            None => {
                header.remove(key);
            }
        }
    }
    header.set("NPSF", psf.shape.as_ref().map_or(0, |s| s.stars as i64), "stars of the FWHM");
}
