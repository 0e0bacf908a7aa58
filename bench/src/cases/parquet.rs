//! Parquet: a catalogue of 52 columns to the bytes of a file, snappy.

use anyhow::Result;
use rawsky_core::formats::parquet;
use rawsky_core::store::Sink;
use rawsky_core::table::{Table, Values};

use super::bits::Bits;
use super::{Answer, Work};
use crate::store::Kept;

/// A table of `rows` rows.
pub(super) fn prepare(rows: usize) -> Result<Work> {
    let table = table(rows)?;
    Ok(Box::new(move || {
        let mut kept = Kept::default();
        parquet::write(&table, &mut Sink::new(&mut kept, "catalogue.parquet"))?;
        Ok(Answer::File(kept.0))
    }))
}

/// Columns as in a catalogue of ten apertures: an identifier, ten quantities, whether the star stands
/// alone; flux and error, flags and radius of each aperture.
fn table(rows: usize) -> Result<Table> {
    let mut table = Table::new();
    let mut bits = Bits(1);
    let mut real = || (0..rows).map(|_| bits.unit() as f32).collect::<Vec<f32>>();
    table.set("source_id", "", Values::I64((0..rows as i64).map(|row| row * 7_919).collect()))?;
    for quantity in 0..10 {
        table.set(&format!("q_{quantity}"), "", Values::F32(real()))?;
    }
    table.set("isolated", "", Values::Bool((0..rows).map(|row| row % 3 > 0).collect()))?;
    for aperture in 0..10 {
        table.set(&format!("f_{aperture}"), "DN", Values::F32(real()))?;
        table.set(&format!("f_{aperture}_e"), "DN", Values::F32(real()))?;
        let flags = (0..rows).map(|row| (row % 97 == 0).into()).collect();
        table.set(&format!("f_{aperture}_f"), "", Values::U8(flags))?;
        table.set(&format!("r_{aperture}"), "pix", Values::U8(vec![aperture + 3; rows]))?;
    }
    Ok(table)
}
