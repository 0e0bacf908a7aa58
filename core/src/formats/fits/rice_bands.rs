//! Rice images of which each tile is a row, read in bands of rows without holding their bytes.

use std::ops::Range;

use super::dither::Quanta;
use super::heap::Heap;
use super::pixels::{Stored, room};
use super::rows::{RiceRows, RowDecoder};
use super::scan::{Record, place};
use super::tiles::TileTable;
use crate::error::{Error, Result};
use crate::store::Source;

/// Rows whose bytes are read together.
const AHEAD: usize = 64;
/// Bytes between the tiles of rows that are still read with them.
const MOST_BETWEEN: u64 = 1 << 16;

/// Such an image: what its table says, and some of its bytes.
pub(super) struct RiceBands {
    hdu: usize,
    decoder: RowDecoder,
    tiles: Tiles,
    numbers: Vec<i32>,
}

/// The tiles of the rows.
struct Tiles {
    data_start: u64,
    /// Place of each row's bytes in the data unit, and what its numbers stand for.
    rows: Vec<(Range<u64>, Quanta)>,
    /// The bytes from a place of the data unit on.
    window: (u64, Vec<u8>),
}

impl RiceBands {
    /// An image with the step of the encoding of each of its `rows`; `None` if it is of another kind.
    ///
    /// # Errors
    /// [`Error::Format`] if its table does not fit it.
    pub(super) fn open(
        source: &mut Source<'_>,
        record: &Record,
        rows: usize,
    ) -> Result<Option<(RiceBands, Vec<f64>)>> {
        let file = source.key().to_owned();
        let table = TileTable::new(&file, record)?;
        if !RiceRows::fit(&table)? {
            return Ok(None);
        }
        let Some(decoder) = RowDecoder::of(&table)? else { return Ok(None) };
        let mut entries = room(&file, record.index, table.table_bytes())?;
        entries.resize(table.table_bytes() as usize, 0);
        source.read_at(record.data_start, &mut entries)?;
        let heap = Heap::far(&table, &entries, record.data_length)?;
        let count = table.axes.iter().skip(1).product::<u64>();
        if !heap.all_packed()? || count != rows as u64 {
            return Ok(None);
        }
        let steps = heap.check(rows)?;
        let mut places = Vec::with_capacity(rows);
        for row in 0..count {
            let (entry, range) = heap.packed_at(row)?;
            places.push((range, decoder.quanta(&table, entry)?));
        }
        let (hdu, data_start) = (record.index, record.data_start);
        let numbers = decoder.buffer(&file, hdu)?;
        let tiles = Tiles { data_start, rows: places, window: (0, Vec::new()) };
        Ok(Some((RiceBands { hdu, decoder, tiles, numbers }, steps)))
    }

    /// The stored numbers of some rows, converted one by one, at the end of `values`.
    ///
    /// # Errors
    /// [`Error::Format`] if a tile ends before its pixels do, or there are no such rows.
    pub(super) fn read<T>(
        &mut self,
        source: &mut Source<'_>,
        rows: Range<usize>,
        values: &mut Vec<T>,
        mut convert: impl FnMut(Stored) -> T,
    ) -> Result<()> {
        let step = if self.tiles.reach(source, rows.clone())? { 2 } else { 1 };
        for first in rows.clone().step_by(step) {
            let now = first..rows.end.min(first + step);
            self.tiles.reach(source, now.clone())?;
            let decoded = match (self.tiles.bytes(first), self.tiles.bytes(now.end - 1)) {
                (Some(one), Some(two)) if 1 < now.len() => {
                    self.decoder.two([one, two], &mut self.numbers)
                }
                (Some(one), _) => self.decoder.one(one, &mut self.numbers).ok_or(0),
                (None, _) => Err(0),
            };
            decoded.map_err(|at| {
                let reason = format!("tile {} ends before its pixels do", first as u64 + at);
                Error::format(source.key(), place(self.hdu), reason)
            })?;
            for (row, numbers) in now.zip(self.numbers.chunks(self.decoder.columns.max(1))) {
                let quanta = self.tiles.rows.get(row).map(|(_, quanta)| *quanta);
                let quanta = quanta.unwrap_or(Quanta { scale: 0.0, zero: 0.0, null: None });
                self.decoder.convert((row as u64, quanta), numbers, values, &mut convert);
            }
        }
        Ok(())
    }
}

impl Tiles {
    /// The bytes of a row, if they are at hand.
    fn bytes(&self, row: usize) -> Option<&[u8]> {
        let (start, window) = &self.window;
        let (range, _) = self.rows.get(row)?;
        let at = |place: u64| usize::try_from(place.checked_sub(*start)?).ok();
        window.get(at(range.start)?..at(range.end)?)
    }

    /// Brings the bytes of some rows, and of those about them, to hand; false if they lie too far from each other
    /// for that.
    fn reach(&mut self, source: &mut Source<'_>, rows: Range<usize>) -> Result<bool> {
        if rows.clone().all(|row| self.bytes(row).is_some()) {
            return Ok(true);
        }
        let start = rows.start / AHEAD * AHEAD;
        let about = start..(start + AHEAD).max(rows.end).min(self.rows.len());
        let near = [about, rows].into_iter().find_map(|rows| self.span(rows));
        let Some(span) = near else { return Ok(false) };
        let (place, window) = &mut self.window;
        *place = span.start;
        window.resize((span.end - span.start) as usize, 0);
        source.read_at(self.data_start + span.start, window)?;
        Ok(true)
    }

    /// The part of the data unit that holds the tiles of some rows, if little else is in it.
    fn span(&self, rows: Range<usize>) -> Option<Range<u64>> {
        let places =
            || self.rows.get(rows.clone()).unwrap_or_default().iter().map(|(range, _)| range);
        let (start, end) = (places().map(|r| r.start).min()?, places().map(|r| r.end).max()?);
        let length: u64 = places().map(|range| range.end - range.start).sum();
        ((end - start).saturating_sub(length) <= MOST_BETWEEN).then_some(start..end)
    }
}
