//! Small amplifiers and detectors for the tests of the steps.

use ndarray::Array2;

use crate::geometry::{AmpGeometry, Flip, Section};
use crate::ids::{AmpId, DetectorId};
use crate::image::{AmpImage, CcdImage, PixelUnit, Planes};

/// An amplifier of 6 x 4 imaging pixels and 3 overscan columns, all at `level`.
pub(crate) fn flat_amp(level: f32, variance: f32, unit: PixelUnit) -> AmpImage {
    let shape = (6, 7);
    let planes = Planes {
        image: Array2::from_elem(shape, level),
        variance: Array2::from_elem(shape, variance),
        mask: Array2::zeros(shape),
    };
    AmpImage {
        planes,
        unit,
        amp: AmpId(1),
        geometry: AmpGeometry {
            imaging: Section::at((0, 0), (6, 4)),
            overscan: Some(Section::at((0, 4), (6, 3))),
            readout_from_stored: Flip { rows: false, columns: true },
            sky_from_stored: Flip { rows: true, columns: true },
            on_detector: Section::at((0, 0), (6, 4)),
        },
        gain: 2.0,
        read_noise: 4.0,
        quantum: vec![1.0; 6],
        zero: None,
    }
}

/// A detector of one amplifier of 6 x 4 pixels at `level`.
pub(crate) fn flat_ccd(level: f32, variance: f32, unit: PixelUnit) -> CcdImage {
    let amp = flat_amp(level, variance, PixelUnit::Dn);
    let mut ccd = super::assemble::assemble(vec![amp], DetectorId(1)).unwrap();
    ccd.unit = unit;
    ccd
}
