//! Some rows of an amplifier in the place of all, for a picture that shows no more of them.
//!
//! ```text
//! row i of the thinned image   row min(2^l i + 2^(l-1), n - 1) of the n rows in sky order   (l = 0: row i)
//! its columns, once drawn      means of the valid ones of 2^l beside each other; a block without any is NaN
//! ```
//!
//! A row is taken whole, with its overscan: most steps act on each row alone.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use crate::geometry::{AmpGeometry, Section};
use crate::image::CcdImage;
use crate::pipeline::{Masters, Underway};

/// Most pixels of an amplifier that a preview goes through: an eighth of the rows of 3080 × 3072.
const MOST_PIXELS: usize = 5 << 18;

/// Which rows are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    /// One row stands for `2^level`.
    pub(super) level: u32,
    /// Those that are seen, counted after thinning, in sky order.
    pub(super) range: Range<usize>,
    /// Rows of the amplifier.
    all: usize,
}

impl Rows {
    /// Those of the `seen` ones of an image of so many rows and columns: one for every `2^level` or more.
    pub(super) fn new(
        seen: Range<usize>,
        (all, columns): (usize, usize),
        level: u32,
        most: Option<usize>,
    ) -> Rows {
        let range = |level: u32| seen.start >> level..seen.end.div_ceil(1 << level);
        let fits = |level: &u32| range(*level).len() * columns <= most.unwrap_or(MOST_PIXELS);
        let level = (level..8).find(fits).unwrap_or(level.max(8));
        Rows { level, range: range(level), all }
    }

    /// The rows that they stand for, in sky order.
    pub(super) fn stand_for(&self) -> Range<usize> {
        self.range.start << self.level..self.all.min(self.range.end << self.level)
    }

    /// Their places in an array, in its order; `mirrored` if that is not the one of the sky.
    pub(super) fn places(&self, mirrored: bool) -> Vec<usize> {
        let last = self.all.saturating_sub(1);
        let sky =
            self.range.clone().map(|row| ((row << self.level) + (1 << self.level) / 2).min(last));
        if mirrored { sky.rev().map(|row| last - row).collect() } else { sky.collect() }
    }

    /// The geometry of an amplifier that has no other rows; its own if it has others beside the imaging ones.
    fn geometry(&self, whole: &AmpGeometry) -> AmpGeometry {
        let part =
            |section: Section| Section { row_start: 0, row_end: self.range.len(), ..section };
        let first = whole.on_detector.row_start;
        let on_detector = Section { row_end: first + self.range.len(), ..whole.on_detector };
        AmpGeometry {
            imaging: part(whole.imaging),
            overscan: whole.overscan.map(part),
            on_detector,
            ..*whole
        }
    }

    /// The kind, place and unit of an image for these rows; with its geometry.
    pub(super) fn shell(&self, shell: &mut Underway, whole: &AmpGeometry) -> AmpGeometry {
        let geometry = self.geometry(whole);
        match shell {
            Underway::Amplifier(amp) => {
                let places = self.places(whole.sky_from_readout().rows);
                amp.quantum =
                    places.iter().filter_map(|&row| amp.quantum.get(row).copied()).collect();
                amp.zero = amp.zero.map(|zero| Section { row_end: self.range.len(), ..zero });
                amp.geometry = geometry;
            }
            Underway::Detector(ccd) => {
                ccd.on_detector = geometry.on_detector;
                ccd.amps.iter_mut().for_each(|part| part.geometry = geometry);
            }
            Underway::Science(_) => {}
        }
        geometry
    }

    /// These rows of masters, for an amplifier of this geometry.
    pub(super) fn of_masters(&self, masters: Masters, geometry: &AmpGeometry) -> Masters {
        let places = self.places(false);
        let thin = |mut master: CcdImage| {
            let planes = &mut master.planes;
            planes.image = rows_of(&planes.image, &places);
            planes.variance = rows_of(&planes.variance, &places);
            planes.mask = rows_of(&planes.mask, &places);
            master.on_detector = geometry.on_detector;
            master
        };
        Masters {
            bias: masters.bias.map(thin),
            dark: masters.dark.map(|(master, ratio)| (thin(master), ratio)),
            flat: masters.flat.map(thin),
            scale_ratio: masters.scale_ratio,
        }
    }
}

