//! The objects of an amplifier's science image as they are shown, and their match to the catalogue.
//!
//! What `rawsky calibrate` does once it has marked cosmic rays, trails and edges, which are not marked here: objects
//! in the stored order of the image, and the map to the sky. Places, angles and vectors are then turned into the order in which the
//! detector is shown, `(x0, y0)` the amplifier's first pixel there, `W` columns and `H` rows:
//!
//! ```text
//! columns turned: x' = x0 + W - 1 - x, dx' = -dx        rows turned: y' = y0 + H - 1 - y, dy' = -dy
//! one of the two: theta' = -theta                       both or none: theta' = theta      (mod pi)
//! ```
//!
//! It is done in two pieces, objects and match, so that a person who stops it does not wait for both.

use serde::Serialize;

use crate::astrometry::{self, Matched, Reference, Solution, Start, magnitude_column, references};
use crate::calibrate::objects::objects;
use crate::calibrate::pairs::{numbers, pairs, spots};
use crate::calibrate::zero_point::Star;
use crate::detect::flags as detection_flags;
use crate::error::{Error, Result};
use crate::geometry::{AmpGeometry, Flip};
use crate::header::Header;
use crate::instrument::Instrument;
use crate::measure::background;
use crate::measure::flags::{self as aperture_flags, Flag};
use crate::numerics::sky::Wcs;
use crate::psf::Psf;
use crate::recipe::{Recipe, calibration};
use crate::table::Table;

use super::chain::Chain;
use super::kept::Kept;
use super::subject::Subject;

/// Images of fewer pixels hold few bright stars: fainter ones, nearer to each other, tell their width.
const SMALL: usize = 1 << 20;

/// What was found on an amplifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
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

/// How far the search on an amplifier has come.
pub(super) enum Search {
    /// The objects are there, in stored order.
    Objects(Table, Box<Psf>),
    /// All is there.
    Done(Box<Found>),
}

/// The next piece of the search.
///
/// # Errors
/// If the science image is not there, and those of the detection. What hinders only the match is told in
/// [`Found::refusal`].
pub(super) fn go_on(
    before: Option<Search>,
    (subject, chain): (&Subject, &Chain),
    (camera, recipe): (&Instrument, &Recipe),
) -> Result<Search> {
    let missing = || {
        let needed = "one: run the steps to the end, or open the first image of a file";
        Error::input("objects", "science image", "none", needed)
    };
    let last = chain.last().ok_or_else(missing)?;
    let header = subject.header(camera, chain.amp)?;
    match before {
        Some(Search::Done(found)) => Ok(Search::Done(found)),
        Some(Search::Objects(table, psf)) => {
            let params = params(recipe, last.image.len());
            let sky = on_sky(&table, subject, (&header, last), &params);
            Ok(Search::Done(Box::new(found((&table, &psf), sky, &last.geometry)?)))
        }
        None => {
            let planes = subject.science(last).ok_or_else(missing)?;
            let has_variance = subject.image().is_none_or(super::looked::Looked::has_variance);
            let mesh: background::Params = recipe.aperture.background.unwrap_or_default();
            let params = params(recipe, planes.image.len()).objects;
            let (table, psf) = objects(&planes, has_variance, header.real("GAIN"), &mesh, &params)?;
            Ok(Search::Objects(table, Box::new(psf)))
        }
    }
}

/// The recipe's parameters; where it leaves them out, fainter and fewer stars do for a small image.
pub(super) fn params(recipe: &Recipe, pixels: usize) -> calibration::Params {
    let mut params = recipe.calibration();
    if recipe.calibrate.is_none() && pixels < SMALL {
        params.objects.psf.min_signal_ratio = 15.0;
        params.objects.psf.neighbors_fraction = 0.1;
        params.objects.psf.min_stars = 3;
        params.astrometry.min_matched = 5;
    }
    params
}

