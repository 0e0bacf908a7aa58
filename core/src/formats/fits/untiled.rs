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

/// Refuses to pack.
pub(super) fn pack<T>(
    _shape: (usize, usize),
    _pixels: &[T],
    _quantize_level: Option<f32>,
) -> Result<Packed> {
    let what = "writing a tile-compressed image".to_owned();
    Err(Error::Unsupported { what, hint: HINT.to_owned() })
}
