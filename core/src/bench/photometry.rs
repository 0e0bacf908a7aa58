//! The stars of the catalogue on the science image of an amplifier, or on an image as it is.

use crate::error::Result;
use crate::geometry::Flip;
use crate::instrument::Instrument;
use crate::job::{Electronics, aperture_params, frame_from_stored};
use crate::measure::aperture::Params;
use crate::measure::{Scene, photometer_scene};
use crate::recipe::Recipe;
use crate::table::Table;

use super::chain::Chain;
use super::subject::Subject;

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
    subject: &Subject,
    chain: &Chain,
    (camera, recipe): (&Instrument, &Recipe),
) -> Result<Option<Measured>> {
    let (Some(sources), Some(last)) = (subject.catalogue(), chain.last()) else { return Ok(None) };
    let Some(planes) = subject.science(last) else { return Ok(None) };
    let header = subject.header(camera, chain.amp)?;
    let geometry = last.geometry;
    let (sky_from_stored, shown_from_table, params) = match subject.image() {
        None => (geometry.sky_from_stored, geometry.sky_from_stored, recipe.aperture.clone()),
        Some(image) => {
            let flip = frame_from_stored(recipe.aperture.frame, camera, &header)?;
            let has_variance = image.has_variance();
            let params: Params = aperture_params(
                &recipe.aperture,
                &Electronics::default(),
                (&header, has_variance),
            )?;
            (flip, flip, params)
        }
    };
    let date = subject.date();
    let scene = Scene { planes: &planes, header: &header, date, sky_from_stored };
    let (table, warnings) = photometer_scene(&scene, sources, &params)?;
    let place = geometry.on_detector;
    let positions = positions(&table, shown_from_table, planes.shape());
    let on_detector =
        |(x, y): (f64, f64)| (x + place.column_start as f64, y + place.row_start as f64);
    Ok(Some(Measured {
        positions: positions.into_iter().map(on_detector).collect(),
        radii_pix: params.radii_pix,
        warnings: warnings.into_iter().map(|warning| warning.text).collect(),
        table,
    }))
}

/// The places of the table's stars as they are shown.
fn positions(table: &Table, flip: Flip, shape: (usize, usize)) -> Vec<(f64, f64)> {
    let column = |name: &str| table.f64(name).unwrap_or_default();
    let shown = |(x, y): (f64, f64)| {
        let (row, column) = flip.position((y, x), shape);
        (column, row)
    };
    column("x").into_iter().zip(column("y")).map(shown).collect()
}
