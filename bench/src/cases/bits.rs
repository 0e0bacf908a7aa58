//! Random numbers that follow from a seed.

/// Random bits that follow from a seed: xorshift64* (Vigna 2016).
pub struct Bits(pub u64);

impl Bits {
    /// The next number from 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
}
