//! Masks: what a science image itself says of its bad pixels, joined to its mask.

use serde::{Deserialize, Serialize};

use super::aperture::open_image;
use super::calibrate::write;
use super::{Context, Electronics};
use crate::error::Result;
use crate::header::Header;
use crate::ids::AmpId;
use crate::instrument::Instrument;
use crate::masks::edges::Seams;
use crate::masks::search::{CosmicRays, Known, Params, search};
use crate::store::Key;

/// Width (pixel) of the stars where nobody tells it: the sharpest that an image can have and be searched.
const SHARPEST_PIX: f64 = 2.0;

/// The inputs and the product of [`Task::Masks`](super::Task::Masks).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Masks {
    /// Science image.
    pub science: Key,
    /// Mask of another pipeline, in stored order.
    #[serde(default)]
    pub mask: Option<Key>,
    /// Values where the image has none.
    #[serde(default)]
    pub detector: Electronics,
    /// Full width at half maximum of the stars (pixel), before which no cosmic ray is searched for by its
    /// shape; without it that of the header, and 2 where the header tells none.
    #[serde(default)]
    pub fwhm_pix: Option<f64>,
    /// What is searched for and done.
    #[serde(default)]
    pub params: Params,
    /// The science image with its mask.
    pub output: Key,
}

/// Searches a science image and writes it with what was found.
pub(super) fn masks(context: &mut Context<'_>, task: &Masks) -> Result<()> {
    let files = (&task.science, task.mask.as_ref());
    let mut image = open_image((context.store, &context.camera), files)?;
    let (header, has_variance) = image.known();
    let known = Known {
        has_variance,
        gain: task.detector.gain_electron_per_dn.or(header.real("GAIN")),
        seams: seams(&context.camera, header),
    };
    let mut params = task.params.clone();
    if let CosmicRays::Shape(shape) = &mut params.cosmic_rays {
        let told = context.camera.dialect.seeing_pix.number(header).filter(|width| 0.0 < *width);
        shape.fwhm_pix = task.fwhm_pix.or(told).unwrap_or(SHARPEST_PIX);
    }
    let mesh = context.recipe.aperture.background.unwrap_or_default();
    let report = search(&mut image.planes, &known, &mesh, &params)?;
    context.note("masks", report);
    context.provenance_cards(&mut image.header);
    write(context, &task.output, &image)
}

/// Which sides of an amplifier's image in stored order lie along another amplifier; none of an image that
/// does not name its own.
fn seams(camera: &Instrument, header: &Header) -> Seams {
    let named = header.integer("AMP").and_then(|amp| u32::try_from(amp).ok()).map(AmpId);
    let Some(own) = named.and_then(|amp| camera.amplifier(amp)) else { return Seams::default() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_along_other_amplifiers_are_seams_in_stored_order() {
        let camera = Instrument::built_in("ztf").unwrap();
        for amplifier in &camera.amplifiers {
            let mut header = Header::new();
            header.set("AMP", i64::from(amplifier.id.0), "");
            let found = seams(&camera, &header);
            // Two by two: in sky order the seams face the middle of the detector.
            let sky = |at: usize| (at == 1, at == 0);
            let flip = amplifier.sky_from_stored;
            let turned = |(a, b): (bool, bool), flip: bool| if flip { (b, a) } else { (a, b) };
            assert_eq!(found.rows, turned(sky(amplifier.row), flip.rows));
            assert_eq!(found.columns, turned(sky(amplifier.column), flip.columns));
        }
        assert_eq!(seams(&camera, &Header::new()), Seams::default());
    }
}
