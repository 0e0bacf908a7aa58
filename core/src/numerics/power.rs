//! Powers for hot loops: the same bits on every target, free of branches, so that a loop over numbers
//! becomes vector code (two `f64` at a time with SSE2 and with WebAssembly's simd128). Numbers come in
//! groups: every operation is done for the whole group before the next one, because the operations of one
//! number wait for each other. Four numbers fill these waits and still fit into registers.
//!
//! ```text
//! x = 2^e m,  m in [sqrt(1/2), sqrt(2))      t = (m - 1) / (m + 1)
//! log2 x = e + t P(t²)                       P of degree 5, absolute error < 2e-14
//! z = k + r,  k whole, |r| <= 1/2
//! 2^z = 2^k (1 + r Q(r))                     Q of degree 8, relative error < 1e-13
//! x^y = 2^(y log2 x)
//! ```
//!
//! `P` and `Q` interpolate `2 atanh(t) / (t ln 2)` and `(2^r - 1) / r` at Chebyshev nodes (computed
//! with 40 digits). The relative error of `x^y` is below `1e-12` wherever the result is a normal
//! number and `|y| <= 3`; the rounding of `y log2 x`, at most 1024, is the larger part of it.
//!
//! Made of `+ - × ÷` and bit operations only: no table, no fused product, no conversion between
//! integers and floats, for which SSE2 has no 64-bit instruction. `libm::pow` is more accurate
//! (below one unit in the last place) and several times slower.

/// Mantissa bits of an `f64`.
const MANTISSA_BITS: u32 = 52;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
const ONE: u64 = 0x3ff0_0000_0000_0000;
/// The bits of sqrt(1/2), rounded down.
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcc;
/// 2^52: its bits, with a small whole number in the lowest ones, are 2^52 plus that number.
const TWO_52: f64 = 4_503_599_627_370_496.0;
/// 1.5 × 2^52: adding it rounds to a whole number, which then stands in the lowest bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// Stands for log2 of zero; any positive power of it underflows, its zeroth power is 1.
const LOG2_ZERO: f64 = -1e300;

/// Largest exponent of 2 that rounds to a whole number below 1024.
const LARGEST: f64 = 1023.4;

const P: [f64; 6] = [
    2.885390081777851,
    0.9617966941122649,
    0.5770779426603044,
    0.41220922406110433,
    0.31990680380701336,
    0.28288502340748234,
];

const Q: [f64; 9] = [
    std::f64::consts::LN_2,
    0.2402265069581299,
    0.055504108664760424,
    0.009618129159402558,
    0.0013333558179043112,
    0.00015403455852453838,
    1.525268684626772e-5,
    1.3255224878668817e-6,
    1.0203121063391729e-7,
];

/// log2 of finite numbers; zero, subnormal and negative numbers count as zero and give `-1e300`.
///
/// Not a number and infinity give a finite number: screen them first, or use [`power`].
#[inline(always)]
pub fn log2<const N: usize>(x: &[f64; N]) -> [f64; N] {
    let (mut exponent, mut t) = ([0.0; N], [0.0; N]);
    for ((exponent, t), x) in exponent.iter_mut().zip(&mut t).zip(x) {
        let shifted = x.to_bits().wrapping_add(ONE - SQRT_HALF);
        *exponent =
            f64::from_bits((shifted >> MANTISSA_BITS) | TWO_52.to_bits()) - (TWO_52 + 1023.0);
        let m = f64::from_bits((shifted & MANTISSA) + SQRT_HALF);
        *t = (m - 1.0) / (m + 1.0);
    }
    let p = polynomial(&P, &t.map(|t| t * t));
    for (((log, t), p), x) in exponent.iter_mut().zip(&t).zip(&p).zip(x) {
        *log += t * p;
        *log = if *x < f64::MIN_POSITIVE { LOG2_ZERO } else { *log };
    }
    exponent
}

/// `2^z`; 0 below `z = -1022`, and `2^1023.4` for all larger `z`.
///
/// Not a number gives a number: screen it first, or use [`power`].
#[inline(always)]
pub fn exp2<const N: usize>(z: &[f64; N]) -> [f64; N] {
    let (mut r, mut scale) = ([0.0; N], [0.0; N]);
    for ((r, scale), &z) in r.iter_mut().zip(&mut scale).zip(z) {
        let inside = if z > -1022.0 { z } else { -1022.0 };
        let inside = if inside < LARGEST { inside } else { LARGEST };
        let rounded = inside + ROUNDER;
        *r = inside - (rounded - ROUNDER);
        *scale = f64::from_bits(rounded.to_bits().wrapping_add(1023) << MANTISSA_BITS);
    }
    let q = polynomial(&Q, &r);
    for (((result, r), q), &z) in scale.iter_mut().zip(&r).zip(&q).zip(z) {
        *result *= 1.0 + r * q;
        *result = if z < -1022.0 { 0.0 } else { *result };
    }
    scale
}

/// `c0 + c1 x + c2 x² + …` by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f64], x: &[f64; N]) -> [f64; N] {
    let (&highest, lower) = coefficients.split_last().unwrap_or((&0.0, &[]));
    let mut sum = [highest; N];
    for coefficient in lower.iter().rev() {
        sum.iter_mut().zip(x).for_each(|(sum, x)| *sum = *sum * x + coefficient);
    }
    sum
}

