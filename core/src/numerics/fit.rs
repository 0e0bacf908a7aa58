//! Linear least squares in Legendre polynomials.
//!
//! With `x` running from -1 to 1 over the samples, `P0 = 1`, `P1 = x`,
//! `(k+1) P(k+1) = (2k+1) x P(k) - k P(k-1)`, the coefficients minimize `Σ (y - Σ c_k P_k(x))²`
//! over the finite `y`. The normal equations are solved by Cholesky's method; the Legendre terms are
//! nearly orthogonal on the samples, so that they are well conditioned.

/// Largest number of terms.
pub const MAXIMUM_TERMS: usize = 16;

/// Coefficients of `terms` Legendre polynomials; `None` if the finite samples do not determine them.
pub fn legendre_fit(samples: &[f64], terms: usize) -> Option<Vec<f64>> {
    if terms == 0 || terms > MAXIMUM_TERMS {
        return None;
    }
    let mut normal = vec![vec![0.0; terms]; terms];
    let mut right = vec![0.0; terms];
    let mut basis = vec![0.0; terms];
    for (index, &sample) in samples.iter().enumerate().filter(|(_, sample)| sample.is_finite()) {
        legendre(abscissa(index, samples.len()), &mut basis);
        for (row, (&left, value)) in normal.iter_mut().zip(basis.iter().zip(right.iter_mut())) {
            *value += left * sample;
            row.iter_mut().zip(&basis).for_each(|(sum, other)| *sum += left * other);
        }
    }
    cholesky_solve(&mut normal, &mut right).then_some(right)
}

/// The fitted curve at each of `count` samples.
pub fn legendre_curve(coefficients: &[f64], count: usize) -> Vec<f64> {
    LegendreTable::new(coefficients.len(), count).curve(coefficients).collect()
}

/// The polynomials at all samples, for curves of many coefficients.
pub struct LegendreTable {
    terms: usize,
    /// The terms of each sample, one sample after the other.
    values: Vec<f64>,
}

impl LegendreTable {
    /// The first `terms` polynomials at each of `count` samples.
    pub fn new(terms: usize, count: usize) -> LegendreTable {
        let mut values = vec![0.0; terms * count];
        for (index, basis) in values.chunks_mut(terms.max(1)).enumerate() {
            legendre(abscissa(index, count), basis);
        }
        LegendreTable { terms, values }
    }

    /// The curve of these coefficients at each sample.
    pub fn curve(&self, coefficients: &[f64]) -> impl Iterator<Item = f64> {
        let value = move |basis: &[f64]| -> f64 {
            basis.iter().zip(coefficients).map(|(term, coefficient)| term * coefficient).sum()
        };
        self.values.chunks(self.terms.max(1)).map(value)
    }
}

fn abscissa(index: usize, count: usize) -> f64 {
    if count < 2 { 0.0 } else { 2.0 * index as f64 / (count - 1) as f64 - 1.0 }
}

fn legendre(x: f64, basis: &mut [f64]) {
    let (mut before, mut term) = (0.0, 1.0);
    for (k, value) in basis.iter_mut().enumerate() {
        *value = term;
        let k = k as f64;
        (before, term) = (term, ((2.0 * k + 1.0) * x * term - k * before) / (k + 1.0));
    }
}

/// Solves `a x = b` for a symmetric positive `a`; `false` if it is singular.
fn cholesky_solve(a: &mut [Vec<f64>], b: &mut [f64]) -> bool {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            let rest = a[i][j] - dot;
            if i == j {
                if rest <= 1e-12 * a[i][i].abs() || !rest.is_finite() {
                    return false;
                }
                a[i][i] = rest.sqrt();
            } else {
                a[i][j] = rest / a[j][j];
            }
        }
    }
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| a[i][k] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i][i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| a[k][i] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i][i];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quadratic_is_found_exactly_in_spite_of_gaps() {
        let truth = [100.0, -3.0, 0.5];
        let mut samples = legendre_curve(&truth, 201);
        samples[17] = f64::NAN;
        let fit = legendre_fit(&samples, 3).unwrap();
        assert!(fit.iter().zip(truth).all(|(found, wanted)| (found - wanted).abs() < 1e-11));
    }

    #[test]
    fn too_few_samples_do_not_determine_the_curve() {
        assert_eq!(legendre_fit(&[1.0, f64::NAN, 2.0], 3), None);
        assert_eq!(legendre_fit(&[1.0, 2.0], 0), None);
    }

    #[test]
    fn the_residual_is_orthogonal_to_every_term() {
        let samples: Vec<f64> = (0..50).map(|i| f64::from((i * 7919) % 101)).collect();
        let fit = legendre_fit(&samples, 4).unwrap();
        let curve = legendre_curve(&fit, samples.len());
        for k in 0..4 {
            let mut unit = vec![0.0; 4];
            unit[k] = 1.0;
            let term = legendre_curve(&unit, samples.len());
            let dot: f64 = (0..50).map(|i| term[i] * (samples[i] - curve[i])).sum();
            assert!(dot.abs() < 1e-9, "{dot}");
        }
    }
}
