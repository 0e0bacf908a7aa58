//! Where a picture shows an image: which of its columns and lines, and which pixel under each.
//!
//! ```text
//! column of picture column p   X = x + (p + 1/2 - width / 2) / scale
//! row of picture line l        Y = y + (height / 2 - l - 1/2) / scale
//! pixel of an image            floor(X - x0 + 1/2) / 2^level, rounded down; rows alike
//! ```
//!
//! Whoever draws, with this crate or on a graphics processor, takes its pixels from here, so that all
//! show the same ones.

use std::ops::Range;

use super::Frame;
use crate::error::{Error, Result};

/// How often an image may have been halved.
pub const DEEPEST_LEVEL: u32 = 16;

/// An image's place on the detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Detector coordinates (column, row) of the center of the first pixel of the full-size image.
    pub origin: (f64, f64),
    /// Rows and columns of the full-size image.
    pub size: (usize, usize),
    /// How often the image was halved; at most [`DEEPEST_LEVEL`].
    pub level: u32,
}

impl Place {
    /// Rows and columns of the halved image.
    ///
    /// # Errors
    /// If the level is above [`DEEPEST_LEVEL`].
    pub fn halved_size(&self) -> Result<(usize, usize)> {
        if self.level > DEEPEST_LEVEL {
            let needed = format!("at most {DEEPEST_LEVEL}");
            return Err(Error::parameter("level", self.level, needed));
        }
        let halved = |side: usize| side.div_ceil(1 << self.level);
        Ok((halved(self.size.0), halved(self.size.1)))
    }

    fn column(&self, x: f64) -> Option<usize> {
        pixel_at(x - self.origin.0, self.size.1).map(|column| column >> self.level)
    }

    fn row(&self, y: f64) -> Option<usize> {
        pixel_at(y - self.origin.1, self.size.0).map(|row| row >> self.level)
    }
}

/// The pixel in which a coordinate lies, of so many in a line.
fn pixel_at(coordinate: f64, count: usize) -> Option<usize> {
    let pixel = (coordinate + 0.5).floor();
    (pixel >= 0.0 && pixel < count as f64).then_some(pixel as usize)
}

/// The rectangle of a picture that shows an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footprint {
    /// Its first picture column.
    pub first_column: usize,
    /// Column of the (halved) image under each of its picture columns.
    pub columns: Vec<usize>,
    /// Its first picture line, counted from the top.
    pub first_line: usize,
    /// Row of the (halved) image under each of its picture lines.
    pub rows: Vec<usize>,
}

impl Footprint {
    /// Where a picture shows an image, as far as it lies in a range of picture columns.
    ///
    /// # Errors
    /// If the frame is not a valid one, or the level is too deep.
    pub fn new(frame: &Frame, place: &Place, range: Range<usize>) -> Result<Footprint> {
        frame.check()?;
        place.halved_size()?;
        let column = |at: usize| place.column(frame.detector_position(at as f64, 0.0).0);
        let row = |line: usize| place.row(frame.detector_position(0.0, line as f64).1);
        let (first_column, columns) = run(range.start..range.end.min(frame.width), column);
        let (first_line, rows) = run(0..frame.height, row);
        Ok(Footprint { first_column, columns, first_line, rows })
    }

    /// Its picture columns.
    pub fn picture_columns(&self) -> Range<usize> {
        self.first_column..self.first_column + self.columns.len()
    }
}

/// The first place that shows a pixel, and the pixels from there on.
fn run(range: Range<usize>, pixel: impl Fn(usize) -> Option<usize>) -> (usize, Vec<usize>) {
    let first = range.clone().find(|&at| pixel(at).is_some()).unwrap_or(range.end);
    (first, (first..range.end).map_while(pixel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { width: 8, height: 6, x: 2.0, y: 1.0, scale: 2.0 };

    #[test]
    fn a_footprint_names_the_pixel_under_every_picture_pixel() {
        let place = Place { origin: (1.0, 0.0), size: (2, 2), level: 0 };
        let footprint = Footprint::new(&FRAME, &place, 0..8).unwrap();
        assert_eq!(
            (footprint.first_column, footprint.columns.as_slice()),
            (1, [0, 0, 1, 1].as_slice())
        );
        assert_eq!((footprint.first_line, footprint.rows.as_slice()), (2, [1, 1, 0, 0].as_slice()));
        let right = Footprint::new(&FRAME, &place, 4..99).unwrap();
        assert_eq!((right.picture_columns(), right.columns.as_slice()), (4..5, [1].as_slice()));
        assert_eq!(right.rows, footprint.rows);
    }

    #[test]
    fn an_image_elsewhere_has_none() {
        let place = Place { origin: (1e9, -1e300), size: (2, 2), level: 0 };
        let footprint = Footprint::new(&FRAME, &place, 0..8).unwrap();
        assert!(footprint.columns.is_empty() && footprint.rows.is_empty());
        assert_eq!(footprint.picture_columns(), 8..8);
    }

    #[test]
    fn a_halved_image_has_half_as_many_pixels() {
        let place = Place { origin: (0.0, 0.0), size: (3, 5), level: 1 };
        assert_eq!(place.halved_size().unwrap(), (2, 3));
        let frame = Frame::fit(5, 3, place.size);
        let footprint = Footprint::new(&frame, &place, 0..5).unwrap();
        assert_eq!((footprint.columns, footprint.rows), (vec![0, 0, 1, 1, 2], vec![1, 0, 0]));
        assert!(Place { level: DEEPEST_LEVEL + 1, ..place }.halved_size().is_err());
    }
}