/// A match in stored order with what it was made of.
struct Solved {
    solution: Solution,
    /// Object minus star (pixel, stored order).
    off: Vec<(f64, f64)>,
    magnitude: Option<String>,
    color: Option<String>,
    stars: Vec<Star>,
}

fn on_sky(
    objects: &Table,
    subject: &Subject,
    (header, last): (&Header, &Kept),
    params: &calibration::Params,
) -> std::result::Result<Solved, String> {
    let catalogue = subject.catalogue().ok_or(
        "There is no catalogue to match with: drop one beside the image, with columns ra and dec.",
    )?;
    let wcs = Wcs::from_header(header).map_err(|error| error.to_string())?.ok_or(
        "The image does not say where it lies on the sky: its header has no WCS. Drop the science \
         header beside it, or use rawsky calibrate with a pointing.",
    )?;
    let date = subject.date();
    solved((objects, catalogue), (&wcs, last.image.dim(), date), params)
        .map_err(|error| error.to_string())
}

fn solved(
    (objects, catalogue): (&Table, &Table),
    (wcs, shape, date): (&Wcs, (usize, usize), Option<crate::time::Mjd>),
    params: &calibration::Params,
) -> Result<Solved> {
    let start = Start::from_wcs(wcs, shape)?;
    let mut search = params.astrometry.clone();
    // The image's own map is believed to be off by half the image at most.
    let half = 0.5 * shape.0.min(shape.1) as f64 * start.scale_arcsec();
    search.shift_arcsec = search.shift_arcsec.min(half).max(1.0);
    let magnitude = magnitude_column(catalogue, params.magnitude.as_deref())?;
    let known = references(catalogue, magnitude.as_deref(), date, search.epoch_year)?;
    let solution = astrometry::solve(&spots(objects)?, &known, &start, shape, &search)?;
    let color = params.color.clone().or_else(|| color_columns(catalogue));
    let stars = match &magnitude {
        Some(magnitude) => pairs(objects, (catalogue, &solution), (magnitude, color.as_ref()))?,
        None => Vec::new(),
    };
    let off = solution.matched.iter().map(|one| off(one, &known, &solution.wcs)).collect();
    let color = color.map(|(first, second)| format!("{first} - {second}"));
    Ok(Solved { solution, off, magnitude, color, stars })
}

/// The object's pixel minus that where the map has its star; NaN where the map has none.
fn off(one: &Matched, known: &[Reference], wcs: &Wcs) -> (f64, f64) {
    // Rows without a position were left out, so that a star's place is at most its row.
    let star = known.iter().take(one.row + 1).rev().find(|star| star.row == one.row);
    let place = star.and_then(|star| wcs.pixel_from_sky(star.sky.0, star.sky.1));
    let (x, y) = place.unwrap_or((f64::NAN, f64::NAN));
    (one.pixel.0 - x, one.pixel.1 - y)
}

/// Pairs of columns whose difference is a color, bluer band first (lower case).
const COLORS: [(&str, &str); 3] =
    [("phot_bp_mean_mag", "phot_rp_mean_mag"), ("gmag", "rmag"), ("bmag", "vmag")];

/// The columns of a color that a catalogue has, if it has one that is known.
fn color_columns(catalogue: &Table) -> Option<(String, String)> {
    let named = |wanted: &str| {
        let found = catalogue.columns().iter().find(|c| c.name.to_lowercase() == wanted);
        found.map(|column| column.name.clone())
    };
    let numbers = |name: &String| catalogue.f64(name).is_some();
    let pairs = COLORS.iter().filter_map(|(first, second)| named(first).zip(named(second)));
    pairs.into_iter().find(|(first, second)| numbers(first) && numbers(second))
}

/// All of it as it is shown.
fn found(
    (table, psf): (&Table, &Psf),
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
    Ok(Found { objects: shown_objects(table, geometry)?, stars, limit, sky, refusal })
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
