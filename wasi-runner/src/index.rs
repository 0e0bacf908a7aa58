//! `rawsky index`: one table over all tasks of a run, rebuilt from manifests and records at any time.
//!
//! A row is an amplifier of a task that has been done, or a task that has not: what it is about, its state,
//! its product with key and digest, and every number that its steps reported, in columns `step_field`
//! (units are in the fields' names). What does not apply is an empty cell. A calibrated image has the
//! numbers of its masks and objects, too: its row sums up a quadrant.

mod rows;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rawsky_core::job::Task;
use serde_json::{Value, json};

use crate::args::IndexOptions;
use crate::class::{Class, Failure};
use crate::context::Context;
use crate::plan::{Plan, Stage};
use crate::publish::replace;
use crate::scratch::Scratch;
use crate::state;

use rows::Row;

/// What a person scans: heading, unit or kind, column of the index.
const SCANNED: [(&str, &str, &str); 10] = [
    ("overscan", "DN", "overscan_level_dn"),
    ("its noise", "DN", "overscan_scatter_dn"),
    ("flat level", "ratio", "flat_scale_ratio"),
    ("saturated", "pixels", "saturation_saturated"),
    ("bad", "fraction", "quality_bad_fraction"),
    ("level", "DN", "quality_median_dn"),
    ("seeing", "pixels", "quality_seeing_pix"),
    ("stars", "measured", "aperture_kept"),
    ("- truth", "DN", "truth_median_dn"),
    ("noise^2", "ratio", "truth_variance_ratio"),
];

/// The same of calibrated images, shown if there are any.
const CALIBRATED: [(&str, &str, &str); 9] = [
    ("matched", "stars", "astrometry_matched"),
    ("rms east", "arcsec", "astrometry_rms_east_arcsec"),
    ("rms north", "arcsec", "astrometry_rms_north_arcsec"),
    ("zero point", "mag", "zero_point_zero_point_mag"),
    ("its rms", "mag", "zero_point_rms_mag"),
    ("FWHM", "pixels", "psf_shape_fwhm_pix"),
    ("FWHM", "arcsec", "psf_fwhm_arcsec"),
    ("limit", "mag", "psf_limit_mag"),
    ("cosmic rays", "number", "masks_cosmic_rays_rays"),
];

/// `rawsky index`.
///
/// # Errors
/// Those of the plan, and of writing the table.
pub fn index(context: &Context, options: &IndexOptions) -> Result<(), Failure> {
    let plan = Plan::read(&options.run)?;
    let standings = state::of_run(&plan, &options.run);
    let mut rows: Vec<Row> =
        standings.iter().flat_map(|standing| rows::of(standing, &options.run)).collect();
    rows::join(&mut rows, &plan);
    match &options.output {
        Some(output) => {
            write(context, &rows, output)?;
            context.print_written(std::slice::from_ref(output));
        }
        None => context
            .print(&quality(&rows), &json!(rows.iter().map(Row::json).collect::<Vec<Value>>())),
    }
    Ok(())
}

/// Writes the rows as CSV, or as parquet by way of the core.
fn write(context: &Context, rows: &[Row], output: &Path) -> Result<(), Failure> {
    let text = csv(rows);
    let name = crate::night::name(output).to_lowercase();
    if name.ends_with(".csv") {
        return replace(output, text.as_bytes())
            .map_err(|error| Failure::io(output.display(), &error));
    }
    if !name.ends_with(".parquet") {
        let reason = format!("{}: needed a name that ends with .parquet or .csv", output.display());
        return Err(Failure::new(Class::InputBad, reason));
    }
    let scratch = Scratch::beside(output, context)?;
    let path = scratch.folder().join("index.csv");
    fs::write(&path, text).map_err(|error| Failure::io(path.display(), &error))?;
    let files = vec![("index.csv".to_owned(), path)];
    let product = "index.parquet".to_owned();
    let task = Task::Table { files: vec![files[0].0.clone()], output: product.clone() };
    let done = scratch.job(task, &files, vec![product.clone()])?;
    scratch.deliver(&done, &product, output)
}

fn csv(rows: &[Row]) -> String {
    let numbers: BTreeSet<&String> = rows.iter().flat_map(|row| row.numbers.keys()).collect();
    let mut heads: Vec<String> = rows::WORDS.iter().map(|name| (*name).to_owned()).collect();
    heads.extend(numbers.iter().map(|name| (*name).clone()));
    let mut text = line(heads.into_iter());
    for row in rows {
        let numbers = numbers
            .iter()
            .map(|name| row.numbers.get(*name).map(ToString::to_string).unwrap_or_default());
        text += &line(row.words.iter().cloned().chain(numbers));
    }
    text
}

/// One line of a CSV file; a cell that needs it is quoted.
fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted = |cell: String| {
        let plain = !cell.contains(['"', ',', '\n', '\r']) && !cell.starts_with('#');
        if plain { cell } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    };
    cells.map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// The numbers of each quadrant of each exposure in one line, for a person.
fn quality(rows: &[Row]) -> String {
    let mut quadrants: std::collections::BTreeMap<(String, String), Vec<&Row>> = Default::default();
    for row in rows {
        if row.stage.is_of_exposure() {
            quadrants
                .entry((row.word("when").to_owned(), row.word("amp").to_owned()))
                .or_default()
                .push(row);
        }
    }
    let wide = quadrants.keys().map(|(when, _)| when.len()).max().unwrap_or(0) + 5;
    let calibrated = rows.iter().any(|row| row.stage == Stage::Calibrate);
    let columns = || SCANNED.iter().chain(CALIBRATED.iter().filter(move |_| calibrated));
    let head = |pick: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        let cells = columns().map(|column| format!("{:>12}", pick(column)));
        format!("{:<wide$}{}", "", cells.collect::<String>())
    };
    let mut lines = vec![head(|column| column.0), head(|column| column.1)];
    for ((when, amp), rows) in &quadrants {
        let name = if amp.is_empty() { when.clone() } else { format!("{when} q{amp}") };
        let state = rows.iter().map(|row| row.word("state")).find(|state| *state != "done");
        let cell = |column: &str| {
            let value = rows.iter().find_map(|row| row.numbers.get(column)?.as_f64());
            format!("{:>12}", value.map_or("-".to_owned(), crate::show::number_text))
        };
        let cells: String = columns().map(|column| cell(column.2)).collect();
        lines.push(format!("{name:<wide$}{cells}  {}", state.unwrap_or("")).trim_end().to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_hold_commas_and_quotes_stay_one_cell() {
        let cells = ["a", "b,c", "d \"e\"", "#f"].map(str::to_owned);
        assert_eq!(line(cells.into_iter()), "a,\"b,c\",\"d \"\"e\"\"\",\"#f\"\n");
    }
}
