//! Rice images of which each tile is a row: nearly all of them, decoded without a detour.

use super::dither::Dither;
use super::heap::Heap;
use super::pixels::{Stored, room};
use super::rice::decode;
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
}

/// Buffers for a row.
pub(super) struct Buffers {
    numbers: Vec<i32>,
    /// Empty for whole numbers that stand for themselves.
    floats: Vec<f64>,
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
        Ok(columns.map(|columns| RiceRows { table, heap, rice, columns, dither }))
    }

    /// Number of rows.
    pub(super) fn count(&self) -> u64 {
        self.table.axes.iter().skip(1).product()
    }

    /// Buffers for its rows.
    ///
    /// # Errors
    /// [`crate::Error::Format`] if there is no memory for them.
    pub(super) fn buffers(&self, file: &str) -> Result<Buffers> {
        let (index, columns) = (self.table.index(), self.columns);
        let mut numbers = room(file, index, columns as u64)?;
        numbers.resize(columns, 0);
        let mut floats = Vec::new();
        if self.dither.is_some() {
            floats = room(file, index, columns as u64)?;
            floats.resize(columns, 0.0);
        }
        Ok(Buffers { numbers, floats })
    }

    /// The stored numbers of a row, converted one by one, at the end of `values`.
    ///
    /// # Errors
    /// [`crate::Error::Format`] if its tile ends before its pixels do.
    pub(super) fn read<T>(
        &self,
        row: u64,
        buffers: &mut Buffers,
        values: &mut Vec<T>,
        mut convert: impl FnMut(Stored) -> T,
    ) -> Result<()> {
        let Buffers { numbers, floats } = buffers;
        let (entry, bytes) = self.heap.packed(row)?;
        decode(bytes, self.rice, numbers)
            .ok_or_else(|| self.table.wrong(format!("tile {row} ends before its pixels do")))?;
        if let Some(dither) = &self.dither {
            dither.restore(row, numbers, self.table.quanta(entry)?, floats);
            match self.table.bitpix {
                -32 => values.extend(floats.iter().map(|&x| convert(Stored::Single(x as f32)))),
                _ => values.extend(floats.iter().map(|&x| convert(Stored::Double(x)))),
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
