//! Tables of other writers (made by tests/oracles/parquet_writers), our own, and damaged ones.

use std::sync::Arc;

use parquet::data_type::Int64Type;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::{read, read_columns, read_rows, write};
use crate::error::Error;
use crate::formats::memory::Memory;
use crate::store::Sink;
use crate::table::{Table, Values};

const ROWS: usize = 40;

macro_rules! fixtures {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("fixtures/", $name, ".parquet")))),*]
    };
}

const READABLE: &[(&str, &[u8])] = fixtures![
    "duckdb_v1",
    "duckdb_v2",
    "fastparquet",
    "pandas",
    "polars_snappy",
    "polars_uncompressed",
    "pyarrow_default",
    "pyarrow_lengths",
    "pyarrow_packings_1",
    "pyarrow_packings_2",
    "pyarrow_plain_none",
    "pyarrow_v2_dictionary_lz4",
    "pyarrow_v2_gzip",
];

const PACKED_OTHERWISE: &[(&str, &[u8])] = fixtures!["pyarrow_brotli", "pyarrow_zstd"];

/// The table that the writers were given, as this reader sees it.
fn expected() -> Vec<(&'static str, Values)> {
    let rows = || 0..ROWS;
    let real = |row: usize| row as f64;
    let name = |row: usize| if row % 11 == 4 { String::new() } else { format!("α{}", row % 6) };
    let gap = |row: usize| if row % 5 == 2 { f64::NAN } else { real(row) - 20.0 };
    let mag = |row: usize| if row % 7 == 3 { f32::NAN } else { real(row) as f32 / 4.0 };
    let large = |row: usize| {
        if row == 1 { 9_223_372_036_854_775_808.0 + 1_099_511_627_776.0 } else { real(row) }
    };
    vec![
        ("id", Values::I64(rows().map(|row| 4_295_806_720_123_456_700 + row as i64).collect())),
        ("ra", Values::F64(rows().map(|row| 10.0 + real(row) / 7.0).collect())),
        ("mag", Values::F32(rows().map(mag).collect())),
        ("gap", Values::F64(rows().map(gap).collect())),
        ("name", Values::Text(rows().map(name).collect())),
        ("good", Values::Bool(rows().map(|row| row % 3 == 0).collect())),
        ("u8", Values::U8(rows().map(|row| if row == 9 { 250 } else { row as u8 }).collect())),
        ("i16", Values::I32(rows().map(|row| -300 * row as i32).collect())),
        ("u32", Values::I64(rows().map(|row| 4_294_967_295 - row as i64).collect())),
        ("u64", Values::F64(rows().map(large).collect())),
    ]
}

#[test]
fn what_pyarrow_pandas_polars_duckdb_and_fastparquet_write_is_read_value_for_value() {
    for (name, bytes) in READABLE {
        let (table, warnings) = read(name, bytes.to_vec(), None).unwrap();
        for (column, values) in expected() {
            // NaN differs from itself, so the text is compared.
            let found = table.get(column).map(|found| format!("{found:?}"));
            assert_eq!(found, Some(format!("{values:?}")), "{name}: {column}");
        }
        assert_eq!(table.columns().len(), expected().len(), "{name}");
        let left_out = warnings.iter().filter(|warning| warning.kind == "column-left-out");
        for warning in left_out {
            let known = ["when", "cost", "list", "inner"];
            assert!(known.iter().any(|name| warning.text.contains(name)), "{name}: {warning:?}");
        }
        let rounded = warnings.iter().filter(|warning| warning.kind == "whole-number-rounded");
        assert_eq!(rounded.count(), 1, "{name}");
    }
}

#[test]
fn a_codec_that_is_not_built_in_is_refused_with_what_to_do() {
    for (name, bytes) in PACKED_OTHERWISE {
        let error = read(name, bytes.to_vec(), None).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        let error = error.to_string();
        let codec = name.trim_start_matches("pyarrow_").to_uppercase();
        assert!(error.contains(&codec) && error.contains("compression=\"snappy\""), "{error}");
    }
}

