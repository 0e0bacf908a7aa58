//! Which sources of a catalogue lie on an image, and where.
//!
//! * Columns: `ra`, `dec` (degree), optional `pmra` (with cos dec), `pmdec` (mas/year) and
//!   `ref_epoch` (Julian year); or `x`, `y` (zero-based, column and row of the stored array). An
//!   image with a WCS takes the sky columns if there are any, one without takes `x`, `y`.
//! * A proper motion or epoch that is not a number counts as none: 0 mas/year, the given epoch.
//! * A source is kept if its position falls on a pixel, borders included: `-0.5 <= x <= W - 0.5`,
//!   `-0.5 <= y <= H - 0.5` (or by another rule, [`Keep`]). A position that is not finite is dropped and counted.

pub mod pixels;

use crate::error::{Error, Result};
use crate::geometry::Flip;
use crate::numerics::neighbours::{isolated, isolated_in_plane};
use crate::numerics::sky::{ARCSECOND, DEGREE, Motion, Wcs, moved};
use crate::table::Table;
use crate::time::Mjd;
use crate::warning::Warning;

use super::aperture::{Keep, Params};

const STEP: &str = "catalogue";

/// The image that sources are looked for on.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Rows and columns.
    pub shape: (usize, usize),
    /// Its mapping to the sky, if it has one.
    pub wcs: Option<&'a Wcs>,
    /// When it was taken, if that is known.
    pub date: Option<Mjd>,
    /// From the stored order, in which the mapping and a catalogue's `x`, `y` count, to that of the
    /// image.
    pub flip: Flip,
}

/// The sources on an image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Located {
    /// Their rows in the catalogue, in its order.
    pub rows: Vec<usize>,
    /// Their positions `(x, y)` on the image.
    pub positions: Vec<(f64, f64)>,
    /// Their directions (radian) at the date; empty if they were given by `x`, `y`.
    pub directions: Vec<(f64, f64)>,
    /// Whether no other source of the image lies near.
    pub isolated: Vec<bool>,
    /// What was dropped.
    pub warnings: Vec<Warning>,
}

/// Finds the sources of a catalogue on an image.
///
/// # Errors
/// [`Error::Input`] if the catalogue has neither usable pair of columns, a column of text where
/// numbers are needed, or proper motions but the image no date.
pub fn locate(sources: &Table, field: &Field<'_>, params: &Params) -> Result<Located> {
    if sources.columns().is_empty() {
        return Ok(Located { warnings: vec![no_source()], ..Located::default() });
    }
    let has = |a: &str, b: &str| sources.get(a).is_some() && sources.get(b).is_some();
    match field.wcs {
        Some(wcs) if has("ra", "dec") => {
            let directions = directions(sources, field.date, params)?;
            let pixel = |&(ra, dec): &(f64, f64)| wcs.pixel_from_sky(ra, dec);
            let pixels: Vec<_> = directions.iter().map(pixel).collect();
            let finite = directions.iter().map(|(ra, dec)| ra.is_finite() && dec.is_finite());
            let mut found = keep(&pixels, finite, field, params.keep);
            found.directions =
                found.rows.iter().filter_map(|&row| directions.get(row).copied()).collect();
            found.isolated = isolated(&found.directions, params.isolation_arcsec * ARCSECOND);
            Ok(found)
        }
        _ if has("x", "y") => {
            let pixels: Vec<_> =
                column(sources, "x")?.into_iter().zip(column(sources, "y")?).map(Some).collect();
            let is_finite = |at: &Option<(f64, f64)>| {
                at.is_some_and(|(x, y): (f64, f64)| x.is_finite() && y.is_finite())
            };
            let mut found = keep(&pixels, pixels.iter().map(is_finite), field, params.keep);
            found.isolated = isolated_in_plane(&found.positions, params.isolation_pix);
            Ok(found)
        }
        wcs => {
            let names: Vec<_> = sources.columns().iter().map(|c| c.name.as_str()).collect();
            let needed = match wcs {
                Some(_) => "ra, dec (degree) or x, y (pixel)",
                None => "x, y (pixel), because the image has no WCS; or an image with one",
            };
            Err(Error::input(STEP, "columns of the catalogue", names.join(", "), needed))
        }
    }
}

fn column(sources: &Table, name: &str) -> Result<Vec<f64>> {
    sources
        .f64(name)
        .ok_or_else(|| Error::input(STEP, &format!("column {name}"), "text", "numbers"))
}

/// The directions (radian) at the date of the exposure.
fn directions(sources: &Table, date: Option<Mjd>, params: &Params) -> Result<Vec<(f64, f64)>> {
    let (ra, dec) = (column(sources, "ra")?, column(sources, "dec")?);
    let mut directions: Vec<_> =
        ra.into_iter().zip(dec).map(|(ra, dec)| (ra * DEGREE, dec * DEGREE)).collect();
    if sources.get("pmra").is_none() || sources.get("pmdec").is_none() {
        return Ok(directions);
    }
    let Some(date) = date.filter(|date| date.0.is_finite()) else {
        let needed = "an image with a date, or a catalogue without pmra and pmdec";
        return Err(Error::input(STEP, "proper motions", "an image without a date", needed));
    };
    let (pmra, pmdec) = (column(sources, "pmra")?, column(sources, "pmdec")?);
    let epoch = match sources.get("ref_epoch") {
        Some(_) => column(sources, "ref_epoch")?,
        None => vec![params.epoch_year; directions.len()],
    };
    let or = |value: f64, other: f64| if value.is_finite() { value } else { other };
    for (((direction, pmra), pmdec), epoch) in directions.iter_mut().zip(pmra).zip(pmdec).zip(epoch)
    {
        let mas = ARCSECOND / 1000.0;
        let motion = Motion { east: or(pmra, 0.0) * mas, north: or(pmdec, 0.0) * mas };
        *direction = moved(*direction, motion, date.julian_year() - or(epoch, params.epoch_year));
    }
    Ok(directions)
}

/// The positions on the image; `finite` says whether the catalogue's own position was a number.
fn keep(
    pixels: &[Option<(f64, f64)>],
    finite: impl Iterator<Item = bool>,
    field: &Field<'_>,
    rule: Keep,
) -> Located {
    let (rows, columns) = field.shape;
    let lowest = match rule {
        Keep::OnAPixel => -0.5,
        Keep::ZeroToSize => 0.0,
    };
    let inside = |at: f64, length: usize| at >= lowest && at <= length as f64 + lowest;
    let on_image = |(x, y): (f64, f64)| {
        let (row, column) = field.flip.position((y, x), field.shape);
        (column, row)
    };
    let mut found = Located::default();
    let mut n_lost = 0;
    for (row, (pixel, finite)) in pixels.iter().zip(finite).enumerate() {
        n_lost += u64::from(!finite);
        let place = pixel.map(on_image);
        if let Some((x, y)) = place.filter(|&(x, y)| inside(x, columns) && inside(y, rows)) {
            found.rows.push(row);
            found.positions.push((x, y));
        }
    }
    if n_lost > 0 {
        let text = format!("{n_lost} sources without a finite position were left out");
        found.warnings.push(Warning::new(STEP, "no-position", n_lost, text));
    }
    if found.rows.is_empty() && !pixels.is_empty() {
        let text = format!("none of {} sources lies on the image", pixels.len());
        found.warnings.push(Warning::new(STEP, "none-inside", pixels.len() as u64, text));
    }
    if pixels.is_empty() {
        found.warnings.push(no_source());
    }
    found
}

fn no_source() -> Warning {
    Warning::new(STEP, "no-source", 1, "the catalogue holds no source")
}

#[cfg(test)]
mod tests;
