//! The footer of a parquet file: parsed by the crate, after checks of what the crate trusts.

use parquet::basic::CompressionCodec;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader,
    ParquetStatisticsPolicy,
};

use super::pages::{Chunk, Codec};
use super::thrift::{Cursor, ELEMENT, Token};
use super::values::Physical;
use crate::error::{Error, Result};

/// What a file begins and ends with.
const MAGIC: &[u8] = b"PAR1";
/// Bytes after the footer: its length and the magic.
const TAIL: usize = 8;
/// Groups of columns inside one another.
const DEEPEST_SCHEMA: usize = 32;
/// Most rows of a table, and most values, that are read.
const MAX_ROWS: u64 = 1 << 27;
const MAX_VALUES: u64 = 1 << 29;
/// Values that any file may hold, and further ones for each of its bytes: a run of equal values, or
/// of missing ones, takes a few bytes however long it is. Tables of stars have fewer than one.
const FREE_VALUES: u64 = 1 << 24;
const VALUES_PER_BYTE: u64 = 64;

/// Reads the footer; its schema and the place of every chunk fit the file.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<ParquetMetaData> {
    let wrong = |reason: String| Error::format(file, "footer", reason);
    let footer = frame(bytes).map_err(|reason| Error::format(file, "start and end", reason))?;
    check_schema(footer).map_err(wrong)?;
    let mut options = ParquetMetaDataOptions::default();
    options.set_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
    let parsed = ParquetMetaDataReader::decode_metadata_with_options(footer, Some(&options));
    let metadata = parsed.map_err(|error| wrong(error.to_string()))?;
    check_extents(&metadata, bytes.len() as u64).map_err(wrong)?;
    Ok(metadata)
}

fn frame(bytes: &[u8]) -> std::result::Result<&[u8], String> {
    let length = bytes.len();
    let inner = bytes.strip_prefix(MAGIC).and_then(|bytes| bytes.strip_suffix(MAGIC));
    let Some((before, size)) = inner.and_then(|inner| inner.split_last_chunk::<4>()) else {
        return Err(format!("{length} bytes, needed \"PAR1\" at both ends: not a whole file"));
    };
    let size = u32::from_le_bytes(*size) as usize;
    let start = before.len().checked_sub(size);
    start.and_then(|start| before.get(start..)).ok_or_else(|| {
        format!("a footer of {size} bytes, the file has {length} with {TAIL} behind the footer")
    })
}

/// The crate allocates the children that a group claims, and follows groups inside groups as deep
/// as they go.
fn check_schema(footer: &[u8]) -> std::result::Result<(), String> {
    let mut children: Vec<i64> = Vec::new();
    let walked = Cursor::new(footer).walk(&mut |path, token| match (path, token) {
        ([2, ELEMENT], Token::Begin) => children.push(0),
        ([2, ELEMENT, 5], Token::Whole(count)) => {
            if let Some(last) = children.last_mut() {
                *last = count;
            }
        }
        _ => {}
    });
    walked.ok_or("damaged")?;
    let mut open: Vec<i64> = Vec::new();
    for (index, &count) in children.iter().enumerate() {
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        let left = (children.len() - index - 1) as i64;
        if !(0..=left).contains(&count) {
            return Err(format!("a group of {count} columns, {left} follow it"));
        }
        if count > 0 {
            open.push(count);
        }
        if open.len() > DEEPEST_SCHEMA {
            return Err(format!("groups of columns {} deep", open.len()));
        }
    }
    Ok(())
}

/// Compares rows and chunks with each other and with the file's length.
fn check_extents(metadata: &ParquetMetaData, length: u64) -> std::result::Result<(), String> {
    let rows = metadata.file_metadata().num_rows();
    let Some(rows) = u64::try_from(rows).ok().filter(|&rows| rows <= MAX_ROWS) else {
        return Err(format!("{rows} rows, needed 0 to {MAX_ROWS}"));
    };
    let mut counted = 0_u64;
    for group in metadata.row_groups() {
        let rows = group.num_rows();
        counted = counted.saturating_add(u64::try_from(rows).map_err(|error| error.to_string())?);
        for column in group.columns() {
            let name = column.column_path();
            if column.num_values() < 0 {
                return Err(format!("{name}: {} values", column.num_values()));
            }
            let (start, size) = (start(column), column.compressed_size());
            let end = start.checked_add(size).and_then(|end| u64::try_from(end).ok());
            if start < 0 || size < 0 || end.is_none_or(|end| end > length) {
                return Err(format!("{name}: {size} bytes at {start} of {length}"));
            }
        }
    }
    if counted != rows {
        return Err(format!("{rows} rows, its row groups have {counted}"));
    }
    Ok(())
}

/// Refuses tables that would not fit into memory, or are far larger than their file of `length`
/// bytes.
pub(super) fn check_values(file: &str, length: usize, rows: u64, columns: usize) -> Result<()> {
    let values = rows.saturating_mul(columns as u64);
    let backed = FREE_VALUES.saturating_add(VALUES_PER_BYTE.saturating_mul(length as u64));
    let most = MAX_VALUES.min(backed);
    if values <= most {
        return Ok(());
    }
    let reason =
        format!("{rows} rows x {columns} columns in {length} bytes, needed at most {most} values");
    Err(Error::format(file, "footer", reason))
}

/// The dictionary comes before the data; 0 and later places are old writers' ways to say none.
fn start(column: &ColumnChunkMetaData) -> i64 {
    let data = column.data_page_offset();
    column.dictionary_page_offset().filter(|&dictionary| dictionary > 0).unwrap_or(data).min(data)
}

/// The bytes of a column in a row group of `rows`, the first of which is the table's first.
///
/// # Errors
/// [`Error::Unsupported`] with the remedy for a codec that is not built in.
pub(super) fn chunk<'a>(
    file: &str,
    bytes: &'a [u8],
    (column, rows): (&ColumnChunkMetaData, usize),
    physical: Physical,
) -> Result<Chunk<'a>> {
    let name = column.column_path().string();
    if column.file_path().is_some_and(|path| !path.is_empty()) {
        let what = format!("{file}: column {name} in another file");
        let hint = "write table and columns into one file".to_owned();
        return Err(Error::Unsupported { what, hint });
    }
    let codec = match column.compression_codec() {
        CompressionCodec::UNCOMPRESSED => Codec::Plain,
        CompressionCodec::SNAPPY => Codec::Snappy,
        CompressionCodec::GZIP => Codec::Gzip,
        CompressionCodec::LZ4_RAW => Codec::Lz4,
        other => {
            let what = format!("{file}: column {name} compressed by {other}");
            let hint = "write it with Snappy, gzip or LZ4_RAW, as in \
                        pandas.read_parquet(OLD).to_parquet(NEW, compression=\"snappy\")";
            return Err(Error::Unsupported { what, hint: hint.to_owned() });
        }
    };
    let start = usize::try_from(start(column)).unwrap_or(usize::MAX);
    let size = usize::try_from(column.compressed_size()).unwrap_or(usize::MAX);
    let bytes = bytes.get(start..).and_then(|bytes| bytes.get(..size)).unwrap_or_default();
    let optional = column.column_descr().max_def_level() > 0;
    Ok(Chunk { bytes, codec, physical, optional, rows, first_row: 0, wanted: None })
}
