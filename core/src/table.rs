//! Columns of equal length with names and units.

use crate::error::{Error, Result};

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Double precision.
    F64(Vec<f64>),
    /// Single precision.
    F32(Vec<f32>),
    /// Whole numbers.
    I64(Vec<i64>),
    /// Small whole numbers, flags.
    I32(Vec<i32>),
    /// Small counts.
    U8(Vec<u8>),
    /// True or false.
    Bool(Vec<bool>),
    /// Text.
    Text(Vec<String>),
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::F64(v) => v.len(),
            Values::F32(v) => v.len(),
            Values::I64(v) => v.len(),
            Values::I32(v) => v.len(),
            Values::U8(v) => v.len(),
            Values::Bool(v) => v.len(),
            Values::Text(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers as f64; `None` for text.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        match self {
            Values::F64(v) => Some(v.clone()),
            Values::F32(v) => Some(v.iter().map(|&x| f64::from(x)).collect()),
            Values::I64(v) => Some(v.iter().map(|&x| x as f64).collect()),
            Values::I32(v) => Some(v.iter().map(|&x| f64::from(x)).collect()),
            Values::U8(v) => Some(v.iter().map(|&x| f64::from(x)).collect()),
            Values::Bool(v) => Some(v.iter().map(|&x| f64::from(u8::from(x))).collect()),
            Values::Text(_) => None,
        }
    }

    /// The numbers as f64, if none is changed by that; `None` for text.
    pub fn to_f64_exactly(&self) -> Option<Vec<f64>> {
        const LAST: i64 = 1 << 53;
        match self {
            Values::I64(v) if v.iter().any(|x| LAST < x.saturating_abs()) => None,
            values => values.to_f64(),
        }
    }

    /// The values as text.
    pub fn to_text(&self) -> Vec<String> {
        match self {
            Values::F64(v) => v.iter().map(ToString::to_string).collect(),
            Values::F32(v) => v.iter().map(ToString::to_string).collect(),
            Values::I64(v) => v.iter().map(ToString::to_string).collect(),
            Values::I32(v) => v.iter().map(ToString::to_string).collect(),
            Values::U8(v) => v.iter().map(ToString::to_string).collect(),
            Values::Bool(v) => v.iter().map(ToString::to_string).collect(),
            Values::Text(v) => v.clone(),
        }
    }

    /// These values and then `more`; `None` if their types differ. Numbers of different types meet
    /// as f64.
    #[must_use = "the joined values are returned"]
    pub fn joined(&self, more: &Values) -> Option<Values> {
        fn both<T: Clone>(a: &[T], b: &[T]) -> Vec<T> {
            a.iter().chain(b).cloned().collect()
        }
        Some(match (self, more) {
            (Values::F64(a), Values::F64(b)) => Values::F64(both(a, b)),
            (Values::F32(a), Values::F32(b)) => Values::F32(both(a, b)),
            (Values::I64(a), Values::I64(b)) => Values::I64(both(a, b)),
            (Values::I32(a), Values::I32(b)) => Values::I32(both(a, b)),
            (Values::U8(a), Values::U8(b)) => Values::U8(both(a, b)),
            (Values::Bool(a), Values::Bool(b)) => Values::Bool(both(a, b)),
            (Values::Text(a), Values::Text(b)) => Values::Text(both(a, b)),
            (a, b) => Values::F64(both(&a.to_f64()?, &b.to_f64()?)),
        })
    }

    /// The rows with these indices, in this order.
    #[must_use = "the selected rows are returned"]
    pub fn select(&self, rows: &[usize]) -> Values {
        fn pick<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().filter_map(|&row| values.get(row).cloned()).collect()
        }
        match self {
            Values::F64(v) => Values::F64(pick(v, rows)),
            Values::F32(v) => Values::F32(pick(v, rows)),
            Values::I64(v) => Values::I64(pick(v, rows)),
            Values::I32(v) => Values::I32(pick(v, rows)),
            Values::U8(v) => Values::U8(pick(v, rows)),
            Values::Bool(v) => Values::Bool(pick(v, rows)),
            Values::Text(v) => Values::Text(pick(v, rows)),
        }
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its unit, such as `deg`, `DN`, `pix`; empty if it has none.
    pub unit: String,
    /// Its values.
    pub values: Values,
}

/// Columns of equal length, in order, with names that differ.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<Column>,
    /// Metadata of the whole table: key and text, in order.
    pub metadata: Vec<(String, String)>,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Table {
        Table::default()
    }

    /// Appends a column, or replaces the one of the same name.
    ///
    /// # Errors
    /// [`Error::Input`] if its length differs from that of the others.
    pub fn set(&mut self, name: &str, unit: &str, values: Values) -> Result<()> {
        let others = self.columns.iter().find(|column| column.name != name);
        if let Some(other) = others.filter(|other| other.values.len() != values.len()) {
            let (found, needed) = (values.len(), other.values.len());
            return Err(Error::input("table", &format!("rows of {name}"), found, needed));
        }
        let column = Column { name: name.to_owned(), unit: unit.to_owned(), values };
        match self.columns.iter_mut().find(|old| old.name == name) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
        Ok(())
    }

    /// The columns in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The values of a column.
    pub fn get(&self, name: &str) -> Option<&Values> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.values)
    }

    /// A column as f64, or `None` if it is absent or text.
    pub fn f64(&self, name: &str) -> Option<Vec<f64>> {
        self.get(name)?.to_f64()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// Appends the rows of `other`, which must have the same columns of the same types; columns that
    /// this table lacks are left out.
    ///
    /// # Errors
    /// [`Error::Input`] if a column is missing or of another type; then this table is unchanged.
    pub fn append(&mut self, other: &Table) -> Result<()> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let more = other.get(&column.name);
            let joined = more.and_then(|more| column.values.joined(more)).ok_or_else(|| {
                let found = if more.is_some() { "another type" } else { "no such column" };
                Error::input("table", &format!("column {}", column.name), found, "the same")
            })?;
            columns.push(Column { values: joined, ..column.clone() });
        }
        self.columns = columns;
        Ok(())
    }

    /// The table without some columns.
    #[must_use = "the smaller table is returned"]
    pub fn without(&self, names: &std::collections::BTreeSet<String>) -> Table {
        let kept = self.columns.iter().filter(|column| !names.contains(&column.name));
        Table { columns: kept.cloned().collect(), metadata: self.metadata.clone() }
    }

    /// The rows with these indices, in this order.
    #[must_use = "the selected rows are returned"]
    pub fn select(&self, rows: &[usize]) -> Table {
        let pick = |column: &Column| Column {
            name: column.name.clone(),
            unit: column.unit.clone(),
            values: column.values.select(rows),
        };
        Table { columns: self.columns.iter().map(pick).collect(), metadata: self.metadata.clone() }
    }
}
