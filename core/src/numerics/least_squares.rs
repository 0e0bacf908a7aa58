//! Weighted linear least squares by the normal equations.
//!
//! For basis values `b_i`, weights `w_i` and any number of right sides `y_i`, the coefficients
//! minimize `Σ w_i (y_i - b_i c)²`; their covariance is the inverse of `Σ w_i b_i b_iᵀ` for weights
//! that are inverse variances. Basis functions should be of the order of one.

/// Sums of a fit that is being set up.
#[derive(Debug, Clone)]
pub struct LeastSquares {
    normal: Vec<Vec<f64>>,
    right: Vec<Vec<f64>>,
}

impl LeastSquares {
    /// A fit of `terms` coefficients to each of `sides` right sides.
    pub fn new(terms: usize, sides: usize) -> LeastSquares {
        LeastSquares { normal: vec![vec![0.0; terms]; terms], right: vec![vec![0.0; terms]; sides] }
    }

    /// Adds one sample: as many basis values as terms, as many values as right sides.
    pub fn add(&mut self, basis: &[f64], weight: f64, values: &[f64]) {
        for (row, &left) in self.normal.iter_mut().zip(basis) {
            row.iter_mut().zip(basis).for_each(|(sum, other)| *sum += weight * left * other);
        }
        for (right, value) in self.right.iter_mut().zip(values) {
            right.iter_mut().zip(basis).for_each(|(sum, left)| *sum += weight * left * value);
        }
    }

    /// The coefficients of each right side; `None` if the samples do not determine them.
    pub fn solve(&self) -> Option<Vec<Vec<f64>>> {
        let factor = cholesky(&self.normal)?;
        Some(self.right.iter().map(|right| substitute(&factor, right)).collect())
    }

    /// The inverse of the normal matrix, by rows; `None` if there is none.
    pub fn covariance(&self) -> Option<Vec<Vec<f64>>> {
        let factor = cholesky(&self.normal)?;
        let terms = self.normal.len();
        let unit = |k: usize| (0..terms).map(|i| f64::from(u8::from(i == k))).collect::<Vec<_>>();
        Some((0..terms).map(|k| substitute(&factor, &unit(k))).collect())
    }
}

/// The lower factor of a symmetric positive matrix.
fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let mut factor: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
    for (i, row) in matrix.iter().enumerate() {
        let mut line: Vec<f64> = Vec::with_capacity(i + 1);
        for (j, value) in row.iter().take(i).enumerate() {
            let above = factor.get(j)?;
            let dot: f64 = line.iter().zip(above).map(|(a, b)| a * b).sum();
            line.push((value - dot) / above.get(j)?);
        }
        let diagonal = row.get(i)?;
        let rest = diagonal - line.iter().map(|a| a * a).sum::<f64>();
        if !rest.is_finite() || rest <= 1e-12 * diagonal.abs() {
            return None;
        }
        line.push(rest.sqrt());
        factor.push(line);
    }
    Some(factor)
}

/// Solves `L Lᵀ c = right`.
fn substitute(factor: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::with_capacity(right.len());
    for (line, value) in factor.iter().zip(right) {
        let dot: f64 = line.iter().zip(&out).map(|(a, b)| a * b).sum();
        out.push((value - dot) / line.last().copied().unwrap_or(1.0));
    }
    for i in (0..out.len()).rev() {
        let below = factor.iter().zip(&out).skip(i + 1);
        let dot: f64 = below.filter_map(|(line, c)| Some(line.get(i)? * c)).sum();
        let diagonal = factor.get(i).and_then(|line| line.last()).copied().unwrap_or(1.0);
        if let Some(value) = out.get_mut(i) {
            *value = (*value - dot) / diagonal;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_found_and_its_covariance_is_that_of_the_textbook() {
        let mut fit = LeastSquares::new(3, 2);
        for i in 0..5 {
            for j in 0..5 {
                let (x, y) = (f64::from(i - 2), f64::from(j - 2));
                fit.add(&[1.0, x, y], 4.0, &[1.0 + 2.0 * x - 3.0 * y, y]);
            }
        }
        let found = fit.solve().unwrap();
        for (found, wanted) in found.concat().iter().zip([1.0, 2.0, -3.0, 0.0, 0.0, 1.0]) {
            assert!((found - wanted).abs() < 1e-14, "{found} {wanted}");
        }
        // Centered on a grid the terms are independent: 1 / (w n) and 1 / (w Σ x²).
        let covariance = fit.covariance().unwrap();
        assert!((covariance[0][0] - 0.01).abs() < 1e-15);
        assert!((covariance[1][1] - 1.0 / 200.0).abs() < 1e-15);
        assert!(covariance[0][1].abs() < 1e-15);
    }

    #[test]
    fn samples_on_a_line_do_not_determine_a_plane() {
        let mut fit = LeastSquares::new(3, 1);
        (0..9).for_each(|i| fit.add(&[1.0, f64::from(i), f64::from(2 * i)], 1.0, &[1.0]));
        assert_eq!(fit.solve(), None);
        assert_eq!(fit.covariance(), None);
    }
}
