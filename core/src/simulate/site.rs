//! Where one amplifier is: in the file, on its detector, in the focal plane.
//!
//! Light is made in *stored* order. Places in the focal plane are in sky order (x to the right is
//! +RA, y up is +Dec), counted in pixels from its middle and given as a share of its half width and
//! half height.

use crate::error::{Error, Result};
use crate::geometry::Flip;
use crate::ids::{AmpId, DetectorId};
use crate::instrument::{Amplifier, Instrument};

use super::params::{NightParams, check_size};

/// One amplifier of one detector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) camera: &'a Instrument,
    pub(crate) params: &'a NightParams,
    pub(crate) amplifier: &'a Amplifier,
    pub(crate) detector: DetectorId,
    /// Rows and columns of the imaging array.
    pub(crate) shape: (usize, usize),
    /// Columns of the overscan array, 0 without one.
    pub(crate) overscan: usize,
}

/// A detector's place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// Rows and columns (pixels).
    pub(crate) shape: (usize, usize),
    /// Its middle, from that of the focal plane (x, y in pixels).
    pub(crate) middle: (f64, f64),
    /// Half width and half height of the focal plane (pixels).
    pub(crate) half: (f64, f64),
}

/// Where the pixels of an amplifier lie along one axis of the focal plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Along {
    first: f64,
    step: f64,
}

impl Along {
    /// The place of a pixel as a share of the half width (or half height).
    #[inline]
    pub(crate) fn at(self, pixel: usize) -> f64 {
        self.first + self.step * pixel as f64
    }
}

impl<'a> Site<'a> {
    /// The amplifier `amp` of `detector`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the camera has no such detector or amplifier, or if the shape asked
    /// for is impossible.
    pub(crate) fn new(
        camera: &'a Instrument,
        params: &'a NightParams,
        detector: DetectorId,
        amp: AmpId,
    ) -> Result<Site<'a>> {
        if !camera.has_detector(detector) {
            let needed = format!("one of the camera {}", camera.name);
            return Err(Error::parameter("detectors", detector, needed));
        }
        let amplifier = camera.amplifier(amp).ok_or_else(|| {
            Error::parameter("amplifier", amp, format!("one of the camera {}", camera.name))
        })?;
        let shape = imaging_shape(camera, params)?;
        let overscan = amplifier.overscan_columns;
        check_size(shape.0, shape.1.saturating_add(overscan))?;
        Ok(Site { camera, params, amplifier, detector, shape, overscan })
    }

    /// The three numbers that name a stream of this amplifier and `visit`.
    pub(crate) fn key(&self, visit: u64) -> [u64; 3] {
        [u64::from(self.detector.0), u64::from(self.amplifier.id.0), visit]
    }

    /// From stored to readout order.
    pub(crate) fn readout_from_stored(&self) -> Flip {
        self.amplifier.readout_from_stored
    }

    /// Its first pixel on the detector in sky order (row, column).
    pub(crate) fn origin(&self) -> (usize, usize) {
        (self.amplifier.row * self.shape.0, self.amplifier.column * self.shape.1)
    }

    /// The place of its detector.
    pub(crate) fn place(&self) -> Place {
        place(self.camera, self.shape, self.detector)
    }

    /// Columns and rows of the stored array in the focal plane.
    pub(crate) fn across(&self) -> (Along, Along) {
        let (place, flip) = (self.place(), self.amplifier.sky_from_stored);
        let origin = self.origin();
        let axis = |origin: usize, count: usize, flipped: bool, sides: (usize, f64, f64)| {
            let (side, middle, half) = sides;
            let (pixel, step) = if flipped { (count as f64 - 1.0, -1.0) } else { (0.0, 1.0) };
            let first = origin as f64 + pixel - 0.5 * (side as f64 - 1.0) + middle;
            Along { first: first / half, step: step / half }
        };
        let columns = (place.shape.1, place.middle.0, place.half.0);
        let rows = (place.shape.0, place.middle.1, place.half.1);
        (
            axis(origin.1, self.shape.1, flip.columns, columns),
            axis(origin.0, self.shape.0, flip.rows, rows),
        )
    }

    /// Where the position `(x, y)` on the detector (pixels, sky order, zero-based) lies in the
    /// stored array.
    pub(crate) fn stored_from_detector(&self, x: f64, y: f64) -> (f64, f64) {
        let (row, column) = self.origin();
        let at = (y - row as f64, x - column as f64);
        let (y, x) = self.amplifier.sky_from_stored.position(at, self.shape);
        (x, y)
    }
}

/// The imaging shape (rows, columns) of every amplifier.
pub(crate) fn imaging_shape(camera: &Instrument, params: &NightParams) -> Result<(usize, usize)> {
    match params.shape {
        Some(shape) if !camera.sizes_from_file && shape != camera.amp_shape => {
            let needed = format!("{:?}, the only shape of this camera", camera.amp_shape);
            Err(Error::parameter("shape", format!("{shape:?}"), needed))
        }
        Some(shape) => Ok(shape),
        None => Ok(camera.amp_shape),
    }
}

/// The place of a detector whose amplifiers have imaging arrays of `shape`.
pub(crate) fn place(camera: &Instrument, shape: (usize, usize), detector: DetectorId) -> Place {
    let most = |values: &mut dyn Iterator<Item = usize>| values.max().map_or(1, |last| last + 1);
    let (rows, columns) = camera.detector_shape(shape);
    let grid_rows = most(&mut camera.detectors.iter().map(|detector| detector.row));
    let grid_columns = most(&mut camera.detectors.iter().map(|detector| detector.column));
    let found = camera.detectors.iter().find(|known| known.id == detector);
    let (row, column) = found.map_or((0, 0), |known| (known.row, known.column));
    let pitch = ((columns + camera.gap_pix.1) as f64, (rows + camera.gap_pix.0) as f64);
    let from_middle = |at: usize, count: usize| at as f64 - 0.5 * (count as f64 - 1.0);
    let half = |count: usize, pitch: f64, gap: usize| 0.5 * (count as f64 * pitch - gap as f64);
    Place {
        shape: (rows, columns),
        middle: (
            from_middle(column, grid_columns) * pitch.0,
            from_middle(row, grid_rows) * pitch.1,
        ),
        half: (
            half(grid_columns, pitch.0, camera.gap_pix.1),
            half(grid_rows, pitch.1, camera.gap_pix.0),
        ),
    }
}
