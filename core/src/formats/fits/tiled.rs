//! Tile-compressed images, read and written; the only file that names `fitsio-pure` (0.25.0).

use std::collections::BTreeMap;

use fitsio_pure::compress::{CompressPixel, Quantize, TileCompression, compress_image_hdu};
use fitsio_pure::hdu::Hdu as ForeignHdu;
use fitsio_pure::header::{Card as ForeignCard, header_byte_len, parse_card};
use fitsio_pure::image::{ImageData, read_image_data};
use fitsio_pure::value::{Value as ForeignValue, parse_value};

use super::cards::structural;
use super::heap::Heap;
use super::pixels::{Stored, room};
pub(super) use super::rice_bands::RiceBands;
use super::rows::RiceRows;
use super::scan::{BLOCK, CARD, Keyed, RawCard, Record, place};
use super::tiles::{Rice, TileTable};
use crate::error::{Error, Result};
use crate::header::Value;
use crate::store::Source;

/// Bytes of a table row that holds a pointer into the heap alone: length and offset.
const ENTRY: usize = 8;

/// The value and comment of a card.
pub(super) fn value(raw: &RawCard) -> Option<(Value, String)> {
    let (_, field) = raw.split_at(8);
    let own = |value: ForeignValue| match value {
        ForeignValue::Logical(value) => Some(Value::Logical(value)),
        ForeignValue::Integer(value) => Some(Value::Integer(value)),
        ForeignValue::Float(value) => Some(Value::Real(value)),
        ForeignValue::String(value) => Some(Value::Text(value)),
        ForeignValue::Undefined => Some(Value::Undefined),
        ForeignValue::ComplexInt(..) | ForeignValue::ComplexFloat(..) => None,
    };
    let free = match raw.trim_key() {
        "HIERARCH" => field.get(field.iter().position(|&b| b == b'=')? + 1..)?,
        "CONTINUE" => field,
        _ => {
            let card = parse_card(raw).ok()?;
            let comment = card.comment.unwrap_or_default().trim().to_owned();
            return Some((own(card.value?)?, comment));
        }
    };
    let Some((value, comment)) = parse_value(free) else {
        let text = std::str::from_utf8(free).unwrap_or_default();
        let comment = text.trim().strip_prefix('/').unwrap_or_default().trim().to_owned();
        return Some((Value::Undefined, comment));
    };
    Some((own(value)?, comment.unwrap_or_default().trim().to_owned()))
}

/// The stored numbers of a compressed image, converted one by one, and the step of the encoding for each of
/// `rows` stored rows (0 for exact floats, 1 for whole numbers).
pub(super) fn read<T>(
    source: &mut Source<'_>,
    record: &Record,
    rows: usize,
    mut convert: impl FnMut(Stored) -> T,
) -> Result<(Vec<T>, Vec<f64>)> {
    let file = source.key().to_owned();
    let tiles = TileTable::new(&file, record)?;
    if RiceRows::fit(&tiles)? {
        let unit = data_unit(source, record)?;
        if let Some(read) = by_rows(&tiles, (&unit, rows), &file, &mut convert)? {
            return Ok(read);
        }
    }
    by_library(source, record, rows, convert)
}

