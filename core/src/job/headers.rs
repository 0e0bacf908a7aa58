//! Science headers: the cards of another pipeline's product, from its FITS file or from a table
//! with one row per exposure and amplifier.
//!
//! A table (`metaheader_YYYYMM.parquet` of ztfin2p3, repository of October 2025) has a column per
//! keyword. The camera's `dialect.header_table` names the two columns that say whose row it is.
//! Values that are text are read as a FITS value would be: numbers, `T` and `F`, else text; a
//! number with zeros before it (`000655`) stays text, and an empty cell, `nan` or `None` is no card.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::formats::fits::FitsFile;
use crate::header::{Header, Value};
use crate::ids::AmpId;
use crate::instrument::{HeaderTable, Instrument};
use crate::raw::RawFile;
use crate::store::{Key, Source, Store};
use crate::table::{Table, Values};

use super::{AmpFile, tables};

/// Cards of a science header that belong to the other pipeline's product, not to the sky or the
/// exposure (ztfin2p3 0.4.1 leaves out the same).
const FOREIGN: &[&str] = &[
    "CID", "CAL", "CLRC", "APCOR", "FIXAPERS", "NMATCHES", "BIT", "HISTORY", "COMMENT", "CHECKSUM",
    "DATASUM", "SCAMPPTH", "STATUS", "EXTNAME", "XTENSION",
];

/// The science header of each amplifier that has one.
pub(crate) fn science_headers(
    (store, camera): (&mut dyn Store, &Instrument),
    raw: &RawFile,
    files: &[AmpFile],
) -> Result<BTreeMap<AmpId, Header>> {
    let mut headers = BTreeMap::new();
    let mut in_tables: BTreeMap<&str, Vec<AmpId>> = BTreeMap::new();
    for file in files {
        if is_table(&file.key) {
            in_tables.entry(&file.key).or_default().push(file.amp);
        } else {
            headers.insert(file.amp, of_fits(store, &file.key)?);
        }
    }
    for (key, amps) in in_tables {
        let table = OpenTable::open(store, camera, key)?;
        let mut rows = BTreeMap::new();
        for amp in amps {
            rows.extend(table.row(camera, raw, amp)?.map(|row| (row, amp)));
        }
        let found = table.headers(rows.keys().copied().collect(), |_| true)?;
        headers.extend(
            found.into_iter().filter_map(|(row, header)| rows.get(&row).map(|&amp| (amp, header))),
        );
    }
    for header in headers.values_mut() {
        header.cards.retain(|card| !FOREIGN.iter().any(|start| card.key.starts_with(start)));
    }
    Ok(headers)
}

/// Whether a header source is a table.
pub(super) fn is_table(key: &str) -> bool {
    key.to_ascii_lowercase().ends_with(".parquet")
}

fn of_fits(store: &mut dyn Store, key: &str) -> Result<Header> {
    Ok(cards_of(&FitsFile::open(&mut Source::open(store, key)?)?))
}

/// The cards of the first HDU that has a WCS, else of the first.
pub(super) fn cards_of(file: &FitsFile) -> Header {
    let with_wcs = file.hdus().iter().find(|hdu| hdu.header.card("CRVAL1").is_some());
    with_wcs.or(file.hdus().first()).map(|hdu| hdu.header.clone()).unwrap_or_default()
}

/// A table of headers, the columns that say whose a row is read.
pub(super) struct OpenTable {
    key: Key,
    bytes: Vec<u8>,
    names: HeaderTable,
    keys: Table,
}

impl OpenTable {
    /// Reads the two columns.
    pub(super) fn open(store: &mut dyn Store, camera: &Instrument, key: &str) -> Result<OpenTable> {
        let Some(names) = camera.dialect.header_table.clone() else {
            let needed = "a camera with dialect.header_table, or science headers as FITS files";
            return Err(Error::input("headers", key, "a table of headers", needed));
        };
        let bytes = tables::load(store, key)?;
        let keys = tables::columns(key, &bytes, &[&names.exposure, &names.amplifier])?;
        Ok(OpenTable { key: key.to_owned(), bytes, names, keys })
    }

    /// The row of an amplifier of an exposure, if there is one.
    pub(super) fn row(
        &self,
        camera: &Instrument,
        raw: &RawFile,
        amp: AmpId,
    ) -> Result<Option<usize>> {
        let first = camera.amplifiers.first();
        let header = first.map(|amplifier| raw.header(amplifier)).unwrap_or_default();
        let keyword = &self.names.exposure;
        let exposure = header.integer(keyword).ok_or_else(|| {
            let needed = format!("a number, to find its rows in {}", self.key);
            Error::input("headers", &format!("{keyword} of the raw exposure"), "none", needed)
        })?;
        let number = camera.number_in_focal_plane(raw.visit.detector, amp);
        let row = |number| row_of(&self.keys, &self.names, (exposure, number as i64));
        Ok(number.and_then(row))
    }

    /// The headers of some rows, by row, with the cards whose keyword is `like` what is wanted.
    pub(super) fn headers(
        &self,
        mut rows: Vec<usize>,
        like: fn(&str) -> bool,
    ) -> Result<BTreeMap<usize, Header>> {
        rows.sort_unstable();
        rows.dedup();
        let table = tables::rows(&self.key, &self.bytes, &rows, like)?;
        Ok(rows.into_iter().enumerate().map(|(at, row)| (row, cards(&table, at))).collect())
    }
}

