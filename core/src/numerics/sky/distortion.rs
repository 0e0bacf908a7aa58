//! A polynomial map of the plane and its inverse, for SIP and TPV alike.
//!
//! Each axis is a sum of terms `c x^i y^j r^k` with `r = sqrt(x^2 + y^2)`. Both axes are evaluated side by side, with
//! their derivatives, by Horner's rule in two variables:
//!
//! ```text
//! row_j = c_0j + x (c_1j + x (c_2j + …))        map = row_0 + y (row_1 + y (row_2 + …)) + sum of c_k r^k
//! ```
//!
//! The inverse is Newton's method with the analytic derivatives.

use crate::numerics::lanes::Pair;

/// Highest power of `x`, `y` or `r` in a term.
pub(super) const MAX_POWER: usize = 9;

/// Steps of Newton's method before the point counts as unreachable.
const MAX_STEPS: usize = 40;

/// `coefficient x^i y^j r^k`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Term {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) r: usize,
    pub(super) coefficient: f64,
}

impl Term {
    /// The term of the other axis in a convention that exchanges the arguments.
    pub(super) fn exchanged(self) -> Term {
        Term { x: self.y, y: self.x, ..self }
    }
}

/// Two polynomials of two variables.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Distortion {
    /// Coefficients of both axes of a power of `y`, from its highest to none; of each the powers of `x` in the same
    /// order.
    rows: Vec<Vec<[f64; 2]>>,
    /// Powers of `r`, with the coefficients of both axes.
    radial: Vec<(i32, [f64; 2])>,
}

/// Values and derivatives of both polynomials.
struct Slopes {
    value: Pair,
    by_x: Pair,
    by_y: Pair,
}

impl Distortion {
    /// From the terms of both axes. A term is radial or mixed, not both.
    pub(super) fn new(axes: [Vec<Term>; 2]) -> Distortion {
        let (mut mixed, mut radial) =
            ([[[0.0; 2]; MAX_POWER + 1]; MAX_POWER + 1], [[0.0; 2]; MAX_POWER + 1]);
        for (axis, terms) in axes.iter().enumerate() {
            for term in terms {
                let place = match term.r {
                    0 => mixed.get_mut(term.y).and_then(|row| row.get_mut(term.x)),
                    r => radial.get_mut(r),
                };
                if let Some(sum) = place.and_then(|pair| pair.get_mut(axis)) {
                    *sum += term.coefficient;
                }
            }
        }
        Distortion {
            rows: reversed(mixed.map(|row| reversed(row, is_zero)), Vec::is_empty),
            radial: (0..).zip(radial).filter(|(_, pair)| !is_zero(pair)).collect(),
        }
    }

    /// The distorted point.
    pub(super) fn apply(&self, point: (f64, f64)) -> (f64, f64) {
        let [first, second] = self.slopes(point).value.to_array();
        (first, second)
    }

    /// The point that `apply` takes to `target`, found from a start at `target` itself.
    pub(super) fn invert(&self, target: (f64, f64)) -> Option<(f64, f64)> {
        let mut point = target;
        for _ in 0..MAX_STEPS {
            let Slopes { value, by_x, by_y } = self.slopes(point);
            let [dx, dy] = (Pair::new([target.0, target.1]) - value).to_array();
            let ([a, c], [b, d]) = (by_x.to_array(), by_y.to_array());
            let determinant = a * d - b * c;
            let step = ((d * dx - b * dy) / determinant, (a * dy - c * dx) / determinant);
            point = (point.0 + step.0, point.1 + step.1);
            let (length, size) = (step.0.abs() + step.1.abs(), point.0.abs() + point.1.abs());
            if !(length + size).is_finite() {
                return None;
            }
            // The error after a step is about its square, so this one already is the last digit.
            if length <= 1e-11 * size + 1e-13 {
                return Some(point);
            }
        }
        None
    }

