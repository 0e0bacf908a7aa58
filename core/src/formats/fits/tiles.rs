//! What a tile table promises, checked before it is decoded.
//!
//! A compressed image is a binary table with one row per tile; descriptors point into the heap
//! behind it (FITS 4.0, chapter 10). `fitsio-pure` trusts the number of rows, fills what is missing
//! with zeros and allocates what the header asks for, so all of it is compared with the bytes first.

use std::ops::Range;

use super::scan::{Record, place};
use crate::error::{Error, Result};

/// Most pixels of one image.
const MAX_PIXELS: u64 = (1 << 31) - 1;
/// Most pixels per byte of the compressed data unit; deflate, the strongest of the methods, reaches
/// about a thousand bytes per byte.
const MAX_EXPANSION: u64 = 4096;
/// A tile may be longer than its pixels by this much: headers, trailers, incompressible noise.
const TILE_OVERHEAD: u64 = 4096;

/// The tile table of a compressed image.
#[derive(Debug)]
pub(super) struct TileTable<'a> {
    file: &'a str,
    record: &'a Record,
    method: &'a str,
    bitpix: i64,
    row_bytes: usize,
    /// NAXIS1 first, both.
    axes: Vec<u64>,
    tile: Vec<u64>,
    columns: Vec<Column<'a>>,
}

#[derive(Debug)]
struct Column<'a> {
    name: &'a str,
    offset: usize,
    form: Form,
}

/// The column types that occur in tile tables.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// Pointer into the heap: bytes of an element, 64-bit or not.
    Pointer {
        element: u64,
        wide: bool,
    },
    Double,
    Long,
    /// Anything else, by its width.
    Other(usize),
}

impl Form {
    fn width(self) -> usize {
        match self {
            Form::Pointer { wide: true, .. } => 16,
            Form::Pointer { .. } | Form::Double => 8,
            Form::Long => 4,
            Form::Other(width) => width,
        }
    }

    /// TFORM such as `1PB(123)`, `1D`, `J`.
    fn parse(text: &str) -> Option<Form> {
        let text = text.split('(').next()?.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (repeat, code) = text.split_at(digits);
        let repeat = if repeat.is_empty() { 1 } else { repeat.parse::<usize>().ok()? };
        let element = |code: &str| match code {
            "B" => Some(1),
            "I" => Some(2),
            "J" | "E" => Some(4),
            "K" | "D" => Some(8),
            _ => None,
        };
        match (repeat, code) {
            (1, "D") => return Some(Form::Double),
            (1, "J") => return Some(Form::Long),
            _ => {}
        }
        match code.strip_prefix(['P', 'Q']) {
            Some(kind) if repeat == 1 => {
                Some(Form::Pointer { element: element(kind)?, wide: code.starts_with('Q') })
            }
            Some(_) => None,
            None => {
                let size = if matches!(code, "L" | "A") { 1 } else { element(code)? as usize };
                (repeat <= 1 << 20).then_some(Form::Other(repeat * size))
            }
        }
    }
}

