//! How the variance of a median compares with that of a mean.
//!
//! The median of `n` Gaussian values of variance `σ²` has the variance `c_n σ² / n`. For `n = 2` it
//! is the mean; for large `n`, `c_n → π/2`. The table holds
//!
//! ```text
//! c_n = n ∫ x² f_n(x) dx ,   f_n the density of the sample median of n standard normal values
//! ```
//!
//! by numerical integration of the order statistics (David & Nagaraja 2003, "Order Statistics",
//! sections 2.1 and 2.3), scipy 1.17, Gauss-Legendre with 400 x 200 nodes. Beyond it
//! `c_n = π/2 - t/n` continues it, `t = 0.68` for odd and `2.14` for even `n`.

/// `c_n` for `n` from 1.
const TABLE: [f64; 40] = [
    1.000000, 1.000000, 1.346013, 1.192798, 1.434168, 1.288456, 1.473128, 1.345447, 1.494912,
    1.383264, 1.508787, 1.410194, 1.518387, 1.430350, 1.525420, 1.446003, 1.530792, 1.458513,
    1.535029, 1.468741, 1.538455, 1.477258, 1.541283, 1.484463, 1.543656, 1.490635, 1.545677,
    1.495984, 1.547418, 1.500663, 1.548933, 1.504790, 1.550264, 1.508459, 1.551442, 1.511741,
    1.552492, 1.514694, 1.553435, 1.517366,
];

/// The factor `c_n` of a median of `n` values; 1 for none.
pub fn median_variance_factor(n: usize) -> f64 {
    let beyond = |n: usize| {
        let tail = if n % 2 == 1 { 0.68 } else { 2.14 };
        std::f64::consts::FRAC_PI_2 - tail / n as f64
    };
    match n {
        0 => 1.0,
        n => TABLE.get(n - 1).copied().unwrap_or_else(|| beyond(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_values_have_a_closed_form() {
        let closed = 3.0 * (1.0 - 3.0_f64.sqrt() / std::f64::consts::PI);
        assert!((median_variance_factor(3) - closed).abs() < 1e-6);
        assert_eq!((median_variance_factor(1), median_variance_factor(2)), (1.0, 1.0));
    }

    #[test]
    fn the_continuation_joins_the_table() {
        for (n, tail) in [(37, 0.68), (38, 2.14), (39, 0.68), (40, 2.14)] {
            let continued = std::f64::consts::FRAC_PI_2 - tail / n as f64;
            assert!((median_variance_factor(n) - continued).abs() < 1e-3, "{n}");
        }
        assert!((median_variance_factor(100_001) - std::f64::consts::FRAC_PI_2).abs() < 1e-4);
    }
}
