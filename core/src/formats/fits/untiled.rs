//! In place of `tiled` in a build without the feature `tiles`: what is tile-compressed is refused.

use super::pixels::Stored;
use super::scan::{RawCard, Record, place};
use crate::error::{Error, Result};
use crate::header::Value;
use crate::store::Source;

const HINT: &str = "this build has no tile compression; use one with the feature tiles";

/// The value of a card; without tiles it is read as in a plain file.
pub(super) fn value(raw: &RawCard) -> Option<(Value, String)> {
    super::plain::value(raw)
}

/// Refuses a file with a tile-compressed image.
pub(super) fn read<T>(
    source: &mut Source<'_>,
    record: &Record,
    _rows: usize,
    _convert: impl FnMut(Stored) -> T,
) -> Result<(Vec<T>, Vec<f64>)> {
    let what = format!("{}, {}", source.key(), place(record.index));
    Err(Error::Unsupported { what, hint: HINT.to_owned() })
}

/// A compressed image in bands of rows, of which there is none.
pub(super) struct RiceBands(std::convert::Infallible);

impl RiceBands {
    /// None: the image is refused where it is read as a whole.
    pub(super) fn open(
        _source: &mut Source<'_>,
        _record: &Record,
        _rows: usize,
    ) -> Result<Option<(RiceBands, Vec<f64>)>> {
        Ok(None)
    }

    /// Nothing can be asked for it.
    pub(super) fn read<T>(
        &mut self,
        _source: &mut Source<'_>,
        _rows: std::ops::Range<usize>,
        _values: &mut Vec<T>,
        _convert: impl FnMut(Stored) -> T,
    ) -> Result<()> {
        match self.0 {}
    }
}

/// A packed image, of which there is none.
pub(super) struct Packed {
    /// The cards of the table.
    pub(super) structure: Vec<RawCard>,
}

impl Packed {
    /// Table and heap.
    pub(super) fn data(&self) -> &[u8] {
        &[]
    }
}

/// Rows to be packed, of which there are none.
#[derive(Default)]
pub(super) struct PackedRows {}

impl PackedRows {
    /// Refuses to pack.
    pub(super) fn take(&mut self, _bits: &[u32], _columns: usize) -> Result<()> {
        Err(unpacked())
    }

    /// Refuses to pack.
    pub(super) fn finish(self, _shape: (usize, usize)) -> Result<Packed> {
        Err(unpacked())
    }
}

fn unpacked() -> Error {
    let what = "writing a tile-compressed image".to_owned();
    Error::Unsupported { what, hint: HINT.to_owned() }
}

/// Refuses to pack.
pub(super) fn pack<T>(
    _shape: (usize, usize),
    _pixels: &[T],
    _quantize_level: Option<f32>,
) -> Result<Packed> {
    Err(unpacked())
}
