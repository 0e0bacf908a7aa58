//! Calibrate: the map to the sky and the zero point of one science image, from its objects and a
//! catalogue.
//!
//! What the detection found of the stars (width, shape, aperture correction, noise) is put on the sky and
//! into magnitudes. The image is written anew with the cards of both; its pixels, mask and variance are as they were. The
//! objects get `ra`, `dec` (deg), `mag`, `mag_err` (mag) and `reference`, the row of their star in the
//! catalogue, or -1. A zero point that cannot be had is a warning, a map that cannot be had an error.

use serde::{Deserialize, Serialize};

use super::aperture::{OpenedImage, catalogue, date, open_image};
use super::objects::signed;
use super::{Context, stars, tables};
use crate::astrometry::{self, Solution, Start, magnitude_column, references};
use crate::calibrate::pairs::{numbers, pairs, spots};
use crate::calibrate::zero_point::{ZeroPoint, zero_point};
use crate::error::{Error, Result};
use crate::formats::fits::{Encoding, FitsWriter, PixelData};
use crate::header::Header;
use crate::master::mask_cards;
use crate::numerics::sky::{DEGREE, Wcs};
use crate::store::{Key, Sink};
use crate::table::{Table, Values};
use crate::warning::Warning;

const STEP: &str = "calibrate";

/// Where an image lies, if its header does not say or is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pointing {
    /// Right ascension of the image's middle (degree).
    pub ra_deg: f64,
    /// Declination of the image's middle (degree).
    pub dec_deg: f64,
    /// Side of a pixel (arcsecond).
    pub scale_arcsec: f64,
    /// Angle from the rows' direction to north, toward east (degree).
    #[serde(default)]
    pub rotation_deg: f64,
    /// Whether east lies to the right of north.
    #[serde(default)]
    pub mirrored: bool,
}

/// The inputs and products of [`Task::Calibrate`](super::Task::Calibrate).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibrate {
    /// Science image.
    pub science: Key,
    /// Mask of another pipeline, in stored order.
    #[serde(default)]
    pub mask: Option<Key>,
    /// Its objects, the product of [`Task::Detect`](super::Task::Detect).
    pub objects: Key,
    /// Catalogues (parquet or CSV), read one after the other.
    pub catalogue: Vec<Key>,
    /// The start; without it the WCS of the image.
    #[serde(default)]
    pub pointing: Option<Pointing>,
    /// The science image with its map and zero point, if it is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Key>,
    /// The objects on the sky.
    pub table_output: Key,
}

/// Calibrates a science image as the recipe says.
pub(super) fn calibrate(context: &mut Context<'_>, task: &Calibrate) -> Result<()> {
    let files = (&task.science, task.mask.as_ref());
    let mut image = open_image((context.store, &context.camera), files)?;
    let objects = tables::read(context.store, &task.objects)?.0;
    let stars = catalogue(context, &task.catalogue, None)?;
    let shape = image.planes.shape();
    let start = start(&image.header, shape, task)?;
    let params = context.recipe.calibration();
    let magnitude = magnitude_column(&stars, params.magnitude.as_deref())?;
    let date = date(&image.header);
    let epoch = params.astrometry.epoch_year;
    if date.is_none() && stars.get("pmra").is_some() {
        let text = "the image has no date: the stars were left where the catalogue has them";
        context.warn(Warning::new(STEP, "no-date", 1, text.to_owned()));
    }
    let known = references(&stars, magnitude.as_deref(), date, epoch)?;
    let spots = spots(&objects)?;
    let solution = astrometry::solve(&spots, &known, &start, shape, &params.astrometry)?;
    context.note("astrometry", report(&solution));
    solution.write(&mut image.header);
    let zero = match magnitude {
        Some(magnitude) => {
            let names = (magnitude.as_str(), params.color.as_ref());
            let pairs = pairs(&objects, (&stars, &solution), names)?;
            zero_point(&pairs, params.color.is_some(), &params.zero_point)
        }
        None => {
            Err(Error::input(STEP, "magnitude of the catalogue", "no column", "one of its own"))
        }
    };
    let zero = match zero {
        Ok(zero) => {
            write_zero_point(&mut image.header, &zero, params.color.as_ref());
            context.note("zero-point", &zero);
            Some(zero)
        }
        Err(error @ (Error::Undetermined { .. } | Error::Input { .. })) => {
            context.warn(Warning::new(STEP, "no-zero-point", 1, error.to_string()));
            None
        }
        Err(error) => return Err(error),
    };
    on_image(context, &mut image, &objects, (&solution.wcs, zero.as_ref()))?;
    let mut table = on_sky(objects, &solution, zero.as_ref())?;
    signed(context, &mut table);
    if let Some(output) = &task.output {
        context.provenance_cards(&mut image.header);
        write(context, output, &image)?;
    }
    tables::write(context, &task.table_output, &table)
}

/// Writes and notes what the detection found of the stars.
fn on_image(
    context: &mut Context<'_>,
    image: &mut OpenedImage,
    objects: &Table,
    (wcs, zero): (&Wcs, Option<&ZeroPoint>),
) -> Result<()> {
    match stars::read(objects)? {
        Some(psf) => {
            let sky = stars::sky(&psf, wcs, image.planes.shape(), zero);
            context.note("psf", stars::report(&psf, &sky));
            stars::write(&mut image.header, &psf, &sky);
        }
        None => {
            let text = "the table of objects tells nothing of the stars' width: detect them anew";
            context.warn(Warning::new(STEP, "no-psf", 1, text));
        }
    }
    Ok(())
}

