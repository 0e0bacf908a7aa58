//! What a person scans of a science image: how much of it is flagged, how bright it is, how sharp.

use serde::Serialize;

use crate::image::ScienceImage;
use crate::instrument::Instrument;
use crate::mask;
use crate::numerics::stats::finite_median;

/// Every so many rows one is looked at for the median.
const ROWS: usize = 32;

/// Numbers of a science image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct QualityReport {
    /// Share of pixels with a bit of [`mask::BAD`] (fraction).
    bad_fraction: f64,
    /// Median of the other pixels of every 32nd row (DN); absent if there are none.
    median_dn: Option<f64>,
    /// Full width of a star at half its height that the science header tells (pixels); absent if it
    /// tells none.
    seeing_pix: Option<f64>,
}

/// The numbers of an image whose header is complete.
pub(super) fn report(camera: &Instrument, image: &ScienceImage) -> QualityReport {
    let planes = &image.planes;
    let bad = mask::count(&planes.mask, mask::BAD);
    let rows = planes.image.rows().into_iter().zip(planes.mask.rows()).step_by(ROWS);
    let good = rows.flat_map(|(image, mask)| {
        let pixels = image.into_iter().zip(mask);
        pixels.filter(|(_, bits)| *bits & mask::BAD == 0).map(|(value, _)| f64::from(*value))
    });
    QualityReport {
        bad_fraction: bad as f64 / planes.mask.len().max(1) as f64,
        median_dn: finite_median(good),
        // Programs that did not measure it write zero.
        seeing_pix: camera.dialect.seeing_pix.number(&image.header).filter(|width| 0.0 < *width),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::header::Header;
    use crate::ids::{AmpId, DetectorId};
    use crate::image::{PixelUnit, Planes};

    #[test]
    fn the_report_counts_bad_pixels_and_looks_at_the_others() {
        let camera = Instrument::built_in("ztf").unwrap();
        let mut planes = Planes::from_image(Array2::from_shape_fn((64, 5), |(row, column)| {
            if row == 32 { 10.0 + column as f32 } else { 7.0 }
        }));
        planes.mask[[32, 4]] = mask::SATURATED;
        planes.mask[[1, 1]] = mask::SOURCE;
        let mut header = Header::new();
        let (unit, detector, amp) = (PixelUnit::Dn, DetectorId(1), AmpId(1));
        header.set("SEEING", 0.0, "[pix]");
        let mut image = ScienceImage { planes, unit, detector, amp, header };
        let found = report(&camera, &image);
        assert_eq!(found.bad_fraction, 1.0 / 320.0);
        // Rows 0 (five times 7) and 32 (10 to 13).
        assert_eq!((found.median_dn, found.seeing_pix), (Some(7.0), None));
        image.header.set("SEEING", 1.241, "[pix]");
        image.planes.mask.fill(mask::SATURATED);
        let found = report(&camera, &image);
        assert_eq!((found.bad_fraction, found.median_dn), (1.0, None));
        assert_eq!(found.seeing_pix, Some(1.241));
    }
}
