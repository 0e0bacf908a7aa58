//! How the way from the low to the high cut is spread over the colors.
//!
//! ```text
//! linear  y            sqrt   √y
//! log     ln(1 + 1000 y) / ln 1001
//! asinh   asinh(10 y) / asinh 10
//! ```
//!
//! The constants are those of SAOImage DS9; every curve is exactly 0 at 0 and exactly 1 at 1.

use serde::{Deserialize, Serialize};

/// A monotonic curve from `[0, 1]` onto `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stretch {
    /// `y`.
    #[default]
    Linear,
    /// `ln(1 + 1000 y) / ln 1001`.
    Log,
    /// `√y`.
    Sqrt,
    /// `asinh(10 y) / asinh 10`: linear below 0.1, logarithmic above.
    Asinh,
}

impl Stretch {
    /// Every stretch, in the order in which a page lists them.
    pub const ALL: [Stretch; 4] = [Stretch::Linear, Stretch::Log, Stretch::Sqrt, Stretch::Asinh];

    /// The curve at `y`; what is outside `[0, 1]` counts as the nearer end, NaN as 0.
    pub fn apply(self, y: f64) -> f64 {
        if y >= 1.0 {
            return 1.0;
        }
        let y = y.max(0.0);
        match self {
            Stretch::Linear => y,
            Stretch::Log => libm::log1p(1000.0 * y) / libm::log1p(1000.0),
            Stretch::Sqrt => libm::sqrt(y),
            Stretch::Asinh => libm::asinh(10.0 * y) / libm::asinh(10.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_exact() {
        for stretch in Stretch::ALL {
            assert_eq!(stretch.apply(0.0), 0.0);
            assert_eq!(stretch.apply(1.0), 1.0);
            assert_eq!(stretch.apply(-3.0), 0.0);
            assert_eq!(stretch.apply(f64::NEG_INFINITY), 0.0);
            assert_eq!(stretch.apply(7.0), 1.0);
            assert_eq!(stretch.apply(f64::INFINITY), 1.0);
            assert_eq!(stretch.apply(f64::NAN), 0.0);
        }
    }

    #[test]
    fn every_curve_rises_and_stays_inside() {
        for stretch in Stretch::ALL {
            let curve: Vec<f64> =
                (0..=4096).map(|k| stretch.apply(f64::from(k) / 4096.0)).collect();
            assert!(curve.windows(2).all(|pair| pair[0] < pair[1]), "{stretch:?}");
            assert!(curve.iter().all(|y| (0.0..=1.0).contains(y)), "{stretch:?}");
        }
    }

    #[test]
    fn middles_are_those_of_the_closed_forms() {
        // ln 501 / ln 1001 and asinh 5 / asinh 10, from 30 decimal digits.
        let log = 0.899_815_712_043_703_5;
        let asinh = 0.771_269_641_920_037_2;
        let middles = [0.5, log, core::f64::consts::FRAC_1_SQRT_2, asinh];
        for (stretch, middle) in Stretch::ALL.into_iter().zip(middles) {
            assert!((stretch.apply(0.5) - middle).abs() < 4e-16, "{stretch:?}");
        }
    }

    #[test]
    fn names_are_lower_case() {
        let text = serde_json::to_string(&Stretch::ALL).unwrap();
        assert_eq!(text, r#"["linear","log","sqrt","asinh"]"#);
    }
}
