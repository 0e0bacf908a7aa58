//! The first guess: pairs of an image star and a reference vote for a shift.
//!
//! For every rotation and scale within reach the image stars are turned about the middle of the image,
//! and each pair of one of them with a reference says by how much the image is shifted. Wrong pairs
//! spread evenly over the cells of all shifts, right ones meet in one. Steps of angle and scale move
//! the corners of the image by less than a cell.

use super::plane::{Matrix, Point, times};

/// What is searched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// Largest shift along either axis (pixel).
    pub(super) shift_pix: f64,
    /// Largest rotation (radian).
    pub(super) rotation_rad: f64,
    /// Largest departure of the scale from one (fraction).
    pub(super) scale_fraction: f64,
    /// Whether mirrored images are tried too.
    pub(super) either_parity: bool,
    /// Half the diagonal of the image (pixel).
    pub(super) half_diagonal_pix: f64,
}

/// A guess: a place of the plane is `matrix` times the place in the image plus `shift`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Guess {
    pub(super) matrix: Matrix,
    pub(super) shift: Point,
    votes: u32,
}

/// Cell of the shifts over half the diagonal.
const CELL_OF_DIAGONAL: f64 = 0.005;
/// Step of angle and scale, at the corners of the image, over a cell.
const STEP_OF_CELL: f64 = 0.7;
/// Most cells along an axis.
const MAX_CELLS: usize = 1500;
/// Cells that are kept of each rotation and scale.
const KEPT: usize = 4;

/// The cells of all shifts.
struct Cells {
    side: usize,
    size_pix: f64,
    shift_pix: f64,
    counts: Vec<u16>,
}

impl Cells {
    fn new(reach: &Reach) -> Cells {
        let size_pix = cell_size(reach);
        let side = ((2.0 * reach.shift_pix / size_pix).ceil() as usize).clamp(2, MAX_CELLS + 1);
        Cells { side, size_pix, shift_pix: reach.shift_pix, counts: vec![0; side * side] }
    }

    fn count(&mut self, spots: &[Point], references: &[Point]) {
        self.counts.fill(0);
        let (per_pixel, side) = (1.0 / self.size_pix, self.side as f64);
        for spot in spots {
            let (x, y) = (self.shift_pix - spot.0, self.shift_pix - spot.1);
            for reference in references {
                let (column, row) = ((reference.0 + x) * per_pixel, (reference.1 + y) * per_pixel);
                if column >= 0.0 && row >= 0.0 && column < side && row < side {
                    let at = row as usize * self.side + column as usize;
                    if let Some(count) = self.counts.get_mut(at) {
                        *count = count.saturating_add(1);
                    }
                }
            }
        }
    }

    /// The fullest squares of 2 x 2 cells, best first: votes and shift.
    fn fullest(&self) -> Vec<(u32, Point)> {
        let mut best: Vec<(u32, usize, usize)> = Vec::with_capacity(KEPT + 1);
        let rows = self.counts.chunks(self.side).zip(self.counts.chunks(self.side).skip(1));
        for (row, (upper, lower)) in rows.enumerate() {
            for (column, (a, b)) in upper.windows(2).zip(lower.windows(2)).enumerate() {
                let votes = a.iter().chain(b).map(|&count| u32::from(count)).sum::<u32>();
                if best.len() == KEPT && best.last().is_some_and(|last| votes <= last.0) {
                    continue;
                }
                let at = best.partition_point(|other| other.0 >= votes);
                best.insert(at, (votes, row, column));
                best.truncate(KEPT);
            }
        }
        let shift = |cell: usize| (cell as f64 + 1.0) * self.size_pix - self.shift_pix;
        best.into_iter().map(|(votes, row, column)| (votes, (shift(column), shift(row)))).collect()
    }
}

fn cell_size(reach: &Reach) -> f64 {
    let fine = (CELL_OF_DIAGONAL * reach.half_diagonal_pix).max(2.0);
    fine.max(2.0 * reach.shift_pix / MAX_CELLS as f64)
}

/// Evenly from `-limit` to `limit`, in steps of at most `step`.
fn steps(limit: f64, step: f64) -> Vec<f64> {
    let n = (limit / step).ceil() as i32;
    if n < 1 {
        return vec![0.0];
    }
    (-n..=n).map(|k| f64::from(k) * limit / f64::from(n)).collect()
}

/// The best guesses, best first, and how many independent ones were tried.
pub(super) fn guesses(
    spots: &[Point],
    references: &[Point],
    reach: &Reach,
    wanted: usize,
) -> (Vec<Guess>, f64) {
    let mut cells = Cells::new(reach);
    let step = STEP_OF_CELL * cells.size_pix / reach.half_diagonal_pix;
    let angles = steps(reach.rotation_rad, step);
    let scales = steps(reach.scale_fraction, step);
    let mirrors: &[f64] = if reach.either_parity { &[1.0, -1.0] } else { &[1.0] };
    let mut all = Vec::new();
    for &mirror in mirrors {
        for &angle in &angles {
            for &scale in &scales {
                let (sin, cos) = libm::sincos(angle);
                let (sin, cos) = ((1.0 + scale) * sin, (1.0 + scale) * cos);
                let matrix = [[cos * mirror, -sin], [sin * mirror, cos]];
                let turned: Vec<Point> = spots.iter().map(|&spot| times(&matrix, spot)).collect();
                cells.count(&turned, references);
                let found = cells.fullest().into_iter();
                all.extend(found.map(|(votes, shift)| Guess { matrix, shift, votes }));
            }
        }
    }
    let tried = (mirrors.len() * angles.len() * scales.len()) as f64;
    let trials = tried * (cells.side * cells.side) as f64;
    (distinct(all, wanted, (cells.size_pix, reach.half_diagonal_pix)), trials)
}

/// The guesses with most votes that differ by more than a few cells anywhere on the image.
fn distinct(mut all: Vec<Guess>, wanted: usize, (cell, reach): (f64, f64)) -> Vec<Guess> {
    // A stable sort: of equal ones the first tried.
    all.sort_by_key(|guess| std::cmp::Reverse(guess.votes));
    let mut kept: Vec<Guess> = Vec::with_capacity(wanted);
    for guess in all {
        if kept.len() == wanted {
            break;
        }
        let apart = |a: f64, b: f64, limit: f64| (a - b).abs() > limit;
        let differs = |other: &Guess| {
            let matrices = guess.matrix.iter().flatten().zip(other.matrix.iter().flatten());
            apart(guess.shift.0, other.shift.0, 3.0 * cell)
                || apart(guess.shift.1, other.shift.1, 3.0 * cell)
                || matrices.into_iter().any(|(a, b)| apart(a * reach, b * reach, 3.0 * cell))
        };
        if kept.iter().all(differs) {
            kept.push(guess);
        }
    }
    kept
}
