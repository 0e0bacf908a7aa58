//! Pages of a column chunk (parquet.thrift 2.12, `PageHeader`): their headers, unpacking, levels.
//!
//! A page's sizes are compared with the bytes of the chunk, with what its codec can make of them,
//! and with the rows that are still missing, before anything is unpacked. Only columns that are not
//! nested are read, so that a level says whether there is a value.

use std::io::Read;

use super::Refusal;
use super::thrift::{Cursor, Token};
use super::values::{Decoded, Physical, decode, hybrid, prefixed};

/// How pages are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// Not at all.
    Plain,
    /// Snappy, without frames.
    Snappy,
    /// DEFLATE with gzip's frame.
    Gzip,
    /// LZ4 blocks, without frames.
    Lz4,
}

/// One chunk: the values of one column in one row group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'a> {
    /// All its pages.
    pub(super) bytes: &'a [u8],
    /// How they are packed.
    pub(super) codec: Codec,
    /// How its values stand there.
    pub(super) physical: Physical,
    /// Whether values may be missing.
    pub(super) optional: bool,
    /// Rows of the row group.
    pub(super) rows: usize,
    /// The row of the table that its first row is.
    pub(super) first_row: usize,
    /// Rows of the table that are wanted, ascending; all if absent.
    pub(super) wanted: Option<&'a [usize]>,
}

/// What a page holds: its values, and for each row whether it has one (all, if there is no list).
pub(super) struct Content {
    pub(super) values: Decoded,
    pub(super) present: Option<Vec<u32>>,
    /// The row of the table that its first row is.
    pub(super) first_row: usize,
}

/// The dictionary of a chunk, unpacked when the first page asks for it.
enum Dictionary<'a> {
    None,
    Packed { bytes: &'a [u8], size: usize, count: usize },
    Read(Decoded),
}

/// Fields of a page header; those that are absent are `None`.
#[derive(Debug, Default)]
struct PageHeader {
    kind: Option<i64>,
    unpacked: Option<i64>,
    packed: Option<i64>,
    values: Option<i64>,
    encoding: Option<i64>,
    levels_encoding: Option<i64>,
    levels_length: Option<i64>,
    repeats_length: Option<i64>,
    is_packed: Option<i64>,
}

const DATA: i64 = 0;
const INDEX: i64 = 1;
const DICTIONARY: i64 = 2;
const DATA_2: i64 = 3;
const RUN_LENGTHS: i64 = 3;

impl PageHeader {
    fn read(cursor: &mut Cursor<'_>) -> Option<PageHeader> {
        let mut header = PageHeader::default();
        cursor.walk(&mut |path, token| {
            let Token::Whole(value) = token else { return };
            let place = match path {
                [1] => &mut header.kind,
                [2] => &mut header.unpacked,
                [3] => &mut header.packed,
                [5, 1] | [7, 1] | [8, 1] => &mut header.values,
                [5, 2] | [7, 2] | [8, 4] => &mut header.encoding,
                [5, 3] => &mut header.levels_encoding,
                [8, 5] => &mut header.levels_length,
                [8, 6] => &mut header.repeats_length,
                [8, 7] => &mut header.is_packed,
                _ => return,
            };
            *place = Some(value);
        })?;
        Some(header)
    }
}

impl<'a> Chunk<'a> {
    /// Decodes page after page until all rows were met; pages without a wanted row are passed by.
    pub(super) fn read(
        &self,
        push: &mut dyn FnMut(Content) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut cursor = Cursor::new(self.bytes);
        let mut dictionary = Dictionary::None;
        let mut met = 0;
        while met < self.rows {
            let header = PageHeader::read(&mut cursor).ok_or("a damaged page header")?;
            let size = whole(header.packed, "packed size")?;
            let packed = cursor.take(size).ok_or("a page beyond its column chunk")?;
            match header.kind {
                Some(DICTIONARY) => {
                    if !matches!(dictionary, Dictionary::None) {
                        return Err("a second dictionary".into());
                    }
                    let size = whole(header.unpacked, "size")?;
                    let count = whole(header.values, "number of values")?;
                    dictionary = Dictionary::Packed { bytes: packed, size, count };
                }
                Some(DATA | DATA_2) => {
                    let count = whole(header.values, "number of values")?;
                    let left = self.rows - met;
                    if count > left {
                        let reason = format!("a page of {count} values where {left} are left");
                        return Err(reason.into());
                    }
                    let first_row = self.first_row + met;
                    if self.wants(first_row, count) {
                        let dictionary = self.dictionary(&mut dictionary)?;
                        let mut content = self.data(&header, (packed, count), dictionary)?;
                        content.first_row = first_row;
                        push(content)?;
                    }
                    met += count;
                }
                Some(INDEX) => {}
                kind => return Err(format!("a page of kind {kind:?}").into()),
            }
        }
        Ok(())
    }

    /// Whether one of `count` rows is wanted.
    fn wants(&self, first: usize, count: usize) -> bool {
        self.wanted.is_none_or(|wanted| {
            let next = wanted.get(wanted.partition_point(|&row| row < first));
            next.is_some_and(|&row| row < first + count)
        })
    }

