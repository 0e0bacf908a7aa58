//! The search for the objects of an amplifier's science image and for their match to the catalogue.
//!
//! What `rawsky calibrate` does: trails, cosmic rays and edges are marked, objects are found in the stored order of
//! the image, and the map to the sky. The marks serve the search; the stages stay as they are.
//!
//! It is done in three pieces, marks, objects and match, so that a person who stops it does not wait for all.

use super::chain::Chain;
use super::found::{Found, found};
use super::kept::Kept;
use super::subject::Subject;
use crate::astrometry::{self, Matched, Reference, Solution, Start, magnitude_column, references};
use crate::calibrate::marked::{Widths, mark, named, seams};
use crate::calibrate::objects::objects;
use crate::calibrate::pairs::{pairs, spots};
use crate::calibrate::zero_point::Star;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::image::Planes;
use crate::instrument::Instrument;
use crate::masks::search::Known;
use crate::measure::background;
use crate::numerics::sky::Wcs;
use crate::psf::Psf;
use crate::recipe::{Recipe, calibration};
use crate::table::Table;

/// Images of fewer pixels hold few bright stars: fainter ones, nearer to each other, tell their width.
const SMALL: usize = 1 << 20;

/// How far the search on an amplifier has come.
pub(super) enum Search {
    /// Bad pixels are marked; with the cosmic rays, if they were looked for.
    Marked(Box<Planes>, Option<u64>),
    /// The objects are there, in stored order.
    Objects(Table, Box<Psf>, Option<u64>),
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
    let last = chain.last().ok_or_else(missing)?;
    let header = subject.header(camera, chain.amp)?;
    match before {
        Some(Search::Done(found)) => Ok(Search::Done(found)),
        Some(Search::Objects(table, psf, rays)) => {
            let params = params(recipe, last.image.len());
            let sky = on_sky(&table, subject, (&header, last), &params);
            Ok(Search::Done(Box::new(found((&table, &psf, rays), sky, &last.geometry)?)))
        }
        Some(Search::Marked(planes, rays)) => {
            let params = params(recipe, planes.image.len()).objects;
            let (gain, mesh) = (header.real("GAIN"), mesh(recipe));
            let (table, psf) = objects(&planes, has_variance(subject), gain, &mesh, &params)?;
            Ok(Search::Objects(table, Box::new(psf), rays))
        }
        None => marked((subject, chain), last, &header, (camera, recipe)),
    }
}

fn marked(
    (subject, chain): (&Subject, &Chain),
    last: &Kept,
    header: &Header,
    (camera, recipe): (&Instrument, &Recipe),
) -> Result<Search> {
    let mut planes = subject.science(last).ok_or_else(missing)?;
    let amp = if subject.image().is_some() { named(header) } else { Some(chain.amp) };
    let has_variance = has_variance(subject);
    let known = Known { has_variance, gain: header.real("GAIN"), seams: seams(camera, amp) };
    let params = params(recipe, planes.image.len());
    let widths =
        Widths { given: params.fwhm_pix, header: camera.dialect.seeing_pix.number(header) };
    let searched = (&params.masks, &params.objects);
    let (report, _) = mark(&mut planes, (&known, widths), &mesh(recipe), searched)?;
    Ok(Search::Marked(Box::new(planes), report.cosmic_rays.map(|rays| rays.rays)))
}

fn missing() -> Error {
    let needed = "one: run the steps to the end, or open the first image of a file";
    Error::input("objects", "science image", "none", needed)
}

fn mesh(recipe: &Recipe) -> background::Params {
    recipe.aperture.background.unwrap_or_default()
}

fn has_variance(subject: &Subject) -> bool {
    subject.image().is_none_or(super::looked::Looked::has_variance)
}

/// The recipe's parameters; where it leaves them out, fainter and fewer stars do for a small image.
fn params(recipe: &Recipe, pixels: usize) -> calibration::Params {
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
pub(super) struct Solved {
    pub(super) solution: Solution,
    /// Object minus star (pixel, stored order).
    pub(super) off: Vec<(f64, f64)>,
    pub(super) magnitude: Option<String>,
    pub(super) color: Option<String>,
    pub(super) stars: Vec<Star>,
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
