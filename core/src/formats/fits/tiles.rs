//! What the header of a tile table promises, checked before its data are read.
//!
//! A compressed image is a binary table with one row per tile; descriptors point into the heap
//! behind it (FITS 4.0, chapter 10). `fitsio-pure` trusts the number of rows, fills what is missing
//! with zeros and allocates what the header asks for, so all of it is compared with the bytes first.

use super::dither::{Dither, Quanta};
use super::forms::Form;
use super::scan::{Record, place};
use crate::error::{Error, Result};

/// Most pixels of one image.
const MAX_PIXELS: u64 = (1 << 31) - 1;
/// Most pixels per byte of the compressed data unit; deflate puts 1032 bytes into one. The tiles of
/// Rice and gzip are measured one by one before anything of their size is allocated.
const MAX_EXPANSION: u64 = 1100;
/// The same for HCOMPRESS and PLIO, whose tiles of zeros are as short as one likes: real images of
/// that kind stay below it, and one of up to `FREE_PIXELS` may hold nothing at all.
const LIKELY_EXPANSION: u64 = 128;
const FREE_PIXELS: u64 = 1 << 24;
/// Values of ZCMPTYPE.
const METHODS: [&str; 7] =
    ["RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS"];
/// Ways in which floats become whole numbers; without one of them there is no dither.
const QUANTIZATIONS: [&str; 4] =
    ["NONE", "NO_DITHER", "SUBTRACTIVE_DITHER_1", "SUBTRACTIVE_DITHER_2"];

/// Most pixels of a Rice block; the standard has 16 and 32.
const MAX_RICE_BLOCK: u64 = 64;

/// The tile table of a compressed image.
#[derive(Debug)]
pub(super) struct TileTable<'a> {
    file: &'a str,
    record: &'a Record,
    /// ZCMPTYPE.
    pub(super) method: &'a str,
    /// ZBITPIX.
    pub(super) bitpix: i64,
    /// Bytes of a table row.
    pub(super) row_bytes: usize,
    /// Axes of the image and of a tile, NAXIS1 first.
    pub(super) axes: Vec<u64>,
    pub(super) tile: Vec<u64>,
    columns: Vec<Column<'a>>,
}

/// Parameters of the Rice method (FITS 4.0, sec. 10.4.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rice {
    /// Pixels of a block, which share one split of their bits.
    pub(super) block: u64,
    /// Bytes of a packed number.
    pub(super) bytes: u64,
}

impl Rice {
    /// Pixels of a block.
    pub(super) fn pixels_of_block(self) -> Option<usize> {
        usize::try_from(self.block).ok().filter(|&pixels| 0 < pixels)
    }

    /// Bits of the number that says how a block is split, and of a pixel.
    pub(super) fn widths(self) -> (u32, u32) {
        match self.bytes {
            1 => (3, 8),
            2 => (4, 16),
            _ => (5, 32),
        }
    }

    /// The split that stands for differences as they are.
    pub(super) fn whole(self) -> u32 {
        match self.bytes {
            1 => 6,
            2 => 14,
            _ => 25,
        }
    }

    /// Fewest bytes of a tile: the first pixel, and for each block the number of its split.
    pub(super) fn least(self, pixels: u64) -> u64 {
        self.bytes + (pixels.div_ceil(self.block) * u64::from(self.widths().0)).div_ceil(8)
    }
}

