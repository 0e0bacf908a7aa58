//! Whether a match can be chance.
//!
//! With `n` stars of the rarer list on the image and the other list of density `ρ`, a wrong map gives
//! a star a partner within `r` with the probability `p = 1 - exp(-π ρ r²)`. That `k` or more of the
//! `n` have one is less probable than (Chernoff)
//!
//! ```text
//! exp(-n [a ln(a/p) + (1 - a) ln((1 - a)/(1 - p))])        a = k / n > p
//! ```
//!
//! of which the number of maps tried makes the chance of the whole search. Each coefficient that is
//! fitted to an axis can bring one star to its partner, so that as many matches are not counted.

use std::f64::consts::{LN_10, PI};

/// Lists on the image, and what was matched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// Stars found on the image.
    pub(super) spots: usize,
    /// References on the image.
    pub(super) references: usize,
    /// Area of the image (pixel²).
    pub(super) area_pix2: f64,
    /// Pairs.
    pub(super) matched: usize,
    /// Coefficients of one axis.
    pub(super) terms: usize,
    /// Farthest apart that two of a pair may be (pixel).
    pub(super) radius_pix: f64,
}

/// Decimal logarithm of an upper limit of the probability that `trials` wrong maps give as many
/// matches; 0 if that is to be expected.
pub(super) fn log10_chance(counts: &Counts, trials: f64) -> f64 {
    let rarer = counts.spots.min(counts.references);
    let matched = counts.matched.saturating_sub(counts.terms);
    if rarer == 0 || matched == 0 {
        return 0.0;
    }
    let density = counts.spots.max(counts.references) as f64 / counts.area_pix2;
    let p = -libm::expm1(-PI * density * counts.radius_pix * counts.radius_pix);
    let n = rarer as f64;
    let a = (matched as f64 / n).min(1.0);
    if !(p > 0.0 && a > p) {
        return 0.0;
    }
    let rest = if a < 1.0 { (1.0 - a) * libm::log((1.0 - a) / (1.0 - p)) } else { 0.0 };
    let log = -n * (a * libm::log(a / p) + rest) / LN_10;
    (log + libm::log10(trials.max(1.0))).min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: Counts = Counts {
        spots: 200,
        references: 100,
        area_pix2: 1e6,
        matched: 43,
        terms: 3,
        radius_pix: 10.0,
    };

    #[test]
    fn the_limit_lies_above_the_binomial_tail_and_near_it() {
        // log10 of scipy.stats.binom.sf(39, 100, 1 - exp(-200e-6 * pi * 100)): -22.0717.
        let log = log10_chance(&COUNTS, 1.0);
        assert!(log > -22.0717 && log < -20.5, "{log}");
        assert!((log10_chance(&COUNTS, 1e6) - log - 6.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_to_be_expected_is_no_evidence() {
        for matched in [0, 3, 9] {
            assert_eq!(log10_chance(&Counts { matched, ..COUNTS }, 1.0), 0.0);
        }
        assert_eq!(log10_chance(&Counts { references: 0, ..COUNTS }, 1.0), 0.0);
        assert_eq!(log10_chance(&COUNTS, 1e300), 0.0);
    }
}
