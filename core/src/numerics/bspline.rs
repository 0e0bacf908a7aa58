//! Basis splines on knots of any spacing.
//!
//! For `n` knots and order `k` (4 is cubic) the knots are continued by `k - 1` on either side, with the
//! first and the last spacing, and the `n + k - 2` basis functions follow from Cox and de Boor:
//!
//! ```text
//! B_i,1(x) = 1 for t_i <= x < t_(i+1), else 0
//! B_i,k(x) = (x - t_i) / (t_(i+k-1) - t_i) B_i,k-1(x)
//!          + (t_(i+k) - x) / (t_(i+k) - t_(i+1)) B_(i+1),k-1(x)
//! ```
//!
//! Their sum is 1 between the first and the last knot. Source: de Boor 1978, "A Practical Guide to
//! Splines", chapter X; the continuation as in bbf 0.7.1 (`BSpline`).

/// A basis.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    knots: Vec<f64>,
    order: usize,
}

impl Basis {
    /// The basis of an order on knots; `None` unless the order is 1 or more and there are at least two
    /// knots, finite and strictly rising.
    pub fn new(knots: &[f64], order: usize) -> Option<Basis> {
        let rising = knots.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        let (&[first, second, ..], &[.., before, last]) = (knots, knots) else { return None };
        if order == 0 || !rising || !knots.iter().all(|knot| knot.is_finite()) {
            return None;
        }
        let below = (1..order).rev().map(|step| first - step as f64 * (second - first));
        let above = (1..order).map(|step| last + step as f64 * (last - before));
        let knots = below.chain(knots.iter().copied()).chain(above).collect();
        Some(Basis { knots, order })
    }

    /// Number of basis functions.
    pub fn count(&self) -> usize {
        self.knots.len() - self.order
    }

    /// All basis functions at `x`; the last knot counts to the interval before it.
    pub fn values(&self, x: f64) -> Vec<f64> {
        let last = self.knots.len() - self.order;
        let x_is_end = self.knots.get(last).is_some_and(|end| end.total_cmp(&x).is_eq());
        let mut values: Vec<f64> = self
            .knots
            .windows(2)
            .enumerate()
            .map(|(i, pair)| {
                let inside = matches!(pair, [low, high] if *low <= x && x < *high);
                let chosen = if x_is_end { i + 1 == last } else { inside };
                f64::from(u8::from(chosen))
            })
            .collect();
        for order in 2..=self.order {
            values = self.raised(&values, order, x);
        }
        values
    }

    /// The functions of `order` from those of the order below.
    fn raised(&self, lower: &[f64], order: usize, x: f64) -> Vec<f64> {
        let knot = |i: usize| self.knots.get(i).copied().unwrap_or(f64::NAN);
        let pairs = lower.windows(2).enumerate();
        pairs
            .filter_map(|(i, pair)| {
                let &[here, next] = pair else { return None };
                let rise = (x - knot(i)) / (knot(i + order - 1) - knot(i)) * here;
                let fall = (knot(i + order) - x) / (knot(i + order) - knot(i + 1)) * next;
                Some(rise + fall)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_add_up_to_one_between_the_knots() {
        let knots = [50.0, 90.0, 162.0, 292.0, 526.0];
        let basis = Basis::new(&knots, 4).unwrap();
        assert_eq!(basis.count(), 7);
        for x in [50.0, 51.0, 90.0, 161.9, 300.0, 525.9, 526.0] {
            let values = basis.values(x);
            assert_eq!(values.len(), 7);
            assert!((values.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{x}");
            assert!(values.iter().all(|value| (-1e-12..=1.0).contains(value)), "{x}: {values:?}");
        }
    }

    #[test]
    fn even_knots_give_the_cubic_of_the_books() {
        // At a knot the cardinal cubic has the values 1/6, 4/6, 1/6.
        let basis = Basis::new(&[0.0, 1.0, 2.0, 3.0], 4).unwrap();
        let expected = [0.0, 1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0, 0.0, 0.0];
        for (value, wanted) in basis.values(1.0).iter().zip(expected) {
            assert!((value - wanted).abs() < 1e-14);
        }
    }

    #[test]
    fn knots_that_do_not_rise_make_no_basis() {
        assert_eq!(Basis::new(&[1.0], 4), None);
        assert_eq!(Basis::new(&[1.0, 1.0], 4), None);
        assert_eq!(Basis::new(&[1.0, f64::NAN], 4), None);
        assert_eq!(Basis::new(&[1.0, 2.0], 0), None);
    }
}
