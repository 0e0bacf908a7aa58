//! Mask bits of the pipeline whose masks come with a camera's exposures, as ours and back.
//!
//! What each bit becomes is looked up once, not for every pixel.

use super::Instrument;
use crate::mask::REGISTRY;

const BITS: u32 = 32;

/// What each of their bits is in our masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnBits([u32; BITS as usize]);

/// What each of our bits is in a mask of theirs: 15 bits, and those that have no place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TheirBits([(i16, u32); BITS as usize]);

impl OwnBits {
    /// Their bits as ours.
    pub fn of(&self, theirs: u32) -> u32 {
        set(theirs, &self.0).fold(0, |ours, value| ours | value)
    }
}

impl TheirBits {
    /// Our bits as theirs, and those of ours that have no place there.
    pub fn of(&self, ours: u32) -> (i16, u32) {
        set(ours, &self.0).fold((0, 0), |all, (theirs, lost)| (all.0 | theirs, all.1 | lost))
    }
}

/// The entries of the bits that are set, lowest first.
fn set<T: Copy>(mut bits: u32, table: &[T]) -> impl Iterator<Item = T> + '_ {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        table.get(bit as usize).copied()
    })
}

impl Instrument {
    /// How the bits of another pipeline's masks become ours ([`crate::mask::REGISTRY`]); a bit that
    /// the camera does not name stays what it is.
    pub fn own_bits(&self) -> OwnBits {
        let mut table = [0; BITS as usize];
        for (bit, ours) in (0..BITS).zip(&mut table) {
            let named = self.mask_bits.values().any(|theirs| *theirs == bit);
            *ours = if named { 0 } else { 1 << bit };
            for entry in REGISTRY {
                if self.mask_bits.get(entry.name) == Some(&bit) {
                    *ours |= entry.value();
                }
            }
        }
        OwnBits(table)
    }

    /// How our bits become those of the masks that come with the camera's exposures.
    pub fn their_bits(&self) -> TheirBits {
        let taken = |place: u32| self.mask_bits.values().any(|bit| *bit == place);
        let mut table = [(0, 0); BITS as usize];
        for (bit, theirs) in (0..BITS).zip(&mut table) {
            let entry = REGISTRY.iter().find(|entry| entry.bit == bit);
            let named = entry.and_then(|entry| self.mask_bits.get(entry.name).copied());
            *theirs = match named.or((!taken(bit)).then_some(bit)).filter(|&place| place < 15) {
                Some(place) => (1 << place, 0),
                None => (0, 1 << bit),
            };
        }
        TheirBits(table)
    }
}