    fn slopes(&self, (x, y): (f64, f64)) -> Slopes {
        let (zero, wide_x, wide_y) = (Pair::splat(0.0), Pair::splat(x), Pair::splat(y));
        let mut sum = Slopes { value: zero, by_x: zero, by_y: zero };
        for row in &self.rows {
            let (mut value, mut by_x) = (zero, zero);
            for coefficients in row {
                by_x = by_x * wide_x + value;
                value = value * wide_x + Pair::new(*coefficients);
            }
            sum.by_y = sum.by_y * wide_y + sum.value;
            sum.by_x = sum.by_x * wide_y + by_x;
            sum.value = sum.value * wide_y + value;
        }
        let radius = if self.radial.is_empty() { 0.0 } else { (x * x + y * y).sqrt() };
        for (power, coefficients) in &self.radial {
            let coefficients = Pair::new(*coefficients);
            sum.value = sum.value + coefficients * Pair::splat(whole_power(radius, *power));
            // The slope of r itself is taken as 0 at its tip.
            let tip = *power == 1 && radius <= 0.0;
            let inner = if tip { 0.0 } else { whole_power(radius, *power - 2) };
            let outer = coefficients * Pair::splat(f64::from(*power) * inner);
            (sum.by_x, sum.by_y) = (sum.by_x + outer * wide_x, sum.by_y + outer * wide_y);
        }
        sum
    }
}

fn is_zero(pair: &[f64; 2]) -> bool {
    pair.iter().all(|coefficient| *coefficient == 0.0)
}

/// From the highest power down, without the highest ones that are nothing.
fn reversed<T, const N: usize>(powers: [T; N], is_nothing: impl Fn(&T) -> bool) -> Vec<T> {
    powers.into_iter().rev().skip_while(is_nothing).collect()
}

/// A whole power, from -1 on.
fn whole_power(base: f64, power: i32) -> f64 {
    if power < 0 { 1.0 / base } else { (0..power).fold(1.0, |product, _| product * base) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strong() -> Distortion {
        let term = |x, y, r, coefficient| Term { x, y, r, coefficient };
        Distortion::new([
            vec![term(1, 0, 0, 1.1), term(2, 1, 0, 0.02), term(0, 0, 3, 0.01), term(0, 0, 1, 0.03)],
            vec![term(0, 1, 0, 0.9), term(1, 1, 0, -0.04), term(0, 4, 0, 0.003)],
        ])
    }

    #[test]
    fn the_derivatives_are_those_of_the_values() {
        let (x, y, h) = (0.7, -0.4, 1e-6);
        let map = strong();
        let slopes = map.slopes((x, y));
        for axis in 0..2 {
            let value = |x, y| map.slopes((x, y)).value.to_array()[axis];
            let by_x = (value(x + h, y) - value(x - h, y)) / (2.0 * h);
            let by_y = (value(x, y + h) - value(x, y - h)) / (2.0 * h);
            let (at_x, at_y) = (slopes.by_x.to_array()[axis], slopes.by_y.to_array()[axis]);
            assert!((by_x - at_x).abs() < 1e-9 && (by_y - at_y).abs() < 1e-9);
        }
    }

    #[test]
    fn values_are_the_sum_of_the_terms() {
        let (x, y) = (0.7_f64, -0.4_f64);
        let r = (x * x + y * y).sqrt();
        let first = 1.1 * x + 0.02 * x * x * y + 0.01 * r * r * r + 0.03 * r;
        let second = 0.9 * y - 0.04 * x * y + 0.003 * y * y * y * y;
        let found = strong().apply((x, y));
        assert!((found.0 - first).abs() < 1e-15 && (found.1 - second).abs() < 1e-15);
        assert_eq!(strong().apply((0.0, 0.0)), (0.0, 0.0));
    }

    #[test]
    fn the_inverse_undoes_the_map() {
        for n in 0..100 {
            let point = (f64::from(n % 10) * 0.2 - 0.9, f64::from(n / 10) * 0.2 - 0.9);
            let back = strong().invert(strong().apply(point)).unwrap();
            assert!((back.0 - point.0).abs() + (back.1 - point.1).abs() < 1e-14);
        }
    }

    #[test]
    fn a_map_without_an_inverse_is_told_from_one_with() {
        let square = Term { x: 2, y: 0, r: 0, coefficient: 1.0 };
        let plain = Term { x: 0, y: 1, r: 0, coefficient: 1.0 };
        let folded = Distortion::new([vec![square], vec![plain]]);
        assert_eq!(folded.invert((-1.0, 0.0)), None);
        assert!(folded.invert((4.0, 1.0)).is_some());
    }
}
