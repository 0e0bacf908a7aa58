//! Rectangles of pixels and the orientations of an amplifier's array.
//!
//! Three orders of the same pixels: *stored* (as in the raw file), *readout* (the first pixel read
//! at `[0, 0]`, columns in the order of reading, overscan after the data), *sky* (+RA right, +Dec
//! up). They differ by mirroring rows, columns or both, so every conversion is its own inverse.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// A rectangle of pixels: rows `[row_start, row_end)`, columns `[column_start, column_end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// First row.
    pub row_start: usize,
    /// One past the last row.
    pub row_end: usize,
    /// First column.
    pub column_start: usize,
    /// One past the last column.
    pub column_end: usize,
}

impl Section {
    /// The rectangle with `shape` (rows, columns) whose first pixel is `origin` (row, column).
    pub fn at(origin: (usize, usize), shape: (usize, usize)) -> Section {
        Section {
            row_start: origin.0,
            row_end: origin.0 + shape.0,
            column_start: origin.1,
            column_end: origin.1 + shape.1,
        }
    }

    /// Rows and columns; zero where the end does not lie after the start.
    pub fn shape(&self) -> (usize, usize) {
        (
            self.row_end.saturating_sub(self.row_start),
            self.column_end.saturating_sub(self.column_start),
        )
    }

    /// Whether the section has a pixel and lies inside an array of `shape`.
    pub fn fits(&self, shape: (usize, usize)) -> bool {
        self.row_start < self.row_end
            && self.column_start < self.column_end
            && self.row_end <= shape.0
            && self.column_end <= shape.1
    }

    /// This section of an array mirrored by `flip`, where the array has `shape`.
    pub fn flipped(&self, flip: Flip, shape: (usize, usize)) -> Section {
        let mut out = *self;
        if flip.rows {
            (out.row_start, out.row_end) = (shape.0 - self.row_end, shape.0 - self.row_start);
        }
        if flip.columns {
            (out.column_start, out.column_end) =
                (shape.1 - self.column_end, shape.1 - self.column_start);
        }
        out
    }

    /// The pixels of `array` in this section, or `None` if it does not fit.
    pub fn view<'a, T>(&self, array: &'a Array2<T>) -> Option<ArrayView2<'a, T>> {
        self.fits(array.dim()).then(|| {
            array.slice(ndarray::s![
                self.row_start..self.row_end,
                self.column_start..self.column_end
            ])
        })
    }
}

/// Mirroring of rows, columns or both; its own inverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flip {
    /// The order of the rows is reversed.
    pub rows: bool,
    /// The order of the columns is reversed.
    pub columns: bool,
}

impl Flip {
    /// Nothing is mirrored.
    pub const NONE: Flip = Flip { rows: false, columns: false };

    /// One after the other: sky from readout is sky from stored after stored from readout.
    #[must_use = "the combined flip is returned"]
    pub fn then(self, next: Flip) -> Flip {
        Flip { rows: self.rows != next.rows, columns: self.columns != next.columns }
    }

    /// `array` mirrored, in standard (row-major) layout.
    #[must_use = "the mirrored array is returned"]
    pub fn apply<T: Clone>(self, array: Array2<T>) -> Array2<T> {
        let mut array = match array.is_standard_layout() {
            true => array,
            false => array.as_standard_layout().into_owned(),
        };
        let (rows, columns) = array.dim();
        let Some(pixels) = array.as_slice_mut().filter(|pixels| !pixels.is_empty()) else {
            return array;
        };
        // Rows and columns mirrored are all pixels in reverse.
        if self.rows {
            pixels.reverse();
        }
        if self.rows != self.columns {
            pixels.chunks_exact_mut(columns).take(rows).for_each(<[T]>::reverse);
        }
        array
    }

    /// A section of `array`, mirrored, in standard layout; `None` if it does not fit.
    pub fn apply_to_section<T: Copy>(
        self,
        array: &Array2<T>,
        section: Section,
    ) -> Option<Array2<T>> {
        let view = section.view(array)?;
        let (rows, columns) = view.dim();
        let mut pixels = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            let row = view.row(if self.rows { rows - 1 - row } else { row });
            match row.to_slice() {
                Some(row) if self.columns => pixels.extend(row.iter().rev().copied()),
                Some(row) => pixels.extend_from_slice(row),
                None if self.columns => pixels.extend(row.iter().rev().copied()),
                None => pixels.extend(row.iter().copied()),
            }
        }
        Array2::from_shape_vec((rows, columns), pixels).ok()
    }

    /// Where the pixel position (row, column) of an array of `shape` lies after mirroring.
    pub fn position(self, at: (f64, f64), shape: (usize, usize)) -> (f64, f64) {
        let row = if self.rows { shape.0 as f64 - 1.0 - at.0 } else { at.0 };
        let column = if self.columns { shape.1 as f64 - 1.0 - at.1 } else { at.1 };
        (row, column)
    }
}

/// Where one amplifier's pixels are, in readout order and on the detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmpGeometry {
    /// Pixels that saw light, in the readout array.
    pub imaging: Section,
    /// Serial overscan, in the readout array; `None` if the amplifier has none.
    pub overscan: Option<Section>,
    /// From the stored order of the raw file to readout order.
    pub readout_from_stored: Flip,
    /// From the stored order of the raw file to sky order.
    pub sky_from_stored: Flip,
    /// Where the imaging pixels lie on the detector, in sky order.
    pub on_detector: Section,
}

impl AmpGeometry {
    /// The same for some of the `all` rows of the readout array, counted from the first of them; `None` if the array
    /// has no such rows, or its sections do not reach over all of them.
    pub fn rows(&self, rows: Range<usize>, all: usize) -> Option<AmpGeometry> {
        let whole = |section: Section| (section.row_start, section.row_end) == (0, all);
        let sections = whole(self.imaging) && self.overscan.is_none_or(whole);
        if rows.is_empty() || all < rows.end || !sections || self.on_detector.shape().0 != all {
            return None;
        }
        let part = |section: Section| Section { row_start: 0, row_end: rows.len(), ..section };
        let sky = match self.sky_from_readout().rows {
            true => all - rows.end..all - rows.start,
            false => rows.clone(),
        };
        let first = self.on_detector.row_start;
        Some(AmpGeometry {
            imaging: part(self.imaging),
            overscan: self.overscan.map(part),
            on_detector: Section {
                row_start: first + sky.start,
                row_end: first + sky.end,
                ..self.on_detector
            },
            ..*self
        })
    }

    /// From readout to sky order.
    pub fn sky_from_readout(&self) -> Flip {
        self.readout_from_stored.then(self.sky_from_stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_flip_is_its_own_inverse() {
        let a = array![[1, 2, 3], [4, 5, 6]];
        for (rows, columns) in [(false, false), (false, true), (true, false), (true, true)] {
            let flip = Flip { rows, columns };
            assert_eq!(flip.apply(flip.apply(a.clone())), a);
        }
        assert_eq!(Flip { rows: true, columns: true }.apply(a), array![[6, 5, 4], [3, 2, 1]]);
    }

    #[test]
    fn a_section_follows_its_pixels_through_a_flip() {
        let a = Array2::from_shape_fn((5, 7), |(r, c)| 10 * r + c);
        let section = Section::at((1, 2), (2, 3));
        let flip = Flip { rows: true, columns: true };
        let moved = section.flipped(flip, a.dim());
        let direct = flip.apply(section.view(&a).unwrap().to_owned());
        assert_eq!(moved.view(&flip.apply(a)).unwrap(), direct);
    }
}
