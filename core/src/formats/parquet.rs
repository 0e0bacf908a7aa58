//! Tables as Apache Parquet; the only file that names `arrow` and `parquet` (arrow-rs 60.1).
//!
//! Written files are Snappy-compressed pages of plain values without dictionaries and statistics,
//! one row group unless there are more than a million rows, every writer setting pinned, so that
//! equal tables give equal bytes. The unit of a column is the entry `unit` of its Arrow field, the
//! table's metadata are key-value pairs of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Float32Array, Float64Array, Int32Array,
    Int64Array, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray, UInt8Array,
};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::arrow_writer::ArrowWriter;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ProjectionMask};
use parquet::basic::Compression;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

use crate::error::{Error, Result};
use crate::image::CANONICAL_NAN;
use crate::store::Sink;
use crate::table::{Table, Values};
use crate::warning::Warning;

/// Who wrote the file; no version, so that bytes change only with the table.
const CREATED_BY: &str = "rawsky";
/// Rows of a row group.
const GROUP_ROWS: usize = 1_000_000;
/// Key of a column's unit in its field's metadata.
const UNIT: &str = "unit";
/// Most rows of a table, and most values, that are read.
const MAX_ROWS: u64 = 1 << 27;
const MAX_VALUES: u64 = 1 << 31;
/// Most bytes handed to the sink at a time.
const PIECE: usize = 1 << 22;
/// The one NaN of a written column.
const CANONICAL_NAN_F64: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
/// Metadata of other writers that would be wrong beside other columns.
const FOREIGN_KEYS: [&str; 2] = [ARROW_SCHEMA_META_KEY, "pandas"];

/// Writes a table.
///
/// # Errors
/// [`Error::Input`] if the table cannot be expressed, [`Error::Store`] if the sink cannot take it.
pub fn write(table: &Table, sink: &mut Sink<'_>) -> Result<()> {
    let bytes = encode(table).map_err(|error| {
        Error::input("parquet", "table to write", error, "columns of equal length")
    })?;
    bytes.chunks(PIECE).try_for_each(|piece| sink.append(piece))
}

fn encode(table: &Table) -> parquet::errors::Result<Vec<u8>> {
    let field = |column: &crate::table::Column| {
        let field = Field::new(&column.name, data_type(&column.values), false);
        if column.unit.is_empty() {
            return field;
        }
        field.with_metadata([(UNIT.to_owned(), column.unit.clone())])
    };
    let schema = Arc::new(Schema::new(table.columns().iter().map(field).collect::<Vec<_>>()));
    let columns = table.columns().iter().map(|column| array(&column.values)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(table.rows()));
    let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties(table)))?;
    writer.write(&batch)?;
    writer.into_inner()
}

fn properties(table: &Table) -> WriterProperties {
    let pair = |(key, value): &(String, String)| KeyValue::new(key.clone(), value.clone());
    let pairs: Vec<KeyValue> = table.metadata.iter().map(pair).collect();
    WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_bloom_filter_enabled(false)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_max_row_group_bytes(None)
        .set_data_page_size_limit(1 << 20)
        .set_data_page_row_count_limit(20_000)
        .set_write_batch_size(1024)
        .set_key_value_metadata((!pairs.is_empty()).then_some(pairs))
        .build()
}

fn data_type(values: &Values) -> DataType {
    match values {
        Values::F64(_) => DataType::Float64,
        Values::F32(_) => DataType::Float32,
        Values::I64(_) => DataType::Int64,
        Values::I32(_) => DataType::Int32,
        Values::U8(_) => DataType::UInt8,
        Values::Bool(_) => DataType::Boolean,
        Values::Text(_) => DataType::Utf8,
    }
}

fn array(values: &Values) -> ArrayRef {
    let double = |&v: &f64| if v.is_nan() { CANONICAL_NAN_F64 } else { v };
    let single = |&v: &f32| if v.is_nan() { CANONICAL_NAN } else { v };
    match values {
        Values::F64(v) => Arc::new(Float64Array::from_iter_values(v.iter().map(double))),
        Values::F32(v) => Arc::new(Float32Array::from_iter_values(v.iter().map(single))),
        Values::I64(v) => Arc::new(Int64Array::from_iter_values(v.iter().copied())),
        Values::I32(v) => Arc::new(Int32Array::from_iter_values(v.iter().copied())),
        Values::U8(v) => Arc::new(UInt8Array::from_iter_values(v.iter().copied())),
        Values::Bool(v) => Arc::new(BooleanArray::from(v.clone())),
        Values::Text(v) => Arc::new(StringArray::from_iter_values(v)),
    }
}

