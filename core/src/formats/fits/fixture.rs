//! Small files for the tests of this layer, made by our writer and by hand.

use ndarray::Array2;

use super::scan::BLOCK;
use super::{Encoding, FitsFile, FitsWriter, PixelData};
use crate::error::Result;
use crate::formats::memory::Memory;
use crate::header::Header;
use crate::store::{Sink, Source};

/// Key of every test file.
pub(super) const KEY: &str = "test.fits";

/// Numbers from a seed (xorshift, Marsaglia 2003), equal on every machine.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed | 1)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

/// A noisy plane about 1000, of whole numbers.
pub(super) fn noise(shape: (usize, usize)) -> Array2<f32> {
    let mut dice = Dice::new(1_234_567);
    Array2::from_shape_simple_fn(shape, || 1000.0 + (dice.below(41) + dice.below(41)) as f32)
}

/// Writes a file with one call per HDU.
pub(super) fn written(write: impl FnOnce(&mut FitsWriter<'_>) -> Result<()>) -> Result<Vec<u8>> {
    let mut store = Memory::default();
    let mut writer = FitsWriter::new(Sink::new(&mut store, KEY));
    write(&mut writer)?;
    Ok(store.bytes(KEY))
}

/// Opens a file in memory and hands it to `look`.
pub(super) fn opened<T>(
    bytes: Vec<u8>,
    look: impl FnOnce(&FitsFile, &mut Source<'_>) -> Result<T>,
) -> Result<T> {
    let mut store = Memory::with(KEY, bytes);
    let mut source = Source::open(&mut store, KEY)?;
    let file = FitsFile::open(&mut source)?;
    look(&file, &mut source)
}

/// A file of cards as they are and `data` bytes of zeros, both padded to blocks.
pub(super) fn by_hand(cards: &[&str], data: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for card in cards.iter().chain(&["END"]) {
        bytes.extend(format!("{card:80}").into_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
    bytes.resize(bytes.len() + data.next_multiple_of(BLOCK), 0);
    bytes
}

/// A plain file of three planes.
pub(super) fn plain_file() -> Vec<u8> {
    let (pixels, empty) = (noise((30, 40)), Header::new());
    let mask = pixels.mapv(|value| value as u32 | 1 << 31);
    let short = pixels.mapv(|value| value as u16);
    let write = |writer: &mut FitsWriter<'_>| {
        writer.write_hdu(&empty, None, PixelData::F32(pixels.view()), Encoding::Plain)?;
        writer.write_hdu(&empty, Some("MASK"), PixelData::Mask(mask.view()), Encoding::Plain)?;
        writer.write_hdu(&empty, Some("RAW"), PixelData::U16(short.view()), Encoding::Plain)
    };
    written(write).unwrap()
}

/// A file of three packed planes.
pub(super) fn packed_file() -> Vec<u8> {
    let (pixels, empty) = (noise((30, 40)), Header::new());
    let mask = pixels.mapv(|value| value as u32 | 1 << 31);
    let float = Encoding::RiceFloat { quantize_level: 16.0 };
    let write = |writer: &mut FitsWriter<'_>| {
        writer.write_hdu(&empty, Some("A"), PixelData::F32(pixels.view()), float)?;
        let pixels = PixelData::F32(pixels.view());
        writer.write_hdu(&empty, Some("B"), pixels, Encoding::RiceInteger16)?;
        writer.write_hdu(&empty, Some("M"), PixelData::Mask(mask.view()), Encoding::RiceInteger32)
    };
    written(write).unwrap()
}
