//! The masks of a science image: what it says of its own bad pixels, with the width of its own stars where nobody
//! tells one.

use super::objects;
use crate::error::Result;
use crate::header::Header;
use crate::ids::AmpId;
use crate::image::Planes;
use crate::instrument::Instrument;
use crate::masks::edges::Seams;
use crate::masks::search::{CosmicRays, Known, Params, Report, search};
use crate::measure::background;

/// Full width at half maximum (pixel) below which stars are as sharp as cosmic rays: a search by shape
/// would take their middles away.
const SHARPEST_PIX: f64 = 2.0;

/// Full widths at half maximum of the stars (pixel) that are known before anything is measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Widths {
    /// The one that a person gave.
    pub given: Option<f64>,
    /// The one of the header.
    pub header: Option<f64>,
}

/// Searches `planes` in stored order and marks what is found; and says why cosmic rays were left out, if they
/// were.
///
/// # Errors
/// Those of [`search`].
pub fn mark(
    planes: &mut Planes,
    (known, widths): (&Known, Widths),
    mesh: &background::Params,
    (params, of_objects): (&Params, &objects::Params),
) -> Result<(Report, Option<String>)> {
    let (mut params, mut left_out) = (params.clone(), None);
    if let CosmicRays::Shape(shape) = &mut params.cosmic_rays {
        let told = widths.header.filter(|width| 0.0 < *width);
        let width = || told.or_else(|| measured(planes, known, (mesh, of_objects)));
        match widths.given.map_or_else(|| wide_enough(width()), Ok) {
            Ok(width) => shape.fwhm_pix = width,
            Err(reason) => {
                params.cosmic_rays = CosmicRays::None;
                left_out = Some(reason);
            }
        }
    }
    Ok((search(planes, known, mesh, &params)?, left_out))
}

/// The width (pixel) of the image's own stars, if there are enough.
fn measured(
    planes: &Planes,
    known: &Known,
    (mesh, params): (&background::Params, &objects::Params),
) -> Option<f64> {
    let found = objects::stars_shape(planes, known.has_variance, known.gain, mesh, params);
    found.ok()?.map(|stars| stars.fwhm_pix)
}

/// A width of stars (pixel) that cosmic rays do not have, or why they cannot be told from stars.
fn wide_enough(width_pix: Option<f64>) -> std::result::Result<f64, String> {
    let found = match width_pix {
        Some(width) if SHARPEST_PIX <= width => return Ok(width),
        Some(width) => format!("the stars are {width:.2} pixels wide, which cosmic rays are too"),
        None => "too few stars tell their width".to_owned(),
    };
    Err(format!(
        "cosmic rays were not searched for by their shape: {found}; needed: a width of \
         {SHARPEST_PIX} pixels or more, or one that is given, or the search by L.A.Cosmic"
    ))
}

/// Which sides of an amplifier's image in stored order lie along another amplifier; none of an image that
/// does not name its own.
pub fn seams(camera: &Instrument, amp: Option<AmpId>) -> Seams {
    let Some(own) = amp.and_then(|amp| camera.amplifier(amp)) else { return Seams::default() };
    let beside = |rows: isize, columns: isize| {
        let at = (own.row.checked_add_signed(rows), own.column.checked_add_signed(columns));
        camera.amplifiers.iter().any(|other| (Some(other.row), Some(other.column)) == at)
    };
    let flipped = |(first, last), flipped| if flipped { (last, first) } else { (first, last) };
    Seams {
        rows: flipped((beside(-1, 0), beside(1, 0)), own.sky_from_stored.rows),
        columns: flipped((beside(0, -1), beside(0, 1)), own.sky_from_stored.columns),
    }
}

/// The amplifier that an image names.
pub fn named(header: &Header) -> Option<AmpId> {
    header.integer("AMP").and_then(|amp| u32::try_from(amp).ok()).map(AmpId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_as_sharp_as_cosmic_rays_are_left_alone() {
        assert_eq!(wide_enough(Some(2.0)), Ok(2.0));
        for (width, words) in [(Some(1.24), "1.24 pixels"), (None, "too few")] {
            assert!(wide_enough(width).unwrap_err().contains(words));
        }
    }

    #[test]
    fn sides_along_other_amplifiers_are_seams_in_stored_order() {
        let camera = Instrument::built_in("ztf").unwrap();
        for amplifier in &camera.amplifiers {
            let mut header = Header::new();
            header.set("AMP", i64::from(amplifier.id.0), "");
            let found = seams(&camera, named(&header));
            // Two by two: in sky order the seams face the middle of the detector.
            let sky = |at: usize| (at == 1, at == 0);
            let flip = amplifier.sky_from_stored;
            let turned = |(a, b): (bool, bool), flip: bool| if flip { (b, a) } else { (a, b) };
            assert_eq!(found.rows, turned(sky(amplifier.row), flip.rows));
            assert_eq!(found.columns, turned(sky(amplifier.column), flip.columns));
        }
        assert_eq!(seams(&camera, named(&Header::new())), Seams::default());
    }
}
