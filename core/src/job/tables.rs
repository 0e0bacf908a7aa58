//! Tables in and out of the store: parquet, or CSV by its name. A build without parquet reads what it
//! wrote itself, and no more.

use std::collections::BTreeSet;

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
    if key.to_ascii_lowercase().ends_with(".csv") {
        return Ok((crate::formats::csv::read(key, &bytes)?, Vec::new()));
    }
    crate::formats::parquet::read(key, bytes, None)
}

/// Several catalogues as one, what was met on the way left unsaid.
pub(crate) fn read_all(store: &mut dyn Store, keys: &[Key]) -> Result<Table> {
    let mut tables = Vec::with_capacity(keys.len());
    for key in keys {
        tables.push((key.clone(), read(store, key)?.0));
    }
    Ok(concatenate(tables)?.0)
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
pub(super) fn write(context: &mut Context<'_>, key: &Key, table: &Table) -> Result<()> {
    let bytes = crate::formats::plain::write(table)?;
    context.store.append(key, &bytes)?;
    context.wrote(key);
    Ok(())
}

#[cfg(not(feature = "parquet"))]
pub(super) fn read(store: &mut dyn Store, key: &str) -> Result<(Table, Vec<Warning>)> {
    Ok((crate::formats::plain::read(key, &load(store, key)?)?, Vec::new()))
}

#[cfg(not(feature = "parquet"))]
pub(super) fn columns(key: &str, _bytes: &[u8], _names: &[&str]) -> Result<Table> {
    Err(without_parquet(key))
}

#[cfg(not(feature = "parquet"))]
pub(super) fn rows(
    key: &str,
    _bytes: &[u8],
    _rows: &[usize],
    _like: fn(&str) -> bool,
) -> Result<Table> {
    Err(without_parquet(key))
}

#[cfg(not(feature = "parquet"))]
fn without_parquet(key: &str) -> crate::error::Error {
    crate::error::Error::Unsupported {
        what: format!("the table {key}"),
        hint: "this build reads no parquet; use one with the feature parquet".to_owned(),
    }
}

/// One catalogue from several, row after row, with the columns that all of them have, in the order of
/// the first; the others are left out with a warning.
pub(super) fn concatenate(tables: Vec<(Key, Table)>) -> Result<(Table, Option<Warning>)> {
    let common = |name: &str| tables.iter().all(|(_, table)| table.get(name).is_some());
    let names = tables.iter().flat_map(|(_, table)| table.columns()).map(|column| &column.name);
    let lost: BTreeSet<String> = names.filter(|name| !common(name)).cloned().collect();
    let mut all: Option<Table> = None;
    for (key, table) in &tables {
        match &mut all {
            None => all = Some(table.without(&lost)),
            Some(all) => all.append(table).map_err(|error| crate::raw::in_file(key, error))?,
        }
    }
    let list = lost.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let text = format!("columns that not every catalogue has were left out: {list}");
    let warning = Warning::new("catalogue", "columns-left-out", lost.len() as u64, text);
    Ok((all.unwrap_or_default(), (!lost.is_empty()).then_some(warning)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Values;

    fn table(columns: &[(&str, Values)]) -> Table {
        let mut table = Table::new();
        for (name, values) in columns {
            table.set(name, "", values.clone()).unwrap();
        }
        table
    }

    #[test]
    fn catalogues_are_joined_by_the_columns_that_all_have() {
        let (x, y) = (Values::F64(vec![1.0, 2.0]), Values::F64(vec![3.0]));
        let index = Values::I64(vec![7]);
        let one = ("a".to_owned(), table(&[("x", x)]));
        let other = ("b".to_owned(), table(&[("index", index), ("x", y)]));
        for order in [vec![one.clone(), other.clone()], vec![other, one.clone()]] {
            let (all, warning) = concatenate(order).unwrap();
            assert_eq!((all.rows(), all.columns().len()), (3, 1));
            assert!(warning.unwrap().text.ends_with("left out: index"));
        }
        let words = Values::Text(vec!["three".to_owned()]);
        let text = ("c".to_owned(), table(&[("x", words)]));
        let told = concatenate(vec![one, text]).unwrap_err().to_string();
        assert!(told.contains("column x of c") && told.contains("another type"), "{told}");
        assert_eq!(concatenate(Vec::new()).unwrap(), (Table::new(), None));
    }
}
