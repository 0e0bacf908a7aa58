//! Two answers beside each other.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use rawsky_core::formats::parquet;
use serde_json::json;

use crate::arrays::{read_f32, read_f64};

/// What the files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers in single precision.
    Single,
    /// Numbers in double precision.
    Double,
    /// Tables.
    Parquet,
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Kind> {
        match text {
            "f32" => Ok(Kind::Single),
            "f64" => Ok(Kind::Double),
            "parquet" => Ok(Kind::Parquet),
            other => bail!("{other} is none of f32, f64, parquet"),
        }
    }
}

/// Compares two answers: how many numbers differ, and the largest difference, as it is and relative
/// to the peer's number. One line of JSON.
///
/// # Errors
/// If one cannot be read, or they have different lengths.
pub fn compare(ours: &Path, theirs: &Path, kind: Kind) -> Result<String> {
    let numbers = |path: &Path| match kind {
        Kind::Single => Ok(read_f32(path)?.into_iter().map(f64::from).collect()),
        Kind::Double => read_f64(path),
        Kind::Parquet => table(path),
    };
    let (ours, theirs) = (numbers(ours)?, numbers(theirs)?);
    ensure!(!ours.is_empty(), "the answer is empty");
    ensure!(ours.len() == theirs.len(), "{} numbers, the peer has {}", ours.len(), theirs.len());
    let (mut differ, mut largest, mut relative) = (0_u64, 0.0_f64, 0.0_f64);
    for (a, b) in ours.iter().zip(&theirs).filter(|(a, b)| !same(**a, **b)) {
        differ += 1;
        // One NaN against a number is as far as can be.
        let gap = if a.is_nan() || b.is_nan() { f64::INFINITY } else { (a - b).abs() };
        largest = largest.max(gap);
        relative = relative.max(gap / b.abs().max(f64::MIN_POSITIVE));
    }
    let text = |value: f64| format!("{value:e}");
    let (count, largest, relative) = (ours.len(), text(largest), text(relative));
    Ok(json!({ "count": count, "differ": differ, "largest": largest, "relative": relative })
        .to_string())
}

/// Whether two numbers are the same; one NaN is as good as another.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) || a.total_cmp(&b).is_eq() || {
        // Zero has two signs.
        a.abs().to_bits() == 0 && b.abs().to_bits() == 0
    }
}

/// All numbers of a table, column by column.
fn table(path: &Path) -> Result<Vec<f64>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let (table, _) = parquet::read(&path.display().to_string(), bytes, None)?;
    let mut numbers = Vec::new();
    for column in table.columns() {
        numbers.extend(column.values.to_f64().with_context(|| format!("{} is text", column.name))?);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(ours: &[f64], theirs: &[f64]) -> serde_json::Value {
        let folder = std::env::temp_dir().join(format!("rawsky-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (a, b) = (folder.join("a"), folder.join("b"));
        fs::write(&a, crate::arrays::bytes_f64(ours)).unwrap();
        fs::write(&b, crate::arrays::bytes_f64(theirs)).unwrap();
        let line = compare(&a, &b, Kind::Double).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn what_differs_is_counted_and_measured() {
        let found = differences(&[1.0, f64::NAN, 0.0, 3.0, 5.0], &[1.0, f64::NAN, -0.0, 4.0, 4.0]);
        assert_eq!((found["count"].as_u64(), found["differ"].as_u64()), (Some(5), Some(2)));
        assert_eq!((&found["largest"], &found["relative"]), (&json!("1e0"), &json!("2.5e-1")));
        assert_eq!(differences(&[f64::NAN, 1.0], &[1.0, 1.0])["largest"], json!("inf"));
    }
}
