//! Tables in and out of the store: parquet, or CSV by its name.

use super::Context;
use crate::error::Result;
use crate::store::{Key, Store};
use crate::table::Table;
use crate::warning::Warning;

/// Longest table that is read (bytes).
const LIMIT: u64 = 1 << 30;

/// The bytes of a table.
pub(super) fn load(store: &mut dyn Store, key: &str) -> Result<Vec<u8>> {
    crate::store::load(store, key, LIMIT)
}

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
    let bytes = load(store, key)?;
    if key.to_lowercase().ends_with(".csv") {
        return Ok((crate::formats::csv::read(key, &bytes)?, Vec::new()));
    }
    crate::formats::parquet::read(key, bytes, None)
}

/// Some columns of a parquet table, all rows.
#[cfg(feature = "parquet")]
pub(super) fn columns(key: &str, bytes: &[u8], names: &[&str]) -> Result<Table> {
    crate::formats::parquet::read_columns(key, bytes, names).map(|(table, _)| table)
}

/// Some rows of a parquet table, and those columns whose name is `like` what is wanted.
#[cfg(feature = "parquet")]
pub(super) fn rows(
    key: &str,
    bytes: &[u8],
    rows: &[usize],
    like: fn(&str) -> bool,
) -> Result<Table> {
    crate::formats::parquet::read_rows(key, bytes, rows, like).map(|(table, _)| table)
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
pub(super) fn columns(key: &str, _bytes: &[u8], _names: &[&str]) -> Result<Table> {
    Err(without_tables(key))
}

#[cfg(not(feature = "parquet"))]
pub(super) fn rows(
    key: &str,
    _bytes: &[u8],
    _rows: &[usize],
    _like: fn(&str) -> bool,
) -> Result<Table> {
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
