//! How the table of an aperture catalogue is written.
//!
//! The columns of the catalogue, then `x`, `y`, `isolated`, then per radius `i` the flux `f_i`, its
//! error `f_i_e` (DN), flags `f_i_f`, the masked pixels `f_i_n`, and the radius `r_i` (pixel), radius
//! after radius. [`Params`] can give the table of a peer instead: ztfin2p3 writes all fluxes, all errors,
//! all flags and (from its repository of 2025 on) all radii, moves `ra` and `dec` to the date of the
//! exposure, keeps few columns of the catalogue, and rounds to single precision, 55 mas at a right
//! ascension of 300 degrees.

use serde::{Deserialize, Serialize};

use super::aperture::Apertures;
use super::catalogue::Located;
use super::flags;
use crate::error::Result;
use crate::numerics::sky::DEGREE;
use crate::table::{Table, Values};

/// What is written, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Order and kinds of the measured columns.
    pub layout: Layout,
    /// Precision of real numbers, those of the catalogue included.
    pub numbers: Numbers,
    /// Which direction `ra` and `dec` give.
    pub directions: Directions,
    /// Columns of the catalogue that are written, in this order; all of them if empty. One that the
    /// catalogue lacks is left out.
    pub catalogue: Vec<String>,
}

/// Order and kinds of the measured columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Radius after radius, with the number of masked pixels; flags of 32 bits, real radii.
    #[default]
    ByRadius,
    /// All fluxes, all errors, all flags, all radii; flags and radii of 8 bits, so that a radius loses
    /// its fraction. No number of masked pixels.
    ByQuantity,
}

/// Precision of real numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// Double.
    #[default]
    F64,
    /// Single.
    F32,
}

/// Which direction `ra` and `dec` give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Directions {
    /// That of the catalogue, at its epoch.
    #[default]
    AsGiven,
    /// That at the date of the exposure.
    AtTheDate,
}

/// The table of the sources that were found, with their sums.
///
/// # Errors
/// [`crate::Error::Input`] if a column has another length than the others.
pub(super) fn table(
    sources: &Table,
    found: &Located,
    apertures: Vec<Apertures>,
    params: &Params,
) -> Result<Table> {
    let mut table = catalogue(sources, found, params)?;
    let (x, y) = found.positions.iter().copied().unzip();
    table.set("x", "pix", real(x, params))?;
    table.set("y", "pix", real(y, params))?;
    table.set("isolated", "", Values::Bool(found.isolated.clone()))?;
    match params.layout {
        Layout::ByRadius => by_radius(&mut table, apertures, params)?,
        Layout::ByQuantity => by_quantity(&mut table, apertures, params)?,
    }
    table.metadata.retain(|(key, _)| key != flags::METADATA_KEY);
    table.metadata.push((flags::METADATA_KEY.to_owned(), flags::registry_json()));
    Ok(table)
}

/// The columns of the catalogue for the sources that were found.
fn catalogue(sources: &Table, found: &Located, params: &Params) -> Result<Table> {
    let mut table = sources.select(&found.rows);
    if params.directions == Directions::AtTheDate && !found.directions.is_empty() {
        let (ra, dec): (Vec<f64>, Vec<f64>) =
            found.directions.iter().map(|(ra, dec)| (ra / DEGREE, dec / DEGREE)).unzip();
        table.set("ra", "deg", Values::F64(ra))?;
        table.set("dec", "deg", Values::F64(dec))?;
    }
    if params.catalogue.is_empty() && params.numbers == Numbers::F64 {
        return Ok(table);
    }
    let mut out = Table::new();
    out.metadata = table.metadata.clone();
    let wanted: Vec<&str> = match params.catalogue.as_slice() {
        [] => table.columns().iter().map(|column| column.name.as_str()).collect(),
        names => names.iter().map(String::as_str).collect(),
    };
    for name in wanted {
        if let Some(column) = table.columns().iter().find(|column| column.name == name) {
            let values = match &column.values {
                Values::F64(values) => real(values.clone(), params),
                other => other.clone(),
            };
            out.set(name, &column.unit, values)?;
        }
    }
    Ok(out)
}

fn real(values: Vec<f64>, params: &Params) -> Values {
    match params.numbers {
        Numbers::F64 => Values::F64(values),
        Numbers::F32 => Values::F32(values.into_iter().map(|value| value as f32).collect()),
    }
}

fn by_radius(table: &mut Table, apertures: Vec<Apertures>, params: &Params) -> Result<()> {
    for (i, aperture) in apertures.into_iter().enumerate() {
        let radius = vec![aperture.radius_pix; aperture.flux.len()];
        table.set(&format!("f_{i}"), "DN", real(aperture.flux, params))?;
        table.set(&format!("f_{i}_e"), "DN", real(aperture.flux_err, params))?;
        table.set(&format!("f_{i}_f"), "", Values::I32(aperture.flags))?;
        table.set(&format!("f_{i}_n"), "pix", Values::I32(aperture.n_masked))?;
        table.set(&format!("r_{i}"), "pix", real(radius, params))?;
    }
    Ok(())
}

fn by_quantity(table: &mut Table, apertures: Vec<Apertures>, params: &Params) -> Result<()> {
    // Conversions of numbers hold at the ends of a type: 300 becomes 255.
    let small = |flags: &[i32]| Values::U8(flags.iter().map(|&bits| (bits & 0xff) as u8).collect());
    for (i, aperture) in apertures.iter().enumerate() {
        table.set(&format!("f_{i}"), "DN", real(aperture.flux.clone(), params))?;
    }
    for (i, aperture) in apertures.iter().enumerate() {
        table.set(&format!("f_{i}_e"), "DN", real(aperture.flux_err.clone(), params))?;
    }
    for (i, aperture) in apertures.iter().enumerate() {
        table.set(&format!("f_{i}_f"), "", small(&aperture.flags))?;
    }
    for (i, aperture) in apertures.iter().enumerate() {
        let radii = vec![aperture.radius_pix as u8; aperture.flux.len()];
        table.set(&format!("r_{i}"), "pix", Values::U8(radii))?;
    }
    Ok(())
}
