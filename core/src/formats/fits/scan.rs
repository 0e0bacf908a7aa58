//! The walk over header blocks: where each HDU begins and ends, and whether any is compressed.
//!
//! Only header blocks are read. Every size is computed in checked arithmetic (FITS 4.0, eq. 1, 2
//! and 4) and compared with the file's length, so that what follows may rely on it.

use super::inflate;
use crate::error::{Error, Result};
use crate::store::Source;

/// Bytes of a FITS block.
pub(super) const BLOCK: usize = 2880;
/// Bytes of a card.
pub(super) const CARD: usize = 80;
/// Longest header accepted, in blocks: 36,864 cards, far beyond any real one.
const MAX_HEADER_BLOCKS: usize = 1024;
/// Largest NAXIS, ZNAXIS and TFIELDS of the standard.
const MAX_COUNT: u64 = 999;

/// One 80-byte card, printable characters only.
pub(super) type RawCard = [u8; CARD];

/// Where an HDU lies and the cards of its header, END excluded.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) index: usize,
    pub(super) data_start: u64,
    pub(super) data_length: u64,
    pub(super) kind: Kind,
    pub(super) bitpix: i64,
    /// NAXIS1, NAXIS2, …
    pub(super) axes: Vec<u64>,
    pub(super) cards: Vec<RawCard>,
}

/// What the first card and a few keywords say an HDU is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Image,
    Compressed,
    /// ASCII or binary.
    Table {
        ascii: bool,
    },
    Other(String),
}

/// Bytes that begin files which are often met where a FITS file is expected.
const STRANGERS: [(&[u8], &str, &str); 4] = [
    (&inflate::MAGIC, "a gzip file inside a gzip file", "decompress it once (gunzip)"),
    (&[0x1f, 0x9d], "a whole-file Unix compress", "decompress it first (uncompress)"),
    (b"BZh", "a whole-file bzip2", "decompress it first (bunzip2)"),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the file itself (git lfs pull)"),
];

/// Walks all headers.
pub(super) fn scan(source: &mut Source<'_>) -> Result<Vec<Record>> {
    refuse_strangers(source)?;
    let mut records: Vec<Record> = Vec::new();
    let mut start = 0_u64;
    loop {
        let record = read_record(source, records.len(), start)?;
        let end = record.data_start + record.data_length;
        records.push(record);
        // The last block may lack its padding, as files of many programs do.
        start = end.div_ceil(BLOCK as u64).saturating_mul(BLOCK as u64);
        if start >= source.length() || only_padding_follows(source, start, records.len())? {
            return Ok(records);
        }
    }
}

/// A place in messages.
pub(super) fn place(index: usize) -> String {
    format!("HDU {index}")
}

fn refuse_strangers(source: &mut Source<'_>) -> Result<()> {
    let length = source.length();
    let mut head = vec![0; length.min(32) as usize];
    source.read_at(0, &mut head)?;
    if length < BLOCK as u64 {
        name_stranger(source.key(), &head)?;
        let reason = format!("{length} bytes, needed at least one block of {BLOCK}");
        return Err(Error::format(source.key(), "start", reason));
    }
    check_head(source.key(), &head)
}

/// Refuses what does not begin as a FITS file.
pub(super) fn check_head(file: &str, head: &[u8]) -> Result<()> {
    name_stranger(file, head)?;
    if !head.starts_with(b"SIMPLE  =") {
        let found = printable(head);
        let reason = format!("begins with \"{found}\", needed \"SIMPLE  =\": not a FITS file");
        return Err(Error::format(file, "start", reason));
    }
    Ok(())
}

fn name_stranger(file: &str, head: &[u8]) -> Result<()> {
    let known = STRANGERS.iter().find(|(magic, ..)| head.starts_with(magic));
    let Some((_, what, hint)) = known else { return Ok(()) };
    Err(Error::Unsupported { what: format!("{file}: {what}"), hint: (*hint).to_owned() })
}

fn printable(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| if (b' '..=b'~').contains(&b) { char::from(b) } else { '?' }).collect()
}

