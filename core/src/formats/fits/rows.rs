//! Rice images of which each tile is a row: nearly all of them, decoded without a detour.

use std::ops::Range;

use super::dither::Dither;
use super::heap::Heap;
use super::pixels::{Stored, room};
use super::rice::{decode, decode_two};
use super::tiles::{Rice, TileTable};
use crate::error::Result;

/// A Rice image whose rows are tiles, all of them packed.
pub(super) struct RiceRows<'t> {
    table: &'t TileTable<'t>,
    heap: &'t Heap<'t>,
    rice: Rice,
    columns: usize,
    /// For whole numbers that stand for floats.
    dither: Option<Dither>,
    /// The number that stands for no value, if the header tells it.
    null: Option<i32>,
}

impl<'t> RiceRows<'t> {
    /// Whether an image is of this kind, as far as its header says.
    pub(super) fn fit(table: &TileTable<'_>) -> Result<bool> {
        Ok(table.rice()?.is_some() && table.by_rows() && table.gap()?.is_empty())
    }

    /// The image as rows, if it is of this kind.
    pub(super) fn of(table: &'t TileTable<'t>, heap: &'t Heap<'t>) -> Result<Option<RiceRows<'t>>> {
        let (Some(rice), true) = (table.rice()?, table.by_rows()) else { return Ok(None) };
        let dither = if table.bitpix < 0 { table.dither()? } else { None };
        let known = if table.bitpix < 0 { table.quantized()? && dither.is_some() } else { true };
        if !known || !heap.all_packed()? {
            return Ok(None);
        }
        let columns = table.axes.first().and_then(|&columns| usize::try_from(columns).ok());
        let null = table.null()?;
        Ok(columns.map(|columns| RiceRows { table, heap, rice, columns, dither, null }))
    }

    /// Number of rows.
    pub(super) fn count(&self) -> u64 {
        self.table.axes.iter().skip(1).product()
    }

    /// A buffer for two of its rows.
    ///
    /// # Errors
    /// [`crate::Error::Format`] if there is no memory for it.
    pub(super) fn buffer(&self, file: &str) -> Result<Vec<i32>> {
        let mut numbers = room(file, self.table.index(), 2 * self.columns as u64)?;
        numbers.resize(2 * self.columns, 0);
        Ok(numbers)
    }

    /// The stored numbers of a row and of the one after it, if there is one, converted one by one, at the end of
    /// `values`; with a buffer for two rows.
    ///
    /// # Errors
    /// [`crate::Error::Format`] if a tile ends before its pixels do.
    pub(super) fn read<T>(
        &self,
        row: u64,
        numbers: &mut [i32],
        values: &mut Vec<T>,
        mut convert: impl FnMut(Stored) -> T,
    ) -> Result<()> {
        let rows = row..self.count().min(row + 2);
        self.decode(rows.clone(), numbers)?;
        for (row, numbers) in rows.zip(numbers.chunks(self.columns.max(1))) {
            let (entry, _) = self.heap.packed(row)?;
            self.convert((row, entry), numbers, values, &mut convert)?;
        }
        Ok(())
    }

    /// The numbers of one or two rows.
    fn decode(&self, rows: Range<u64>, numbers: &mut [i32]) -> Result<()> {
        let (first, second) = numbers.split_at_mut(self.columns.min(numbers.len()));
        let bytes = self.heap.packed(rows.start)?.1;
        if rows.start + 1 == rows.end {
            return self.one(rows.start, bytes, first);
        }
        let more = self.heap.packed(rows.start + 1)?.1;
        if decode_two([bytes, more], self.rice, [&mut *first, &mut *second]).is_none() {
            self.one(rows.start, bytes, first)?;
            self.one(rows.start + 1, more, second)?;
        }
        Ok(())
    }

    fn one(&self, row: u64, bytes: &[u8], numbers: &mut [i32]) -> Result<()> {
        let ends = || self.table.wrong(format!("tile {row} ends before its pixels do"));
        decode(bytes, self.rice, numbers).ok_or_else(ends)
    }

    /// The numbers of a row with its entry in the table, converted.
    #[inline(always)]
    fn convert<T>(
        &self,
        (row, entry): (u64, &[u8]),
        numbers: &[i32],
        values: &mut Vec<T>,
        mut convert: impl FnMut(Stored) -> T,
    ) -> Result<()> {
        if let Some(dither) = &self.dither {
            let given = (numbers, self.table.quanta(entry, self.null)?);
            match self.table.bitpix {
                -32 => {
                    dither.restore(row, given, values, |x| convert(Stored::Single(x as f32)));
                }
                _ => dither.restore(row, given, values, |x| convert(Stored::Double(x))),
            }
            return Ok(());
        }
        let mut whole = |number: i64| convert(Stored::Whole(number));
        match self.table.bitpix {
            8 => values.extend(numbers.iter().map(|&n| whole((n as u8).into()))),
            16 => values.extend(numbers.iter().map(|&n| whole((n as i16).into()))),
            _ => values.extend(numbers.iter().map(|&n| whole(n.into()))),
        }
        Ok(())
    }
}
