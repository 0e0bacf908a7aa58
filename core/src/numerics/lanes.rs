//! Four 32-bit floats that are worked on at once, as processors and WebAssembly have them.
//!
//! A compiler finds such operations in plain loops only at times. Every result is that of the same operation on
//! each number alone, so that all machines give the same bits. Of two numbers that compare equal either may be
//! taken, so zeros are to have one sign.

use wide::f32x4;

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
