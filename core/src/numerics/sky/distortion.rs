//! A polynomial map of the plane and its inverse, for SIP and TPV alike.
//!
//! Each axis is a sum of terms `c x^i y^j r^k` with `r = sqrt(x^2 + y^2)`; the powers come from
//! tables of repeated products. The inverse is Newton's method with the analytic derivatives.

use std::ops::Index;

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
    axes: [Vec<Term>; 2],
}

/// Powers 0 to `MAX_POWER` of a number; higher ones read as zero.
struct Powers([f64; MAX_POWER + 1]);

impl Powers {
    fn of(base: f64) -> Powers {
        let mut power = 1.0;
        Powers(std::array::from_fn(|_| {
            let this = power;
            power *= base;
            this
        }))
    }
}

impl Index<usize> for Powers {
    type Output = f64;

    fn index(&self, power: usize) -> &f64 {
        self.0.get(power).unwrap_or(&0.0)
    }
}

/// A polynomial's value and its derivatives.
struct Slope {
    value: f64,
    by_x: f64,
    by_y: f64,
}

impl Distortion {
    /// From the terms of both axes; terms with a zero coefficient are dropped.
    pub(super) fn new(mut axes: [Vec<Term>; 2]) -> Distortion {
        for terms in &mut axes {
            terms.retain(|term| term.coefficient != 0.0);
        }
        Distortion { axes }
    }

    /// The distorted point.
    pub(super) fn apply(&self, point: (f64, f64)) -> (f64, f64) {
        let [first, second] = self.slopes(point);
        (first.value, second.value)
    }

    /// The point that `apply` takes to `target`, found from a start at `target` itself.
    pub(super) fn invert(&self, target: (f64, f64)) -> Option<(f64, f64)> {
        let mut point = target;
        for _ in 0..MAX_STEPS {
            let [first, second] = self.slopes(point);
            let (dx, dy) = (target.0 - first.value, target.1 - second.value);
            let determinant = first.by_x * second.by_y - first.by_y * second.by_x;
            let step = (
                (second.by_y * dx - first.by_y * dy) / determinant,
                (first.by_x * dy - second.by_x * dx) / determinant,
            );
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

    fn slopes(&self, (x, y): (f64, f64)) -> [Slope; 2] {
        let radius = (x * x + y * y).sqrt();
        let powers = (Powers::of(x), Powers::of(y), Powers::of(radius));
        let [first, second] = &self.axes;
        [slope(first, &powers), slope(second, &powers)]
    }
}

fn slope(terms: &[Term], (x, y, r): &(Powers, Powers, Powers)) -> Slope {
    let mut sum = Slope { value: 0.0, by_x: 0.0, by_y: 0.0 };
    for term in terms {
        if term.r > 0 {
            // No term is both radial and mixed; the slope of r itself is taken as 0 at its tip.
            let inner = if term.r > 1 {
                r[term.r - 2]
            } else if r[1] > 0.0 {
                1.0 / r[1]
            } else {
                0.0
            };
            let outer = term.coefficient * term.r as f64 * inner;
            sum.value += term.coefficient * r[term.r];
            sum.by_x += outer * x[1];
            sum.by_y += outer * y[1];
            continue;
        }
        sum.value += term.coefficient * x[term.x] * y[term.y];
        if term.x > 0 {
            sum.by_x += term.coefficient * term.x as f64 * x[term.x - 1] * y[term.y];
        }
        if term.y > 0 {
            sum.by_y += term.coefficient * term.y as f64 * x[term.x] * y[term.y - 1];
        }
    }
    sum
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
        for (axis, slope) in map.slopes((x, y)).into_iter().enumerate() {
            let value = |x, y| map.slopes((x, y))[axis].value;
            let by_x = (value(x + h, y) - value(x - h, y)) / (2.0 * h);
            let by_y = (value(x, y + h) - value(x, y - h)) / (2.0 * h);
            assert!((by_x - slope.by_x).abs() < 1e-9 && (by_y - slope.by_y).abs() < 1e-9);
        }
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
