//! Any bytes, taken for a Parquet file, end in a table or in an error of the file. A table that was
//! read is written and comes back equal, and its rows one by one are those of the whole.

#![no_main]

mod memory;

use libfuzzer_sys::fuzz_target;
use memory::{KEY, Memory};
use rawsky_core::Error;
use rawsky_core::formats::parquet;
use rawsky_core::store::Sink;
use rawsky_core::table::Table;

/// A written table with all it says, as text: NaN is NaN in it.
fn told(table: &Table) -> String {
    format!("{table:?}")
}

fn read(bytes: &[u8]) -> Result<(), Error> {
    let (table, _) = parquet::read(KEY, bytes.to_vec(), None)?;
    // Larger ones only cost time.
    if table.rows() == 0 || table.rows() > 10_000 {
        return Ok(());
    }
    check_rows(bytes, &table)?;
    let mut store = Memory(Vec::new());
    parquet::write(&table, &mut Sink::new(&mut store, KEY))
        .expect("a table that was read is written");
    let (again, _) = parquet::read(KEY, store.0, None).expect("what was written is read");
    assert_eq!(told(&table), told(&again));
    Ok(())
}

/// First and last row alone. A column with gaps elsewhere has another type there, so numbers are
/// compared.
fn check_rows(bytes: &[u8], table: &Table) -> Result<(), Error> {
    let last = table.rows() - 1;
    let rows = if last == 0 { vec![0] } else { vec![0, last] };
    let (part, _) = parquet::read_rows(KEY, bytes, &rows, |_| true)?;
    for column in table.columns() {
        let (whole, part) = (column.values.select(&rows), part.get(&column.name));
        let part = part.expect("a column of the whole");
        assert_eq!(format!("{:?}", whole.to_f64()), format!("{:?}", part.to_f64()));
        assert_eq!(whole.len(), part.len());
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Ok(()) | Err(Error::Format { .. } | Error::Unsupported { .. }) => {}
        Err(error) => panic!("not an error of the file: {error}"),
    }
});
