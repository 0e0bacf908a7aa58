//! The tiles of a compressed image, checked one by one before they are decoded.

use std::ops::Range;

use super::forms::Form;
use super::inflate::{InMemory, content_length};
use super::tiles::{Rice, TileTable};
use crate::error::Result;

/// A tile may be longer than its pixels by this much: headers, trailers, incompressible noise.
const TILE_OVERHEAD: u64 = 4096;
/// Where a tile's bytes may be, in the order in which they are looked for. The second and third
/// hold tiles that could not be packed by the image's method.
const PLACES: [&str; 3] = ["COMPRESSED_DATA", "UNCOMPRESSED_DATA", "GZIP_COMPRESSED_DATA"];

/// The data unit of a compressed image: tile table and heap.
pub(super) struct Heap<'t> {
    table: &'t TileTable<'t>,
    /// As much of it as is at hand: all, or the table alone.
    unit: &'t [u8],
    /// Length of the whole (byte).
    length: u64,
    /// Tiles along each axis.
    counts: Vec<u64>,
    quantized: bool,
    rice: Option<Rice>,
}

/// One row of the tile table.
#[derive(Clone, Copy)]
struct Tile<'u> {
    index: u64,
    row: &'u [u8],
}

impl<'t> Heap<'t> {
    /// The data unit that belongs to a tile table.
    pub(super) fn new(table: &'t TileTable<'t>, unit: &'t [u8]) -> Result<Heap<'t>> {
        Heap::far(table, unit, unit.len() as u64)
    }

    /// The same of a data unit of this length (byte), of which only the table is at hand.
    pub(super) fn far(table: &'t TileTable<'t>, unit: &'t [u8], length: u64) -> Result<Heap<'t>> {
        let (counts, quantized) = (table.counts(), table.quantized()?);
        Ok(Heap { table, unit, length, counts, quantized, rice: table.rice()? })
    }

    /// Checks every tile, and returns the step of the encoding of each of `rows` stored rows.
    pub(super) fn check(&self, rows: usize) -> Result<Vec<f64>> {
        let mut steps = vec![if self.table.bitpix > 0 { 1.0 } else { 0.0 }; rows];
        let tiles: u64 = self.counts.iter().product();
        for (index, row) in (0..tiles).zip(self.table_rows()) {
            let tile = Tile { index, row };
            let packed = self.check_tile(tile)?;
            if !(self.quantized && packed) {
                continue;
            }
            let step = self.table.scale(row)?.abs();
            for row in self.rows_of(index) {
                if let Some(slot) = steps.get_mut(row).filter(|slot| **slot < step) {
                    *slot = step;
                }
            }
        }
        Ok(steps)
    }

    /// Whether every tile is packed by the image's method, none kept as it was.
    pub(super) fn all_packed(&self) -> Result<bool> {
        for (index, row) in (0..self.counts.iter().product()).zip(self.table_rows()) {
            let range = self.range(Tile { index, row }, PLACES[0])?;
            if range.is_none_or(|range| range.is_empty()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Table row and packed bytes of a tile.
    pub(super) fn packed(&self, index: u64) -> Result<(&'t [u8], &'t [u8])> {
        let row = usize::try_from(index).ok().and_then(|index| self.table_rows().nth(index));
        let row = row.unwrap_or_default();
        Ok((row, self.bytes(Tile { index, row }, PLACES[0])?.unwrap_or_default()))
    }

    /// The same where the heap is not at hand: table row, and place of the bytes in the data unit.
    pub(super) fn packed_at(&self, index: u64) -> Result<(&'t [u8], Range<u64>)> {
        let row = usize::try_from(index).ok().and_then(|index| self.table_rows().nth(index));
        let row = row.unwrap_or_default();
        Ok((row, self.range(Tile { index, row }, PLACES[0])?.unwrap_or_default()))
    }

    fn table_rows(&self) -> std::slice::ChunksExact<'t, u8> {
        self.unit.chunks_exact(self.table.row_bytes.max(1))
    }

    /// The stored rows that a tile covers: of NAXIS2, the only axis beside NAXIS1 of a plane.
    fn rows_of(&self, tile: u64) -> Range<usize> {
        let (Some(&across), Some(&along)) = (self.counts.first(), self.counts.get(1)) else {
            return 0..1;
        };
        let height = self.table.tile.get(1).copied().unwrap_or(1);
        let first = tile / across.max(1) % along.max(1) * height;
        first as usize..(first + height) as usize
    }

    /// Pixels of a tile; those at the edges are clipped.
    fn pixels_of(&self, tile: u64) -> u64 {
        let mut rest = tile;
        let mut pixels = 1;
        let sizes = self.table.axes.iter().zip(&self.table.tile).zip(&self.counts);
        for ((&axis, &size), &count) in sizes {
            let at = rest % count.max(1) * size;
            rest /= count.max(1);
            pixels *= size.min(axis.saturating_sub(at));
        }
        pixels
    }

    /// Checks one tile; whether it is packed by the image's method, not kept as it was.
    fn check_tile(&self, tile: Tile<'_>) -> Result<bool> {
        for (choice, name) in PLACES.into_iter().enumerate() {
            let range = self.range(tile, name)?;
            if let Some(range) = range.clone().filter(|range| !range.is_empty()) {
                self.check_length(tile, choice, range.end - range.start)?;
                // A tile of Rice has no other length to be compared with.
                if self.rice.is_none() || choice != 0 {
                    self.check_content(tile, choice, self.slice(tile, name, range)?)?;
                }
                return Ok(choice == 0);
            }
            // The decoder looks no further than the first of the two spare columns.
            if choice == 1 && range.is_some() {
                break;
            }
        }
        Err(self.table.wrong(format!("tile {} has no data", tile.index)))
    }

    fn check_length(&self, tile: Tile<'_>, choice: usize, found: u64) -> Result<()> {
        let (index, table) = (tile.index, self.table);
        let pixels = self.pixels_of(index);
        let most = 2 * pixels * table.number_bytes().max(4) + TILE_OVERHEAD;
        if most < found {
            return Err(table.wrong(format!("tile {index}: {found} bytes for {pixels} pixels")));
        }
        let least = self.rice.filter(|_| choice == 0).map_or(0, |rice| rice.least(pixels));
        if found < least {
            let needed = format!("needed {least} or more for {pixels} pixels");
            return Err(table.wrong(format!("tile {index}: {found} bytes, {needed}")));
        }
        Ok(())
    }

    fn check_content(&self, tile: Tile<'_>, choice: usize, bytes: &[u8]) -> Result<()> {
        let (index, table) = (tile.index, self.table);
        let pixels = self.pixels_of(index);
        let method = [table.method, "NOCOMPRESS", "GZIP_1"].get(choice).copied().unwrap_or("");
        // Methods whose output is bytes say how many; the decoder fills a short tile with zeros,
        // and would unpack a long one whatever its length.
        let needed = self.lengths(choice, pixels);
        let found = match method {
            "GZIP_1" | "GZIP_2" => {
                let name = format!("{}: tile {index}", table.place());
                let most = needed.iter().copied().max().unwrap_or(0);
                content_length(&mut InMemory { name: &name, bytes }, most)?
            }
            "NOCOMPRESS" => bytes.len() as u64,
            _ => return Ok(()),
        };
        if needed.contains(&found) {
            return Ok(());
        }
        Err(table.wrong(format!("tile {index} holds {found} bytes, needed one of {needed:?}")))
    }

    /// Bytes that a tile may hold once unpacked.
    fn lengths(&self, choice: usize, pixels: u64) -> Vec<u64> {
        let exact = pixels * self.table.number_bytes();
        match choice {
            0 if self.quantized => vec![pixels * 4, pixels * 2],
            0 if matches!(self.table.bitpix, 8 | 16) => vec![exact, pixels * 4],
            _ => vec![exact],
        }
    }

    /// The bytes that a descriptor points to; `None` without such a column.
    fn bytes(&self, tile: Tile<'_>, name: &str) -> Result<Option<&'t [u8]>> {
        let range = self.range(tile, name)?;
        range.map(|range| self.slice(tile, name, range)).transpose()
    }

    fn slice(&self, tile: Tile<'_>, name: &str, range: Range<u64>) -> Result<&'t [u8]> {
        let there = range.end <= self.unit.len() as u64;
        let bytes = self.unit.get(range.start as usize..range.end as usize).filter(|_| there);
        bytes.ok_or_else(|| {
            self.table.wrong(format!("{name} of tile {}: its bytes are not at hand", tile.index))
        })
    }

    /// Where in the data unit a descriptor points to; `None` without such a column.
    fn range(&self, tile: Tile<'_>, name: &str) -> Result<Option<Range<u64>>> {
        let Some(column) = self.table.column(name) else { return Ok(None) };
        let Form::Pointer { element, wide } = column.form else {
            return Err(self.table.wrong(format!("column {name} does not point into the heap")));
        };
        let numbers = tile.row.get(column.offset..).unwrap_or_default();
        let number = |index: usize| {
            let size = if wide { 8 } else { 4 };
            let bytes = numbers.get(index * size..(index + 1) * size).unwrap_or_default();
            bytes.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
        };
        let (count, offset) = (number(0), number(1));
        let heap = self.table.table_bytes();
        let range = count
            .checked_mul(element)
            .and_then(|length| Some((heap.checked_add(offset)?, length)))
            .and_then(|(start, length)| Some(start..start.checked_add(length)?))
            .filter(|range| range.end <= self.length);
        let range = range.ok_or_else(|| {
            let heap = self.length.saturating_sub(heap);
            self.table.wrong(format!(
                "{name} of tile {}: {count} x {element} bytes at {offset} of a heap of {heap}",
                tile.index
            ))
        })?;
        Ok(Some(range))
    }
}
