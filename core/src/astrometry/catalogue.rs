//! Reference stars: where a catalogue has them at the date of an exposure.
//!
//! Columns `ra`, `dec` (degree), optional `pmra` (with cos dec), `pmdec` (mas/year), `ref_epoch`
//! (Julian year); a motion or epoch that is no number counts as none. A row without a position is
//! left out.

use crate::error::{Error, Result};
use crate::numerics::sky::{ARCSECOND, DEGREE, Motion, moved};
use crate::table::Table;
use crate::time::Mjd;

/// A star of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference {
    /// Right ascension and declination at the date of the exposure (radian).
    pub sky: (f64, f64),
    /// Magnitude (mag); NaN if it is not known.
    pub magnitude: f64,
    /// Its row in the catalogue.
    pub row: usize,
}

/// Columns that are taken as the magnitude, the first there is (lower case).
const MAGNITUDES: [&str; 6] =
    ["phot_g_mean_mag", "mag", "rmag", "gmag", "mag_vt", "phot_rp_mean_mag"];

/// The name of the magnitude column of a catalogue: `wished`, or one that is known.
///
/// # Errors
/// [`Error::Input`] if the wished one is not there.
pub fn magnitude_column(table: &Table, wished: Option<&str>) -> Result<Option<String>> {
    if let Some(name) = wished {
        return match table.f64(name) {
            Some(_) => Ok(Some(name.to_owned())),
            None => Err(Error::input("astrometry", "column of the magnitude", "none", name)),
        };
    }
    let known = |name: &&str| table.columns().iter().find(|c| c.name.to_lowercase() == **name);
    Ok(MAGNITUDES.iter().find_map(known).map(|column| column.name.clone()))
}

/// The stars of a catalogue at `date`; without one they stay where the catalogue has them.
///
/// # Errors
/// [`Error::Input`] if the catalogue has no `ra` and `dec`.
pub fn references(
    table: &Table,
    magnitude: Option<&str>,
    date: Option<Mjd>,
    epoch_year: f64,
) -> Result<Vec<Reference>> {
    let column = |name: &str| {
        let missing = || Error::input("astrometry", "columns of the catalogue", "no such", name);
        table.f64(name).ok_or_else(missing)
    };
    let (ra, dec) = (column("ra")?, column("dec")?);
    let optional = |name: &str| table.f64(name).unwrap_or_default();
    let (east, north, epoch) = (optional("pmra"), optional("pmdec"), optional("ref_epoch"));
    let magnitudes = magnitude.map(optional).unwrap_or_default();
    let finite = |values: &[f64], row: usize, otherwise: f64| {
        values.get(row).copied().filter(|value| value.is_finite()).unwrap_or(otherwise)
    };
    let mut stars = Vec::with_capacity(ra.len());
    for (row, (&ra, &dec)) in ra.iter().zip(&dec).enumerate() {
        if !ra.is_finite() || !(-90.0..=90.0).contains(&dec) {
            continue;
        }
        let mas = ARCSECOND / 1000.0;
        let motion =
            Motion { east: finite(&east, row, 0.0) * mas, north: finite(&north, row, 0.0) * mas };
        let date = date.filter(|date| date.0.is_finite());
        let years = date.map_or(0.0, |date| date.julian_year() - finite(&epoch, row, epoch_year));
        let still = motion.east == 0.0 && motion.north == 0.0;
        let sky = (ra * DEGREE, dec * DEGREE);
        let sky = if still { sky } else { moved(sky, motion, years) };
        stars.push(Reference { sky, magnitude: finite(&magnitudes, row, f64::NAN), row });
    }
    Ok(stars)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::sky::separation;
    use crate::table::Values;

    fn table(columns: &[(&str, f64)]) -> Table {
        let mut table = Table::new();
        for (name, value) in columns {
            table.set(name, "", Values::F64(vec![*value, f64::NAN])).unwrap();
        }
        table
    }

    #[test]
    fn a_star_is_where_its_motion_takes_it_by_the_date() {
        let moving =
            [("ra", 10.0), ("dec", 60.0), ("pmra", 1000.0), ("pmdec", -500.0), ("RMag", 9.0)];
        let catalogue = table(&moving);
        assert_eq!(magnitude_column(&catalogue, None), Ok(Some("RMag".to_owned())));
        assert!(magnitude_column(&catalogue, Some("B")).is_err());
        // 2021.0 is five years after the epoch.
        let date = Some(Mjd(51_544.5 + 21.0 * 365.25));
        let stars = references(&catalogue, Some("RMag"), date, 2016.0).unwrap();
        assert_eq!((stars.len(), stars[0].magnitude), (1, 9.0));
        let moved = separation(stars[0].sky, (10.0 * DEGREE, 60.0 * DEGREE)) / ARCSECOND;
        assert!((moved - 5.0 * 1.25_f64.sqrt()).abs() < 1e-4, "{moved}");
        let fixed = references(&catalogue, None, None, 2016.0).unwrap();
        assert!(separation(fixed[0].sky, (10.0 * DEGREE, 60.0 * DEGREE)) < 1e-15);
        assert!(references(&table(&[("ra", 1.0)]), None, None, 2016.0).is_err());
    }
}