/// Whether nothing but blanks and zeros follows. Anything else would be an HDU whose first keyword
/// is damaged, and to skip that in silence would lose it.
fn only_padding_follows(source: &mut Source<'_>, start: u64, index: usize) -> Result<bool> {
    let mut head = vec![0; (source.length() - start).min(8) as usize];
    source.read_at(start, &mut head)?;
    if head == b"XTENSION" {
        return Ok(false);
    }
    let mut offset = start;
    while offset < source.length() {
        let mut chunk = vec![0; (source.length() - offset).min(1 << 20) as usize];
        source.read_at(offset, &mut chunk)?;
        if chunk.iter().any(|&b| b != 0 && b != b' ') {
            let reason = format!(
                "found \"{}\" at byte {start}, needed \"XTENSION\" or the end of the file",
                printable(&head)
            );
            return Err(Error::format(source.key(), place(index), reason));
        }
        offset += chunk.len() as u64;
    }
    Ok(true)
}

fn read_record(source: &mut Source<'_>, index: usize, start: u64) -> Result<Record> {
    let (cards, data_start) = read_cards(source, index, start)?;
    let look = Look { file: source.key(), index, cards: &cards };
    let kind = look.kind()?;
    let bitpix = look.needed("BITPIX")?;
    if ![8, 16, 32, 64, -32, -64].contains(&bitpix) {
        return Err(look.error(format!("BITPIX is {bitpix}, needed 8, 16, 32, 64, -32 or -64")));
    }
    let axes = look.axes("NAXIS")?;
    let data_length = look.data_length(&kind, bitpix, &axes)?;
    let end = data_start.saturating_add(data_length);
    if end > source.length() {
        let reason = format!(
            "its data need {data_length} bytes from byte {data_start} on, the file has {} in all",
            source.length()
        );
        return Err(look.error(reason));
    }
    Ok(Record { index, data_start, data_length, kind, bitpix, axes, cards })
}

/// The cards of one header and the byte where its data begin.
fn read_cards(source: &mut Source<'_>, index: usize, start: u64) -> Result<(Vec<RawCard>, u64)> {
    let mut cards = Vec::new();
    let mut offset = start;
    for _ in 0..MAX_HEADER_BLOCKS {
        let mut block = [0_u8; BLOCK];
        if offset + BLOCK as u64 > source.length() {
            let reason = format!("no END card before the end of the file at {}", source.length());
            return Err(Error::format(source.key(), place(index), reason));
        }
        source.read_at(offset, &mut block)?;
        offset += BLOCK as u64;
        for card in block.as_chunks::<CARD>().0 {
            if card.starts_with(b"END     ") {
                return Ok((cards, offset));
            }
            cards.push(card.map(|b| if (b' '..=b'~').contains(&b) { b } else { b'?' }));
        }
    }
    let reason = format!("no END card within {MAX_HEADER_BLOCKS} blocks");
    Err(Error::format(source.key(), place(index), reason))
}

/// The few keywords that fix sizes, read without either parser.
struct Look<'a> {
    file: &'a str,
    index: usize,
    cards: &'a [RawCard],
}

impl<'a> Look<'a> {
    fn error(&self, reason: String) -> Error {
        Error::format(self.file, place(self.index), reason)
    }

