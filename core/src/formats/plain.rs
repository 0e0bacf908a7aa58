//! Tables for a program without parquet, which writes them for itself alone: JSON in which real
//! numbers are their bits, so that every number, NaN included, comes back as it was.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::json;
use crate::table::{Table, Values};

#[derive(Serialize, Deserialize)]
struct Plain {
    columns: Vec<(String, String, Cells)>,
    metadata: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
enum Cells {
    F64(Vec<u64>),
    F32(Vec<u32>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    U8(Vec<u8>),
    Bool(Vec<bool>),
    Text(Vec<String>),
}

/// The bytes of a table.
///
/// # Errors
/// [`Error::Format`], which no table has.
pub(crate) fn write(table: &Table) -> Result<Vec<u8>> {
    let columns = table.columns().iter().map(|column| {
        let cells = match column.values.clone() {
            Values::F64(v) => Cells::F64(v.into_iter().map(f64::to_bits).collect()),
            Values::F32(v) => Cells::F32(v.into_iter().map(f32::to_bits).collect()),
            Values::I64(v) => Cells::I64(v),
            Values::I32(v) => Cells::I32(v),
            Values::U8(v) => Cells::U8(v),
            Values::Bool(v) => Cells::Bool(v),
            Values::Text(v) => Cells::Text(v),
        };
        (column.name.clone(), column.unit.clone(), cells)
    });
    let plain = Plain { columns: columns.collect(), metadata: table.metadata.clone() };
    serde_json::to_vec(&plain).map_err(|error| Error::format("table", "JSON", error))
}

/// The table of these bytes.
///
/// # Errors
/// [`Error::Format`] if [`write`] did not make them.
pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Table> {
    let plain: Plain = json::read(bytes).map_err(|error| Error::format(file, "JSON", error))?;
    let mut table = Table::new();
    for (name, unit, cells) in plain.columns {
        let values = match cells {
            Cells::F64(v) => Values::F64(v.into_iter().map(f64::from_bits).collect()),
            Cells::F32(v) => Values::F32(v.into_iter().map(f32::from_bits).collect()),
            Cells::I64(v) => Values::I64(v),
            Cells::I32(v) => Values::I32(v),
            Cells::U8(v) => Values::U8(v),
            Cells::Bool(v) => Values::Bool(v),
            Cells::Text(v) => Values::Text(v),
        };
        table.set(&name, &unit, values)?;
    }
    table.metadata = plain.metadata;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_back_to_the_bit() {
        let mut table = Table::new();
        table.metadata.push(("epoch".to_owned(), "2016.0".to_owned()));
        table.set("flux", "DN", Values::F64(vec![0.1, -0.0, 1e-300])).unwrap();
        table.set("error", "DN", Values::F32(vec![0.1, f32::MAX, -1.5])).unwrap();
        table.set("id", "", Values::I64(vec![i64::MAX, 0, i64::MIN])).unwrap();
        table
            .set("name", "", Values::Text(vec!["a\"b".into(), String::new(), "ü".into()]))
            .unwrap();
        assert_eq!(read("t", &write(&table).unwrap()).unwrap(), table);
        let mut hole = Table::new();
        hole.set("value", "", Values::F64(vec![f64::NAN])).unwrap();
        let read = read("t", &write(&hole).unwrap()).unwrap();
        let Some(Values::F64(values)) = read.get("value") else {
            panic!("no column");
        };
        assert!(values[0].is_nan());
        assert!(super::read("t", b"{}").is_err());
    }
}
