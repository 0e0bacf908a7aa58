//! Edges: pixels too close to the border of the detector, or to the seam between two amplifiers.
//!
//! ```text
//! mask |= EDGE    for the border_pix (seam_pix) rows or columns along each side of the array
//! ```
//!
//! * Planes: `mask`, any order of pixels; [`Seams`] says which sides are seams, in the same order.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::mask;

/// Widths of the margins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Width along the border of the detector (pixel).
    pub border_pix: usize,
    /// Width along a seam, where the array of the next amplifier begins (pixel).
    pub seam_pix: usize,
}

impl Default for Params {
    /// One pixel each: those that no search for cosmic rays judges.
    fn default() -> Params {
        Params { border_pix: 1, seam_pix: 1 }
    }
}

/// Whether the first and the last row, and the first and the last column, lie along a seam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seams {
    /// Along the first and the last row.
    pub rows: (bool, bool),
    /// Along the first and the last column.
    pub columns: (bool, bool),
}

/// Marks the margins of an array; how many pixels got the bit.
pub fn mark(bits: &mut Array2<u32>, seams: Seams, params: &Params) -> u64 {
    let before = mask::count(bits, mask::EDGE);
    let width = |seam: bool| if seam { params.seam_pix } else { params.border_pix };
    let inside = |at: usize, length: usize, (first, last): (bool, bool)| {
        width(first) <= at && width(last) < length - at
    };
    let (rows, columns) = bits.dim();
    for ((row, column), pixel) in bits.indexed_iter_mut() {
        if !(inside(row, rows, seams.rows) && inside(column, columns, seams.columns)) {
            *pixel |= mask::EDGE;
        }
    }
    mask::count(bits, mask::EDGE) - before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_has_the_margin_of_its_kind() {
        let mut bits = Array2::from_elem((10, 8), mask::DEAD);
        let seams = Seams { rows: (false, true), columns: (true, false) };
        let marked = mark(&mut bits, seams, &Params { border_pix: 3, seam_pix: 1 });
        // Rows 3 to 8 and columns 1 to 4 are left.
        let inside = |row, column| (3..9).contains(&row) && (1..5).contains(&column);
        for ((row, column), &pixel) in bits.indexed_iter() {
            let expected = if inside(row, column) { mask::DEAD } else { mask::DEAD | mask::EDGE };
            assert_eq!(pixel, expected, "{row} {column}");
        }
        assert_eq!(marked, 80 - 24);
        assert_eq!(mark(&mut bits, Seams::default(), &Params { border_pix: 0, seam_pix: 9 }), 0);
    }

    #[test]
    fn a_margin_wider_than_the_array_takes_all_of_it() {
        let mut bits = Array2::zeros((4, 3));
        let params = Params { border_pix: usize::MAX, seam_pix: 0 };
        assert_eq!(mark(&mut bits, Seams::default(), &params), 12);
        assert_eq!(mark(&mut Array2::zeros((0, 0)), Seams::default(), &params), 0);
    }
}
