//! Reads a table: which columns, then the pages of each.

use std::collections::{BTreeMap, BTreeSet};

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::pages::Content;
use super::values::{MOST_TEXT, Physical, Value};
use super::{CANONICAL_NAN_F64, Refusal, UNITS, footer};
use crate::error::{Error, Result};
use crate::image::CANONICAL_NAN;
use crate::table::{Table, Values};
use crate::warning::Warning;

/// Metadata of other writers that would be wrong beside other columns.
const FOREIGN_KEYS: [&str; 2] = ["ARROW:schema", "pandas"];

/// Reads a table, or the `columns` of it, in the file's order.
///
/// Missing values become NaN in numbers (whole numbers and logical values with gaps become f64)
/// and empty text. Whole numbers above 2⁶³ make their column f64. Columns of other kinds (lists,
/// times, decimals, …) are left out with a [`Warning`].
///
/// # Errors
/// [`Error::Format`] if the file is damaged, [`Error::Input`] if it lacks one of `columns`,
/// [`Error::Unsupported`] if one of them is of another kind, or the codec is not built in.
pub fn read(file: &str, bytes: Vec<u8>, columns: Option<&[&str]>) -> Result<(Table, Vec<Warning>)> {
    read_part(file, &bytes, columns.map_or(Wanted::All, Wanted::Named), None)
}

/// Reads some rows (ascending, counted from 0) of those columns whose name is `like` what is wanted;
/// pages without one of the rows are not unpacked.
///
/// # Errors
/// Those of [`read`].
pub fn read_rows(
    file: &str,
    bytes: &[u8],
    rows: &[usize],
    like: fn(&str) -> bool,
) -> Result<(Table, Vec<Warning>)> {
    read_part(file, bytes, Wanted::Like(like), Some(rows))
}

/// Reads the `columns` of a table without the rest of it.
///
/// # Errors
/// Those of [`read`].
pub fn read_columns(file: &str, bytes: &[u8], columns: &[&str]) -> Result<(Table, Vec<Warning>)> {
    read_part(file, bytes, Wanted::Named(columns), None)
}

/// Which columns are read.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    All,
    /// These, which must be there and readable.
    Named(&'a [&'a str]),
    /// Those of these names.
    Like(fn(&str) -> bool),
}

impl<'a> Wanted<'a> {
    /// The names that must be there.
    fn named(self) -> &'a [&'a str] {
        match self {
            Wanted::Named(names) => names,
            Wanted::All | Wanted::Like(_) => &[],
        }
    }

    fn takes(self, name: &str) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Named(names) => names.contains(&name),
            Wanted::Like(like) => like(name),
        }
    }
}

fn read_part(
    file: &str,
    bytes: &[u8],
    columns: Wanted<'_>,
    rows: Option<&[usize]>,
) -> Result<(Table, Vec<Warning>)> {
    let metadata = footer::read(file, bytes)?;
    let mut warnings = Vec::new();
    let schema = metadata.file_metadata().schema_descr();
    let chosen = choose(file, schema, columns, &mut warnings)?;
    let all = metadata.file_metadata().num_rows().unsigned_abs();
    let wanted = rows.map_or(all, |rows| rows.len() as u64);
    footer::check_values(file, bytes.len(), wanted, chosen.len())?;
    let (pairs, units) = pairs(&metadata);
    let mut table = Table::new();
    table.metadata = pairs;
    for column in &chosen {
        let gathered = gather((file, bytes), &metadata, column, rows)?;
        let finished = gathered.finish(column, &mut warnings);
        let place = format!("column {}", column.name);
        let values = finished.map_err(|refusal| refusal.at(file, &place))?;
        table.set(&column.name, units.get(&column.name).map_or("", String::as_str), values)?;
    }
    Ok((table, warnings))
}

/// All row groups of a column.
fn gather(
    (file, bytes): (&str, &[u8]),
    metadata: &ParquetMetaData,
    column: &Chosen,
    wanted: Option<&[usize]>,
) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    let mut first_row = 0;
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let place = format!("column {}, row group {index}", column.name);
        let meta = group.columns().get(column.leaf);
        let meta = meta.ok_or_else(|| Error::format(file, &place, "no such column chunk"))?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let mut chunk = footer::chunk(file, bytes, (meta, rows), column.kind.physical())?;
        (chunk.first_row, chunk.wanted) = (first_row, wanted);
        let read = chunk.read(&mut |content| gathered.push(content, column.kind, wanted));
        read.map_err(|refusal| refusal.at(file, &place))?;
        first_row += rows;
    }
    Ok(gathered)
}

/// Kinds of columns that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Logical,
    /// A signed whole number of up to 32 bits.
    Signed,
    U8,
    /// An unsigned whole number of 16 bits.
    U16,
    U32,
    I64,
    U64,
    F32,
    F64,
    Text,
}

