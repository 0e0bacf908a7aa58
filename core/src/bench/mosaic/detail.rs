//! Full pixels of the amplifiers that were looked at last, within a bound of memory.

use ndarray::Array2;

use crate::display::overview::halve;
use crate::ids::{AmpId, DetectorId};

/// Most bytes of pixels that are kept.
pub(super) const MOST_BYTES: usize = 256 << 20;

/// An amplifier at full size, half and quarter.
struct Kept {
    of: (DetectorId, AmpId),
    levels: [Array2<f32>; 3],
}

impl Kept {
    fn bytes(&self) -> usize {
        self.levels.iter().map(|level| 4 * level.len()).sum()
    }
}

/// The amplifiers, the one that was used last at the end.
#[derive(Default)]
pub(super) struct Detail {
    kept: Vec<Kept>,
}

/// Bytes of an amplifier of so many pixels with its smaller copies.
pub(super) fn bytes_of(pixels: usize) -> usize {
    4 * (pixels + pixels / 4 + pixels / 16)
}

impl Detail {
    pub(super) fn keep(&mut self, of: (DetectorId, AmpId), image: Array2<f32>) {
        self.kept.retain(|kept| kept.of != of);
        let half = halve(image.view());
        let quarter = halve(half.view());
        self.kept.push(Kept { of, levels: [image, half, quarter] });
        // The newest one stays, however large it is.
        while 1 < self.kept.len() && MOST_BYTES < self.bytes() {
            self.kept.remove(0);
        }
    }

    pub(super) fn has(&self, of: (DetectorId, AmpId)) -> bool {
        self.kept.iter().any(|kept| kept.of == of)
    }

    /// Marks as used.
    pub(super) fn touch(&mut self, of: (DetectorId, AmpId)) {
        if let Some(at) = self.kept.iter().position(|kept| kept.of == of) {
            let kept = self.kept.remove(at);
            self.kept.push(kept);
        }
    }

    /// The image of a level of halving, 0 to 2.
    pub(super) fn level(&self, of: (DetectorId, AmpId), level: u32) -> Option<&Array2<f32>> {
        self.kept.iter().find(|kept| kept.of == of)?.levels.get(level as usize)
    }

    pub(super) fn bytes(&self) -> usize {
        self.kept.iter().map(Kept::bytes).sum()
    }
}