/// The first row of an exposure and amplifier.
fn row_of(keys: &Table, columns: &HeaderTable, wanted: (i64, i64)) -> Option<usize> {
    let (exposures, amps) = (keys.get(&columns.exposure)?, keys.get(&columns.amplifier)?);
    let number = |values: &Values, row| match value(values, row) {
        Some(Value::Integer(number)) => Some(number),
        Some(Value::Real(number)) if number.fract() == 0.0 => Some(number as i64),
        _ => None,
    };
    (0..keys.rows()).find(|&row| {
        number(exposures, row) == Some(wanted.0) && number(amps, row) == Some(wanted.1)
    })
}

/// One row as cards; a data frame's own index is none.
fn cards(table: &Table, row: usize) -> Header {
    let mut header = Header::new();
    for column in table.columns().iter().filter(|column| !column.name.starts_with("__")) {
        if let Some(value) = value(&column.values, row) {
            header.set(&column.name.to_ascii_uppercase(), value, "");
        }
    }
    header
}

fn value(values: &Values, row: usize) -> Option<Value> {
    match values {
        Values::Text(texts) => parsed(texts.get(row)?),
        Values::Bool(values) => values.get(row).map(|&value| Value::Logical(value)),
        Values::I64(values) => values.get(row).map(|&value| Value::Integer(value)),
        Values::I32(values) => values.get(row).map(|&value| Value::Integer(i64::from(value))),
        Values::U8(values) => values.get(row).map(|&value| Value::Integer(i64::from(value))),
        Values::F64(values) => values.get(row).copied().filter(|v| v.is_finite()).map(Value::Real),
        Values::F32(values) => {
            values.get(row).copied().filter(|v| v.is_finite()).map(|v| Value::Real(f64::from(v)))
        }
    }
}

/// A FITS value from its text.
fn parsed(text: &str) -> Option<Value> {
    let text = text.trim();
    let digits = text.trim_start_matches(['+', '-']);
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let has_zeros = digits.len() > 1 && digits.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        "" | "nan" | "NaN" | "None" => None,
        "T" | "True" => Some(Value::Logical(true)),
        "F" | "False" => Some(Value::Logical(false)),
        _ if !is_number || (has_zeros && digits.starts_with('0')) => Some(quoted(text)),
        _ => Some(match (text.parse(), text.replace(['D', 'd'], "E").parse::<f64>()) {
            (Ok(whole), _) => Value::Integer(whole),
            (_, Ok(real)) if real.is_finite() => Value::Real(real),
            _ => quoted(text),
        }),
    }
}

fn quoted(text: &str) -> Value {
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    Value::Text(inner.unwrap_or(text).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_a_fits_value() {
        let cases = [
            ("42", Some(Value::Integer(42))),
            ("-7", Some(Value::Integer(-7))),
            ("0", Some(Value::Integer(0))),
            ("1.5E-3", Some(Value::Real(1.5e-3))),
            ("-.5", Some(Value::Real(-0.5))),
            ("1.0D2", Some(Value::Real(100.0))),
            ("T", Some(Value::Logical(true))),
            ("False", Some(Value::Logical(false))),
            ("000655", Some(Value::from("000655"))),
            ("12:30:00", Some(Value::from("12:30:00"))),
            ("2020-02-14", Some(Value::from("2020-02-14"))),
            ("infinity", Some(Value::from("infinity"))),
            ("'zr  '", Some(Value::from("zr"))),
            ("RA---TPV", Some(Value::from("RA---TPV"))),
            (" ", None),
            ("nan", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parsed(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_row_is_found_by_numbers_written_as_text() {
        let texts = |texts: &[&str]| Values::Text(texts.iter().map(|t| (*t).to_owned()).collect());
        let mut table = Table::new();
        table.set("EXPID", "", texts(&["7", "7", "8", "8.0"])).unwrap();
        table.set("RCID", "", Values::I64(vec![0, 49, 0, 49])).unwrap();
        table.set("crval1", "", texts(&["1.5", "", "2.5", "3"])).unwrap();
        let names = HeaderTable { exposure: "EXPID".to_owned(), amplifier: "RCID".to_owned() };
        assert_eq!(row_of(&table, &names, (7, 49)), Some(1));
        assert_eq!(row_of(&table, &names, (8, 49)), Some(3));
        assert_eq!(row_of(&table, &names, (9, 0)), None);
        assert_eq!(cards(&table, 0).real("CRVAL1"), Some(1.5));
        assert_eq!(cards(&table, 1).card("CRVAL1"), None);
    }

    #[test]
    fn amplifiers_are_numbered_through_the_focal_plane() {
        let camera = Instrument::parse(Instrument::built_in_text("ztf").unwrap()).unwrap();
        let number = |ccd, quadrant| {
            camera.number_in_focal_plane(crate::ids::DetectorId(ccd), AmpId(quadrant))
        };
        // RCID = 4 (CCD - 1) + quadrant - 1.
        assert_eq!((number(1, 1), number(13, 3), number(16, 4)), (Some(0), Some(50), Some(63)));
        assert_eq!(number(17, 1), None);
    }
}
