//! The focal plane: one small image of each amplifier of several detectors, at its place in the
//! camera, and full pixels of the few that are looked at closely.
//!
//! ```text
//! file ─▶ one amplifier ─▶ − median of its overscan ─▶ mean of 8 × 8 ─▶ kept      2 % of the pixels
//!                       └─▶ for a close look, the last used ones               at most 256 MB
//! ```
//!
//! Files are read one amplifier at a time and dropped. A raw amplifier is not reduced: the median of
//! its overscan stands for all of its pedestal. A science image is shown as it is. Coordinates are
//! pixels of the focal plane in sky order, `x` to the right and `y` upwards from the first pixel of
//! the detector at the lower left, gaps included.

mod detail;
mod night;
mod picture;
mod read;
mod sort;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::Serialize;

use crate::display::overview::eighth;
use crate::error::{Error, Result};
use crate::ids::{AmpId, DetectorId};
use crate::instrument::Instrument;
use crate::store::{Key, Store};

pub use night::mosaic_night;
pub use picture::{MosaicPixel, MosaicView};

use detail::Detail;
use read::Amplifier;
use sort::{Piece, Sorted};

/// How often an image is halved for the overview.
const LEVEL: u32 = 3;

/// A detector and its place in the focal plane (pixels).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Its number.
    pub detector: u32,
    /// Its name, where headers tell detectors apart by name.
    pub name: Option<String>,
    /// First column.
    pub x0: usize,
    /// First row.
    pub y0: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// An amplifier of which there is a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// Its detector.
    pub detector: u32,
    /// Its number.
    pub amp: u32,
    /// The file.
    pub file: Key,
}

/// What the focal plane is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MosaicInfo {
    /// Name of the camera.
    pub camera: String,
    /// Columns of the focal plane, gaps included.
    pub width: usize,
    /// Rows of the focal plane, gaps included.
    pub height: usize,
    /// Every detector of the camera.
    pub places: Vec<Place>,
    /// The amplifiers of which there are files, in the order in which they are read.
    pub members: Vec<Member>,
    /// Files that were not taken, each with the reason.
    pub left_out: Vec<String>,
}

/// Numbers of an amplifier that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    /// Its detector.
    pub detector: u32,
    /// Its number.
    pub amp: u32,
    /// Median of its pixels above the overscan (DN).
    pub median: Option<f64>,
    /// Median of its overscan (DN), which was subtracted; nothing without one.
    pub overscan: Option<f64>,
    /// Pixels without a value (count).
    pub n_nan: usize,
}

/// The overview of one amplifier.
struct Part {
    overview: Array2<f32>,
    /// Column and row of its first pixel on the detector.
    on_detector: (usize, usize),
    /// Rows and columns of the full image.
    size: (usize, usize),
}

/// The focal plane of one camera.
pub struct Mosaic {
    camera: Instrument,
    sorted: Sorted,
    parts: BTreeMap<(DetectorId, AmpId), Part>,
    detail: Detail,
}

impl Mosaic {
    /// Sorts files by their headers; no pixel is read yet.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is no such camera, [`Error::Input`] if the files are not those of
    /// more than one detector, or of several amplifiers in files of their own.
    pub fn open(store: &mut dyn Store, camera: &str, names: &[Key]) -> Result<Mosaic> {
        let camera = Instrument::built_in(camera)?;
        let sorted = sort::sort(store, &camera, names)?;
        Ok(Mosaic { camera, sorted, parts: BTreeMap::new(), detail: Detail::default() })
    }

    /// What it is made of.
    pub fn info(&self) -> MosaicInfo {
        let places: Vec<Place> = self.camera.detectors.iter().map(|one| self.place(one)).collect();
        let member = |piece: &Piece| Member {
            detector: piece.detector.0,
            amp: piece.amp.0,
            file: piece.key.clone(),
        };
        MosaicInfo {
            camera: self.camera.name.clone(),
            width: places.iter().map(|place| place.x0 + place.width).max().unwrap_or(0),
            height: places.iter().map(|place| place.y0 + place.height).max().unwrap_or(0),
            places,
            members: self.sorted.pieces.iter().map(member).collect(),
            left_out: self.sorted.left_out.clone(),
        }
    }

    fn place(&self, detector: &crate::instrument::Detector) -> Place {
        let ((height, width), gap) = (self.sorted.shape, self.camera.gap_pix);
        Place {
            detector: detector.id.0,
            name: detector.name.clone(),
            x0: detector.column * (width + gap.1),
            y0: detector.row * (height + gap.0),
            width,
            height,
        }
    }

    /// First column and row of a detector.
    fn origin(&self, detector: DetectorId) -> Option<(usize, usize)> {
        let known = self.camera.detectors.iter().find(|known| known.id == detector)?;
        let place = self.place(known);
        Some((place.x0, place.y0))
    }

    /// Reads one amplifier and keeps its overview.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn read(&mut self, store: &mut dyn Store, detector: u32, amp: u32) -> Result<Level> {
        let (piece, read) = self.amplifier(store, (detector, amp))?;
        let median = read::exact_median(&read.image);
        let n_nan = read.image.iter().filter(|value| !value.is_finite()).count();
        let (overview, size) = (eighth(read.image.view()), read.image.dim());
        let part = Part { overview, on_detector: read.on_detector, size };
        self.parts.insert((piece.detector, piece.amp), part);
        Ok(Level { detector, amp, median, overscan: read.overscan, n_nan })
    }

    /// Reads one amplifier and keeps its pixels for a close look, in the place of those that were not
    /// looked at for longest.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn load(&mut self, store: &mut dyn Store, detector: u32, amp: u32) -> Result<()> {
        let (piece, read) = self.amplifier(store, (detector, amp))?;
        self.detail.keep((piece.detector, piece.amp), read.image);
        Ok(())
    }

    fn amplifier(
        &self,
        store: &mut dyn Store,
        (detector, amp): (u32, u32),
    ) -> Result<(Piece, Amplifier)> {
        let is_wanted = |piece: &&Piece| (piece.detector.0, piece.amp.0) == (detector, amp);
        let piece = self.sorted.pieces.iter().find(is_wanted).ok_or_else(|| {
            let found = format!("amplifier {amp} of detector {detector}");
            Error::input("mosaic", "amplifier", found, "one of which there is a file")
        })?;
        Ok((piece.clone(), read::read(store, &self.camera, piece)?))
    }

    /// Bytes of all pixels that are kept.
    pub fn bytes(&self) -> usize {
        let overviews: usize = self.parts.values().map(|part| 4 * part.overview.len()).sum();
        overviews + self.detail.bytes()
    }
}