/// `x^y` for `x >= 0`; `0^y = 0` for `y > 0`, `x^0 = 1`, `1^y = 1`.
///
/// Subnormal and negative `x` count as zero, a subnormal result is zero, a result above `2^1023.4`
/// is infinite. Not a number where `x` or `y` is not finite.
#[inline(always)]
pub fn power(x: f64, y: f64) -> f64 {
    let [log] = log2(&[x]);
    let z = y * log;
    let [bounded] = exp2(&[z]);
    let result = if z > LARGEST { f64::INFINITY } else { bounded };
    if x.abs() <= f64::MAX && y.abs() <= f64::MAX { result } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact cases are exact")]
    #![allow(clippy::excessive_precision, reason = "references are given with 17 digits")]
    #![allow(clippy::approx_constant, reason = "a reference may be the square root of two")]

    use super::*;

    const TOLERANCE: f64 = 1e-12;

    /// Whole numbers from a multiplicative generator (Knuth, MMIX), the upper 53 bits.
    fn fractions(count: usize) -> impl Iterator<Item = f64> {
        let mut state = 1_u64;
        std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        })
        .take(count)
    }

    /// Values with 40 digits by mpmath 1.4, rounded to 17.
    #[test]
    fn powers_agree_with_forty_digits() {
        for (x, y, expected) in [
            (0.3, 1.5, 0.16431676725154982),
            (1e-300, 0.37, 1.0000000000000031e-111),
            (1e-100, 3.0, 1.0000000000000001e-300),
            (1e+300, -0.5, 9.9999999999999997e-151),
            (1e+100, 2.9, 9.999999999999796e+289),
            (0.9999999999, 1.52, 0.99999999984799999),
            (1.0000001, -3.0, 0.99999970000005982),
            (123.456, 0.41, 7.2031092644244285),
            (7e-05, 1.33, 2.9783819635226358e-6),
            (0.7071067811865475, 2.5, 0.42044820762685718),
            (2.0, 0.5, 1.414213562373095),
            (1.4142135623730951, -1.7, 0.55478473603392245),
            (3e+102, 3.0, 2.6999999999999995e+307),
        ] {
            let error = (power(x, y) / expected - 1.0).abs();
            assert!(error < TOLERANCE, "{x}^{y}: relative error {error}");
        }
    }

    #[test]
    fn powers_agree_with_libm_over_the_whole_range() {
        let mut worst: f64 = 0.0;
        let pairs: Vec<f64> = fractions(200_000).collect();
        for pair in pairs.chunks_exact(2) {
            let (x, y) = (libm::pow(10.0, 600.0 * pair[0] - 300.0), 6.0 * pair[1] - 3.0);
            let expected = libm::pow(x, y);
            if (f64::MIN_POSITIVE..1e308).contains(&expected) {
                worst = worst.max((power(x, y) / expected - 1.0).abs());
            }
        }
        assert!(worst < TOLERANCE, "relative error {worst}");
    }

    #[test]
    fn powers_of_the_unit_interval_are_five_times_better() {
        let mut worst: f64 = 0.0;
        for (n, x) in fractions(100_000).enumerate() {
            let y = 0.25 + (n % 200) as f64 / 100.0;
            worst = worst.max((power(x, y) / libm::pow(x, y) - 1.0).abs());
        }
        assert!(worst < 2e-13, "relative error {worst}");
    }

    #[test]
    fn zero_one_and_the_zeroth_power_are_exact() {
        for y in [0.3, 1.0, 1.52, 3.0] {
            assert_eq!((power(0.0, y), power(1.0, y), power(1.0, -y)), (0.0, 1.0, 1.0));
        }
        assert_eq!((power(0.0, 0.0), power(77.0, 0.0), power(2.0, 10.0)), (1.0, 1.0, 1024.0));
        assert_eq!((power(1e-200, 3.0), power(-1.0, 2.0)), (0.0, 0.0));
    }

    #[test]
    fn what_is_not_finite_gives_not_a_number() {
        for (x, y) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0), (2.0, f64::INFINITY)]
        {
            assert!(power(x, y).is_nan());
        }
    }

    #[test]
    fn whole_powers_of_two_have_whole_logarithms() {
        for exponent in -1022..=1023_i32 {
            let x = f64::from_bits(((exponent + 1023) as u64) << MANTISSA_BITS);
            assert_eq!((log2(&[x]), exp2(&[f64::from(exponent)])), ([f64::from(exponent)], [x]));
        }
        assert_eq!(exp2(&[-1022.5, -1e308]), [0.0, 0.0]);
        assert_eq!((power(1e300, 1.1), power(0.0, -1.0)), (f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn groups_give_the_bits_of_single_numbers() {
        let x: [f64; 8] = std::array::from_fn(|n| n as f64 * 123.4 - 100.0);
        let single = x.map(|x| log2(&[x])[0].to_bits());
        assert_eq!(log2(&x).map(f64::to_bits), single);
        let single = x.map(|x| exp2(&[x])[0].to_bits());
        assert_eq!(exp2(&x).map(f64::to_bits), single);
    }

    /// The digest is the same on x86-64, under WASI and in a browser engine.
    #[test]
    fn the_bits_of_ten_thousand_powers_are_known() {
        let bytes: Vec<u8> = fractions(10_000)
            .flat_map(|x| power(1e5 * x * x, 3.0 * x - 1.0).to_bits().to_le_bytes())
            .collect();
        let digest = crate::provenance::digest(&bytes);
        assert_eq!(digest, "cb8164241f46bb0d1107de9c46b372b39a7017b0bbb8ae45a1f6a55807cfef75");
    }
}