fn every_kind() -> Table {
    let mut table = Table::new();
    table.set("id", "", Values::I64(vec![4_295_806_720_123_456_789, -1])).unwrap();
    table.set("ra", "deg", Values::F64(vec![0.1, f64::NAN])).unwrap();
    table.set("f", "DN", Values::F32(vec![-0.0, f32::INFINITY])).unwrap();
    table.set("flags", "", Values::I32(vec![i32::MIN, 7])).unwrap();
    table.set("n", "", Values::U8(vec![0, 255])).unwrap();
    table.set("good", "", Values::Bool(vec![true, false])).unwrap();
    table.set("name", "", Values::Text(vec!["α Cen".to_owned(), String::new()])).unwrap();
    table.metadata = vec![("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())];
    table
}

fn bytes(table: &Table) -> Vec<u8> {
    let mut store = Memory::default();
    write(table, &mut Sink::new(&mut store, "t.parquet")).unwrap();
    store.bytes("t.parquet")
}

#[test]
fn every_kind_of_column_comes_back_with_its_unit_and_the_metadata_in_order() {
    let (back, warnings) = read("t.parquet", bytes(&every_kind()), None).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(format!("{back:?}"), format!("{:?}", every_kind()));
}

#[test]
fn equal_tables_give_equal_bytes_whatever_nan_they_hold() {
    let mut other = every_kind();
    let nan = f64::from_bits(0xfff8_0000_0000_1234);
    other.set("ra", "deg", Values::F64(vec![0.1, nan])).unwrap();
    assert_eq!(bytes(&every_kind()), bytes(&other));
}

#[test]
fn more_rows_than_a_page_holds_come_back_in_order() {
    let mut long = Table::new();
    let numbers: Vec<i64> = (0..50_001).collect();
    long.set("i", "", Values::I64(numbers.clone())).unwrap();
    long.set("t", "", Values::Text(numbers.iter().map(i64::to_string).collect())).unwrap();
    let (back, _) = read("t", bytes(&long), None).unwrap();
    assert_eq!(back, long);
}

#[test]
fn single_rows_are_those_of_the_whole_table() {
    for (name, bytes) in READABLE {
        let (whole, _) = read(name, bytes.to_vec(), None).unwrap();
        for rows in [&[0, 17, 18, 39][..], &[30], &[]] {
            // A column without gaps in these rows keeps its own type.
            let (some, _) = read_rows(name, bytes, rows, |_| true).unwrap();
            for column in whole.select(rows).columns() {
                let found = some.get(&column.name).map(|found| format!("{:?}", found.to_f64()));
                assert_eq!(found, Some(format!("{:?}", column.values.to_f64())), "{name} {rows:?}");
            }
            assert_eq!(some.get("name"), whole.select(rows).get("name"), "{name} {rows:?}");
        }
        let (some, _) = read_rows(name, bytes, &[3], |name| name.starts_with('u')).unwrap();
        assert_eq!((some.rows(), some.columns().len()), (1, 3), "{name}");
        let (columns, _) = read_columns(name, bytes, &["gap", "id"]).unwrap();
        assert_eq!(columns.get("id"), whole.get("id"));
        assert_eq!(columns.columns().len(), 2);
    }
}

#[test]
fn an_empty_table_and_a_table_without_rows_are_files() {
    let mut none = Table::new();
    assert_eq!(read("t", bytes(&none), None).unwrap().0.rows(), 0);
    none.set("ra", "deg", Values::F64(Vec::new())).unwrap();
    assert_eq!(read("t", bytes(&none), None).unwrap().0.columns().len(), 1);
}

#[test]
fn only_the_columns_asked_for_are_read_and_a_missing_one_is_named() {
    let (table, _) = read("t", bytes(&every_kind()), Some(&["f", "ra"])).unwrap();
    let names: Vec<_> = table.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["ra", "f"]);
    let error = read("t", bytes(&every_kind()), Some(&["dec"])).unwrap_err().to_string();
    assert!(error.contains("dec") && error.contains("id, ra"), "{error}");
    let (_, file) = READABLE[0];
    let error = read("t", file.to_vec(), Some(&["list"])).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
}

/// A file of one column, a whole number where the level is 1, all in one page.
fn gaps(values: &[i64], levels: &[i16]) -> Vec<u8> {
    let schema = "message schema { optional int64 gaps; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_data_page_row_count_limit(usize::MAX).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(values, Some(levels), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn a_table_far_larger_than_its_file_is_refused_but_for_single_rows() {
    let rows = (1 << 24) + (1 << 20);
    let file = gaps(&[], &vec![0; rows]);
    assert!(file.len() < 1000, "{}", file.len());
    let error = read("t", file.clone(), None).unwrap_err();
    assert!(matches!(error, Error::Format { .. }), "{error}");
    assert!(error.to_string().contains("17825792 rows x 1 columns"), "{error}");
    let (table, _) = read_rows("t", &file, &[0, rows - 1], |_| true).unwrap();
    assert_eq!(table.rows(), 2);
}

#[test]
fn the_crate_reads_gaps_that_it_wrote_as_this_reader_does() {
    let file = gaps(&[(1 << 53) + 1, 5], &[1, 0, 1]);
    let (table, warnings) = read("t", file, None).unwrap();
    let Some(Values::F64(values)) = table.get("gaps") else { panic!("{table:?}") };
    assert_eq!(values[0].to_bits(), 9_007_199_254_740_992.0_f64.to_bits());
    assert!(values[1].is_nan() && values[2].to_bits() == 5.0_f64.to_bits());
    assert_eq!(warnings[0].kind, "whole-number-rounded");
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let whole = bytes(&every_kind());
    for length in 0..whole.len() {
        let error = read("t", whole[..length].to_vec(), None).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{length}: {error}");
    }
}

/// A generator of whole numbers (Marsaglia 2003, xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

/// Changes some bytes, half the time in the footer, and repairs nothing.
fn mutated(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let footer = u32::from_le_bytes(*whole[..whole.len() - 4].last_chunk().unwrap()) as usize;
    let start = if dice.below(2) == 0 { whole.len() - 8 - footer } else { 4 };
    for _ in 0..1 + dice.below(4) {
        let at = start + dice.below(whole.len() - 4 - start);
        bytes[at] = match dice.below(3) {
            0 => dice.below(256) as u8,
            1 => bytes[at] ^ (1 << dice.below(8)),
            _ => [0, 1, 0x7f, 0x80, 0xff][dice.below(5)],
        };
    }
    bytes
}

/// `RAWSKY_MUTATIONS=1000000 cargo test … -- mutations` does it at length.
#[test]
fn seeded_mutations_end_in_a_table_or_an_error_of_the_file() {
    let rounds = option_env!("RAWSKY_MUTATIONS").and_then(|rounds| rounds.parse().ok());
    let own = bytes(&every_kind());
    let mut files: Vec<&[u8]> = READABLE.iter().map(|(_, bytes)| *bytes).collect();
    files.push(&own);
    let mut dice = Dice(20_261_121);
    let (mut sound, mut refused) = (0, 0);
    for round in 0..rounds.unwrap_or(14 * 300) {
        let bytes = mutated(files[round % files.len()], &mut dice);
        match read("t", bytes, None) {
            Ok((table, _)) => {
                assert!(table.columns().iter().all(|column| column.values.len() == table.rows()));
                sound += 1;
            }
            Err(Error::Format { .. } | Error::Unsupported { .. }) => refused += 1,
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    assert!(sound > 100 && refused > 100, "{sound} sound, {refused} refused");
}

#[test]
fn a_footer_that_claims_much_is_refused_before_anything_is_allocated() {
    // version 1; schema of one group with 2^31 - 1 columns.
    let footer = [0x15, 2, 0x19, 0x1c, 0x48, 1, b'r', 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    let mut bytes = b"PAR1".to_vec();
    bytes.extend(footer);
    bytes.extend((footer.len() as u32).to_le_bytes());
    bytes.extend(b"PAR1");
    let error = read("t", bytes, None).unwrap_err().to_string();
    assert!(error.contains("a group of 2147483647 columns"), "{error}");
}
