//! Rice images of which each tile is a row: nearly all of them, decoded without a detour.

use super::dither::{Dither, Quanta};
use super::heap::Heap;
use super::pixels::{Stored, room};
use super::rice::{decode, decode_two};
use super::tiles::{Rice, TileTable};
use crate::error::Result;

/// How the tiles of such an image become numbers.
pub(super) struct RowDecoder {
    rice: Rice,
    /// Pixels of a row.
    pub(super) columns: usize,
    bitpix: i64,
    /// For whole numbers that stand for floats.
    dither: Option<Dither>,
    /// The number that stands for no value, if the header tells it.
    null: Option<i32>,
}

impl RowDecoder {
    /// The decoder of an image, if it is of this kind as far as its header says.
    pub(super) fn of(table: &TileTable<'_>) -> Result<Option<RowDecoder>> {
        let (Some(rice), true) = (table.rice()?, table.by_rows()) else { return Ok(None) };
        let dither = if table.bitpix < 0 { table.dither()? } else { None };
        if table.bitpix < 0 && !(table.quantized()? && dither.is_some()) {
            return Ok(None);
        }
        let (bitpix, null) = (table.bitpix, table.null()?);
        let columns = table.axes.first().and_then(|&columns| usize::try_from(columns).ok());
        Ok(columns.map(|columns| RowDecoder { rice, columns, bitpix, dither, null }))
    }

    /// A buffer for two rows.
    ///
    /// # Errors
    /// [`crate::Error::Format`] if there is no memory for it.
    pub(super) fn buffer(&self, file: &str, hdu: usize) -> Result<Vec<i32>> {
        let mut numbers = room(file, hdu, 2 * self.columns as u64)?;
        numbers.resize(2 * self.columns, 0);
        Ok(numbers)
    }

    /// What the table entry of a row says of its numbers.
    pub(super) fn quanta(&self, table: &TileTable<'_>, entry: &[u8]) -> Result<Quanta> {
        match &self.dither {
            Some(_) => table.quanta(entry, self.null),
            None => Ok(Quanta { scale: 1.0, zero: 0.0, null: None }),
        }
    }

    /// The numbers of two rows; which of them, 0 or 1, ends before its pixels do.
    pub(super) fn two(
        &self,
        [first, second]: [&[u8]; 2],
        numbers: &mut [i32],
    ) -> std::result::Result<(), u64> {
        let (one, two) = numbers.split_at_mut(self.columns.min(numbers.len()));
        if decode_two([first, second], self.rice, [&mut *one, &mut *two]).is_some() {
            return Ok(());
        }
        self.one(first, one).ok_or(0_u64)?;
        self.one(second, two).ok_or(1_u64)
    }

    /// The numbers of a row; `None` if it ends before its pixels do.
    pub(super) fn one(&self, bytes: &[u8], numbers: &mut [i32]) -> Option<()> {
        decode(bytes, self.rice, numbers.get_mut(..self.columns)?)
    }

    /// The numbers of a row, converted one by one, at the end of `values`.
    #[inline(always)]
    pub(super) fn convert<T>(
        &self,
        (row, quanta): (u64, Quanta),
        numbers: &[i32],
        values: &mut Vec<T>,
        mut convert: impl FnMut(Stored) -> T,
    ) {
        if let Some(dither) = &self.dither {
            let given = (numbers, quanta);
            match self.bitpix {
                -32 => {
                    dither.restore(row, given, values, |x| convert(Stored::Single(x as f32)));
                }
                _ => dither.restore(row, given, values, |x| convert(Stored::Double(x))),
            }
            return;
        }
        let mut whole = |number: i64| convert(Stored::Whole(number));
        match self.bitpix {
            8 => values.extend(numbers.iter().map(|&n| whole((n as u8).into()))),
            16 => values.extend(numbers.iter().map(|&n| whole((n as i16).into()))),
            _ => values.extend(numbers.iter().map(|&n| whole(n.into()))),
        }
    }
}

/// A Rice image whose rows are tiles, all of them packed, and its bytes at hand.
pub(super) struct RiceRows<'t> {
    table: &'t TileTable<'t>,
    heap: &'t Heap<'t>,
    decoder: RowDecoder,
}

impl<'t> RiceRows<'t> {
    /// Whether an image is of this kind, as far as its header says.
    pub(super) fn fit(table: &TileTable<'_>) -> Result<bool> {
        Ok(table.rice()?.is_some() && table.by_rows() && table.gap()?.is_empty())
    }

    /// The image as rows, if it is of this kind.
    pub(super) fn of(table: &'t TileTable<'t>, heap: &'t Heap<'t>) -> Result<Option<RiceRows<'t>>> {
        let Some(decoder) = RowDecoder::of(table)? else { return Ok(None) };
        Ok(heap.all_packed()?.then_some(RiceRows { table, heap, decoder }))
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
        self.decoder.buffer(file, self.table.index())
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
        let bytes = self.heap.packed(row)?.1;
        let decoded = if rows.end < row + 2 {
            self.decoder.one(bytes, numbers).ok_or(0)
        } else {
            self.decoder.two([bytes, self.heap.packed(row + 1)?.1], numbers)
        };
        let ends = |at| self.table.wrong(format!("tile {} ends before its pixels do", row + at));
        decoded.map_err(ends)?;
        for (row, numbers) in rows.zip(numbers.chunks(self.decoder.columns.max(1))) {
            let (entry, _) = self.heap.packed(row)?;
            let quanta = self.decoder.quanta(self.table, entry)?;
            self.decoder.convert((row, quanta), numbers, values, &mut convert);
        }
        Ok(())
    }
}
