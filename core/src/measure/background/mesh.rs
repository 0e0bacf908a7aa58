//! Maps on the cells of a mesh: filling gaps, smoothing, and the curve between the cells.
//!
//! The curve is evaluated in single precision in the order of sep 1.4.1, so that both give the same
//! bits: the sky of a wide aperture is some 500 pixels, all off by the same rounding otherwise.

use ndarray::{Array2, s};

use super::cell::Statistics;

/// Gives each cell without statistics the mean of the nearest cells that have some.
pub(super) fn fill(cells: &mut Array2<Option<Statistics>>) {
    let good: Vec<((usize, usize), Statistics)> =
        cells.indexed_iter().filter_map(|(at, cell)| cell.map(|cell| (at, cell))).collect();
    for (at, cell) in cells.indexed_iter_mut().filter(|(_, cell)| cell.is_none()) {
        *cell = nearest_mean(&good, at);
    }
}

fn nearest_mean(good: &[((usize, usize), Statistics)], at: (usize, usize)) -> Option<Statistics> {
    let distance = |other: (usize, usize)| {
        let (rows, columns) = (other.0.abs_diff(at.0), other.1.abs_diff(at.1));
        rows * rows + columns * columns
    };
    let nearest = good.iter().map(|&(other, _)| distance(other)).min()?;
    let (mut n, mut level, mut rms) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (_, cell) in good.iter().filter(|&&(other, _)| distance(other) == nearest) {
        n += 1.0;
        level += cell.level;
        rms += cell.rms;
    }
    Some(Statistics { level: level / n, rms: rms / n })
}

/// Median filter of `(height, width)` cells; near an edge the window shrinks to stay centered.
pub(super) fn smooth(map: &Array2<f32>, (height, width): (usize, usize)) -> Array2<f32> {
    let (rows, columns) = map.dim();
    let reach = |half: usize, at: usize, length: usize| half.min(at).min(length - 1 - at);
    let mut window = Vec::with_capacity(height * width);
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let down = reach(height / 2, row, rows);
        let across = reach(width / 2, column, columns);
        window.clear();
        let around = s![row - down..=row + down, column - across..=column + across];
        window.extend(map.slice(around).iter().copied());
        median(&mut window)
    })
}

/// Median of the values, the mean of the middle two if their number is even; 0 without any.
pub(super) fn median(values: &mut [f32]) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let half = values.len() / 2;
    let upper = values.get(half).copied().unwrap_or(0.0);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = half.checked_sub(1).and_then(|lower| values.get(lower)).copied().unwrap_or(0.0);
    (f64::from(lower + upper) / 2.0) as f32
}

/// A map on the cells with the bends of its curves along the columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mesh {
    values: Array2<f32>,
    bends: Array2<f32>,
    cell_height: usize,
    /// For each column of pixels, the cell to its left (the first one before that) and how far
    /// from its center, in cells.
    columns: Vec<(usize, f32)>,
}

impl Mesh {
    /// A mesh of cells of `(height, width)` pixels under `n_columns` columns of pixels.
    pub(super) fn new(
        values: Array2<f32>,
        (height, width): (usize, usize),
        n_columns: usize,
    ) -> Mesh {
        let mut bends = Array2::zeros(values.dim());
        for (column, mut out) in values.columns().into_iter().zip(bends.columns_mut()) {
            out.iter_mut().zip(curvatures(&column.to_vec())).for_each(|(out, bend)| *out = bend);
        }
        let columns = places(values.ncols(), width, n_columns);
        Mesh { values, bends, cell_height: height, columns }
    }

    /// The map along one row of pixels.
    pub(super) fn line(&self, row: usize, out: &mut [f32]) {
        let nodes = self.nodes_at(row);
        if let [only] = nodes.as_slice() {
            out.fill(*only);
            return;
        }
        // A single row of cells is joined by straight lines.
        let single_row = self.values.nrows() == 1;
        let bends = if single_row { vec![0.0; nodes.len()] } else { curvatures(&nodes) };
        let mut pieces = Vec::with_capacity(nodes.len());
        for pair in nodes.windows(2).zip(bends.windows(2)) {
            if let (&[low, high], &[bend_low, bend_high]) = pair {
                pieces.push(Piece { low, high, bend_low, bend_high });
            }
        }
        for (out, &(piece, t)) in out.iter_mut().zip(&self.columns) {
            *out = pieces.get(piece).map_or(0.0, |piece| piece.along_row(t));
        }
    }