/// A column of the tile table.
#[derive(Debug)]
pub(super) struct Column<'a> {
    name: &'a str,
    pub(super) offset: usize,
    pub(super) form: Form,
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

    /// Position of its HDU in the file.
    pub(super) fn index(&self) -> usize {
        self.record.index
    }

    /// Number of pixels.
    pub(super) fn pixels(&self) -> u64 {
        self.axes.iter().product()
    }

    /// File and HDU, for messages.
    pub(super) fn place(&self) -> String {
        format!("{}: {}", self.file, place(self.record.index))
    }

    pub(super) fn wrong(&self, reason: String) -> Error {
        Error::format(self.file, place(self.record.index), reason)
    }

    fn one_of(&self, what: &str, found: &str, known: &[&str]) -> Result<()> {
        if known.contains(&found) {
            return Ok(());
        }
        let what = format!("{}: {what} \"{found}\"", self.place());
        Err(Error::Unsupported {
            what,
            hint: format!("recompress it with one of {}", known.join(", ")),
        })
    }

    fn check_method(&self) -> Result<()> {
        self.one_of("compression", self.method, &METHODS)?;
        if let Some(way) = self.record.text(self.file, "ZQUANTIZ")? {
            self.one_of("quantization", way, &QUANTIZATIONS)?;
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
        let most = match self.method {
            "HCOMPRESS_1" | "PLIO_1" => length.saturating_mul(LIKELY_EXPANSION).max(FREE_PIXELS),
            _ => length.saturating_mul(MAX_EXPANSION),
        };
        let most = most.min(MAX_PIXELS);
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
    pub(super) fn counts(&self) -> Vec<u64> {
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
        self.gap()?;
        Ok(())
    }

    /// The bytes between tile table and heap, which mean nothing.
    pub(super) fn gap(&self) -> Result<std::ops::Range<usize>> {
        let table = self.table_bytes();
        let heap = self.record.integer(self.file, "THEAP")?;
        let heap = heap.map_or(Some(table), |heap| u64::try_from(heap).ok());
        match heap.filter(|heap| (table..=self.record.data_length).contains(heap)) {
            Some(heap) => Ok(table as usize..heap as usize),
            None => {
                let most = self.record.data_length;
                Err(self.wrong(format!("THEAP is outside its data, needed {table} to {most}")))
            }
        }
    }

    pub(super) fn table_bytes(&self) -> u64 {
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

    pub(super) fn column(&self, name: &str) -> Option<&Column<'a>> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The parameters of the Rice method, if it is the image's.
    pub(super) fn rice(&self) -> Result<Option<Rice>> {
        if !self.method.starts_with("RICE") {
            return Ok(None);
        }
        let mut rice = Rice { block: 32, bytes: 4 };
        for number in 1..=9 {
            let name = self.record.text(self.file, &format!("ZNAME{number}"))?;
            let slot = match name {
                Some("BLOCKSIZE") => &mut rice.block,
                Some("BYTEPIX") => &mut rice.bytes,
                _ => continue,
            };
            let key = format!("ZVAL{number}");
            let value = self.record.integer(self.file, &key)?.unwrap_or(0);
            *slot = u64::try_from(value).unwrap_or(0);
        }
        if (1..=MAX_RICE_BLOCK).contains(&rice.block) && matches!(rice.bytes, 1 | 2 | 4) {
            return Ok(Some(rice));
        }
        let Rice { block, bytes } = rice;
        Err(self.wrong(format!("Rice blocks of {block} pixels of {bytes} bytes")))
    }

    /// Bytes of a stored number in the original image.
    pub(super) fn number_bytes(&self) -> u64 {
        self.bitpix.unsigned_abs() / 8
    }

    /// Whether the tiles hold whole numbers that stand for floats.
    pub(super) fn quantized(&self) -> Result<bool> {
        let scaled =
            self.column("ZSCALE").is_some() || self.record.text(self.file, "ZSCALE")?.is_some();
        let none = self.record.text(self.file, "ZQUANTIZ")? == Some("NONE");
        Ok(self.bitpix < 0 && scaled && !none)
    }

    /// Whether each tile is one row of the image.
    pub(super) fn by_rows(&self) -> bool {
        let across = self.tile.first() == self.axes.first();
        across && self.tile.iter().skip(1).all(|&length| length == 1)
    }

    /// How floats became whole numbers: dithered or not, zeros kept or not; none if the image needs more than
    /// columns of scales and zeros to tell.
    pub(super) fn dither(&self) -> Result<Option<Dither>> {
        if self.column("ZSCALE").is_none() || self.column("ZZERO").is_none() {
            return Ok(None);
        }
        let seed =
            self.record.integer(self.file, "ZDITHER0")?.filter(|seed| 0 < *seed).unwrap_or(1);
        Ok(match self.record.text(self.file, "ZQUANTIZ")? {
            Some("SUBTRACTIVE_DITHER_1") => Some(Dither::new(seed as u64, false)),
            Some("SUBTRACTIVE_DITHER_2") => Some(Dither::new(seed as u64, true)),
            _ => Some(Dither::none()),
        })
    }

    /// The null number of all tiles, if the header tells it.
    pub(super) fn null(&self) -> Result<Option<i32>> {
        Ok(self.record.integer(self.file, "ZBLANK")?.map(|null| null as i32))
    }

    /// Scale, zero and null of the tile with this table row; `null` where the table has no column of it.
    pub(super) fn quanta(&self, row: &[u8], null: Option<i32>) -> Result<Quanta> {
        let bytes = |name| self.column(name).and_then(|column| row.get(column.offset..));
        let zero = bytes("ZZERO").and_then(<[u8]>::first_chunk).copied().map(f64::from_be_bytes);
        let null = match bytes("ZBLANK") {
            Some(bytes) => bytes.first_chunk().copied().map(i32::from_be_bytes),
            None => null,
        };
        Ok(Quanta { scale: self.scale(row)?, zero: zero.unwrap_or(0.0), null })
    }

    /// ZSCALE of the tile with this table row.
    pub(super) fn scale(&self, row: &[u8]) -> Result<f64> {
        if let Some(column) = self.column("ZSCALE") {
            let bytes = row.get(column.offset..).and_then(<[u8]>::first_chunk);
            return Ok(bytes.map_or(0.0, |bytes| f64::from_be_bytes(*bytes)));
        }
        let text = self.record.text(self.file, "ZSCALE")?.unwrap_or_default();
        let wrong = |_| self.wrong(format!("ZSCALE is \"{text}\", needed a number"));
        text.replace('D', "E").parse().map_err(wrong)
    }
}