/// Reads a table, or the `columns` of it, in the file's order.
///
/// Missing values become NaN in numbers (whole numbers with gaps become f64) and empty text.
/// Columns of other kinds (lists, times, decimals, …) are left out with a [`Warning`].
///
/// # Errors
/// [`Error::Format`] if the file is damaged, [`Error::Input`] if it lacks one of `columns`,
/// [`Error::Unsupported`] if one of them is of another kind, or the codec is not built in.
pub fn read(file: &str, bytes: Vec<u8>, columns: Option<&[&str]>) -> Result<(Table, Vec<Warning>)> {
    check_frame(file, &bytes)?;
    let bytes = Bytes::from(bytes);
    let damaged = |error: parquet::errors::ParquetError| explain(file, "footer", &error);
    // Types by Parquet's own schema: no dictionaries or long strings, which Arrow's may ask for.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(damaged)?;
    let mut warnings = Vec::new();
    let chosen = choose(file, metadata.schema(), columns, &mut warnings)?;
    check_extents(file, metadata.metadata(), bytes.len() as u64, chosen.len() as u64)?;
    let units = units(&bytes);
    let mut table = Table::new();
    table.metadata = pairs(metadata.metadata());
    let mask = ProjectionMask::roots(metadata.parquet_schema(), chosen.iter().map(|c| c.root));
    let mut gathered: Vec<Gathered> = chosen.iter().map(|_| Gathered::default()).collect();
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata)
        .with_projection(mask)
        .with_batch_size(65_536)
        .build()
        .map_err(damaged)?;
    for batch in reader {
        let batch = batch.map_err(|error| explain(file, "rows", &error))?;
        for (gathered, array) in gathered.iter_mut().zip(batch.columns()) {
            gathered.push(array).map_err(|reason| Error::format(file, "rows", reason))?;
        }
    }
    for (column, gathered) in chosen.iter().zip(gathered) {
        let unit = units.get(&column.name).map_or("", String::as_str);
        let values = gathered.finish(&column.name, &column.kind, &mut warnings);
        table.set(&column.name, unit, values)?;
    }
    Ok((table, warnings))
}

/// A column that will be read.
struct Chosen {
    name: String,
    root: usize,
    kind: DataType,
}