    /// The values of the columns of cells in one row of pixels.
    fn nodes_at(&self, row: usize) -> Vec<f32> {
        let rows = self.values.nrows();
        if rows < 2 {
            return self.values.iter().copied().collect();
        }
        let at = row as f32 / self.cell_height as f32 - 0.5;
        let low = (at.max(0.0) as usize).min(rows - 2);
        let t = at - low as f32;
        let values = self.values.slice(s![low..=low + 1, ..]);
        let bends = self.bends.slice(s![low..=low + 1, ..]);
        let piece = |column: usize| Piece {
            low: values[[0, column]],
            high: values[[1, column]],
            bend_low: bends[[0, column]],
            bend_high: bends[[1, column]],
        };
        (0..self.values.ncols()).map(|column| piece(column).along_column(t)).collect()
    }
}

/// Piece and place in it of each column of pixels: steps of `1 / width` are added up from each
/// piece's first pixel, as sep does.
fn places(n_cells: usize, width: usize, n_columns: usize) -> Vec<(usize, f32)> {
    let step = (1.0 / width as f64) as f32;
    let first = if width.is_multiple_of(2) { step / 2.0 } else { 0.0 };
    let mut place = (0, (step - 1.0) / 2.0);
    (0..n_columns)
        .map(|column| {
            let starts_piece = column >= width && column % width == width / 2;
            if starts_piece && place.0 + 2 < n_cells {
                place = (place.0 + 1, first);
            }
            let here = place;
            place.1 += step;
            here
        })
        .collect()
}

/// A cubic between two nodes: their values and their second derivatives over 6.
struct Piece {
    low: f32,
    high: f32,
    bend_low: f32,
    bend_high: f32,
}

impl Piece {
    /// The value at `t`, 0 at the lower node and 1 at the upper one, with sep's order of sums
    /// along a column.
    fn along_column(&self, t: f32) -> f32 {
        let u = 1.0 - t;
        u * self.low
            + t * self.high
            + (u * u * u - u) * self.bend_low
            + (t * t * t - t) * self.bend_high
    }

    /// The same with sep's order of sums along a row.
    fn along_row(&self, t: f32) -> f32 {
        let u = 1.0 - t;
        u * (self.low + (u * u - 1.0) * self.bend_low)
            + t * (self.high + (t * t - 1.0) * self.bend_high)
    }
}

/// Second derivatives over 6 of the spline through nodes at distance 1, both ends zero.
///
/// A natural cubic spline solves `m[i-1] + 4 m[i] + m[i+1] = y[i+1] - 2 y[i] + y[i-1]`, by
/// elimination downward and substitution upward. SExtractor and sep substitute a sixth of
/// `m[i+1]`; the curve still meets its nodes, and differs from the natural one by some hundredths
/// of the rms. Theirs is the definition of this background, so it is followed.
fn curvatures(nodes: &[f32]) -> Vec<f32> {
    let mut eliminated = vec![(0.0_f32, 0.0_f32)];
    for three in nodes.windows(3) {
        if let (&[before, here, after], Some(&(slope, offset))) = (three, eliminated.last()) {
            let next_slope = -1.0 / (slope + 4.0);
            let bend = 6.0 * (after + before - 2.0 * here);
            eliminated.push((next_slope, next_slope * (offset - bend)));
        }
    }
    let mut curvatures = vec![0.0; nodes.len()];
    let mut next = 0.0;
    for (curvature, &(slope, offset)) in curvatures.iter_mut().zip(&eliminated).skip(1).rev() {
        next = (slope * next + offset) / 6.0;
        *curvature = next;
    }
    curvatures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_meets_its_nodes_and_is_straight_through_a_straight_line() {
        let nodes = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0];
        let bends = curvatures(&nodes);
        for i in 0..5 {
            let piece = Piece {
                low: nodes[i],
                high: nodes[i + 1],
                bend_low: bends[i],
                bend_high: bends[i + 1],
            };
            let ends = [0.0, 1.0].map(|t| (piece.along_row(t), piece.along_column(t)));
            for ((row, column), node) in ends.into_iter().zip(&nodes[i..]) {
                assert!((row - node).abs() < 1e-6 && (column - node).abs() < 1e-6);
            }
        }
        assert_eq!(curvatures(&[1.0, 2.0, 3.0, 4.0]), [0.0; 4]);
    }

    #[test]
    fn an_even_number_of_values_has_the_mean_of_the_middle_two_as_median() {
        let medians = [median(&mut [4.0, 1.0, 3.0, 2.0]), median(&mut [4.0, 1.0, 3.0])];
        assert_eq!(medians.map(f32::to_bits), [2.5_f32, 3.0].map(f32::to_bits));
    }
}
