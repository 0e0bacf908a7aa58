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

/// Pixels that are taken before bits are: their codes are mostly shorter than 56 bits together.
const AT_ONCE: usize = 4;

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

    /// A code that the next bits do not hold: its zeros, and the bits behind the one.
    #[cold]
    fn long(&mut self, split: u32) -> (u32, u32) {
        (self.unary(), self.number(split))
    }

    /// The zeros before the next one, and the one.
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

/// A tile under way.
struct Tile<'a> {
    bits: Bits<'a>,
    rice: Rice,
    /// The pixel before.
    last: i32,
}

/// Decodes a tile into `pixels`; `None` if it ends before its pixels do.
pub(super) fn decode(bytes: &[u8], rice: Rice, pixels: &mut [i32]) -> Option<()> {
    let mut tile = Tile::begin(bytes, rice);
    for block in pixels.chunks_mut(rice.pixels_of_block()?) {
        let split = tile.split();
        tile.block(split, block)?;
    }
    Some(())
}

/// Decodes two tiles of equal size side by side, because each number of a tile waits for the one before it.
pub(super) fn decode_two(bytes: [&[u8]; 2], rice: Rice, pixels: [&mut [i32]; 2]) -> Option<()> {
    let ([mut one, mut two], [first, second]) = (bytes.map(|b| Tile::begin(b, rice)), pixels);
    let length = rice.pixels_of_block()?;
    for (first, second) in first.chunks_mut(length).zip(second.chunks_mut(length)) {
        let splits = (one.split(), two.split());
        match splits {
            (Some(of_one), Some(of_two)) if of_one.max(of_two) < rice.whole() => {
                split_two((&mut one, of_one, first), (&mut two, of_two, second))?;
            }
            _ => {
                one.block(splits.0, first)?;
                two.block(splits.1, second)?;
            }
        }
    }
    Some(())
}

