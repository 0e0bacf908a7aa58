//! Writes a table.

use std::collections::BTreeMap;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type,
};
use parquet::errors::Result as Written;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::{CANONICAL_NAN_F64, UNITS};
use crate::error::{Error, Result};
use crate::image::CANONICAL_NAN;
use crate::store::Sink;
use crate::table::{Column, Table, Values};

/// Who wrote the file; no version, so that bytes change only with the table.
const CREATED_BY: &str = "rawsky";
/// Rows of a row group.
const GROUP_ROWS: usize = 1_000_000;
/// Most bytes handed to the sink at a time.
const PIECE: usize = 1 << 22;

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

fn encode(table: &Table) -> Written<Vec<u8>> {
    let fields: Written<Vec<TypePtr>> =
        table.columns().iter().map(|column| Ok(Arc::new(field(column)?))).collect();
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields?).build()?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties(table)))?;
    let rows = if table.columns().is_empty() { 0 } else { table.rows() };
    for start in (0..rows).step_by(GROUP_ROWS) {
        let end = rows.min(start + GROUP_ROWS);
        let mut group = writer.next_row_group()?;
        for column in table.columns() {
            if let Some(mut place) = group.next_column()? {
                write_values(&mut place, &column.values, start..end)?;
                place.close()?;
            }
        }
        group.close()?;
    }
    writer.into_inner()
}

/// A column without gaps: readers then need not look for any.
fn field(column: &Column) -> Written<Type> {
    let (physical, logical) = match column.values {
        Values::F64(_) => (Physical::DOUBLE, None),
        Values::F32(_) => (Physical::FLOAT, None),
        Values::I64(_) => (Physical::INT64, None),
        Values::I32(_) => (Physical::INT32, None),
        Values::U8(_) => (Physical::INT32, Some(LogicalType::integer(8, false))),
        Values::Bool(_) => (Physical::BOOLEAN, None),
        Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(logical)
        .build()
}

fn write_values(
    place: &mut SerializedColumnWriter<'_>,
    values: &Values,
    rows: std::ops::Range<usize>,
) -> Written<()> {
    let double = |&v: &f64| if v.is_nan() { CANONICAL_NAN_F64 } else { v };
    let single = |&v: &f32| if v.is_nan() { CANONICAL_NAN } else { v };
    match values {
        Values::F64(v) => put::<DoubleType>(place, part(v, rows).iter().map(double)),
        Values::F32(v) => put::<FloatType>(place, part(v, rows).iter().map(single)),
        Values::I64(v) => put::<Int64Type>(place, part(v, rows).iter().copied()),
        Values::I32(v) => put::<Int32Type>(place, part(v, rows).iter().copied()),
        Values::U8(v) => put::<Int32Type>(place, part(v, rows).iter().copied().map(i32::from)),
        Values::Bool(v) => put::<BoolType>(place, part(v, rows).iter().copied()),
        Values::Text(v) => {
            let bytes = |text: &String| ByteArray::from(text.as_str());
            put::<ByteArrayType>(place, part(v, rows).iter().map(bytes))
        }
    }
}

fn part<T>(values: &[T], rows: std::ops::Range<usize>) -> &[T] {
    values.get(rows).unwrap_or_default()
}

fn put<T: DataType>(
    place: &mut SerializedColumnWriter<'_>,
    values: impl Iterator<Item = T::T>,
) -> Written<()> {
    let values: Vec<T::T> = values.collect();
    place.typed::<T>().write_batch(&values, None, None).map(|_| ())
}

fn properties(table: &Table) -> WriterProperties {
    let pair = |(key, value): &(String, String)| KeyValue::new(key.clone(), value.clone());
    let mut pairs: Vec<KeyValue> = table.metadata.iter().map(pair).collect();
    pairs.extend(units(table).map(|units| KeyValue::new(UNITS.to_owned(), units)));
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

/// The units of those columns that have one, as JSON, in order of their names.
fn units(table: &Table) -> Option<String> {
    let with_unit = table.columns().iter().filter(|column| !column.unit.is_empty());
    let units: BTreeMap<&str, &str> =
        with_unit.map(|column| (column.name.as_str(), column.unit.as_str())).collect();
    if units.is_empty() { None } else { serde_json::to_string(&units).ok() }
}
