//! Split: the detector to one science image per amplifier, in stored order.
//!
//! * Planes: all three; sky order → the stored order of the raw file, which is the order that the WCS
//!   of a science header describes.
//! * NaN pixels become the canonical NaN and are marked `NO_DATA`.
//! * Order: last.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::geometry::Section;
use crate::header::Header;
use crate::image::{AmpPart, CANONICAL_NAN, CcdImage, Planes, ScienceImage};
use crate::mask;

const STEP: &str = "split";

/// Cuts `ccd` into the images of its amplifiers, with empty headers.
///
/// # Errors
/// [`Error::Input`] if an amplifier's part does not lie in the image.
pub fn split(ccd: CcdImage) -> Result<Vec<ScienceImage>> {
    ccd.amps.iter().map(|part| cut(&ccd, part)).collect()
}

fn cut(ccd: &CcdImage, part: &AmpPart) -> Result<ScienceImage> {
    let mut planes = Planes::new(
        stored(&ccd.planes.image, ccd, part)?,
        stored(&ccd.planes.variance, ccd, part)?,
        stored(&ccd.planes.mask, ccd, part)?,
    )?;
    let (image, _, bits) = planes.runs_mut();
    for (pixel, bits) in image.iter_mut().zip(bits) {
        let none = pixel.is_nan();
        *pixel = if none { CANONICAL_NAN } else { *pixel };
        *bits |= if none { mask::NO_DATA } else { 0 };
    }
    Ok(ScienceImage {
        planes,
        unit: ccd.unit,
        detector: ccd.detector,
        amp: part.amp,
        header: Header::new(),
    })
}

fn stored<T: Copy>(plane: &Array2<T>, ccd: &CcdImage, part: &AmpPart) -> Result<Array2<T>> {
    let (at, whole) = (part.geometry.on_detector, ccd.on_detector);
    let outside = || Error::input(STEP, "amplifier section", format!("{at:?}"), "in the image");
    let origin = (
        at.row_start.checked_sub(whole.row_start).ok_or_else(outside)?,
        at.column_start.checked_sub(whole.column_start).ok_or_else(outside)?,
    );
    let view = Section::at(origin, at.shape());
    part.geometry.sky_from_stored.apply_to_section(plane, view).ok_or_else(outside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DetectorId;
    use crate::image::PixelUnit;
    use crate::steps::assemble::assemble;
    use crate::steps::fixture::flat_amp;

    #[test]
    fn from_readout_through_the_sky_back_to_the_stored_order() {
        let mut amp = flat_amp(0.0, 1.0, PixelUnit::Dn);
        amp.planes.image[[1, 0]] = 9.0;
        amp.planes.image[[0, 0]] = f32::NAN;
        let flip = amp.geometry.readout_from_stored;
        let images = split(assemble(vec![amp.clone()], DetectorId(1)).unwrap()).unwrap();
        // Stored from readout mirrors the columns of the four imaging pixels of a row.
        assert!(flip.columns && !flip.rows);
        assert_eq!(images[0].planes.image[[1, 3]], 9.0);
        assert_eq!(images[0].planes.mask[[0, 3]], mask::NO_DATA);
        assert_eq!(images[0].planes.image[[0, 3]].to_bits(), CANONICAL_NAN.to_bits());
    }
}