    fn dictionary<'d>(
        &self,
        dictionary: &'d mut Dictionary<'a>,
    ) -> Result<Option<&'d Decoded>, Refusal> {
        if let Dictionary::Packed { bytes, size, count } = *dictionary {
            let page = self.unpack(bytes, size)?;
            *dictionary = Dictionary::Read(decode(&page, 0, (self.physical, count), None)?);
        }
        Ok(match dictionary {
            Dictionary::Read(values) => Some(values),
            _ => None,
        })
    }

    fn data(
        &self,
        header: &PageHeader,
        page: (&[u8], usize),
        dictionary: Option<&Decoded>,
    ) -> Result<Content, Refusal> {
        match header.kind {
            Some(DATA) => self.first(header, page, dictionary),
            _ => self.second(header, page, dictionary),
        }
    }

    /// A data page of version 1: levels and values are packed together.
    fn first(
        &self,
        header: &PageHeader,
        (packed, count): (&[u8], usize),
        dictionary: Option<&Decoded>,
    ) -> Result<Content, Refusal> {
        let page = self.unpack(packed, whole(header.unpacked, "size")?)?;
        if !self.optional {
            return self.content(header, (&page, count), None, dictionary);
        }
        if header.levels_encoding != Some(RUN_LENGTHS) {
            return Err(Refusal::Unsupported {
                what: format!("encoding {:?} of levels", header.levels_encoding),
                hint: "write the file anew with a library of this decade".to_owned(),
            });
        }
        let (levels, values) = prefixed(&page)?;
        let levels = hybrid(levels, 1, count)?;
        self.content(header, (values, count), Some(levels), dictionary)
    }

    /// A data page of version 2: the levels come first and are never packed.
    fn second(
        &self,
        header: &PageHeader,
        (packed, count): (&[u8], usize),
        dictionary: Option<&Decoded>,
    ) -> Result<Content, Refusal> {
        let mut cursor = Cursor::new(packed);
        let beyond = "levels beyond their page";
        let repeats = whole(header.repeats_length, "size of levels")?;
        let length = whole(header.levels_length, "size of levels")?;
        cursor.take(repeats).ok_or(beyond)?;
        let levels = cursor.take(length).ok_or(beyond)?;
        let levels = if self.optional { Some(hybrid(levels, 1, count)?) } else { None };
        if header.is_packed == Some(0) {
            return self.content(header, (cursor.rest(), count), levels, dictionary);
        }
        let unpacked = whole(header.unpacked, "size")?;
        let unpacked = unpacked.checked_sub(repeats.saturating_add(length)).ok_or(beyond)?;
        let values = self.unpack(cursor.rest(), unpacked)?;
        self.content(header, (&values, count), levels, dictionary)
    }

    fn content(
        &self,
        header: &PageHeader,
        (values, count): (&[u8], usize),
        present: Option<Vec<u32>>,
        dictionary: Option<&Decoded>,
    ) -> Result<Content, Refusal> {
        let is_there = |levels: &Vec<u32>| levels.iter().filter(|&&level| level == 1).count();
        let count = present.as_ref().map_or(count, is_there);
        let encoding = header.encoding.ok_or("a page without an encoding")?;
        let values = if count == 0 {
            Decoded::none(self.physical)
        } else {
            decode(values, encoding, (self.physical, count), dictionary)?
        };
        Ok(Content { values, present, first_row: 0 })
    }

    /// Unpacks a page to exactly `size` bytes.
    fn unpack(&self, packed: &[u8], size: usize) -> Result<Vec<u8>, Refusal> {
        let most = self.codec.most(packed.len());
        if size > most {
            let found = packed.len();
            return Err(format!("a page of {size} bytes, packed in {found}: at most {most}").into());
        }
        let wrong = |error: &dyn std::fmt::Display| Refusal::Damaged(format!("packing: {error}"));
        let unpacked = match self.codec {
            _ if size == 0 => Vec::new(),
            Codec::Plain => packed.to_vec(),
            Codec::Snappy => {
                let mut unpacked = vec![0; size];
                let length = snap::raw::Decoder::new().decompress(packed, &mut unpacked);
                unpacked.truncate(length.map_err(|error| wrong(&error))?);
                unpacked
            }
            Codec::Gzip => {
                let mut unpacked = Vec::with_capacity(size);
                let most = size as u64 + 1;
                let reader = flate2::read::MultiGzDecoder::new(packed);
                reader.take(most).read_to_end(&mut unpacked).map_err(|error| wrong(&error))?;
                unpacked
            }
            Codec::Lz4 => {
                let mut unpacked = vec![0; size];
                let length = lz4_flex::block::decompress_into(packed, &mut unpacked);
                unpacked.truncate(length.map_err(|error| wrong(&error))?);
                unpacked
            }
        };
        if unpacked.len() == size {
            return Ok(unpacked);
        }
        Err(format!("a page of {} bytes, its header says {size}", unpacked.len()).into())
    }
}

impl Codec {
    /// The most that `length` bytes can stand for, by the best case of each format.
    fn most(self, length: usize) -> usize {
        match self {
            Codec::Plain => length,
            // A copy of 64 bytes takes three.
            Codec::Snappy => length.saturating_mul(22).saturating_add(64),
            // 258 bytes take two bits.
            Codec::Gzip => length.saturating_mul(1032),
            // 255 bytes take one.
            Codec::Lz4 => length.saturating_mul(255).saturating_add(64),
        }
    }
}

fn whole(value: Option<i64>, what: &str) -> Result<usize, Refusal> {
    let found = value.ok_or_else(|| format!("a page without the {what}"))?;
    usize::try_from(found).map_err(|_| format!("{found} as {what}").into())
}
