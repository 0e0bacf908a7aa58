//! Tables in and out of the store: parquet, or CSV by its name.

use super::Context;
use crate::error::Result;
use crate::store::{Key, Store};
use crate::table::Table;
use crate::warning::Warning;

/// Longest catalogue that is read (bytes).
#[cfg(feature = "parquet")]
const LIMIT: u64 = 1 << 30;

/// Writes a parquet product.
#[cfg(feature = "parquet")]
pub(super) fn write(context: &mut Context<'_>, key: &Key, table: &Table) -> Result<()> {
    let mut sink = crate::store::Sink::new(context.store, key);
    crate::formats::parquet::write(table, &mut sink)?;
    context.wrote(key);
    Ok(())
}

/// Reads a catalogue.
#[cfg(feature = "parquet")]
pub(super) fn read(store: &mut dyn Store, key: &str) -> Result<(Table, Vec<Warning>)> {
    let bytes = crate::store::load(store, key, LIMIT)?;
    if key.to_lowercase().ends_with(".csv") {
        return Ok((crate::formats::csv::read(key, &bytes)?, Vec::new()));
    }
    crate::formats::parquet::read(key, bytes, None)
}

#[cfg(not(feature = "parquet"))]
pub(super) fn write(_context: &mut Context<'_>, key: &Key, _table: &Table) -> Result<()> {
    Err(without_tables(key))
}

#[cfg(not(feature = "parquet"))]
pub(super) fn read(_store: &mut dyn Store, key: &str) -> Result<(Table, Vec<Warning>)> {
    Err(without_tables(key))
}

#[cfg(not(feature = "parquet"))]
fn without_tables(key: &str) -> crate::error::Error {
    crate::error::Error::Unsupported {
        what: format!("the table {key}"),
        hint: "this build has no tables; use one with the feature parquet".to_owned(),
    }
}

/// One catalogue from several with the same columns, row after row.
pub(super) fn concatenate(tables: Vec<(Key, Table)>) -> Result<Table> {
    let mut tables = tables.into_iter();
    let Some((_, mut all)) = tables.next() else { return Ok(Table::new()) };
    for (key, table) in tables {
        all.append(&table).map_err(|error| crate::raw::in_file(&key, error))?;
    }
    Ok(all)
}
