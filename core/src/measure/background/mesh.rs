//! Maps on the cells of a mesh: filling gaps, smoothing, and the spline between the cells.

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

/// A map on the cells with the second derivatives of its splines along the columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mesh {
    values: Array2<f32>,
    /// Second derivatives over 6, per cell².
    curvature: Array2<f64>,
}

impl Mesh {
    pub(super) fn new(values: Array2<f32>) -> Mesh {
        let mut curvature = Array2::zeros(values.dim());
        for (column, mut out) in values.columns().into_iter().zip(curvature.columns_mut()) {
            let nodes: Vec<f64> = column.iter().map(|&value| f64::from(value)).collect();
            out.iter_mut().zip(curvatures(&nodes)).for_each(|(out, value)| *out = value);
        }
        Mesh { values, curvature }
    }

    /// The map along one row of pixels.
    pub(super) fn line(&self, row: usize, (height, width): (usize, usize), out: &mut [f32]) {
        let nodes = self.nodes_at(row as f64 / height as f64 - 0.5);
        let Some((&first, rest)) = nodes.split_first() else {
            return;
        };
        if rest.is_empty() {
            out.fill(first as f32);
            return;
        }
        // With a single row of cells sep joins them by straight lines.
        let single_row = self.values.nrows() == 1;
        let curvature = if single_row { vec![0.0; nodes.len()] } else { curvatures(&nodes) };
        let pieces: Vec<Piece> = nodes
            .windows(2)
            .zip(curvature.windows(2))
            .filter_map(|(value, curvature)| {
                let (&[low, high], &[bend_low, bend_high]) = (value, curvature) else {
                    return None;
                };
                Some(Piece { low, high, bend_low, bend_high })
            })
            .collect();
        for (column, out) in out.iter_mut().enumerate() {
            let at = (column as f64 + 0.5) / width as f64 - 0.5;
            let piece = (at.max(0.0) as usize).min(pieces.len() - 1);
            *out = pieces.get(piece).map_or(0.0, |p| p.at(at - piece as f64)) as f32;
        }
    }

    /// The values of the cells' columns at `at` cells below the first row's center.
    fn nodes_at(&self, at: f64) -> Vec<f64> {
        let rows = self.values.nrows();
        if rows < 2 {
            return self.values.iter().map(|&value| f64::from(value)).collect();
        }
        let low = (at.max(0.0) as usize).min(rows - 2);
        let values = self.values.slice(s![low..=low + 1, ..]);
        let bends = self.curvature.slice(s![low..=low + 1, ..]);
        let piece = |column: usize| Piece {
            low: f64::from(values[[0, column]]),
            high: f64::from(values[[1, column]]),
            bend_low: bends[[0, column]],
            bend_high: bends[[1, column]],
        };
        (0..self.values.ncols()).map(|column| piece(column).at(at - low as f64)).collect()
    }
}

/// A cubic between two nodes: their values and their second derivatives over 6.
struct Piece {
    low: f64,
    high: f64,
    bend_low: f64,
    bend_high: f64,
}

impl Piece {
    /// The value at `t`, 0 at the lower node and 1 at the upper one.
    fn at(&self, t: f64) -> f64 {
        let u = 1.0 - t;
        u * (self.low + (u * u - 1.0) * self.bend_low)
            + t * (self.high + (t * t - 1.0) * self.bend_high)
    }
}

/// Second derivatives over 6 of the natural cubic spline through nodes at distance 1.
///
/// They solve `m[i-1] + 4 m[i] + m[i+1] = y[i+1] - 2 y[i] + y[i-1]` with both ends zero, here by
/// elimination downward and substitution upward.
fn curvatures(nodes: &[f64]) -> Vec<f64> {
    let mut eliminated = vec![(0.0, 0.0)];
    for three in nodes.windows(3) {
        if let (&[before, here, after], Some(&(slope, offset))) = (three, eliminated.last()) {
            let pivot = 4.0 + slope;
            let right = after - 2.0 * here + before - offset;
            eliminated.push((-1.0 / pivot, right / pivot));
        }
    }
    let mut curvatures = vec![0.0; nodes.len()];
    let mut next = 0.0;
    for (curvature, &(slope, offset)) in curvatures.iter_mut().zip(&eliminated).skip(1).rev() {
        next = offset + slope * next;
        *curvature = next;
    }
    curvatures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spline_bends_smoothly_and_meets_its_nodes() {
        let nodes = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0];
        let bends = curvatures(&nodes);
        let piece = |i: usize| Piece {
            low: nodes[i],
            high: nodes[i + 1],
            bend_low: bends[i],
            bend_high: bends[i + 1],
        };
        let slope = |i: usize, t: f64| (piece(i).at(t + 1e-6) - piece(i).at(t - 1e-6)) / 2e-6;
        for i in 0..4 {
            assert!((piece(i).at(1.0) - nodes[i + 1]).abs() < 1e-14);
            assert!((slope(i, 1.0) - slope(i + 1, 0.0)).abs() < 1e-8);
        }
        assert!(bends[0] == 0.0 && bends[5] == 0.0);
    }
}