/// The same for every compressed image.
pub(super) fn by_library<T>(
    source: &mut Source<'_>,
    record: &Record,
    rows: usize,
    mut convert: impl FnMut(Stored) -> T,
) -> Result<(Vec<T>, Vec<f64>)> {
    let file = source.key().to_owned();
    let wrong = |reason: String| Error::format(&file, place(record.index), reason);
    let tiles = TileTable::new(&file, record)?;
    let count = tiles.pixels();
    let hdu = foreign(record, tiles.rice()?).map_err(|error| wrong(error.to_string()))?;
    if hdu.data_len as u64 != record.data_length {
        return Err(wrong("the two readings of its size differ".to_owned()));
    }
    let mut unit = data_unit(source, record)?;
    // `fitsio-pure` looks for the heap right behind the table.
    unit.drain(tiles.gap()?);
    let steps = Heap::new(&tiles, &unit)?.check(rows)?;
    let data = read_image_data(&unit, &hdu).map_err(|error| wrong(error.to_string()))?;
    drop(unit);
    // Consumed, so that numbers of equal width are converted where they are.
    let mut whole = |number: i64| convert(Stored::Whole(number));
    let values: Vec<T> = match data {
        ImageData::U8(data) => data.into_iter().map(|n| whole(n.into())).collect(),
        ImageData::I16(data) => data.into_iter().map(|n| whole(n.into())).collect(),
        ImageData::I32(data) => data.into_iter().map(|n| whole(n.into())).collect(),
        ImageData::I64(data) => data.into_iter().map(whole).collect(),
        ImageData::F32(data) => data.into_iter().map(|n| convert(Stored::Single(n))).collect(),
        ImageData::F64(data) => data.into_iter().map(|n| convert(Stored::Double(n))).collect(),
    };
    if values.len() as u64 != count {
        return Err(wrong(format!("{} of {count} pixels were decoded", values.len())));
    }
    Ok((values, steps))
}

/// The same for a Rice image whose rows are tiles; `None` for another one.
fn by_rows<T>(
    tiles: &TileTable<'_>,
    (unit, rows): (&[u8], usize),
    file: &str,
    convert: &mut impl FnMut(Stored) -> T,
) -> Result<Option<(Vec<T>, Vec<f64>)>> {
    let heap = Heap::new(tiles, unit)?;
    let Some(image) = RiceRows::of(tiles, &heap)? else { return Ok(None) };
    let steps = heap.check(rows)?;
    let mut values = room(file, tiles.index(), tiles.pixels())?;
    let mut numbers = image.buffer(file)?;
    for row in (0..image.count()).step_by(2) {
        image.read(row, &mut numbers, &mut values, &mut *convert)?;
    }
    Ok(Some((values, steps)))
}

/// The whole data unit; `scan` has compared its length with the file's.
fn data_unit(source: &mut Source<'_>, record: &Record) -> Result<Vec<u8>> {
    let mut unit = room(source.key(), record.index, record.data_length)?;
    unit.resize(record.data_length as usize, 0);
    source.read_at(record.data_start, &mut unit)?;
    Ok(unit)
}

/// The record as `fitsio-pure` sees it, its data unit beginning at byte 0.
fn foreign(record: &Record, rice: Option<Rice>) -> fitsio_pure::Result<ForeignHdu> {
    let cards = record.cards.iter().map(parse_card).collect::<fitsio_pure::Result<Vec<_>>>()?;
    // Equal keywords are looked for often; the first one counts.
    let mut seen = BTreeMap::new();
    let first = |card: &ForeignCard| seen.insert(card.keyword, ()).is_none();
    let mut cards = cards;
    cards.retain(first);
    if let Some(rice) = rice {
        // It takes the first two parameters for these, whatever their names.
        cards.retain(|card| !card.keyword.starts_with(b"ZVAL"));
        let number = |value: u64| Some(ForeignValue::Integer(value as i64));
        for (keyword, value) in [(*b"ZVAL1   ", rice.block), (*b"ZVAL2   ", rice.bytes)] {
            cards.push(ForeignCard { keyword, value: number(value), comment: None });
        }
    }
    ForeignHdu::from_cards(cards, 0, 0)
}

/// How floats are packed: noise over step, and the start of the dither sequence.
fn settings(quantize_level: Option<f32>) -> TileCompression {
    match quantize_level {
        Some(level) => TileCompression::rice().quantize(Quantize::new().level(level)),
        None => TileCompression::rice(),
    }
}

/// An image packed by Rice, one tile per row.
pub(super) struct Packed {
    /// The cards of the table, without END.
    pub(super) structure: Vec<RawCard>,
    bytes: Vec<u8>,
    data_start: usize,
}

