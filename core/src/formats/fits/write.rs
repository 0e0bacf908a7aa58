//! [`FitsWriter`]: HDUs appended to a sink.
//!
//! The bytes are a function of the headers and pixels alone: no date, no program's name, one NaN.
//! A plain image is written in pieces; a packed one is held packed until its size is known.

use ndarray::ArrayView2;

use super::cards::{block, structural};
use super::scan::{BLOCK, RawCard};
use super::tiled::{Packed, pack};
use crate::error::{Error, Result};
use crate::header::{Header, Value};
use crate::image::CANONICAL_NAN;
use crate::store::Sink;

/// Most bytes handed to the sink at a time.
const PIECE: usize = 1 << 20;

/// How pixels are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// Floats quantized row by row with `SUBTRACTIVE_DITHER_1`, then Rice: lossy.
    RiceFloat {
        /// Noise of the row over the quantization step; 0 for cfitsio's default of 4, negative for
        /// a fixed step.
        quantize_level: f32,
    },
    /// 16-bit whole numbers, Rice: lossless. Floats must be whole numbers that fit.
    RiceInteger16,
    /// 32-bit whole numbers, Rice: lossless.
    RiceInteger32,
}

/// Pixels of an HDU, `(row, column)`.
#[derive(Debug, Clone, Copy)]
pub enum PixelData<'a> {
    /// No pixels.
    None,
    /// BITPIX -32.
    F32(ArrayView2<'a, f32>),
    /// BITPIX 16.
    I16(ArrayView2<'a, i16>),
    /// BITPIX 16 with BZERO 32768.
    U16(ArrayView2<'a, u16>),
    /// BITPIX 32.
    I32(ArrayView2<'a, i32>),
    /// Bits, stored as BITPIX 32 with the 32nd as the sign.
    Mask(ArrayView2<'a, u32>),
}

impl PixelData<'_> {
    fn shape(&self) -> Option<(usize, usize)> {
        match self {
            PixelData::None => None,
            PixelData::F32(pixels) => Some(pixels.dim()),
            PixelData::I16(pixels) => Some(pixels.dim()),
            PixelData::U16(pixels) => Some(pixels.dim()),
            PixelData::I32(pixels) => Some(pixels.dim()),
            PixelData::Mask(pixels) => Some(pixels.dim()),
        }
    }

    fn bitpix(&self) -> i64 {
        match self {
            PixelData::None => 8,
            PixelData::F32(_) => -32,
            PixelData::I16(_) | PixelData::U16(_) => 16,
            PixelData::I32(_) | PixelData::Mask(_) => 32,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            PixelData::None => "no pixels",
            PixelData::F32(_) => "f32 pixels",
            PixelData::I16(_) => "i16 pixels",
            PixelData::U16(_) => "u16 pixels",
            PixelData::I32(_) => "i32 pixels",
            PixelData::Mask(_) => "u32 pixels",
        }
    }
}

/// Writes HDUs one after the other.
pub struct FitsWriter<'a> {
    sink: Sink<'a>,
    written: usize,
}

impl<'a> FitsWriter<'a> {
    /// A file that begins empty.
    pub fn new(sink: Sink<'a>) -> FitsWriter<'a> {
        FitsWriter { sink, written: 0 }
    }

    /// A file to which `written` HDUs have been written before; what follows are extensions.
    pub fn resume(sink: Sink<'a>, written: usize) -> FitsWriter<'a> {
        FitsWriter { sink, written }
    }

    /// Number of HDUs written.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Appends an HDU. The first one is the primary HDU; if it is packed, an empty primary HDU goes
    /// before it. Cards of `header` that describe an encoding are not taken over.
    ///
    /// # Errors
    /// [`Error::Input`] if the pixels do not fit the encoding, [`Error::Parameter`] if a card cannot
    /// be written, [`Error::Store`] if the sink cannot take the bytes. Nothing of this HDU has been
    /// written in the first two cases.
    pub fn write_hdu(
        &mut self,
        header: &Header,
        name: Option<&str>,
        pixels: PixelData<'_>,
        encoding: Encoding,
    ) -> Result<()> {
        if pixels.shape().is_some_and(|(rows, columns)| rows == 0 || columns == 0) {
            return Err(Error::input("fits", "pixels to write", "an empty axis", "a plane"));
        }
        let packed = match encoding {
            Encoding::Plain => None,
            // Packed or not, whole numbers are the same.
            Encoding::RiceInteger16 | Encoding::RiceInteger32 if !cfg!(feature = "tiles") => None,
            Encoding::RiceFloat { quantize_level } => Some(pack_floats(pixels, quantize_level)?),
            Encoding::RiceInteger16 => Some(pack_short(pixels)?),
            Encoding::RiceInteger32 => Some(pack_long(pixels)?),
        };
        match packed {
            Some(packed) => self.write_packed(header, name, &packed),
            None => self.write_plain(header, name, pixels),
        }
    }

    pub(super) fn write_packed(
        &mut self,
        header: &Header,
        name: Option<&str>,
        packed: &Packed,
    ) -> Result<()> {
        let bytes = block(&packed.structure, name, header)?;
        if self.written == 0 {
            self.write_plain(&Header::new(), None, PixelData::None)?;
        }
        self.append(&bytes)?;
        for piece in packed.data().chunks(PIECE) {
            self.sink.append(piece)?;
        }
        self.written += 1;
        Ok(())
    }

    fn write_plain(
        &mut self,
        header: &Header,
        name: Option<&str>,
        pixels: PixelData<'_>,
    ) -> Result<()> {
        self.begin_plain(header, name, pixels)?;
        match pixels {
            PixelData::None => {}
            PixelData::F32(view) => self.numbers(view, big_endian)?,
            PixelData::I16(view) => self.numbers(view, i16::to_be_bytes)?,
            PixelData::U16(view) => self.numbers(view, |v| (v ^ 0x8000).to_be_bytes())?,
            PixelData::I32(view) => self.numbers(view, i32::to_be_bytes)?,
            PixelData::Mask(view) => self.numbers(view, u32::to_be_bytes)?,
        }
        Ok(())
    }

    /// The header of an image that is not packed; of `pixels` their kind and shape count.
    pub(super) fn begin_plain(
        &mut self,
        header: &Header,
        name: Option<&str>,
        pixels: PixelData<'_>,
    ) -> Result<()> {
        let structure = plain_structure(&pixels, self.written == 0)?;
        self.append(&block(&structure, name, header)?)?;
        self.written += 1;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        for piece in bytes.chunks(PIECE) {
            self.sink.append(piece)?;
        }
        Ok(())
    }

    /// Pixels row by row, padded to whole blocks.
    fn numbers<T: Copy, const N: usize>(
        &mut self,
        view: ArrayView2<'_, T>,
        encode: impl Fn(T) -> [u8; N],
    ) -> Result<()> {
        self.run(view.as_standard_layout().as_slice().unwrap_or_default(), encode)?;
        self.pad(view.len() * N)
    }

    /// Numbers in pieces.
    pub(super) fn run<T: Copy, const N: usize>(
        &mut self,
        numbers: &[T],
        encode: impl Fn(T) -> [u8; N],
    ) -> Result<()> {
        let mut piece = vec![0; (numbers.len() * N).min(PIECE)];
        for values in numbers.chunks(PIECE / N) {
            let bytes = piece.get_mut(..values.len() * N).unwrap_or_default();
            for (bytes, &value) in bytes.as_chunks_mut::<N>().0.iter_mut().zip(values) {
                *bytes = encode(value);
            }
            self.sink.append(bytes)?;
        }
        Ok(())
    }

    /// Zeros behind so many bytes, to whole blocks.
    pub(super) fn pad(&mut self, bytes: usize) -> Result<()> {
        self.append(&vec![0; bytes.next_multiple_of(BLOCK) - bytes])
    }
}

/// A float as it is stored, with the one NaN that is written.
pub(super) fn big_endian(value: f32) -> [u8; 4] {
    let value = if value.is_nan() { CANONICAL_NAN } else { value };
    value.to_be_bytes()
}

fn plain_structure(pixels: &PixelData<'_>, primary: bool) -> Result<Vec<RawCard>> {
    let whole = |key: &str, value: usize, comment: &str| {
        structural(key, Value::Integer(value as i64), comment)
    };
    let mut cards = vec![if primary {
        structural("SIMPLE", Value::Logical(true), "conforms to the FITS standard")?
    } else {
        structural("XTENSION", Value::Text("IMAGE".to_owned()), "image extension")?
    }];
    cards.push(structural("BITPIX", Value::Integer(pixels.bitpix()), "bits per number")?);
    match pixels.shape() {
        None => cards.push(whole("NAXIS", 0, "no pixels")?),
        Some((rows, columns)) => {
            cards.push(whole("NAXIS", 2, "number of axes")?);
            cards.push(whole("NAXIS1", columns, "columns")?);
            cards.push(whole("NAXIS2", rows, "rows")?);
        }
    }
    if primary {
        cards.push(structural("EXTEND", Value::Logical(true), "extensions may follow")?);
    } else {
        cards.push(whole("PCOUNT", 0, "no parameters")?);
        cards.push(whole("GCOUNT", 1, "one group")?);
    }
    if matches!(pixels, PixelData::U16(_)) {
        cards.push(whole("BSCALE", 1, "unsigned 16-bit numbers")?);
        cards.push(whole("BZERO", 32_768, "unsigned 16-bit numbers")?);
    }
    Ok(cards)
}

fn unfit(pixels: PixelData<'_>, needed: &str) -> Error {
    Error::input("fits", "pixels to pack", pixels.name(), needed)
}

fn pack_floats(pixels: PixelData<'_>, quantize_level: f32) -> Result<Packed> {
    let PixelData::F32(view) = pixels else { return Err(unfit(pixels, "f32 pixels")) };
    if !quantize_level.is_finite() {
        return Err(Error::parameter("quantize level", quantize_level, "a finite number"));
    }
    let mut whole = view.as_standard_layout();
    let foreign = |value: &f32| value.is_nan() && value.to_bits() != CANONICAL_NAN.to_bits();
    if whole.iter().any(foreign) {
        // A row that cannot be quantized is kept bit for bit, so its NaNs must be ours.
        whole = whole.mapv(|value| if value.is_nan() { CANONICAL_NAN } else { value }).into();
    }
    pack(view.dim(), whole.as_slice().unwrap_or_default(), Some(quantize_level))
}

fn pack_short(pixels: PixelData<'_>) -> Result<Packed> {
    let signed = |view: ArrayView2<'_, i16>| {
        let whole = view.as_standard_layout();
        pack(view.dim(), whole.as_slice().unwrap_or_default(), None)
    };
    let unsigned = |view: ArrayView2<'_, u16>| {
        let whole = view.as_standard_layout();
        pack(view.dim(), whole.as_slice().unwrap_or_default(), None)
    };
    match pixels {
        PixelData::I16(view) => signed(view),
        PixelData::U16(view) => unsigned(view),
        PixelData::F32(view) => {
            let within = |low: f32, high: f32| {
                view.iter().all(|&v| v.fract() == 0.0 && (low..=high).contains(&v))
            };
            if within(0.0, 65_535.0) {
                unsigned(view.mapv(|value| value as u16).view())
            } else if within(-32_768.0, 32_767.0) {
                signed(view.mapv(|value| value as i16).view())
            } else {
                Err(unfit(pixels, "whole numbers of 0 to 65535, or of -32768 to 32767"))
            }
        }
        _ => Err(unfit(pixels, "16-bit pixels, or whole f32 pixels")),
    }
}

fn pack_long(pixels: PixelData<'_>) -> Result<Packed> {
    match pixels {
        PixelData::I32(view) => {
            let whole = view.as_standard_layout();
            pack(view.dim(), whole.as_slice().unwrap_or_default(), None)
        }
        PixelData::Mask(view) => {
            let whole = view.mapv(|bits| bits as i32);
            pack(view.dim(), whole.as_slice().unwrap_or_default(), None)
        }
        _ => Err(unfit(pixels, "32-bit pixels")),
    }
}