/// Some rows of a plane; those that it does not have are left out.
pub(super) fn rows_of<T: Clone + Default>(plane: &Array2<T>, rows: &[usize]) -> Array2<T> {
    let columns = plane.ncols();
    let there: Vec<usize> = rows.iter().copied().filter(|&row| row < plane.nrows()).collect();
    let mut pixels = Vec::with_capacity(there.len() * columns);
    for row in &there {
        let row = plane.row(*row);
        match row.as_slice() {
            Some(row) => pixels.extend_from_slice(row),
            None => pixels.extend(row.iter().cloned()),
        }
    }
    Array2::from_shape_vec((there.len(), columns), pixels).unwrap_or_default()
}

/// Rows of a plane, one value for every block of columns.
pub(super) fn narrowed<T: Copy, U: Default>(
    plane: ArrayView2<'_, T>,
    (rows, level): (&[usize], u32),
    value: impl Fn(&[T]) -> U,
) -> Array2<U> {
    let columns = plane.ncols().div_ceil(1 << level);
    let (mut pixels, mut line) = (Vec::with_capacity(rows.len() * columns), Vec::new());
    for &row in rows.iter().filter(|row| **row < plane.nrows()) {
        line.clear();
        line.extend(plane.row(row).iter().copied());
        pixels.extend(line.chunks(1 << level).map(&value));
    }
    let height = pixels.len() / columns.max(1);
    Array2::from_shape_vec((height, columns), pixels).unwrap_or_default()
}

/// The mean of the valid pixels; NaN without any.
pub(super) fn mean_of_valid(block: &[f32]) -> f32 {
    if let [only] = block {
        return *only;
    }
    let (mut sum, mut count) = (0.0, 0.0);
    for &value in block.iter().filter(|value| value.is_finite()) {
        sum += f64::from(value);
        count += 1.0;
    }
    if count > 0.0 { (sum / count) as f32 } else { f32::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn every_so_many_rows_are_taken_in_the_order_of_the_array() {
        let rows = Rows::new(0..11, (11, 4), 2, None);
        assert_eq!((rows.level, rows.range.clone(), rows.stand_for()), (2, 0..3, 0..11));
        assert_eq!(rows.places(false), [2, 6, 10]);
        assert_eq!(rows.places(true), [0, 4, 8]);
        let some = Rows::new(5..7, (11, 4), 0, None);
        assert_eq!((some.places(false), some.stand_for()), (vec![5, 6], 5..7));
        assert_eq!(some.places(true), [4, 5]);
    }

    #[test]
    fn no_more_pixels_than_allowed_are_gone_through() {
        assert_eq!(Rows::new(0..3080, (3080, 3072), 2, None).level, 3);
        assert_eq!(Rows::new(1000..1400, (3080, 3072), 0, None).level, 0);
        assert_eq!(Rows::new(0..11, (11, 4), 0, Some(12)).range, 0..3);
    }

    #[test]
    fn columns_become_means_of_what_is_valid() {
        let image = array![
            [1.0, 3.0, f32::NAN, f32::NAN, 7.0],
            [0.0; 5],
            [2.0, 4.0, 5.0, f32::INFINITY, 9.0]
        ];
        let narrow = narrowed(image.view(), (&[0, 2, 9], 1), mean_of_valid);
        assert_eq!(narrow.dim(), (2, 3));
        assert!(narrow[[0, 1]].is_nan());
        assert_eq!([narrow[[0, 0]], narrow[[0, 2]], narrow[[1, 0]]], [2.0, 7.0, 3.0]);
        assert_eq!([narrow[[1, 1]], narrow[[1, 2]]], [5.0, 9.0]);
        // A picture of every pixel shows each as it is.
        assert!(narrowed(image.view(), (&[2], 0), mean_of_valid)[[0, 3]].is_infinite());
    }
}