impl Kind {
    /// The kind of a column that is not nested; an error names what else it is.
    fn of(column: &ColumnDescriptor) -> std::result::Result<Kind, String> {
        if column.max_rep_level() > 0 || column.max_def_level() > 1 {
            return Err("a repeated or nested column".to_owned());
        }
        let (physical, logical) = (column.physical_type(), column.logical_type_ref());
        let whole = match (logical, column.converted_type()) {
            (Some(LogicalType::Integer(whole)), _) => Some((whole.bit_width, whole.is_signed)),
            (Some(_), _) => None,
            (None, ConvertedType::NONE) => Some((64, true)),
            (None, ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32) => {
                Some((32, true))
            }
            (None, ConvertedType::INT_64) => Some((64, true)),
            (None, ConvertedType::UINT_8) => Some((8, false)),
            (None, ConvertedType::UINT_16) => Some((16, false)),
            (None, ConvertedType::UINT_32) => Some((32, false)),
            (None, ConvertedType::UINT_64) => Some((64, false)),
            _ => None,
        };
        let is_text = match logical {
            Some(logical) => {
                matches!(logical, LogicalType::String | LogicalType::Enum | LogicalType::Json)
            }
            None => matches!(
                column.converted_type(),
                ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON
            ),
        };
        match (physical, whole) {
            (Type::BOOLEAN, _) => Ok(Kind::Logical),
            (Type::INT32, Some((_, true))) => Ok(Kind::Signed),
            (Type::INT32, Some((8, false))) => Ok(Kind::U8),
            (Type::INT32, Some((16, false))) => Ok(Kind::U16),
            (Type::INT32, Some((_, false))) => Ok(Kind::U32),
            (Type::INT64, Some((_, true))) => Ok(Kind::I64),
            (Type::INT64, Some((_, false))) => Ok(Kind::U64),
            (Type::FLOAT, _) => Ok(Kind::F32),
            (Type::DOUBLE, _) => Ok(Kind::F64),
            (Type::BYTE_ARRAY, _) if is_text => Ok(Kind::Text),
            _ => Err(match logical {
                Some(logical) => format!("{physical} as {logical:?}"),
                None => format!("{physical} as {}", column.converted_type()),
            }),
        }
    }

    fn physical(self) -> Physical {
        match self {
            Kind::Logical => Physical::Bit,
            Kind::Signed | Kind::U8 | Kind::U16 | Kind::U32 | Kind::F32 => Physical::Four,
            Kind::I64 | Kind::U64 | Kind::F64 => Physical::Eight,
            Kind::Text => Physical::Text,
        }
    }
}

/// A column that will be read.
struct Chosen {
    name: String,
    leaf: usize,
    kind: Kind,
}