impl<'a> Tile<'a> {
    fn begin(bytes: &'a [u8], rice: Rice) -> Tile<'a> {
        let (width, mut bits) = (rice.widths().1, Bits::new(bytes));
        bits.fill();
        let first = bits.number(width);
        Tile { bits, rice, last: (first as i32) << (32 - width) >> (32 - width) }
    }

    /// How the next block is split; `None` if all its pixels are equal.
    fn split(&mut self) -> Option<u32> {
        self.bits.number(self.rice.widths().0).checked_sub(1)
    }

    /// A block; `None` if the tile ends in it.
    fn block(&mut self, split: Option<u32>, block: &mut [i32]) -> Option<()> {
        match split {
            None => block.fill(self.last),
            Some(split) if split == self.rice.whole() => {
                for pixel in block {
                    let code = self.bits.number(self.rice.widths().1);
                    *pixel = self.next(code);
                }
            }
            Some(split) => {
                for pixel in block {
                    self.bits.fill();
                    *pixel = self.split_pixel(split);
                }
            }
        }
        (!self.bits.missing).then_some(())
    }

    /// A pixel whose difference is split.
    #[inline(always)]
    fn split_pixel(&mut self, split: u32) -> i32 {
        let bits = &mut self.bits;
        let zeros = bits.next.leading_zeros();
        let length = zeros + 1 + split;
        let (upper, lower);
        if length <= bits.count {
            upper = zeros;
            lower = (bits.next << zeros << 1 >> 1 >> (63 - split)) as u32;
            bits.next = bits.next << (length - 1) << 1;
            bits.count -= length;
        } else {
            (upper, lower) = bits.long(split);
        }
        self.next(upper << split | lower)
    }

    /// The pixel that a difference leads to.
    #[inline(always)]
    fn next(&mut self, code: u32) -> i32 {
        self.last = self.last.wrapping_add(difference(code));
        self.last
    }
}

/// Blocks of two tiles whose differences are split.
fn split_two(
    (one, of_one, first): (&mut Tile<'_>, u32, &mut [i32]),
    (two, of_two, second): (&mut Tile<'_>, u32, &mut [i32]),
) -> Option<()> {
    // Numbers that stay in registers: what is rare goes the long way behind the loop.
    let (mut quick, mut other) = (Quick::of(one), Quick::of(two));
    let mut done = 0;
    for (first, second) in first.chunks_exact_mut(AT_ONCE).zip(second.chunks_exact_mut(AT_ONCE)) {
        let (before, other_before) = (quick, other);
        let filled = quick.fill() & other.fill();
        for (first, second) in first.iter_mut().zip(second) {
            *first = quick.pixel(of_one);
            *second = other.pixel(of_two);
        }
        if !filled || quick.count < 0 || other.count < 0 {
            (quick, other) = (before, other_before);
            break;
        }
        done += AT_ONCE;
    }
    quick.put_back(one);
    other.put_back(two);
    one.block(Some(of_one), first.get_mut(done..)?)?;
    two.block(Some(of_two), second.get_mut(done..)?)
}

/// The bits of a tile while its codes are short; with a count below zero it has gone too far.
#[derive(Clone, Copy)]
struct Quick<'a> {
    bytes: &'a [u8],
    at: usize,
    next: u64,
    count: i32,
    last: i32,
}

impl<'a> Quick<'a> {
    fn of(tile: &Tile<'a>) -> Quick<'a> {
        let Bits { bytes, next, count, .. } = tile.bits;
        Quick { bytes, at: 0, next, count: count as i32, last: tile.last }
    }

    fn put_back(self, tile: &mut Tile<'a>) {
        tile.bits.bytes = self.bytes.get(self.at..).unwrap_or_default();
        (tile.bits.next, tile.bits.count) = (self.next, self.count.unsigned_abs());
        tile.last = self.last;
    }

    /// Takes bytes until there are more than 56 bits; false near the end.
    #[inline(always)]
    fn fill(&mut self) -> bool {
        let Some(eight) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) else {
            return false;
        };
        self.next |= u64::from_be_bytes(*eight).wrapping_shr(self.count as u32);
        let taken = (63 - self.count) / 8;
        self.at += taken as usize;
        self.count += 8 * taken;
        true
    }

    /// The next pixel, if its code is there.
    #[inline(always)]
    fn pixel(&mut self, split: u32) -> i32 {
        let zeros = self.next.leading_zeros();
        let behind = self.next.wrapping_shl(zeros) << 1;
        let lower = (behind >> 1 >> (63 - split)) as u32;
        self.next = behind.wrapping_shl(split);
        self.count -= (zeros + 1 + split) as i32;
        self.last = self.last.wrapping_add(difference(zeros << split | lower));
        self.last
    }
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
    fn two_tiles_side_by_side_are_what_each_of_them_is() {
        let rice = Rice { block: 4, bytes: 2 };
        let tiles: [&[u8]; 4] = [
            &[0x03, 0xe8, 0b0010_1001, 0b0110_0100],
            &[0x03, 0xe8, 0x00],
            &[0xff, 0xff, 0xf0, 0, 0, 0x0f, 0xff, 0xf0, 0, 0, 0],
            &[0x03, 0xe8, 0b0001_1010, 0b0100_0100],
        ];
        for (one, two) in tiles.into_iter().flat_map(|one| tiles.map(|two| (one, two))) {
            let (mut first, mut second) = ([0; 4], [0; 4]);
            decode_two([one, two], rice, [&mut first, &mut second]).unwrap();
            let alone = [one, two].map(|tile| decoded(tile, rice, 4).unwrap());
            assert_eq!([first.to_vec(), second.to_vec()], alone);
            let cut = two.split_last().unwrap().1;
            let told = decode_two([one, cut], rice, [&mut first, &mut second]);
            assert_eq!(told.is_some(), decoded(cut, rice, 4).is_some());
        }
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