impl<'a> TileTable<'a> {
    /// Reads and checks everything that the header says.
    pub(super) fn new(file: &'a str, record: &'a Record) -> Result<TileTable<'a>> {
        let axes = record.compressed_axes(file)?;
        let method = record.text(file, "ZCMPTYPE")?.unwrap_or_default();
        let bitpix = record.integer(file, "ZBITPIX")?.unwrap_or(0);
        let row_bytes = record.axes.first().and_then(|&n| usize::try_from(n).ok()).unwrap_or(0);
        let mut table = TileTable {
            file,
            record,
            method,
            bitpix,
            row_bytes,
            axes,
            tile: Vec::new(),
            columns: Vec::new(),
        };
        table.check_method()?;
        table.check_pixels()?;
        table.tile = table.tile_axes()?;
        table.check_rows()?;
        table.columns = table.read_columns()?;
        Ok(table)
    }

    /// Number of pixels.
    pub(super) fn pixels(&self) -> u64 {
        self.axes.iter().product()
    }

    fn wrong(&self, reason: String) -> Error {
        Error::format(self.file, place(self.record.index), reason)
    }

    fn check_method(&self) -> Result<()> {
        let known =
            ["RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS"];
        if !known.contains(&self.method) {
            let what = format!(
                "{}: {}: compression \"{}\"",
                self.file,
                place(self.record.index),
                self.method
            );
            let hint = format!("recompress it with one of {}", known.join(", "));
            return Err(Error::Unsupported { what, hint });
        }
        if ![8, 16, 32, 64, -32, -64].contains(&self.bitpix) {
            let needed = "needed 8, 16, 32, 64, -32 or -64";
            return Err(self.wrong(format!("ZBITPIX is {}, {needed}", self.bitpix)));
        }
        let seed = self.record.integer(self.file, "ZDITHER0")?.unwrap_or(1);
        if !(0..=10_000).contains(&seed) {
            return Err(self.wrong(format!("ZDITHER0 is {seed}, needed 1 to 10000")));
        }
        if self.record.axes.len() != 2 || self.record.bitpix != 8 {
            return Err(self.wrong("its table is no table of bytes with two axes".to_owned()));
        }
        let copies = self.record.integer(self.file, "GCOUNT")?.unwrap_or(1);
        if copies != 1 {
            return Err(self.wrong(format!("GCOUNT is {copies}, needed 1")));
        }
        Ok(())
    }

    fn check_pixels(&self) -> Result<()> {
        let product = self.axes.iter().try_fold(1_u64, |product, &axis| product.checked_mul(axis));
        let length = self.record.data_length;
        let most = MAX_PIXELS.min(length.saturating_mul(MAX_EXPANSION));
        // Eight bytes a pixel must fit into the address space.
        let most = most.min(isize::MAX as u64 / 8);
        match product {
            Some(pixels) if pixels <= most => Ok(()),
            _ => Err(self.wrong(format!(
                "axes {:?} (NAXIS1 first) from {length} compressed bytes, needed at most {most} \
                 pixels",
                self.axes
            ))),
        }
    }

    fn tile_axes(&self) -> Result<Vec<u64>> {
        let axis = |(index, &length): (usize, &u64)| {
            let key = format!("ZTILE{}", index + 1);
            let default = if index == 0 { length } else { 1 };
            let value = match self.record.integer(self.file, &key)? {
                None => default,
                Some(value) => u64::try_from(value).unwrap_or(0),
            };
            if value == 0 {
                return Err(self.wrong(format!("{key} is 0 or negative, needed 1 or more")));
            }
            Ok(value.min(length.max(1)))
        };
        self.axes.iter().enumerate().map(axis).collect()
    }

    /// Tiles along each axis.
    fn counts(&self) -> Vec<u64> {
        self.axes.iter().zip(&self.tile).map(|(&axis, &tile)| axis.div_ceil(tile)).collect()
    }

    fn check_rows(&self) -> Result<()> {
        let needed: u64 = self.counts().iter().product();
        let found = self.record.axes.get(1).copied().unwrap_or(0);
        if needed != found {
            let (axes, tile) = (&self.axes, &self.tile);
            return Err(self.wrong(format!(
                "tiles of {tile:?} over {axes:?} make {needed}, the table has {found} rows"
            )));
        }
        let table = self.table_bytes();
        let heap = self.record.integer(self.file, "THEAP")?;
        if heap.is_some_and(|heap| u64::try_from(heap) != Ok(table)) {
            let what = format!("{}: a gap between tile table and heap (THEAP)", self.file);
            let hint = "recompress it (fpack)".to_owned();
            return Err(Error::Unsupported { what, hint });
        }
        Ok(())
    }

    fn table_bytes(&self) -> u64 {
        self.record.axes.iter().product()
    }

    fn read_columns(&self) -> Result<Vec<Column<'a>>> {
        let fields = self.record.integer(self.file, "TFIELDS")?.unwrap_or(0);
        let mut columns: Vec<Column<'a>> = Vec::new();
        let mut offset = 0;
        for field in 1..=fields {
            let key = format!("TFORM{field}");
            let text = self.record.text(self.file, &key)?.unwrap_or_default();
            let form = Form::parse(text)
                .ok_or_else(|| self.wrong(format!("{key} is \"{text}\", of no tile table")))?;
            let name = self.record.text(self.file, &format!("TTYPE{field}"))?.unwrap_or_default();
            columns.push(Column { name, offset, form });
            offset += form.width();
        }
        if offset != self.row_bytes {
            let found = self.row_bytes;
            return Err(self.wrong(format!("columns of {offset} bytes in rows of {found}")));
        }
        for (name, form) in
            [("ZSCALE", Form::Double), ("ZZERO", Form::Double), ("ZBLANK", Form::Long)]
        {
            if columns.iter().any(|column| column.name == name && column.form != form) {
                return Err(self.wrong(format!("column {name} is not of type {form:?}")));
            }
        }
        if !columns.iter().any(|column| column.name == "COMPRESSED_DATA") {
            return Err(self.wrong("has no column COMPRESSED_DATA".to_owned()));
        }
        Ok(columns)
    }

    fn column(&self, name: &str) -> Option<&Column<'a>> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Bytes of a stored number in the original image.
    fn number_bytes(&self) -> u64 {
        self.bitpix.unsigned_abs() / 8
    }

    fn quantized(&self) -> Result<bool> {
        let scaled =
            self.column("ZSCALE").is_some() || self.record.text(self.file, "ZSCALE")?.is_some();
        let none = self.record.text(self.file, "ZQUANTIZ")? == Some("NONE");
        Ok(self.bitpix < 0 && scaled && !none)
    }

    /// Checks every descriptor against the heap, and returns the step of the encoding of each of
    /// `rows` stored rows.
    pub(super) fn check(&self, unit: &[u8], rows: usize) -> Result<Vec<f64>> {
        let quantized = self.quantized()?;
        let mut steps = vec![if self.bitpix > 0 { 1.0 } else { 0.0 }; rows];
        let counts = self.counts();
        let mut tile = 0_u64;
        for row in unit.chunks_exact(self.row_bytes.max(1)).take(self.tiles()) {
            let packed = self.check_tile(unit, row, tile, &counts, quantized)?;
            if quantized && packed {
                let step = self.scale(row)?.abs();
                for row in self.rows_of(tile, &counts) {
                    if let Some(slot) = steps.get_mut(row).filter(|slot| **slot < step) {
                        *slot = step;
                    }
                }
            }
            tile += 1;
        }
        Ok(steps)
    }

    fn tiles(&self) -> usize {
        self.record.axes.get(1).and_then(|&n| usize::try_from(n).ok()).unwrap_or(0)
    }

    /// The stored rows that a tile covers: of NAXIS2, the only axis beside NAXIS1 of a plane.
    fn rows_of(&self, tile: u64, counts: &[u64]) -> Range<usize> {
        let (Some(&across), Some(&along)) = (counts.first(), counts.get(1)) else { return 0..1 };
        let height = self.tile.get(1).copied().unwrap_or(1);
        let first = tile / across.max(1) % along.max(1) * height;
        first as usize..(first + height) as usize
    }

    /// ZSCALE of a tile.
    fn scale(&self, row: &[u8]) -> Result<f64> {
        if let Some(column) = self.column("ZSCALE") {
            let bytes = row.get(column.offset..).and_then(<[u8]>::first_chunk);
            return Ok(bytes.map_or(0.0, |bytes| f64::from_be_bytes(*bytes)));
        }
        let text = self.record.text(self.file, "ZSCALE")?.unwrap_or_default();
        let wrong = |_| self.wrong(format!("ZSCALE is \"{text}\", needed a number"));
        text.replace('D', "E").parse().map_err(wrong)
    }

    /// Pixels of a tile; those at the edges are clipped.
    fn tile_pixels(&self, tile: u64, counts: &[u64]) -> u64 {
        let mut rest = tile;
        let mut pixels = 1;
        for ((&axis, &size), &count) in self.axes.iter().zip(&self.tile).zip(counts) {
            let at = rest % count.max(1) * size;
            rest /= count.max(1);
            pixels *= size.min(axis.saturating_sub(at));
        }
        pixels
    }

    /// Checks one tile; whether it is packed by the image's method, not kept as it was.
    fn check_tile(
        &self,
        unit: &[u8],
        row: &[u8],
        tile: u64,
        counts: &[u64],
        quantized: bool,
    ) -> Result<bool> {
        let pixels = self.tile_pixels(tile, counts);
        let exact = pixels * self.number_bytes();
        let names = ["COMPRESSED_DATA", "UNCOMPRESSED_DATA", "GZIP_COMPRESSED_DATA"];
        for (choice, name) in names.into_iter().enumerate() {
            let Some(bytes) = self.tile_bytes(unit, row, tile, name)?.filter(|b| !b.is_empty())
            else {
                // `fitsio-pure` looks no further than the first of the two spare columns.
                if choice == 1 && self.column(name).is_some() {
                    break;
                }
                continue;
            };
            let most = 2 * pixels * self.number_bytes().max(4) + TILE_OVERHEAD;
            if bytes.len() as u64 > most {
                let found = bytes.len();
                return Err(self.wrong(format!("tile {tile}: {found} bytes for {pixels} pixels")));
            }
            let (method, lengths) = match (choice, self.method) {
                (0, "GZIP_1" | "GZIP_2" | "NOCOMPRESS") if quantized => {
                    (self.method, vec![pixels * 4, pixels * 2])
                }
                (0, method) if self.bitpix == 8 || self.bitpix == 16 => {
                    (method, vec![exact, pixels * 4])
                }
                (0, method) => (method, vec![exact]),
                (1, _) => ("NOCOMPRESS", vec![exact]),
                _ => ("GZIP_1", vec![exact]),
            };
            self.check_length(tile, method, bytes, &lengths)?;
            return Ok(choice == 0);
        }
        Err(self.wrong(format!("tile {tile} has no data")))
    }

    /// Methods whose output is bytes say how many: the decoder would fill a short tile with zeros.
    fn check_length(&self, tile: u64, method: &str, bytes: &[u8], lengths: &[u64]) -> Result<()> {
        let found = match method {
            "GZIP_1" | "GZIP_2" if !bytes.starts_with(&[0x1f, 0x8b]) => {
                return Err(self.wrong(format!("tile {tile} does not begin as a gzip stream")));
            }
            // The last four bytes of a gzip stream are its length, which the decoder compares.
            "GZIP_1" | "GZIP_2" => {
                bytes.last_chunk().map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)))
            }
            "NOCOMPRESS" => bytes.len() as u64,
            _ => return Ok(()),
        };
        if lengths.contains(&found) {
            return Ok(());
        }
        Err(self.wrong(format!("tile {tile} holds {found} bytes, needed one of {lengths:?}")))
    }

    /// The bytes that a descriptor points to; `None` without such a column.
    fn tile_bytes<'u>(
        &self,
        unit: &'u [u8],
        row: &[u8],
        tile: u64,
        name: &str,
    ) -> Result<Option<&'u [u8]>> {
        let Some(column) = self.column(name) else { return Ok(None) };
        let Form::Pointer { element, wide } = column.form else {
            return Err(self.wrong(format!("column {name} does not point into the heap")));
        };
        let numbers = row.get(column.offset..).unwrap_or_default();
        let number = |index: usize| {
            let size = if wide { 8 } else { 4 };
            let bytes = numbers.get(index * size..(index + 1) * size).unwrap_or_default();
            bytes.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
        };
        let (count, offset) = (number(0), number(1));
        let heap = self.table_bytes();
        let range = count
            .checked_mul(element)
            .and_then(|length| Some((heap.checked_add(offset)?, length)))
            .and_then(|(start, length)| Some(start..start.checked_add(length)?))
            .filter(|range| range.end <= unit.len() as u64)
            .map(|range| range.start as usize..range.end as usize);
        let bytes = range.and_then(|range| unit.get(range)).ok_or_else(|| {
            let heap = unit.len() as u64 - heap.min(unit.len() as u64);
            self.wrong(format!(
                "{name} of tile {tile}: {count} x {element} bytes at {offset} of a heap of {heap}"
            ))
        })?;
        Ok(Some(bytes))
    }
}
