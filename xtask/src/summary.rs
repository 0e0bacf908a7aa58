//! What the demo says at its end: products, residuals to the truth, times, and what to do next.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::demo::Times;

/// A quantity of a comparison with the truth: its place, what a person calls it, what is wanted.
const QUANTITIES: &[(&str, &str, &str)] = &[
    ("/residuals/median_dn", "science minus truth, median (DN)", "within 0.05 of 0"),
    ("/residuals/variance_ratio", "empirical variance over variance plane", "1.00 +- 0.02"),
    ("/residuals/profile_peak_dn", "pocket column profile, largest (DN)", "below 0.3"),
    ("/pulls/mean_sigma", "flux pulls, mean", "within 0.1 of 0"),
    ("/pulls/scatter_sigma", "flux pulls, scatter", "1.00 +- 0.05"),
];

/// Endings of the products' names, and what a person calls them.
const KINDS: &[(&str, &str)] = &[
    ("sciimg.fits", "science images (image, mask, variance)"),
    (".parquet", "aperture catalogues"),
    ("_bias.fits", "master biases"),
    ("_flat.fits", "master flats (lamps, bands)"),
];

/// The whole text.
///
/// # Errors
/// If a folder cannot be read.
pub(crate) fn text(folder: &Path, times: &Times, program: &str) -> Result<String> {
    let files = files(&folder.join("run/products"))?;
    let comparisons: Vec<Value> = files.iter().filter_map(|path| comparison(path)).collect();
    let mut text = String::from("\n");
    products(&mut text, &files)?;
    residuals(&mut text, &comparisons)?;
    let Times { build, simulate, reduce, verify } = times;
    writeln!(
        text,
        "Times      build {build:.0} s, simulate {simulate:.0} s, reduce {reduce:.0} s, \
         verify {verify:.0} s"
    )?;
    let mut head = "Next";
    for (ending, _) in &KINDS[..2] {
        if let Some(name) = files.iter().filter_map(|path| name(path)).find(|n| n.ends_with(ending))
        {
            writeln!(text, "{head:10} {program} inspect demo/run/products/{name}")?;
            head = "";
        }
    }
    writeln!(text, "{head:10} {program} status demo/run")?;
    writeln!(text, "{:10} {program} serve demo/run", "")?;
    writeln!(text, "{:10} {program} help", "")?;
    Ok(text)
}

/// Files of a folder in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>();
    let mut files = paths?;
    files.sort();
    Ok(files)
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// Number and size of what was made.
fn products(text: &mut String, files: &[PathBuf]) -> Result<()> {
    for (at, (ending, what)) in KINDS.iter().enumerate() {
        let of_kind =
            files.iter().filter(|path| name(path).is_some_and(|name| name.ends_with(ending)));
        let sizes: Vec<u64> =
            of_kind.map(|path| fs::metadata(path).map_or(0, |about| about.len())).collect();
        let total = sizes.iter().sum::<u64>() as f64 / 1e6;
        let head = if at == 0 { "Products" } else { "" };
        writeln!(text, "{head:10} {:3} {what}, {total:.1} MB", sizes.len())?;
    }
    Ok(())
}

/// The content of a file that compares a science image with the truth.
fn comparison(path: &Path) -> Option<Value> {
    name(path).filter(|name| name.ends_with(".json"))?;
    let value: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    value.pointer(QUANTITIES[0].0).is_some().then_some(value)
}

/// The range of each quantity over all science images.
fn residuals(text: &mut String, comparisons: &[Value]) -> Result<()> {
    if comparisons.is_empty() {
        writeln!(text, "Truth      no comparison was made")?;
        return Ok(());
    }
    writeln!(text, "Truth      {} science images; smallest to largest:", comparisons.len())?;
    for (place, name, wanted) in QUANTITIES {
        let number = |value: &Value| value.pointer(place).and_then(Value::as_f64);
        let values: Vec<f64> = comparisons.iter().filter_map(number).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !values.is_empty() {
            writeln!(text, "           {name:40} {low:8.4} to {high:8.4}   ({wanted})")?;
        }
    }
    let stars: u64 = comparisons.iter().filter_map(|value| value["pulls"]["stars"].as_u64()).sum();
    if stars > 0 {
        writeln!(text, "           {stars} stars compared")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_are_shown_as_ranges() {
        let comparisons = [
            serde_json::json!({ "residuals": { "median_dn": -0.01 }, "pulls": { "stars": 3 } }),
            serde_json::json!({ "residuals": { "median_dn": 0.03 }, "pulls": { "stars": 4 } }),
        ];
        let mut text = String::new();
        residuals(&mut text, &comparisons).unwrap();
        assert!(text.contains("-0.0100 to   0.0300"), "{text}");
        assert!(text.contains("7 stars"), "{text}");
        assert!(!text.contains("variance"), "{text}");
    }

    #[test]
    fn a_run_without_truth_says_so() {
        let mut text = String::new();
        residuals(&mut text, &[]).unwrap();
        assert!(text.contains("no comparison"));
    }
}