fn choose(
    file: &str,
    schema: &SchemaDescriptor,
    wanted: Wanted<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Chosen>> {
    let names: Vec<&str> =
        schema.root_schema().get_fields().iter().map(|field| field.name()).collect();
    if let Some(name) = wanted.named().iter().find(|name| !names.contains(name)) {
        let needed = format!("one of {}", names.join(", "));
        return Err(Error::input("parquet", &format!("column of {file}"), name, needed));
    }
    let mut kinds: BTreeMap<usize, (usize, std::result::Result<Kind, String>)> = BTreeMap::new();
    for (leaf, column) in schema.columns().iter().enumerate() {
        kinds.entry(schema.get_column_root_idx(leaf)).or_insert((leaf, Kind::of(column)));
    }
    let (mut chosen, mut seen) = (Vec::new(), BTreeSet::new());
    for (root, &name) in names.iter().enumerate() {
        if !wanted.takes(name) {
            continue;
        }
        if !seen.insert(name) {
            return Err(Error::format(file, format!("column {name}"), "occurs more than once"));
        }
        let none = || (0, Err("a group without columns".to_owned()));
        match kinds.remove(&root).unwrap_or_else(none) {
            (leaf, Ok(kind)) => chosen.push(Chosen { name: name.to_owned(), leaf, kind }),
            (_, Err(kind)) if matches!(wanted, Wanted::Named(_)) => {
                let what = format!("{file}: column {name}, {kind},");
                let hint = "numbers, booleans and text are read".to_owned();
                return Err(Error::Unsupported { what, hint });
            }
            (_, Err(kind)) => {
                let text = format!("column {name} is left out: {kind}");
                warnings.push(Warning::new("parquet", "column-left-out", 1, text));
            }
        }
    }
    Ok(chosen)
}

/// Values of a column as pages come in: exact whole numbers or text, and where there is none.
#[derive(Default)]
struct Gathered {
    reals: Vec<f64>,
    singles: Vec<f32>,
    wholes: Vec<i64>,
    texts: Vec<String>,
    /// Bytes of `texts`.
    length: usize,
    /// Places without a value, or with one that `wholes` cannot hold.
    odd: Vec<(usize, f64)>,
}

impl Gathered {
    fn push(
        &mut self,
        content: Content,
        kind: Kind,
        wanted: Option<&[usize]>,
    ) -> Result<(), Refusal> {
        let Content { values, present, first_row } = content;
        let rows = present.as_ref().map_or(values.len(), Vec::len);
        let mut is_there = present.into_iter().flatten().map(|level| level == 1);
        let mut values = values.into_iter();
        for row in first_row..first_row + rows {
            let value = if is_there.next().unwrap_or(true) { values.next() } else { None };
            if wanted.is_none_or(|wanted| wanted.binary_search(&row).is_ok()) {
                self.value(value, kind);
            }
        }
        if self.length > MOST_TEXT {
            return Err(format!("more than {MOST_TEXT} bytes of text").into());
        }
        Ok(())
    }

    fn value(&mut self, value: Option<Value>, kind: Kind) {
        match (value, kind) {
            (Some(Value::Text(text)), _) => {
                self.length = self.length.saturating_add(text.len());
                self.texts.push(text);
            }
            (None, Kind::Text) => self.texts.push(String::new()),
            (None, Kind::F32) => self.singles.push(CANONICAL_NAN),
            (None, Kind::F64) => self.reals.push(CANONICAL_NAN_F64),
            (None, _) => self.odd(CANONICAL_NAN_F64),
            (Some(Value::Word(word)), _) => self.word(word, kind),
        }
    }

    fn odd(&mut self, value: f64) {
        self.odd.push((self.wholes.len(), value));
        self.wholes.push(0);
    }

    /// A number from its bits.
    fn word(&mut self, word: u64, kind: Kind) {
        match kind {
            Kind::F32 => self.singles.push(f32::from_bits(word as u32)),
            Kind::F64 => self.reals.push(f64::from_bits(word)),
            Kind::Signed => self.wholes.push(i64::from(word as u32 as i32)),
            Kind::U8 | Kind::U16 | Kind::U32 => self.wholes.push(i64::from(word as u32)),
            Kind::U64 if word > i64::MAX as u64 => self.odd(word as f64),
            _ => self.wholes.push(word as i64),
        }
    }

    fn finish(
        self,
        column: &Chosen,
        warnings: &mut Vec<Warning>,
    ) -> std::result::Result<Values, Refusal> {
        let outside = |value: &i64| Refusal::Damaged(format!("{value} in {:?}", column.kind));
        Ok(match column.kind {
            Kind::F64 => Values::F64(self.reals),
            Kind::F32 => Values::F32(self.singles),
            Kind::Text => Values::Text(self.texts),
            _ if !self.odd.is_empty() => self.with_gaps(&column.name, warnings),
            Kind::Logical => Values::Bool(self.wholes.iter().map(|&value| value != 0).collect()),
            Kind::U8 => {
                let narrow = |value: &i64| u8::try_from(*value).map_err(|_| outside(value));
                Values::U8(self.wholes.iter().map(narrow).collect::<Result<_, _>>()?)
            }
            Kind::Signed | Kind::U16 => {
                let narrow = |value: &i64| i32::try_from(*value).map_err(|_| outside(value));
                Values::I32(self.wholes.iter().map(narrow).collect::<Result<_, _>>()?)
            }
            Kind::U32 | Kind::I64 | Kind::U64 => Values::I64(self.wholes),
        })
    }

    fn with_gaps(self, name: &str, warnings: &mut Vec<Warning>) -> Values {
        let exact = 1_u64 << 53;
        let rounded = self.wholes.iter().filter(|value| value.unsigned_abs() > exact).count();
        let rounded = rounded + self.odd.iter().filter(|(_, value)| !value.is_nan()).count();
        if rounded > 0 {
            let text = format!(
                "column {name} has gaps or numbers above 2^63, so its whole numbers became f64"
            );
            warnings.push(Warning::new("parquet", "whole-number-rounded", rounded as u64, text));
        }
        let mut values: Vec<f64> = self.wholes.iter().map(|&value| value as f64).collect();
        for (row, odd) in self.odd {
            if let Some(value) = values.get_mut(row) {
                *value = odd;
            }
        }
        Values::F64(values)
    }
}

type Pairs = Vec<(String, String)>;

/// The table's metadata, and the units of its columns.
fn pairs(metadata: &ParquetMetaData) -> (Pairs, BTreeMap<String, String>) {
    let pairs = metadata.file_metadata().key_value_metadata();
    let (mut kept, mut units) = (Vec::new(), BTreeMap::new());
    for KeyValue { key, value } in pairs.map(Vec::as_slice).unwrap_or_default() {
        let value = value.clone().unwrap_or_default();
        if FOREIGN_KEYS.contains(&key.as_str()) {
            continue;
        }
        if key == UNITS
            && let Ok(read) = serde_json::from_str(&value)
        {
            units = read;
        } else {
            kept.push((key.clone(), value));
        }
    }
    (kept, units)
}

#[cfg(test)]
mod tests {
    use super::super::values::Decoded;
    use super::*;

    #[test]
    fn the_text_of_a_column_is_limited_over_all_its_pages() {
        let page = |text: &str| {
            let values = Decoded::Texts(vec![text.to_owned()]);
            Content { values, present: None, first_row: 0 }
        };
        let mut gathered = Gathered { length: MOST_TEXT - 1, ..Gathered::default() };
        assert!(gathered.push(page("a"), Kind::Text, None).is_ok());
        assert!(gathered.push(page("b"), Kind::Text, None).is_err());
    }
}
