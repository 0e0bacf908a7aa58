//! Files of other programs, one of every encoding, are read as astropy reads them, value by value.
//!
//! They were made by `tests/oracles/fits_corpus/make.py`, which says how.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;

use super::fixture::{opened, packed_file};
use super::open::content;
use super::pixels::Stored;
use super::scan::Kind;
use super::{Content, FitsFile, Hdu, tiled};
use crate::image::CANONICAL_NAN;
use crate::store::Source;

/// What astropy found.
#[derive(Deserialize)]
struct Corpus {
    made_with: Json,
    files: std::collections::BTreeMap<String, Vec<Expected>>,
}

/// One HDU as astropy read it.
#[derive(Deserialize)]
struct Expected {
    kind: String,
    #[serde(default)]
    shape: Vec<usize>,
    #[serde(default)]
    compression: Option<String>,
    #[serde(default)]
    nan: u64,
    #[serde(default)]
    min: Option<f64>,
    #[serde(default)]
    max: Option<f64>,
    #[serde(default)]
    mean: Option<f64>,
    /// SHA-256 over the values as big-endian f64.
    #[serde(default)]
    sha256: String,
}

/// The folder of the corpus.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/fits")
}

#[expect(clippy::disallowed_methods, reason = "a test reads its material from disk")]
pub(super) fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn digest(values: &[f64]) -> String {
    let canonical = |&value: &f64| if value.is_nan() { f64::NAN } else { value };
    let bytes: Vec<u8> = values.iter().map(canonical).flat_map(f64::to_be_bytes).collect();
    crate::provenance::digest(&bytes)
}

fn is_near(found: Option<f64>, needed: Option<f64>) -> bool {
    match (found, needed) {
        (Some(found), Some(needed)) => (found - needed).abs() <= 1e-12 * needed.abs(),
        (found, needed) => found == needed,
    }
}

/// What differs between an HDU and what astropy read.
fn differences(
    file: &FitsFile,
    source: &mut Source<'_>,
    (hdu, needed): (&Hdu, &Expected),
) -> Result<(), String> {
    let same = |what: &str, equal: bool| if equal { Ok(()) } else { Err(what.to_owned()) };
    same("kind", hdu.content.to_string() == needed.kind)?;
    let Content::Image(info) = &hdu.content else { return Ok(()) };
    same("shape", info.shape == needed.shape && info.compression == needed.compression)?;
    let mut all = Vec::new();
    let read = file.for_each_value(source, hdu.index, |value| all.push(value));
    read.map_err(|error| error.to_string())?;
    let finite = || all.iter().copied().filter(|value| value.is_finite());
    same("NaN", all.iter().filter(|value| value.is_nan()).count() as u64 == needed.nan)?;
    same("least", finite().reduce(f64::min) == needed.min)?;
    same("greatest", finite().reduce(f64::max) == needed.max)?;
    let mean = finite().reduce(|a, b| a + b).map(|sum| sum / finite().count() as f64);
    same("mean", is_near(mean, needed.mean))?;
    same("values", digest(&all) == needed.sha256)?;
    // A plane is the same, rounded to f32.
    let rounded = |value: &f64| if value.is_nan() { CANONICAL_NAN } else { *value as f32 };
    match file.read_image(source, hdu.index) {
        Ok(plane) => {
            let bits = plane.values.iter().map(|value| value.to_bits());
            same("plane", bits.eq(all.iter().map(|value| rounded(value).to_bits())))
        }
        Err(error) => {
            let plane = info.shape.iter().rev().skip(2).all(|&length| length == 1);
            same("refusal", !plane && error.to_string().contains("needed a plane"))
        }
    }
}

#[test]
fn every_encoding_is_read_as_astropy_reads_it() {
    let text = bytes(&folder().join("expected.json"));
    let corpus: Corpus = serde_json::from_slice(&text).unwrap();
    assert!(corpus.made_with["astropy"].is_string());
    let mut wrong = Vec::new();
    for (name, needed) in &corpus.files {
        let compared = opened(bytes(&folder().join(name)), |file, source| {
            assert_eq!(file.hdus().len(), needed.len(), "{name}");
            for (hdu, needed) in file.hdus().iter().zip(needed) {
                let result = differences(file, source, (hdu, needed));
                wrong.extend(result.err().map(|what| format!("{name}, HDU {}: {what}", hdu.index)));
            }
            Ok(())
        });
        wrong.extend(compared.err().map(|error| format!("{name}: {error}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Bits of a stored number.
fn stored_bits(number: Stored) -> (u8, u64) {
    match number {
        Stored::Whole(number) => (0, number as u64),
        Stored::Single(number) if number.is_nan() => (1, CANONICAL_NAN.to_bits().into()),
        Stored::Single(number) => (1, number.to_bits().into()),
        Stored::Double(number) if number.is_nan() => (2, f64::NAN.to_bits()),
        Stored::Double(number) => (2, number.to_bits()),
    }
}

#[test]
fn rows_are_decoded_bit_for_bit_as_the_library_decodes_them() {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files = names.filter(|path| path.to_string_lossy().ends_with(".fits.gz"));
    let mut files: Vec<Vec<u8>> = files.map(|path| bytes(&path)).collect();
    files.push(packed_file());
    let mut compared = 0;
    for file in files {
        opened(file, |file, source| {
            for record in file.records.iter().filter(|record| record.kind == Kind::Compressed) {
                let gzip = file.gzip.as_ref();
                let own =
                    content(source, gzip, |source| tiled::read(source, record, 1, stored_bits));
                let library = content(source, gzip, |source| {
                    tiled::by_library(source, record, 1, stored_bits)
                });
                assert_eq!(own.is_ok(), library.is_ok());
                if let (Ok(own), Ok(library)) = (own, library) {
                    assert!(own == library);
                    compared += own.0.len();
                }
            }
            Ok(())
        })
        .unwrap();
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn what_is_no_image_is_refused_by_its_name() {
    let refused = |name: &str, index: usize| {
        let read = |file: &FitsFile, source: &mut Source<'_>| file.read_image(source, index);
        opened(bytes(&folder().join(name)), read).unwrap_err().to_string()
    };
    assert!(refused("random_groups.fits.gz", 0).contains("holds random groups, needed an image"));
    let table = "holds compressed table of 25 rows, 1 columns, needed an image";
    assert!(refused("table_packed.fits.gz", 1).contains(table));
    assert!(refused("tables.fits.gz", 1).contains("holds binary table of 4 rows, 2 columns"));
    assert!(refused("tables.fits.gz", 2).contains("holds ASCII table of 3 rows, 2 columns"));
}
