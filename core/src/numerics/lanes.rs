//! Four 32-bit floats, or two of 64 bits, that are worked on at once, as processors and WebAssembly have them.
//!
//! A compiler finds such operations in plain loops only at times. Every result is that of the same operation on
//! each number alone, so that all machines give the same bits. Of two numbers that compare equal either may be
//! taken, so zeros are to have one sign.

use std::ops::{Add, Div, Mul, Sub};

use wide::{f32x4, f64x2};

/// Four numbers.
#[derive(Debug, Clone, Copy)]
pub struct Lanes(f32x4);

impl Lanes {
    /// Four numbers.
    #[inline(always)]
    pub fn new(values: [f32; 4]) -> Lanes {
        Lanes(f32x4::new(values))
    }

    /// Four times the same number.
    #[inline(always)]
    pub fn splat(value: f32) -> Lanes {
        Lanes(f32x4::splat(value))
    }

    /// The four numbers.
    #[inline(always)]
    pub fn to_array(self) -> [f32; 4] {
        self.0.to_array()
    }

    /// Sums.
    #[must_use = "the sums are returned"]
    #[inline(always)]
    pub fn plus(self, other: Lanes) -> Lanes {
        Lanes(self.0 + other.0)
    }

    /// Differences.
    #[must_use = "the differences are returned"]
    #[inline(always)]
    pub fn minus(self, other: Lanes) -> Lanes {
        Lanes(self.0 - other.0)
    }

    /// Products.
    #[must_use = "the products are returned"]
    #[inline(always)]
    pub fn times(self, other: Lanes) -> Lanes {
        Lanes(self.0 * other.0)
    }

    /// The smaller and the greater of each pair; a pair with a NaN comes out in some order, both of its numbers
    /// there.
    #[must_use = "the pairs are returned"]
    #[inline(always)]
    pub fn ordered(self, other: Lanes) -> (Lanes, Lanes) {
        (Lanes(self.0.fast_min(other.0)), Lanes(other.0.fast_max(self.0)))
    }

    /// Whether each number is less than its partner: bit `i` for number `i`.
    #[inline(always)]
    pub fn less(self, other: Lanes) -> u8 {
        self.0.simd_lt(other.0).to_bitmask() as u8
    }
}

/// Two numbers of 64 bits.
#[derive(Debug, Clone, Copy)]
pub struct Pair(f64x2);

impl Pair {
    /// Two numbers.
    #[inline(always)]
    pub fn new(values: [f64; 2]) -> Pair {
        Pair(f64x2::new(values))
    }

    /// Twice the same number.
    #[inline(always)]
    pub fn splat(value: f64) -> Pair {
        Pair(f64x2::splat(value))
    }

    /// The two numbers.
    #[inline(always)]
    pub fn to_array(self) -> [f64; 2] {
        self.0.to_array()
    }

    /// Square roots; of a number below zero a NaN.
    #[must_use = "the roots are returned"]
    #[inline(always)]
    pub fn root(self) -> Pair {
        Pair(self.0.sqrt())
    }

    /// Where each number is less than its partner.
    #[inline(always)]
    pub fn less(self, other: Pair) -> Choice {
        Choice(self.0.simd_lt(other.0))
    }
}

impl Add for Pair {
    type Output = Pair;

    #[inline(always)]
    fn add(self, other: Pair) -> Pair {
        Pair(self.0 + other.0)
    }
}

impl Sub for Pair {
    type Output = Pair;

    #[inline(always)]
    fn sub(self, other: Pair) -> Pair {
        Pair(self.0 - other.0)
    }
}

impl Mul for Pair {
    type Output = Pair;

    #[inline(always)]
    fn mul(self, other: Pair) -> Pair {
        Pair(self.0 * other.0)
    }
}

impl Div for Pair {
    type Output = Pair;

    #[inline(always)]
    fn div(self, other: Pair) -> Pair {
        Pair(self.0 / other.0)
    }
}

/// A yes or no for each number of a [`Pair`].
#[derive(Debug, Clone, Copy)]
pub struct Choice(f64x2);

impl Choice {
    /// The first of two numbers where it is a yes, the second elsewhere.
    #[must_use = "the numbers are returned"]
    #[inline(always)]
    pub fn of(self, yes: Pair, no: Pair) -> Pair {
        Pair(self.0.bitselect(yes.0, no.0))
    }

    /// Whether it is a no for both.
    #[inline(always)]
    pub fn neither(self) -> bool {
        self.0.to_bitmask() == 0
    }
}
