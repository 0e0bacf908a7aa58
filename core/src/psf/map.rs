//! Size and shape of the stars by part of the image.

use serde::{Deserialize, Serialize};

use crate::numerics::stats::finite_median;

/// Cells along each axis.
const CELLS: usize = 4;
/// Fewest stars that tell of a cell.
const FEWEST: usize = 3;

/// The stars of a part of the image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Middle of the cell, column and row (pixel).
    pub middle: (f64, f64),
    /// Stars in it.
    pub stars: usize,
    /// Their median full width at half maximum with the pixel (pixel); absent for fewer than three.
    pub fwhm_pix: Option<f64>,
    /// Their median ellipticity along the columns and along the diagonal (ratio), absent alike.
    pub ellipticity_ratio: Option<(f64, f64)>,
}

/// A star at its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) center: (f64, f64),
    pub(super) fwhm_pix: f64,
    pub(super) ellipticity: (f64, f64),
}

/// The cells of an image of `shape`, row after row.
pub(super) fn cells((rows, columns): (usize, usize), stars: &[Placed]) -> Vec<Cell> {
    let side = |length: usize| length.max(1) as f64 / CELLS as f64;
    let (width, height) = (side(columns), side(rows));
    let place = |at: f64, size: f64| ((at + 0.5) / size).clamp(0.0, CELLS as f64 - 0.5) as usize;
    let cell = |row: usize, column: usize| {
        let inside = |star: &&Placed| {
            place(star.center.0, width) == column && place(star.center.1, height) == row
        };
        let own: Vec<&Placed> = stars.iter().filter(inside).collect();
        let median = |value: fn(&Placed) -> f64| {
            finite_median(own.iter().map(|star| value(star))).filter(|_| FEWEST <= own.len())
        };
        let middle = |at: usize, size: f64| (at as f64 + 0.5) * size - 0.5;
        Cell {
            middle: (middle(column, width), middle(row, height)),
            stars: own.len(),
            fwhm_pix: median(|star| star.fwhm_pix),
            ellipticity_ratio: median(|star| star.ellipticity.0)
                .zip(median(|star| star.ellipticity.1)),
        }
    };
    (0..CELLS)
        .flat_map(|row| (0..CELLS).map(move |column| (row, column)))
        .map(|(row, column)| cell(row, column))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_counts_in_the_cell_where_it_lies() {
        let star = |x: f64, y: f64, fwhm_pix: f64| Placed {
            center: (x, y),
            fwhm_pix,
            ellipticity: (0.1 * fwhm_pix, -0.1),
        };
        let stars =
            [star(-0.4, 0.0, 2.0), star(9.0, 4.0, 3.0), star(9.4, 4.4, 4.0), star(9.6, 19.0, 9.0)];
        let cells = cells((20, 40), &stars);
        assert_eq!(cells.len(), 16);
        assert_eq!((cells[0].stars, cells[0].fwhm_pix), (3, Some(3.0)));
        assert_eq!(cells[0].middle, (4.5, 2.0));
        assert_eq!((cells[13].stars, cells[13].fwhm_pix, cells[13].middle.0), (1, None, 14.5));
        assert!(
            cells[0]
                .ellipticity_ratio
                .is_some_and(|(e1, e2)| (e1 - 0.3).abs() < 1e-12 && e2 == -0.1)
        );
        assert!(cells.iter().map(|cell| cell.stars).sum::<usize>() == stars.len());
    }
}
