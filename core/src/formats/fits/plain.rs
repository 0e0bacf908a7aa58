//! Cards of files without compressed images, and the numbers of images that are not compressed; the only file that
//! names `fitsrs` (0.4.1).
//!
//! `fitsrs` parses the cards. Its readers of pixels take them one by one, which is a third of the work of a
//! master; sizes have been checked by `scan`.

use std::ops::Range;

use fitsrs::card::{Card as ForeignCard, Value as ForeignValue, split_value_and_comment};

use super::pixels::{Stored, room};
use super::scan::{RawCard, Record, place};
use crate::error::{Error, Result};
use crate::header::Value;
use crate::store::Source;

/// Bytes read from the source at a time.
const BUFFER: usize = 1 << 18;

/// The value and comment of a card.
pub(super) fn value(raw: &RawCard) -> Option<(Value, String)> {
    // A lone quote is a string that never ends; `fitsrs` would panic on it.
    let (_, field) = raw.split_at(8);
    let after = field.iter().position(|&b| b == b'=').map_or(0, |at| at + 1);
    let bare = field.get(after..).unwrap_or_default().trim_ascii();
    if bare == b"'" || field.trim_ascii() == b"'" {
        return None;
    }
    match ForeignCard::try_from(raw).ok()? {
        ForeignCard::Value { value, .. } | ForeignCard::Hierarch { value, .. } => {
            let comment = split_value_and_comment(bare).ok().and_then(|(_, comment)| comment);
            own(value).map(|value| (value, tidy(comment)))
        }
        ForeignCard::Continuation { string, comment } => {
            Some((Value::Text(string?.trim_end().to_owned()), tidy(comment)))
        }
        _ => None,
    }
}

fn own(value: ForeignValue) -> Option<Value> {
    Some(match value {
        ForeignValue::Integer { value, .. } => Value::Integer(value),
        ForeignValue::Float { value, .. } => Value::Real(value),
        ForeignValue::Logical { value, .. } => Value::Logical(value),
        ForeignValue::String { value, .. } => Value::Text(value.trim_end().to_owned()),
        ForeignValue::Undefined => Value::Undefined,
        ForeignValue::Invalid(_) => return None,
    })
}

fn tidy(comment: Option<String>) -> String {
    comment.unwrap_or_default().trim().to_owned()
}

/// The stored numbers of an uncompressed image, converted one by one: highest byte first (FITS 4.0, sec. 5).
pub(super) fn read<T>(
    source: &mut Source<'_>,
    record: &Record,
    convert: impl FnMut(Stored) -> T,
) -> Result<Vec<T>> {
    let count: u64 = record.axes.iter().product();
    let mut values = room(source.key(), record.index, count)?;
    read_some(source, record, 0..count, &mut values, convert)?;
    Ok(values)
}

/// Some of them, counted from the first one, at the end of `values`.
pub(super) fn read_some<T>(
    source: &mut Source<'_>,
    record: &Record,
    numbers: Range<u64>,
    values: &mut Vec<T>,
    convert: impl FnMut(Stored) -> T,
) -> Result<()> {
    let whole = |number: i64| Stored::Whole(number);
    let mut pieces = Pieces { source, record, numbers, values };
    match record.bitpix {
        8 => pieces.read(u8::from_be_bytes, |number| whole(number.into()), convert),
        16 => pieces.read(i16::from_be_bytes, |number| whole(number.into()), convert),
        32 => pieces.read(i32::from_be_bytes, |number| whole(number.into()), convert),
        64 => pieces.read(i64::from_be_bytes, whole, convert),
        -32 => pieces.read(f32::from_be_bytes, Stored::Single, convert),
        -64 => pieces.read(f64::from_be_bytes, Stored::Double, convert),
        other => {
            let reason = format!("BITPIX is {other}, needed 8, 16, 32, 64, -32 or -64");
            Err(Error::format(source.key(), place(record.index), reason))
        }
    }
}

/// Numbers of a data unit, piece by piece.
struct Pieces<'p, 's, T> {
    source: &'p mut Source<'s>,
    record: &'p Record,
    numbers: Range<u64>,
    values: &'p mut Vec<T>,
}

impl<T> Pieces<'_, '_, T> {
    fn read<N, const BYTES: usize>(
        &mut self,
        number: impl Fn([u8; BYTES]) -> N,
        stored: impl Fn(N) -> Stored,
        mut convert: impl FnMut(Stored) -> T,
    ) -> Result<()> {
        let bytes = |count: u64| count.saturating_mul(BYTES as u64);
        let mut offset = self.record.data_start.saturating_add(bytes(self.numbers.start));
        let mut left = bytes(self.numbers.end.saturating_sub(self.numbers.start));
        let mut piece = vec![0; left.min(BUFFER as u64) as usize];
        while 0 < left {
            let length = left.min(BUFFER as u64);
            let bytes = piece.get_mut(..length as usize).unwrap_or_default();
            self.source.read_at(offset, bytes)?;
            let numbers = bytes.as_chunks::<BYTES>().0.iter();
            self.values.extend(numbers.map(|&bytes| convert(stored(number(bytes)))));
            (offset, left) = (offset + length, left - length);
        }
        Ok(())
    }
}
