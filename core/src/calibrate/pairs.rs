//! Objects and catalogue joined: what the map to the sky takes of the objects, and what the zero point
//! takes of both.

use super::objects::UNUSABLE;
use super::zero_point::Star;
use crate::astrometry::{Matched, Solution, Spot};
use crate::detect::flags as detection_flags;
use crate::error::{Error, Result};
use crate::table::Table;

const STEP: &str = "calibrate";

/// A column of numbers that the objects must have.
///
/// # Errors
/// [`Error::Input`] naming the column.
pub fn numbers(objects: &Table, name: &str) -> Result<Vec<f64>> {
    let needed = || Error::input(STEP, "columns of the objects", "no such", name);
    objects.f64(name).ok_or_else(needed)
}

/// The objects as the search for the map sees them, at their windowed positions. What is no star keeps its row,
/// and is nowhere; so does an object that the edge of the image cuts, unless it cuts all: its position is
/// drawn inwards by the light that is missing, and its star may lie beyond the edge. No pair of the zero point
/// is one of these either.
///
/// # Errors
/// [`Error::Input`] for a column that is missing.
pub fn spots(objects: &Table) -> Result<Vec<Spot>> {
    let (x, y) = (numbers(objects, "xwin")?, numbers(objects, "ywin")?);
    let flux = numbers(objects, "flux_auto")?;
    let (errx2, erry2) = (numbers(objects, "errx2win")?, numbers(objects, "erry2win")?);
    let errors = errx2.iter().zip(&erry2).map(|(x, y)| (0.5 * (x + y)).sqrt());
    let flags = numbers(objects, "flag")?;
    let flags: Vec<i32> = flags.iter().map(|&flag| flag as i32).collect();
    let left_out = no_spot(&flags);
    let places = x.iter().zip(&y).zip(&flux).zip(errors).zip(&flags);
    let spot = |((((&x, &y), &brightness), error_pix), &flag)| {
        let x = if flag & left_out == 0 { x } else { f64::NAN };
        Spot { x, y, brightness, error_pix }
    };
    Ok(places.map(spot).collect())
}

/// Flags with which an object is left out of the search for the map.
fn no_spot(flags: &[i32]) -> i32 {
    let strict = detection_flags::SHARP | detection_flags::TRUNCATED;
    let any_whole = flags.iter().any(|flag| flag & strict == 0);
    if any_whole { strict } else { detection_flags::SHARP }
}

/// The stars of both lists whose fluxes are sound, with the columns of magnitude and of color.
///
/// # Errors
/// [`Error::Input`] for a column that is missing.
pub fn pairs(
    objects: &Table,
    (stars, solution): (&Table, &Solution),
    (magnitude, color): (&str, Option<&(String, String)>),
) -> Result<Vec<Star>> {
    let (flux, flux_err) = (numbers(objects, "flux_aper")?, numbers(objects, "fluxerr_aper")?);
    let flags = numbers(objects, "flag_aper")?;
    let of_star = |name: &str| {
        let needed = || Error::input(STEP, "columns of the catalogue", "no such", name);
        stars.f64(name).ok_or_else(needed)
    };
    let magnitudes = of_star(magnitude)?;
    let colors = match color {
        Some((first, second)) => Some((of_star(first)?, of_star(second)?)),
        None => None,
    };
    let pair = |one: &Matched| {
        let flag = *flags.get(one.spot)? as i32;
        let color = match &colors {
            Some((first, second)) => Some(first.get(one.row)? - second.get(one.row)?),
            None => None,
        };
        let star = Star {
            flux: *flux.get(one.spot)?,
            flux_err: *flux_err.get(one.spot)?,
            magnitude: *magnitudes.get(one.row)?,
            color,
        };
        (flag & UNUSABLE == 0).then_some(star)
    };
    Ok(solution.matched.iter().filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Values;

    /// Objects with these flags in a row.
    fn objects(flags: &[i32]) -> Table {
        let mut table = Table::default();
        let places: Vec<f64> = (0..flags.len()).map(|row| row as f64).collect();
        for name in ["xwin", "ywin", "flux_auto", "errx2win", "erry2win"] {
            table.set(name, "", Values::F64(places.clone())).unwrap();
        }
        table.set("flag", "", Values::I32(flags.to_vec())).unwrap();
        table
    }

    fn rows_of_spots(flags: &[i32]) -> Vec<usize> {
        let spots = spots(&objects(flags)).unwrap();
        assert_eq!(spots.len(), flags.len());
        (0..spots.len()).filter(|&row| spots[row].x.is_finite()).collect()
    }

    #[test]
    fn what_is_cut_by_the_edge_is_used_only_where_nothing_else_is() {
        use detection_flags::{APERTURE_TRUNCATED, MERGED, SHARP, TRUNCATED};
        let cut = [0, TRUNCATED, MERGED, SHARP, TRUNCATED | MERGED, APERTURE_TRUNCATED];
        assert_eq!(rows_of_spots(&cut), [0, 2, 5]);
        assert_eq!(rows_of_spots(&[TRUNCATED, SHARP, TRUNCATED | MERGED]), [0, 2]);
        assert_eq!(rows_of_spots(&[TRUNCATED | SHARP, 0]), [1]);
        assert!(rows_of_spots(&[]).is_empty());
    }
}