fn choose(
    file: &str,
    schema: &Schema,
    wanted: Option<&[&str]>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Chosen>> {
    for name in wanted.unwrap_or_default() {
        if schema.field_with_name(name).is_err() {
            let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            let needed = format!("one of {}", names.join(", "));
            return Err(Error::input("parquet", &format!("column of {file}"), name, needed));
        }
    }
    let mut chosen: Vec<Chosen> = Vec::new();
    for (root, field) in schema.fields().iter().enumerate() {
        let (name, kind) = (field.name(), field.data_type());
        if wanted.is_some_and(|wanted| !wanted.contains(&name.as_str())) {
            continue;
        }
        if chosen.iter().any(|column| column.name == *name) {
            return Err(Error::format(file, format!("column {name}"), "occurs more than once"));
        }
        if readable(kind) {
            chosen.push(Chosen { name: name.clone(), root, kind: kind.clone() });
        } else if wanted.is_some() {
            let what = format!("{file}: column {name} of type {kind}");
            let hint = "numbers, booleans and text are read".to_owned();
            return Err(Error::Unsupported { what, hint });
        } else {
            let text = format!("column {name} of type {kind} is left out");
            warnings.push(Warning::new("parquet", "column-left-out", 1, text));
        }
    }
    Ok(chosen)
}

fn readable(kind: &DataType) -> bool {
    use DataType as D;
    matches!(
        kind,
        D::Boolean
            | D::Int8
            | D::Int16
            | D::Int32
            | D::Int64
            | D::UInt8
            | D::UInt16
            | D::UInt32
            | D::UInt64
            | D::Float32
            | D::Float64
            | D::Utf8
    )
}

/// Values of a column as batches come in: exact whole numbers or text, and where there is none.
#[derive(Default)]
struct Gathered {
    reals: Vec<f64>,
    singles: Vec<f32>,
    wholes: Vec<i64>,
    texts: Vec<String>,
    missing: Vec<usize>,
    rows: usize,
}

impl Gathered {
    fn push(&mut self, array: &ArrayRef) -> std::result::Result<(), String> {
        use DataType as D;
        for row in (0..array.len()).filter(|&row| array.is_null(row)) {
            self.missing.push(self.rows + row);
        }
        self.rows += array.len();
        match array.data_type() {
            D::Boolean => {
                let values = array.as_boolean().iter();
                self.wholes.extend(values.map(|value| i64::from(value.unwrap_or(false))));
            }
            D::Int8 => self.whole::<Int8Type>(array)?,
            D::Int16 => self.whole::<Int16Type>(array)?,
            D::Int32 => self.whole::<Int32Type>(array)?,
            D::Int64 => self.whole::<Int64Type>(array)?,
            D::UInt8 => self.whole::<UInt8Type>(array)?,
            D::UInt16 => self.whole::<UInt16Type>(array)?,
            D::UInt32 => self.whole::<UInt32Type>(array)?,
            D::UInt64 => self.whole::<UInt64Type>(array)?,
            D::Float32 => {
                let values = array.as_primitive::<Float32Type>();
                self.singles.extend(values.iter().map(|value| value.unwrap_or(CANONICAL_NAN)));
            }
            D::Float64 => {
                let values = array.as_primitive::<Float64Type>();
                self.reals.extend(values.iter().map(|value| value.unwrap_or(CANONICAL_NAN_F64)));
            }
            D::Utf8 => {
                let values = array.as_string::<i32>();
                self.texts.extend(values.iter().map(|value| value.unwrap_or_default().to_owned()));
            }
            other => return Err(format!("a batch of type {other}")),
        }
        Ok(())
    }

    fn whole<T>(&mut self, array: &ArrayRef) -> std::result::Result<(), String>
    where
        T: ArrowPrimitiveType,
        i64: TryFrom<T::Native>,
    {
        let values: &PrimitiveArray<T> = array.as_primitive::<T>();
        for value in values {
            let whole = value.map_or(Ok(0), i64::try_from);
            self.wholes.push(whole.map_err(|_| "a whole number above 2^63".to_owned())?);
        }
        Ok(())
    }

    fn finish(self, name: &str, kind: &DataType, warnings: &mut Vec<Warning>) -> Values {
        use DataType as D;
        match kind {
            D::Float64 => Values::F64(self.reals),
            D::Float32 => Values::F32(self.singles),
            D::Utf8 => Values::Text(self.texts),
            _ if !self.missing.is_empty() => self.with_gaps(name, warnings),
            D::Boolean => Values::Bool(self.wholes.iter().map(|&v| v != 0).collect()),
            D::UInt8 => Values::U8(self.wholes.iter().map(|&v| v as u8).collect()),
            D::Int8 | D::Int16 | D::Int32 | D::UInt16 => {
                Values::I32(self.wholes.iter().map(|&v| v as i32).collect())
            }
            _ => Values::I64(self.wholes),
        }
    }

    fn with_gaps(self, name: &str, warnings: &mut Vec<Warning>) -> Values {
        let rounded = self.wholes.iter().filter(|&&v| v.unsigned_abs() > 1 << 53).count();
        if rounded > 0 {
            let text = format!("column {name} has gaps, so its whole numbers became f64");
            warnings.push(Warning::new("parquet", "whole-number-rounded", rounded as u64, text));
        }
        let mut values: Vec<f64> = self.wholes.iter().map(|&v| v as f64).collect();
        for row in self.missing {
            if let Some(value) = values.get_mut(row) {
                *value = CANONICAL_NAN_F64;
            }
        }
        Values::F64(values)
    }
}

/// Units by column; none if the file carries no Arrow schema.
fn units(bytes: &Bytes) -> BTreeMap<String, String> {
    let Ok(metadata) = ArrowReaderMetadata::load(bytes, ArrowReaderOptions::new()) else {
        return BTreeMap::new();
    };
    let unit = |field: &Arc<Field>| {
        let unit = field.metadata().get(UNIT)?;
        Some((field.name().clone(), unit.clone()))
    };
    metadata.schema().fields().iter().filter_map(unit).collect()
}

fn pairs(metadata: &ParquetMetaData) -> Vec<(String, String)> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let own = |pair: &&KeyValue| !FOREIGN_KEYS.contains(&pair.key.as_str());
    let pair = |pair: &KeyValue| Some((pair.key.clone(), pair.value.clone().unwrap_or_default()));
    pairs.map(Vec::as_slice).unwrap_or_default().iter().filter(own).filter_map(pair).collect()
}

