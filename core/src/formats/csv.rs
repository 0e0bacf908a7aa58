//! Tables as comma-separated text, such as a person or a spreadsheet writes.
//!
//! The first line names the columns; lines that begin with `#` are comments. A column's type comes
//! from its content: whole numbers (exact, so that source ids of 19 digits stay as they are),
//! `true` and `false`, real numbers with empty cells as NaN, and text for everything else. There
//! are no units.

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord, Trim, WriterBuilder};

use crate::error::{Error, Result};
use crate::table::{Table, Values};

/// Line of the first row, for messages.
const FIRST_ROW_LINE: u64 = 2;

/// Reads a table.
///
/// # Errors
/// [`Error::Format`] with the line if the text has no header, or a row has another number of cells.
pub fn read(file: &str, bytes: &[u8]) -> Result<Table> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(true)
        .comment(Some(b'#'))
        .trim(Trim::All)
        .from_reader(text);
    let names = reader.headers().map_err(|error| explain(file, &error))?.clone();
    check_names(file, &names)?;
    let mut cells: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        let record = record.map_err(|error| explain(file, &error))?;
        for (column, cell) in cells.iter_mut().zip(&record) {
            column.push(cell.to_owned());
        }
    }
    let mut table = Table::new();
    for (name, column) in names.iter().zip(cells) {
        table.set(name, "", typed(column))?;
    }
    Ok(table)
}

fn explain(file: &str, error: &csv::Error) -> Error {
    let line = error.position().map_or(FIRST_ROW_LINE, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells, needed {expected_len} as in the header")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8 text".to_owned(),
        _ => error.to_string(),
    };
    Error::format(file, format!("line {line}"), reason)
}

fn check_names(file: &str, names: &StringRecord) -> Result<()> {
    let line = names.position().map_or(1, csv::Position::line);
    let wrong = |reason: String| Error::format(file, format!("line {line}"), reason);
    if names.is_empty() {
        return Err(wrong("no header, needed a line with the names of the columns".to_owned()));
    }
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() || name.parse::<f64>().is_ok() {
            return Err(wrong(format!("\"{name}\" where the name of a column is needed")));
        }
        if !seen.insert(name) {
            return Err(wrong(format!("two columns are named \"{name}\"")));
        }
    }
    Ok(())
}

fn typed(cells: Vec<String>) -> Values {
    let wholes: Option<Vec<i64>> = cells.iter().map(|cell| cell.parse().ok()).collect();
    if let Some(wholes) = wholes.filter(|wholes| !wholes.is_empty()) {
        return Values::I64(wholes);
    }
    let truth = |cell: &String| match cell.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let truths: Option<Vec<bool>> = cells.iter().map(truth).collect();
    if let Some(truths) = truths.filter(|truths| !truths.is_empty()) {
        return Values::Bool(truths);
    }
    let real = |cell: &String| if cell.is_empty() { Some(f64::NAN) } else { cell.parse().ok() };
    let reals: Option<Vec<f64>> = cells.iter().map(real).collect();
    match reals {
        Some(reals) => Values::F64(reals),
        None => Values::Text(cells),
    }
}

/// Writes a table: real numbers in the shortest form that reads back as the same number, NaN as an
/// empty cell.
///
/// # Errors
/// [`Error::Input`] if the table has no column.
pub fn write(table: &Table) -> Result<Vec<u8>> {
    if table.columns().is_empty() {
        return Err(Error::input("csv", "table to write", "no column", "at least one"));
    }
    let mut writer = WriterBuilder::new().comment(Some(b'#')).from_writer(Vec::new());
    let wrong = |error: csv::Error| Error::input("csv", "table to write", error, "plain text");
    writer.write_record(table.columns().iter().map(|column| &column.name)).map_err(wrong)?;
    for row in 0..table.rows() {
        let cells = table.columns().iter().map(|column| cell(&column.values, row));
        writer.write_record(cells).map_err(wrong)?;
    }
    writer.into_inner().map_err(|error| wrong(error.into_error().into()))
}

fn cell(values: &Values, row: usize) -> String {
    let real = |value: f64, text: String| if value.is_nan() { String::new() } else { text };
    let text = match values {
        Values::F64(v) => v.get(row).map(|v| real(*v, format!("{v:?}"))),
        Values::F32(v) => v.get(row).map(|v| real(f64::from(*v), format!("{v:?}"))),
        Values::I64(v) => v.get(row).map(i64::to_string),
        Values::I32(v) => v.get(row).map(i32::to_string),
        Values::U8(v) => v.get(row).map(u8::to_string),
        Values::Bool(v) => v.get(row).map(bool::to_string),
        Values::Text(v) => v.get(row).cloned(),
    };
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_id_of_nineteen_digits_stays_exact() {
        let table = read("c", b"source_id,ra\n4295806720123456789,10.5\n").unwrap();
        assert_eq!(table.get("source_id"), Some(&Values::I64(vec![4_295_806_720_123_456_789])));
    }

    #[test]
    fn columns_are_typed_by_what_they_hold() {
        let text = "\u{feff}# a remark\n i , x ,b,t\n1,, true ,\"a,\"\"b\"\n-2,1e-3,FALSE,3\n";
        let table = read("c", text.as_bytes()).unwrap();
        assert_eq!(table.get("i"), Some(&Values::I64(vec![1, -2])));
        assert_eq!(table.get("b"), Some(&Values::Bool(vec![true, false])));
        assert_eq!(table.get("t"), Some(&Values::Text(vec!["a,\"b".to_owned(), "3".to_owned()])));
        let x = table.f64("x").unwrap();
        assert!(x[0].is_nan());
        assert_eq!(x[1].to_bits(), 1e-3_f64.to_bits());
    }

    #[test]
    fn errors_name_the_line() {
        let cases = [
            ("", "no header"),
            ("1.0,2.0\n3,4\n", "line 1"),
            ("ra,ra\n", "two columns"),
            ("ra,dec\n1,2\n3\n", "line 3: 1 cells, needed 2"),
        ];
        for (text, needed) in cases {
            let error = read("c.csv", text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(needed), "{text:?}: {error}");
        }
        let error = read("c.csv", b"a\n\xff\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("UTF-8"), "{error}");
    }

    #[test]
    fn what_is_written_reads_back_as_the_same_numbers() {
        let mut table = Table::new();
        table.set("x", "", Values::F64(vec![0.1, f64::NAN, 1e300, -0.0])).unwrap();
        table.set("i", "", Values::I64(vec![i64::MAX, i64::MIN, 0, 1])).unwrap();
        let words = ["# no remark", "a\nb", "", "\"q\""].map(str::to_owned).to_vec();
        table.set("t", "", Values::Text(words)).unwrap();
        let back = read("c", &write(&table).unwrap()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{table:?}"));
    }
}
