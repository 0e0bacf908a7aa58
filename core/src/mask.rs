//! The mask bits, in one registry: bit, name, meaning.
//!
//! Bits 0 to 12 are those of the ZTF archive (Masci et al. 2019, PASP 131, 018003, mask images), so
//! that its masks can be taken as they are; ours start at 16. Masks are `u32` in memory and `i32`
//! in files.

use ndarray::Array2;

use crate::error::{Error, Result};

/// One bit of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskBit {
    /// Position, 0 to 30.
    pub bit: u32,
    /// Upper-case word, as in the `MP_` card of a file.
    pub name: &'static str,
    /// What it says of a pixel.
    pub meaning: &'static str,
}

impl MaskBit {
    /// The bit as a mask value.
    pub const fn value(&self) -> u32 {
        1 << self.bit
    }
}

macro_rules! registry {
    ($($name:ident = $bit:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: u32 = 1 << $bit;)*
        /// Every bit, in order.
        pub const REGISTRY: &[MaskBit] = &[
            $(MaskBit { bit: $bit, name: stringify!($name), meaning: $meaning },)*
        ];
    };
}

registry! {
    TRACK = 0, "aircraft or satellite track";
    SOURCE = 1, "inside a source detected by the archive";
    LOW_RESPONSE = 2, "low responsivity";
    HIGH_RESPONSE = 3, "high responsivity";
    NOISY = 4, "noisy pixel";
    GHOST = 5, "ghost of a bright source";
    SPILLAGE = 6, "charge spilled from a bright source";
    SPIKE = 7, "cosmic ray or other sharp feature";
    SATURATED = 8, "saturated";
    DEAD = 9, "dead pixel";
    NO_DATA = 10, "no data (NaN)";
    PSF_SOURCE = 11, "inside a source extracted by PSF fitting";
    HALO = 12, "halo of a bright star";
    NONLINEAR = 16, "beyond the range of the linearity relation";
    NO_OVERSCAN = 17, "its row has no overscan level";
    POCKET_OPEN = 18, "the pocket correction did not settle";
    NO_BIAS = 19, "the master bias has no value here";
    NO_FLAT = 20, "the master flat has no positive value here";
    FEW_FRAMES = 21, "fewer than two stack members had a value";
    NO_DARK = 22, "the master dark has no value here";
    EDGE = 23, "too close to the border of the detector or to the seam of an amplifier";
    INTERPOLATED = 24, "its value was put in from its neighbors";
}

/// Pixels to leave out of a measurement: everything but the marks of real sources, and of pixels
/// whose value is good though its history is worth knowing.
pub const BAD: u32 = !(SOURCE | PSF_SOURCE | POCKET_OPEN | FEW_FRAMES);

/// Pixels to leave out of a background: the bad ones and the sources.
pub const BAD_OR_SOURCE: u32 = BAD | SOURCE | PSF_SOURCE;

/// The bits of these names together.
///
/// # Errors
/// [`Error::Parameter`] for a name that is not in the registry; `parameter` says whose it is.
pub fn named<'a>(parameter: &str, names: impl IntoIterator<Item = &'a str>) -> Result<u32> {
    names.into_iter().try_fold(0, |bits, name| {
        let entry = REGISTRY.iter().find(|entry| entry.name == name).ok_or_else(|| {
            let known: Vec<&str> = REGISTRY.iter().map(|entry| entry.name).collect();
            Error::parameter(parameter, name, format!("one of {}", known.join(", ")))
        })?;
        Ok(bits | entry.value())
    })
}

/// How many pixels have any of `bits`.
pub fn count(mask: &Array2<u32>, bits: u32) -> u64 {
    mask.iter().filter(|&&pixel| pixel & bits != 0).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_in_order_and_used_once() {
        assert!(REGISTRY.windows(2).all(|pair| pair[0].bit < pair[1].bit));
        assert!(REGISTRY.iter().all(|entry| entry.bit < 31 && !entry.meaning.is_empty()));
    }

    #[test]
    fn bits_are_found_by_their_names() {
        assert_eq!(named("bits", ["SATURATED", "EDGE"]).unwrap(), SATURATED | EDGE);
        let text = named("growth.bit", ["saturated"]).unwrap_err().to_string();
        assert!(text.contains("growth.bit") && text.contains("SATURATED"), "{text}");
    }
}