    /// The value field of the only card with this keyword, without its comment.
    fn field(&self, key: &str) -> Result<Option<&'a str>> {
        let named = |card: &&RawCard| card.trim_key() == key;
        let mut found = self.cards.iter().filter(named);
        let Some(card) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(self.error(format!("{key} occurs more than once")));
        }
        let text = std::str::from_utf8(card).unwrap_or_default();
        let Some(value) = text.get(8..).and_then(|rest| rest.strip_prefix("= ")) else {
            return Err(self.error(format!("{key} has no value")));
        };
        if let Some(quoted) = value.trim_start().strip_prefix('\'') {
            return Ok(Some(quoted.split('\'').next().unwrap_or_default().trim_end()));
        }
        Ok(Some(value.split('/').next().unwrap_or_default().trim()))
    }

    fn integer(&self, key: &str) -> Result<Option<i64>> {
        let Some(field) = self.field(key)? else { return Ok(None) };
        let wrong = |_| self.error(format!("{key} is \"{field}\", needed a whole number"));
        field.parse().map(Some).map_err(wrong)
    }

    fn needed(&self, key: &str) -> Result<i64> {
        self.integer(key)?.ok_or_else(|| self.error(format!("{key} is missing")))
    }

    fn count(&self, key: &str, default: u64) -> Result<u64> {
        let Some(value) = self.integer(key)? else { return Ok(default) };
        let wrong = |_| self.error(format!("{key} is {value}, needed 0 or more"));
        u64::try_from(value).map_err(wrong)
    }

    fn axes(&self, key: &str) -> Result<Vec<u64>> {
        let number = self.count(key, 0)?;
        if number > MAX_COUNT {
            return Err(self.error(format!("{key} is {number}, needed at most {MAX_COUNT}")));
        }
        (1..=number)
            .map(|axis| {
                let key = format!("{key}{axis}");
                self.needed(&key)?;
                self.count(&key, 0)
            })
            .collect()
    }

    fn kind(&self) -> Result<Kind> {
        if self.index == 0 {
            return match self.field("SIMPLE")? {
                Some("T")
                    if self.field("GROUPS")? == Some("T") && self.starts_with_no_axis()? =>
                {
                    Ok(Kind::Other("random groups".to_owned()))
                }
                Some("T") => Ok(Kind::Image),
                other => {
                    let found = other.unwrap_or("missing");
                    Err(self.error(format!("SIMPLE is {found}, needed T: not standard FITS")))
                }
            };
        }
        match self.field("XTENSION")?.unwrap_or_default() {
            "IMAGE" | "IUEIMAGE" => Ok(Kind::Image),
            "TABLE" => Ok(Kind::Table { ascii: true }),
            "BINTABLE" | "A3DTABLE" => {
                let fields = self.count("TFIELDS", 0)?;
                if fields > MAX_COUNT {
                    let reason = format!("TFIELDS is {fields}, needed at most {MAX_COUNT}");
                    return Err(self.error(reason));
                }
                let compressed = self.field("ZIMAGE")? == Some("T");
                Ok(if compressed { Kind::Compressed } else { Kind::Table { ascii: false } })
            }
            other => Ok(Kind::Other(other.to_owned())),
        }
    }

    fn starts_with_no_axis(&self) -> Result<bool> {
        Ok(self.integer("NAXIS1")? == Some(0))
    }

    fn data_length(&self, kind: &Kind, bitpix: i64, axes: &[u64]) -> Result<u64> {
        let groups = self.index == 0 && *kind != Kind::Image;
        let extent = if groups { axes.get(1..).unwrap_or_default() } else { axes };
        if extent.is_empty() {
            return Ok(0);
        }
        let (parameters, copies) = if self.index == 0 && !groups {
            (0, 1)
        } else {
            (self.count("PCOUNT", 0)?, self.count("GCOUNT", 1)?)
        };
        extent
            .iter()
            .try_fold(1_u64, |product, &axis| product.checked_mul(axis))
            .and_then(|numbers| numbers.checked_add(parameters))
            .and_then(|numbers| numbers.checked_mul(copies))
            .and_then(|numbers| numbers.checked_mul(bitpix.unsigned_abs() / 8))
            .filter(|&bytes| bytes < i64::MAX as u64)
            .ok_or_else(|| self.error(format!("axes {axes:?} of BITPIX {bitpix} overflow")))
    }
}

/// What a card's first eight bytes say.
pub(super) trait Keyed {
    /// The keyword without blanks at its end.
    fn trim_key(&self) -> &str;
}

impl Keyed for RawCard {
    fn trim_key(&self) -> &str {
        let (key, _) = self.split_at(8);
        std::str::from_utf8(key).unwrap_or_default().trim_end()
    }
}

impl Record {
    /// The first integer with this keyword, if it is one.
    pub(super) fn integer(&self, file: &str, key: &str) -> Result<Option<i64>> {
        Look { file, index: self.index, cards: &self.cards }.integer(key)
    }

    /// The first text with this keyword.
    pub(super) fn text<'a>(&'a self, file: &'a str, key: &str) -> Result<Option<&'a str>> {
        Look { file, index: self.index, cards: &self.cards }.field(key)
    }

    /// Rows of the table that a compressed table (`ZTABLE = T`) stands for.
    pub(super) fn compressed_table(&self, file: &str) -> Result<Option<u64>> {
        let look = Look { file, index: self.index, cards: &self.cards };
        if self.kind != (Kind::Table { ascii: false }) || look.field("ZTABLE")? != Some("T") {
            return Ok(None);
        }
        look.count("ZNAXIS2", 0).map(Some)
    }

    /// ZNAXIS1, ZNAXIS2, … of a compressed image.
    pub(super) fn compressed_axes(&self, file: &str) -> Result<Vec<u64>> {
        Look { file, index: self.index, cards: &self.cards }.axes("ZNAXIS")
    }
}