fn start(header: &Header, shape: (usize, usize), task: &Calibrate) -> Result<Start> {
    if let Some(at) = task.pointing {
        let place = (at.ra_deg, at.dec_deg);
        return Start::from_pointing(place, at.scale_arcsec, at.rotation_deg, at.mirrored);
    }
    let wcs = Wcs::from_header(header)?.ok_or_else(|| {
        let needed = "a rough WCS in the image, or a pointing with a pixel scale";
        Error::input(STEP, "where to look", "nothing", needed)
    })?;
    Start::from_wcs(&wcs, shape)
}

fn report(solution: &Solution) -> serde_json::Value {
    serde_json::json!({
        "matched": solution.matched.len(),
        "references_on_image": solution.n_references,
        "order": solution.order,
        "rms_east_arcsec": solution.rms_arcsec.0,
        "rms_north_arcsec": solution.rms_arcsec.1,
        "log10_chance": solution.log10_chance,
        "start_off_arcsec": solution.shift_arcsec,
        "start_turned_deg": solution.rotation_deg,
        "scale_ratio": solution.scale_ratio,
        "residual_map": solution.residual_map,
    })
}

/// The cards of a zero point, by the names of the archive of the Zwicky Transient Facility (Masci et al.
/// 2019, PASP 131, 018003).
fn write_zero_point(header: &mut Header, zero: &ZeroPoint, color: Option<&(String, String)>) {
    let [variance, mixed, of_color] = zero.covariance_mag;
    header.set("MAGZP", zero.zero_point_mag, "zero point of the aperture at color 0 (mag)");
    header.set("MAGZPUNC", variance.max(0.0).sqrt(), "its uncertainty (mag)");
    header.set("MAGZPRMS", zero.rms_mag, "rms of the stars (mag)");
    header.set("NMATCHES", zero.n_used as i64, "stars of the zero point");
    for key in ["CLRCOEFF", "CLRCOUNC", "ZPCLRCOV", "PCOLOR"] {
        header.remove(key);
    }
    if let Some((first, second)) = color {
        header.set("CLRCOEFF", zero.color_ratio, "color term (mag/mag)");
        header.set("CLRCOUNC", of_color.max(0.0).sqrt(), "its uncertainty");
        header.set("ZPCLRCOV", mixed, "covariance of MAGZP and CLRCOEFF (mag2)");
        header.set("PCOLOR", format!("{first} - {second}"), "color of the stars");
    }
}

fn on_sky(mut objects: Table, solution: &Solution, zero: Option<&ZeroPoint>) -> Result<Table> {
    let (x, y) = (numbers(&objects, "xwin")?, numbers(&objects, "ywin")?);
    let sky = x.iter().zip(&y).map(|(&x, &y)| solution.wcs.sky_from_pixel(x, y));
    let (ra, dec): (Vec<f64>, Vec<f64>) = sky.map(|(ra, dec)| (ra / DEGREE, dec / DEGREE)).unzip();
    objects.set("ra", "deg", Values::F64(ra))?;
    objects.set("dec", "deg", Values::F64(dec))?;
    if let Some(zero) = zero {
        let (flux, errors) = (numbers(&objects, "flux_aper")?, numbers(&objects, "fluxerr_aper")?);
        let magnitude = |flux: &f64| match *flux > 0.0 {
            true => zero.zero_point_mag - 2.5 * libm::log10(*flux),
            false => f64::NAN,
        };
        let error = |(flux, error): (&f64, &f64)| match *flux > 0.0 {
            true => 2.5 / std::f64::consts::LN_10 * error / flux,
            false => f64::NAN,
        };
        let errors = flux.iter().zip(&errors).map(error).collect();
        objects.set("mag", "mag", Values::F64(flux.iter().map(magnitude).collect()))?;
        objects.set("mag_err", "mag", Values::F64(errors))?;
    }
    let mut rows = vec![-1_i64; objects.rows()];
    for one in &solution.matched {
        if let Some(row) = rows.get_mut(one.spot) {
            *row = one.row as i64;
        }
    }
    objects.set("reference", "", Values::I64(rows))?;
    Ok(objects)
}

/// The image with its new header, and the planes that it had.
pub(super) fn write(context: &mut Context<'_>, key: &Key, image: &OpenedImage) -> Result<()> {
    let (header, has_variance) = image.known();
    let planes = &image.planes;
    let mut writer = FitsWriter::new(Sink::new(context.store, key));
    writer.write_hdu(header, None, PixelData::F32(planes.image.view()), Encoding::Plain)?;
    if planes.mask.iter().any(|bits| *bits != 0) || has_variance {
        let mut bits = Header::new();
        mask_cards(&mut bits);
        let mask = PixelData::Mask(planes.mask.view());
        writer.write_hdu(&bits, Some("MASK"), mask, Encoding::RiceInteger32)?;
    }
    if has_variance {
        let mut unit = Header::new();
        unit.set("BUNIT", "DN2", "unit of the variance");
        let variance = PixelData::F32(planes.variance.view());
        writer.write_hdu(&unit, Some("VARIANCE"), variance, Encoding::Plain)?;
    }
    context.wrote(key);
    Ok(())
}
