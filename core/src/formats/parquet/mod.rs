//! Tables as Apache Parquet; the only files that name the crate `parquet` (arrow-rs 60.1).
//!
//! The crate writes files and reads their footers. Pages are read here (`pages`, `values`):
//! its decoders trust the lengths in a page, and end the program where one is wrong.
//!
//! Written files are Snappy-compressed pages of plain values without dictionaries and statistics,
//! one row group unless there are more than a million rows, every writer setting pinned, so that
//! equal tables give equal bytes. Units of columns are the key-value pair `units`, a JSON object;
//! the table's metadata are further pairs.

mod footer;
mod pages;
mod read;
mod thrift;
mod values;
mod write;

#[cfg(test)]
mod tests;

use crate::error::Error;

pub use read::{read, read_columns, read_rows};
pub use write::write;

/// Key of the units of a file's columns.
const UNITS: &str = "units";
/// The one NaN of a written column, and of a missing value.
const CANONICAL_NAN_F64: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

/// Why a column cannot be read.
#[derive(Debug)]
enum Refusal {
    /// Its bytes break the format.
    Damaged(String),
    /// It is sound, but of a kind that is not read.
    Unsupported {
        /// The kind.
        what: String,
        /// What to do.
        hint: String,
    },
}

impl Refusal {
    /// The error of a place in a file.
    fn at(self, file: &str, place: &str) -> Error {
        match self {
            Refusal::Damaged(reason) => Error::format(file, place, reason),
            Refusal::Unsupported { what, hint } => {
                Error::Unsupported { what: format!("{file}: {place}: {what}"), hint }
            }
        }
    }
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Refusal {
        Refusal::Damaged(reason.to_owned())
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal::Damaged(reason)
    }
}
