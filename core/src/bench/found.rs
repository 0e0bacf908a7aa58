//! The objects of an amplifier's science image as they are shown, and their match to the catalogue.
//!
//! The search gives places, angles and vectors in the stored order of the image. They are turned into the order in
//! which the detector is shown, `(x0, y0)` the amplifier's first pixel there, `W` columns and `H` rows:
//!
//! ```text
//! columns turned: x' = x0 + W - 1 - x, dx' = -dx        rows turned: y' = y0 + H - 1 - y, dy' = -dy
//! one of the two: theta' = -theta                       both or none: theta' = theta      (mod pi)
//! ```

use serde::Serialize;

use super::search::Solved;
use crate::calibrate::pairs::numbers;
use crate::calibrate::zero_point::Star;
use crate::detect::flags as detection_flags;
use crate::error::Result;
use crate::geometry::{AmpGeometry, Flip};
use crate::measure::flags::{self as aperture_flags, Flag};
use crate::psf::Psf;
use crate::table::Table;

/// What was found on an amplifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Cosmic rays that were marked before; none if they could not be told from stars.
    pub cosmic_rays: Option<u64>,
    /// The objects.
    pub objects: Marks,
    /// Width and shape of the stars among them, if enough are bright, whole and alone.
    pub stars: Option<Stars>,
    /// The faintest light that stands out of the noise of the circle, if there is a good pixel.
    pub limit: Option<Faintest>,
    /// The match to the catalogue.
    pub sky: Option<OnSky>,
    /// Why there is none.
    pub refusal: Option<String>,
}

/// The objects, one value each.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Marks {
    /// Columns of the detector (pixel), windowed.
    pub x: Vec<f64>,
    /// Rows of the detector (pixel), windowed.
    pub y: Vec<f64>,
    /// Rms along the major axis (pixel).
    pub a: Vec<f64>,
    /// Rms along the minor axis (pixel).
    pub b: Vec<f64>,
    /// Angle of the major axis from the columns toward the rows, as shown (radian).
    pub theta: Vec<f64>,
    /// Kron flux (DN).
    pub flux: Vec<f64>,
    /// Its error (DN).
    pub flux_err: Vec<f64>,
    /// Flux in the circle (DN).
    pub flux_aper: Vec<f64>,
    /// Full width at half maximum (pixel); NaN of what is not among the stars that tell it.
    pub fwhm: Vec<f64>,
    /// Half-light radius (pixel).
    pub half_light: Vec<f64>,
    /// Names of its flags, those of the circle marked as such; empty if it has none.
    pub flags: Vec<String>,
}

/// Width and shape of stars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stars {
    /// Full width at half maximum with the pixel (pixel).
    pub fwhm_pix: f64,
    /// Its error (pixel).
    pub fwhm_err_pix: f64,
    /// Ellipticity (ratio).
    pub ellipticity_ratio: f64,
    /// How many told it.
    pub count: usize,
}

/// The limit of a circle on the sky.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Faintest {
    /// The flux (DN).
    pub flux_dn: f64,
    /// Over its noise (ratio).
    pub signal_ratio: f64,
    /// Radius of the circle (pixel).
    pub radius_pix: f64,
}

/// A match with the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnSky {
    /// The matched objects by their place in [`Marks`].
    pub object: Vec<usize>,
    /// Object minus star along the columns (pixel), as shown.
    pub dx: Vec<f64>,
    /// Object minus star along the rows (pixel), as shown.
    pub dy: Vec<f64>,
    /// Rms toward east (arcsecond).
    pub rms_east_arcsec: f64,
    /// Rms toward north (arcsecond).
    pub rms_north_arcsec: f64,
    /// Stars of the catalogue on the image.
    pub references: usize,
    /// Order of the distortion (number); 1 for none.
    pub order: usize,
    /// Side of a pixel (arcsecond).
    pub scale_arcsec: f64,
    /// Column of the magnitude; none if the catalogue has no known one.
    pub magnitude: Option<String>,
    /// The color, such as `first - second`, if it is known.
    pub color: Option<String>,
    /// Stars for a zero point.
    pub pairs: Pairs,
}

