//! Assemble: amplifiers to the detector in sky order. The only file that leaves readout order.
//!
//! Overscan is trimmed, each amplifier is mirrored from readout to sky order, and placed at its part
//! of the detector. One amplifier gives its own part; several must tile a rectangle.
//!
//! * Planes: all three; readout order → sky order (+RA right, +Dec up).
//! * Order: after the amplifier corrections, before `bias`.

use ndarray::{Array2, s};

use crate::error::{Error, Result};
use crate::geometry::Section;
use crate::ids::DetectorId;
use crate::image::{AmpImage, AmpPart, CcdImage, PixelUnit, Planes};

const STEP: &str = "assemble";

/// Puts `amps` of one detector together.
///
/// # Errors
/// [`Error::Input`] if there is no amplifier, one is not in DN, its sections do not fit its array,
/// or they do not tile a rectangle.
pub fn assemble(amps: Vec<AmpImage>, detector: DetectorId) -> Result<CcdImage> {
    for amp in &amps {
        check(amp)?;
    }
    let parts = amps
        .iter()
        .map(|amp| AmpPart {
            amp: amp.amp,
            geometry: amp.geometry,
            gain: amp.gain,
            read_noise: amp.read_noise,
        })
        .collect::<Vec<_>>();
    let none = || Error::input(STEP, "amplifiers", 0, "at least one");
    let on_detector = bounding_box(&parts).ok_or_else(none)?;
    let planes = place(amps, on_detector)?;
    Ok(CcdImage { planes, unit: PixelUnit::Dn, detector, amps: parts, on_detector })
}

fn check(amp: &AmpImage) -> Result<()> {
    if amp.unit != PixelUnit::Dn {
        return Err(Error::input(STEP, "pixel unit", format!("{:?}", amp.unit), "Dn"));
    }
    let (imaging, place) = (amp.geometry.imaging, amp.geometry.on_detector);
    if !imaging.fits(amp.planes.shape()) || imaging.shape() != place.shape() {
        let found = format!("{imaging:?} in an array of {:?}", amp.planes.shape());
        return Err(Error::input(STEP, "imaging section", found, format!("{:?}", place.shape())));
    }
    Ok(())
}

/// The rectangle that the parts tile, or `None` if they leave a hole, overlap, or are none.
fn bounding_box(parts: &[AmpPart]) -> Option<Section> {
    let sections = || parts.iter().map(|part| part.geometry.on_detector);
    let bounds = Section {
        row_start: sections().map(|section| section.row_start).min()?,
        row_end: sections().map(|section| section.row_end).max()?,
        column_start: sections().map(|section| section.column_start).min()?,
        column_end: sections().map(|section| section.column_end).max()?,
    };
    let area = |section: Section| section.shape().0 * section.shape().1;
    let overlap = sections().enumerate().any(|(i, a)| sections().skip(i + 1).any(|b| meet(a, b)));
    (!overlap && sections().map(area).sum::<usize>() == area(bounds)).then_some(bounds)
}

fn meet(a: Section, b: Section) -> bool {
    a.row_start < b.row_end
        && b.row_start < a.row_end
        && a.column_start < b.column_end
        && b.column_start < a.column_end
}

fn place(mut amps: Vec<AmpImage>, bounds: Section) -> Result<Planes> {
    if amps.len() == 1
        && let Some(amp) = amps.pop()
    {
        return Planes::new(
            sky(&amp.planes.image, &amp)?,
            sky(&amp.planes.variance, &amp)?,
            sky(&amp.planes.mask, &amp)?,
        );
    }
    let mut planes = Planes::from_image(Array2::zeros(bounds.shape()));
    for amp in amps {
        let at = amp.geometry.on_detector;
        let rows = at.row_start - bounds.row_start..at.row_end - bounds.row_start;
        let columns = at.column_start - bounds.column_start..at.column_end - bounds.column_start;
        let target = s![rows, columns];
        planes.image.slice_mut(target).assign(&sky(&amp.planes.image, &amp)?);
        planes.variance.slice_mut(target).assign(&sky(&amp.planes.variance, &amp)?);
        planes.mask.slice_mut(target).assign(&sky(&amp.planes.mask, &amp)?);
    }
    Ok(planes)
}

/// The imaging pixels of a plane of `amp` in sky order.
fn sky<T: Copy>(plane: &Array2<T>, amp: &AmpImage) -> Result<Array2<T>> {
    let imaging = amp.geometry.imaging;
    amp.geometry.sky_from_readout().apply_to_section(plane, imaging).ok_or_else(|| {
        Error::input(STEP, "imaging section", format!("{imaging:?}"), "inside the array")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_amp;

    #[test]
    fn a_pixel_lands_where_its_amplifier_and_flips_say() {
        let mut amp = flat_amp(0.0, 1.0, PixelUnit::Dn);
        // Readout from stored mirrors columns, sky from stored mirrors both: sky from readout
        // mirrors rows.
        amp.planes.image[[0, 3]] = 7.0;
        let ccd = assemble(vec![amp], DetectorId(1)).unwrap();
        assert_eq!(ccd.planes.shape(), (6, 4));
        assert_eq!(ccd.planes.image[[5, 3]], 7.0);
    }

    #[test]
    fn two_amplifiers_tile_a_detector_and_a_hole_is_refused() {
        let left = flat_amp(1.0, 1.0, PixelUnit::Dn);
        let mut right = flat_amp(2.0, 1.0, PixelUnit::Dn);
        right.geometry.on_detector = Section::at((0, 4), (6, 4));
        let ccd = assemble(vec![left.clone(), right.clone()], DetectorId(1)).unwrap();
        assert_eq!((ccd.planes.image[[2, 3]], ccd.planes.image[[2, 4]]), (1.0, 2.0));
        right.geometry.on_detector = Section::at((0, 5), (6, 4));
        assert!(assemble(vec![left, right], DetectorId(1)).is_err());
    }
}