impl Packed {
    /// Table and heap, padded to whole blocks.
    pub(super) fn data(&self) -> &[u8] {
        self.bytes.get(self.data_start..).unwrap_or_default()
    }
}

/// Packs `pixels` (row by row) with cfitsio's defaults: floats are quantized with
/// `SUBTRACTIVE_DITHER_1`, its seed taken from the first row, so that equal pixels give equal bytes.
pub(super) fn pack<T: CompressPixel>(
    (rows, columns): (usize, usize),
    pixels: &[T],
    quantize_level: Option<f32>,
) -> Result<Packed> {
    let wrong =
        |error: fitsio_pure::Error| Error::input("fits", "pixels to pack", error, "a plane");
    let bytes = compress_image_hdu(&[columns, rows], pixels, &settings(quantize_level), &[])
        .map_err(wrong)?;
    let data_start = header_byte_len(&bytes).map_err(wrong)?;
    let header = bytes.get(..data_start).unwrap_or_default();
    let cards = header.as_chunks::<CARD>().0.iter();
    let structure = cards.take_while(|card| card.trim_key() != "END").copied().collect();
    Ok(Packed { structure, bytes, data_start })
}

/// A mask that is packed in bands of rows as 32-bit whole numbers: what [`pack`] makes of all rows.
#[derive(Default)]
pub(super) struct PackedRows {
    /// The cards of the first band's table.
    structure: Vec<RawCard>,
    /// Length of each row's tile, all tiles one after the other.
    lengths: Vec<u32>,
    heap: Vec<u8>,
}

impl PackedRows {
    /// Packs the next rows, of so many columns.
    pub(super) fn take(&mut self, bits: &[u32], columns: usize) -> Result<()> {
        let numbers: Vec<i32> = bits.iter().map(|&bits| bits as i32).collect();
        let rows = bits.len() / columns.max(1);
        let packed = pack((rows, columns), &numbers, None)?;
        let (entries, heap) = packed.data().split_at_checked(rows * ENTRY).unwrap_or_default();
        let lengths = entries.as_chunks::<ENTRY>().0.iter().filter_map(|entry| entry.first_chunk());
        let before = self.lengths.len();
        self.lengths.extend(lengths.map(|length| u32::from_be_bytes(*length)));
        let length: usize = self.lengths.iter().skip(before).map(|&length| length as usize).sum();
        self.heap.extend_from_slice(heap.get(..length).unwrap_or_default());
        if before == 0 {
            self.structure = packed.structure;
        }
        Ok(())
    }

    /// The image of all rows.
    ///
    /// # Errors
    /// [`Error::Input`] if rows are missing, or the heap needs more than 31 bits.
    pub(super) fn finish(self, (rows, columns): (usize, usize)) -> Result<Packed> {
        let found = self.lengths.len();
        if found != rows || i32::try_from(self.heap.len()).is_err() {
            return Err(Error::input("fits", "rows to pack", found, format!("{rows} x {columns}")));
        }
        let largest = self.lengths.iter().max().copied().unwrap_or(0);
        let whole = |number: usize| Value::Integer(number as i64);
        let mut structure = self.structure;
        for card in &mut structure {
            let value = match card.trim_key() {
                "NAXIS2" | "ZNAXIS2" => whole(rows),
                "PCOUNT" => whole(self.heap.len()),
                "TFORM1" => Value::Text(format!("1PB({largest})")),
                _ => continue,
            };
            let comment = self::value(card).map(|(_, comment)| comment).unwrap_or_default();
            *card = structural(card.trim_key(), value, &comment)?;
        }
        let mut bytes = Vec::with_capacity(rows * ENTRY + self.heap.len() + BLOCK);
        let mut offset = 0_u32;
        for length in self.lengths {
            bytes.extend([length.to_be_bytes(), offset.to_be_bytes()].concat());
            offset += length;
        }
        bytes.extend(self.heap);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        Ok(Packed { structure, bytes, data_start: 0 })
    }
}
