//! Rice tiles to whole numbers (FITS 4.0, sec. 10.4.1).
//!
//! ```text
//! tile:   first pixel (BYTEPIX bytes), then for each block of pixels
//!         split + 1 in 3, 4 or 5 bits;   0: all equal;   7, 15 or 26: differences as they are;
//!         else of each difference the upper part in unary (zeros, then a one) and `split` bits
//! pixel:  the one before + difference;   an even number d is d / 2, an odd one -(d + 1) / 2
//! ```
//!
//! Source: Rice, Yeh & Miller 1993; White et al. 2013 (the tiled-image convention). A tile must hold every bit that
//! its pixels need. Numbers wrap at 32 bits, as those of `fitsio-pure` 0.25.0 do, with which a test compares.

use super::tiles::Rice;

/// Bits of a tile, first bit first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bits, from the highest one down.
    next: u64,
    /// How many of them are there.
    count: u32,
    /// Bits that were taken and not there.
    missing: bool,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Bits<'a> {
        Bits { bytes, next: 0, count: 0, missing: false }
    }

    /// Takes bytes until there are more than 56 bits; zeros behind the end.
    #[inline(always)]
    fn fill(&mut self) {
        if let Some(eight) = self.bytes.first_chunk::<8>() {
            self.next |= u64::from_be_bytes(*eight) >> self.count;
            let taken = (63 - self.count) / 8;
            self.bytes = self.bytes.get(taken as usize..).unwrap_or_default();
            self.count += 8 * taken;
            return;
        }
        while let (true, Some((&byte, rest))) = (self.count <= 56, self.bytes.split_first()) {
            self.next |= u64::from(byte) << (56 - self.count);
            self.bytes = rest;
            self.count += 8;
        }
    }

    /// Drops bits, at most 63.
    #[inline(always)]
    fn skip(&mut self, bits: u32) {
        self.missing |= self.count < bits;
        self.next <<= bits;
        self.count = self.count.saturating_sub(bits);
    }

    /// A number of at most 32 bits.
    #[inline(always)]
    fn number(&mut self, bits: u32) -> u32 {
        if self.count < bits {
            self.fill();
        }
        let number = (self.next >> 1 >> (63 - bits)) as u32;
        self.skip(bits);
        number
    }

    /// The zeros before the next one, and the one.
    #[inline(always)]
    fn unary(&mut self) -> u32 {
        let mut zeros = 0_u32;
        loop {
            let here = self.next.leading_zeros();
            if here < self.count {
                self.skip(here + 1);
                return zeros.wrapping_add(here);
            }
            zeros = zeros.wrapping_add(self.count);
            (self.next, self.count) = (0, 0);
            self.fill();
            if self.count == 0 {
                self.missing = true;
                return zeros;
            }
        }
    }
}

/// Decodes a tile into `pixels`; `None` if it ends before its pixels do.
pub(super) fn decode(bytes: &[u8], rice: Rice, pixels: &mut [i32]) -> Option<()> {
    let (split_bits, width) = rice.widths();
    let mut bits = Bits::new(bytes);
    bits.fill();
    let first = bits.number(width);
    let mut last = (first as i32) << (32 - width) >> (32 - width);
    for block in pixels.chunks_mut(usize::try_from(rice.block).ok()?.max(1)) {
        match bits.number(split_bits).checked_sub(1) {
            None => block.fill(last),
            Some(split) if split == rice.whole() => {
                for pixel in block {
                    last = last.wrapping_add(difference(bits.number(width)));
                    *pixel = last;
                }
            }
            Some(split) => last = split_block(&mut bits, split, last, block),
        }
        if bits.missing {
            return None;
        }
    }
    Some(())
}

/// A block whose differences are split; its last pixel.
#[inline(always)]
fn split_block(bits: &mut Bits<'_>, split: u32, mut last: i32, block: &mut [i32]) -> i32 {
    for pixel in block {
        if bits.count <= 40 {
            bits.fill();
        }
        let zeros = bits.next.leading_zeros();
        let (upper, lower);
        if zeros + 1 + split <= bits.count {
            upper = zeros;
            lower = (bits.next << zeros << 1 >> 1 >> (63 - split)) as u32;
            bits.next = bits.next << zeros << 1 << split;
            bits.count -= zeros + 1 + split;
        } else {
            upper = bits.unary();
            lower = bits.number(split);
        }
        last = last.wrapping_add(difference(upper << split | lower));
        *pixel = last;
    }
    last
}

/// A signed number from the unsigned one that stands for it.
#[inline(always)]
fn difference(code: u32) -> i32 {
    (code >> 1) as i32 ^ -((code & 1) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], rice: Rice, count: usize) -> Option<Vec<i32>> {
        let mut pixels = vec![0; count];
        decode(bytes, rice, &mut pixels).map(|()| pixels)
    }

    #[test]
    fn tiles_written_by_hand_are_read() {
        let rice = Rice { block: 4, bytes: 2 };
        // 1000, then a block of no differences: 0000.
        assert_eq!(decoded(&[0x03, 0xe8, 0x00], rice, 4), Some(vec![1000; 4]));
        // Split 1 (0010): 0, +1 (2 = 1·0), -1 (1 = 0·1), +2 (4 = 10·0 = 001 0):
        // 1 0 | 01 0 | 1 1 | 001 0.
        let bits = [0x03, 0xe8, 0b0010_1001, 0b0110_0100];
        assert_eq!(decoded(&bits, rice, 4), Some(vec![1000, 1001, 1000, 1002]));
        // As they are (1111): 16 bits each.
        let bits = [0xff, 0xff, 0xf0, 0x00, 0x0f, 0xff, 0xf0];
        assert_eq!(decoded(&bits, rice, 2), Some(vec![-1, -32_769]));
    }

    #[test]
    fn a_tile_that_ends_too_early_is_refused_at_any_byte() {
        let rice = Rice { block: 4, bytes: 2 };
        let whole = [0x03, 0xe8, 0b0010_1001, 0b0110_0100];
        for length in 0..whole.len() {
            assert_eq!(decoded(&whole[..length], rice, 4), None, "{length}");
        }
        assert_eq!(decoded(&[0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], rice, 4), None);
    }
}
