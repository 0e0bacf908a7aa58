//! Files without compressed images; the only file that names `fitsrs` (0.4.1).
//!
//! `fitsrs` ends a short image in silence and takes the last of two equal keywords, so it gets only
//! headers whose sizes `scan` has checked, and its pixels are counted.

use std::fmt;
use std::io::{BufReader, Read, Seek, SeekFrom};

use fitsrs::card::{Card as ForeignCard, Value as ForeignValue, split_value_and_comment};
use fitsrs::fits::HDU;
use fitsrs::hdu::data::FitsRead;
use fitsrs::hdu::header::extension::image::Image;

use super::pixels::{Stored, room};
use super::scan::{BLOCK, RawCard, Record, place};
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

/// A source that can be shown, as `fitsrs` asks.
struct Shown<'s, 'a>(&'s mut Source<'a>);

impl fmt::Debug for Shown<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.key())
    }
}

impl Read for Shown<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Shown<'_, '_> {
    fn seek(&mut self, target: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(target)
    }
}

/// The stored numbers of an uncompressed image, converted one by one.
pub(super) fn read<T: Clone>(
    source: &mut Source<'_>,
    record: &Record,
    mut convert: impl FnMut(Stored) -> T,
) -> Result<Vec<T>> {
    let file = source.key().to_owned();
    let wrong = |reason: String| Error::format(&file, place(record.index), reason);
    let count: u64 = record.axes.iter().product();
    let mut values = room(&file, record.index, count)?;
    let mut reader = BufReader::with_capacity(BUFFER, Shown(source));
    reader.seek(SeekFrom::Start(record.data_start)).map_err(|error| wrong(error.to_string()))?;
    let hdu = HDU::<Image>::new(&mut reader, &mut { BLOCK }, structure(record))
        .map_err(|error| wrong(error.to_string()))?;
    if hdu.get_header().get_xtension().get_num_pixels() != count {
        return Err(wrong("the two readings of its axes differ".to_owned()));
    }
    use fitsrs::Pixels as P;
    match reader.read_data_unit(hdu.get_header(), record.data_start).pixels() {
        P::U8(numbers) => values.extend(numbers.map(|n| convert(Stored::Whole(n.into())))),
        P::I16(numbers) => values.extend(numbers.map(|n| convert(Stored::Whole(n.into())))),
        P::I32(numbers) => values.extend(numbers.map(|n| convert(Stored::Whole(n.into())))),
        P::I64(numbers) => values.extend(numbers.map(|n| convert(Stored::Whole(n)))),
        P::F32(numbers) => values.extend(numbers.map(|n| convert(Stored::Single(n)))),
        P::F64(numbers) => values.extend(numbers.map(|n| convert(Stored::Double(n)))),
    }
    if values.len() as u64 != count {
        return Err(wrong(format!("{} of {count} pixels could be read", values.len())));
    }
    Ok(values)
}

/// The cards that fix the image's size, and END.
fn structure(record: &Record) -> Vec<ForeignCard> {
    let whole = |name: String, value: i64| ForeignCard::Value {
        name,
        value: ForeignValue::Integer { value, comment: None },
    };
    let axis =
        |(index, &length): (usize, &u64)| whole(format!("NAXIS{}", index + 1), length as i64);
    let mut cards = vec![
        whole("BITPIX".to_owned(), record.bitpix),
        whole("NAXIS".to_owned(), record.axes.len() as i64),
    ];
    cards.extend(record.axes.iter().enumerate().map(axis));
    cards.push(ForeignCard::End);
    cards
}
