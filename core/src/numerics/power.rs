//! Powers for hot loops: the same bits on every target, free of branches, so that a loop over lanes
//! becomes vector code (two `f64` at a time with SSE2 and with WebAssembly's simd128).
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

const P: [f64; 6] = [
    2.885390081777851,
    0.9617966941122649,
    0.5770779426603044,
    0.41220922406110433,
    0.31990680380701336,
    0.28288502340748234,
];

const Q: [f64; 9] = [
    0.6931471805599453,
    0.2402265069581299,
    0.055504108664760424,
    0.009618129159402558,
    0.0013333558179043112,
    0.00015403455852453838,
    1.525268684626772e-5,
    1.3255224878668817e-6,
    1.0203121063391729e-7,
];

/// log2 of a finite number; zero, subnormal and negative numbers count as zero and give `-1e300`.
///
/// Not a number and infinity give a finite number: screen them first, or use [`power`].
#[inline(always)]
pub fn log2(x: f64) -> f64 {
    let shifted = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let exponent =
        f64::from_bits((shifted >> MANTISSA_BITS) | TWO_52.to_bits()) - (TWO_52 + 1023.0);
    let m = f64::from_bits((shifted & MANTISSA) + SQRT_HALF);
    let t = (m - 1.0) / (m + 1.0);
    let s = t * t;
    let p = ((((P[5] * s + P[4]) * s + P[3]) * s + P[2]) * s + P[1]) * s + P[0];
    let log = exponent + t * p;
    if x < f64::MIN_POSITIVE { LOG2_ZERO } else { log }
}

/// `2^z`; 0 below `z = -1022`, infinity from `z = 1024` on.
///
/// Not a number gives a number: screen it first, or use [`power`].
#[inline(always)]
pub fn exp2(z: f64) -> f64 {
    let inside = if z > -1022.0 { z } else { -1022.0 };
    let inside = if inside < 1023.0 { inside } else { 1023.0 };
    let rounded = inside + ROUNDER;
    let r = inside - (rounded - ROUNDER);
    let high = ((Q[8] * r + Q[7]) * r + Q[6]) * r + Q[5];
    let q = ((((high * r + Q[4]) * r + Q[3]) * r + Q[2]) * r + Q[1]) * r + Q[0];
    let scale = f64::from_bits(rounded.to_bits().wrapping_add(1023) << MANTISSA_BITS);
    let result = (1.0 + r * q) * scale;
    if z < -1022.0 { 0.0 } else { result }
}

/// `x^y` for `x >= 0`; `0^y = 0` for `y > 0`, `x^0 = 1`, `1^y = 1`.
///
/// Subnormal and negative `x` count as zero, a subnormal result is zero. Not a number where `x` or
/// `y` is not finite.
#[inline(always)]
pub fn power(x: f64, y: f64) -> f64 {
    let result = exp2(y * log2(x));
    if x.abs() <= f64::MAX && y.abs() <= f64::MAX { result } else { f64::NAN }
}

/// [`power`] of every lane.
pub fn power_lanes<const N: usize>(x: &[f64; N], y: f64) -> [f64; N] {
    let mut out = [0.0; N];
    for (out, x) in out.iter_mut().zip(x) {
        *out = power(*x, y);
    }
    out
}
