//! The stars of the catalogue on the science image of an amplifier.

use crate::error::Result;
use crate::instrument::Instrument;
use crate::measure::{Scene, photometer_scene};
use crate::recipe::Recipe;
use crate::table::Table;

use super::chain::Chain;
use super::exposure::Exposure;

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The catalogue of fluxes, as a batch writes it.
    pub table: Table,
    /// Columns and rows of the detector, one per row of the table.
    pub positions: Vec<(f64, f64)>,
    /// Radii of the fluxes (pixels).
    pub radii_pix: Vec<f64>,
    /// Defects that were met.
    pub warnings: Vec<String>,
}

/// Measures them; nothing without a catalogue, or before the image is there.
pub(super) fn measure(
    exposure: &Exposure,
    chain: &Chain,
    (camera, recipe): (&Instrument, &Recipe),
) -> Result<Option<Measured>> {
    let (Some(sources), Some(last)) = (&exposure.catalogue, chain.last()) else { return Ok(None) };
    let Some(planes) = last.science() else { return Ok(None) };
    let header = exposure.header(camera, chain.amp)?;
    let geometry = last.geometry;
    let date = Some(exposure.visit().mjd);
    let sky_from_stored = geometry.sky_from_stored;
    let scene = Scene { planes: &planes, header: &header, date, sky_from_stored };
    let (table, warnings) = photometer_scene(&scene, sources, &recipe.aperture)?;
    let column = |name: &str| table.f64(name).unwrap_or_default();
    let place = geometry.on_detector;
    let on_detector = |(x, y): (f64, f64)| {
        let (row, column) = geometry.sky_from_stored.position((y, x), planes.shape());
        (column + place.column_start as f64, row + place.row_start as f64)
    };
    let positions = column("x").into_iter().zip(column("y")).map(on_detector).collect();
    Ok(Some(Measured {
        positions,
        radii_pix: recipe.aperture.radii_pix.clone(),
        warnings: warnings.into_iter().map(|warning| warning.text).collect(),
        table,
    }))
}