fn check_frame(file: &str, bytes: &[u8]) -> Result<()> {
    let framed = bytes.len() >= 12 && bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1");
    if framed {
        return Ok(());
    }
    let reason = format!("{} bytes, needed \"PAR1\" at both ends: not a whole file", bytes.len());
    Err(Error::format(file, "start and end", reason))
}

/// Compares what the footer says with the file's length.
fn check_extents(file: &str, metadata: &ParquetMetaData, length: u64, columns: u64) -> Result<()> {
    let wrong = |reason: String| Error::format(file, "footer", reason);
    let rows = metadata.file_metadata().num_rows();
    let Some(rows) = u64::try_from(rows).ok().filter(|&rows| rows <= MAX_ROWS) else {
        return Err(wrong(format!("{rows} rows, needed 0 to {MAX_ROWS}")));
    };
    if rows.saturating_mul(columns) > MAX_VALUES {
        let reason = format!("{rows} rows x {columns} columns, needed at most {MAX_VALUES} values");
        return Err(wrong(reason));
    }
    let mut counted = 0_u64;
    for group in metadata.row_groups() {
        let group_rows = u64::try_from(group.num_rows()).map_err(|e| wrong(e.to_string()))?;
        counted = counted.saturating_add(group_rows);
        for column in group.columns() {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let size = column.compressed_size();
            let end = start.checked_add(size);
            let inside = start >= 0
                && size >= 0
                && column.num_values() >= 0
                && end.is_some_and(|end| end as u64 <= length);
            if !inside {
                let name = column.column_path();
                let reason = format!("{name}: {size} bytes at {start} of {length}");
                return Err(wrong(reason));
            }
        }
    }
    if counted != rows {
        return Err(wrong(format!("{rows} rows, its row groups have {counted}")));
    }
    Ok(())
}

fn explain(file: &str, place: &str, error: &dyn std::error::Error) -> Error {
    let text = error.to_string();
    if text.contains("Disabled feature at compile time") {
        let hint = "write it with Snappy or without compression".to_owned();
        return Error::Unsupported { what: format!("{file}: the codec of its columns"), hint };
    }
    Error::format(file, place, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::memory::Memory;

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
        // NaN differs from itself, so the text is compared.
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
    }

    #[test]
    fn whole_numbers_with_gaps_become_real_and_lists_are_left_out() {
        let gaps: ArrayRef = Arc::new(Int64Array::from(vec![Some((1 << 53) + 1), None]));
        let lists: ArrayRef = Arc::new(arrow_array::ListArray::from_iter_primitive::<
            Int32Type,
            _,
            _,
        >([Some([Some(1)]), None]));
        let batch = RecordBatch::try_from_iter([("gaps", gaps), ("lists", lists)]).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let file = writer.into_inner().unwrap();
        let (table, warnings) = read("t", file.clone(), None).unwrap();
        let Some(Values::F64(values)) = table.get("gaps") else { panic!("{table:?}") };
        assert_eq!(values[0].to_bits(), 9_007_199_254_740_992.0_f64.to_bits());
        assert!(values[1].is_nan());
        let kinds: Vec<_> = warnings.iter().map(|warning| warning.kind.as_str()).collect();
        assert_eq!(kinds, ["column-left-out", "whole-number-rounded"]);
        assert!(matches!(read("t", file, Some(&["lists"])), Err(Error::Unsupported { .. })));
    }

    #[test]
    fn a_cut_file_is_refused_wherever_it_is_cut() {
        let whole = bytes(&every_kind());
        for length in 0..whole.len() {
            let error = read("t", whole[..length].to_vec(), None).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{length}: {error}");
        }
    }
}