/// Stars of image and catalogue with sound fluxes, one value each.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pairs {
    /// Magnitude in the catalogue (mag).
    pub magnitude: Vec<f64>,
    /// Flux in the circle (DN).
    pub flux: Vec<f64>,
    /// Its error (DN).
    pub flux_err: Vec<f64>,
    /// Color in the catalogue (mag); NaN where it is not known.
    pub color: Vec<f64>,
}

/// All of it as it is shown.
pub(super) fn found(
    (table, psf, cosmic_rays): (&Table, &Psf, Option<u64>),
    sky: std::result::Result<Solved, String>,
    geometry: &AmpGeometry,
) -> Result<Found> {
    let (sky, refusal) = match sky {
        Ok(solved) => (Some(shown_sky(solved, geometry.sky_from_stored)), None),
        Err(reason) => (None, Some(reason)),
    };
    let stars = psf.shape.as_ref().map(|shape| Stars {
        fwhm_pix: shape.fwhm_pix,
        fwhm_err_pix: shape.fwhm_err_pix,
        ellipticity_ratio: shape.ellipticity(),
        count: shape.stars,
    });
    let limit = psf.limit.as_ref().map(|limit| Faintest {
        flux_dn: limit.flux_dn,
        signal_ratio: limit.signal_ratio,
        radius_pix: limit.radius_pix,
    });
    Ok(Found { cosmic_rays, objects: shown_objects(table, geometry)?, stars, limit, sky, refusal })
}

pub(super) fn shown_objects(table: &Table, geometry: &AmpGeometry) -> Result<Marks> {
    let column = |name: &str| numbers(table, name);
    let (flip, place) = (geometry.sky_from_stored, geometry.on_detector);
    let shape = place.shape();
    let shown = |(x, y): (f64, f64)| {
        let (row, column) = flip.position((y, x), shape);
        (column + place.column_start as f64, row + place.row_start as f64)
    };
    let places = column("xwin")?.into_iter().zip(column("ywin")?).map(shown);
    let (x, y) = places.unzip();
    let turned = if flip.rows == flip.columns { 1.0 } else { -1.0 };
    let bits = column("flag")?.into_iter().zip(column("flag_aper")?);
    Ok(Marks {
        x,
        y,
        a: column("a")?,
        b: column("b")?,
        theta: column("theta")?.into_iter().map(|angle| turned * angle).collect(),
        flux: column("flux_auto")?,
        flux_err: column("fluxerr_auto")?,
        flux_aper: column("flux_aper")?,
        fwhm: column("fwhm")?,
        half_light: column("flux_radius")?,
        flags: bits.map(|(found, circle)| flag_names(found as i32, circle as i32)).collect(),
    })
}

/// `MERGED, circle MASKED`.
fn flag_names(detection: i32, aperture: i32) -> String {
    let set = |registry: &'static [Flag], bits: i32, before: &'static str| {
        let set = registry.iter().filter(move |flag| bits & flag.value() != 0);
        set.map(move |flag| format!("{before}{}", flag.name))
    };
    let of_object = set(detection_flags::REGISTRY, detection, "");
    let of_circle = set(aperture_flags::REGISTRY, aperture, "circle ");
    of_object.chain(of_circle).collect::<Vec<_>>().join(", ")
}

/// A vector (columns, rows) in the order in which the pixels are shown.
pub(super) fn turned((dx, dy): (f64, f64), flip: Flip) -> (f64, f64) {
    (if flip.columns { -dx } else { dx }, if flip.rows { -dy } else { dy })
}

fn shown_sky(solved: Solved, flip: Flip) -> OnSky {
    let Solved { solution, off, magnitude, color, stars } = solved;
    let (dx, dy) = off.into_iter().map(|vector| turned(vector, flip)).unzip();
    let of = |value: fn(&Star) -> f64| stars.iter().map(value).collect();
    OnSky {
        object: solution.matched.iter().map(|one| one.spot).collect(),
        dx,
        dy,
        rms_east_arcsec: solution.rms_arcsec.0,
        rms_north_arcsec: solution.rms_arcsec.1,
        references: solution.n_references,
        order: solution.order,
        scale_arcsec: solution.wcs.pixel_scale_arcsec(),
        magnitude,
        color,
        pairs: Pairs {
            magnitude: of(|star| star.magnitude),
            flux: of(|star| star.flux),
            flux_err: of(|star| star.flux_err),
            color: of(|star| star.color.unwrap_or(f64::NAN)),
        },
    }
}
