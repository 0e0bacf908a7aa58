//! What a plan will make and what a run has made, for a person and for a program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::attempt::{ATTEMPTS, Attempt, last};
use crate::class::Class;
use crate::names::PREFIX;
use crate::plan::{Plan, Stage};
use crate::run::Outcome;
use crate::view::PRODUCTS;
use crate::warnings;

/// Failures shown in full; the others are in the attempts.
const SHOWN: usize = 10;

/// A plan in a few lines.
pub fn of_plan(plan: &Plan) -> String {
    let mut counts: BTreeMap<Stage, usize> = BTreeMap::new();
    for task in &plan.tasks {
        *counts.entry(task.stage).or_default() += 1;
    }
    let parts: Vec<String> =
        counts.iter().map(|(stage, count)| format!("{count} x {}", stage.name())).collect();
    let mut lines = vec![format!("{} tasks: {}", plan.tasks.len(), parts.join(", "))];
    lines.extend(plan.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

/// A run as text and as JSON.
pub fn of_run(folder: &Path, plan: &Plan, outcomes: &[Outcome], seconds: f64) -> (String, Value) {
    let stages = stages(folder, outcomes);
    let residuals = residuals(outcomes);
    let mut lines = vec![String::new()];
    lines.push(format!(
        "{:<15} {:>5} {:>5} {:>10} {:>10}",
        "stage", "done", "new", "time", "memory"
    ));
    lines.extend(stages.iter().map(|(stage, sum)| sum.line(*stage)));
    lines.push(format!("all in {}", duration(seconds)));
    if !residuals.is_empty() {
        lines.push("\nscience images and catalogues against the truth".to_owned());
        lines.extend(table(&residuals));
    }
    let warnings = warnings::of_run(outcomes);
    if !warnings.is_empty() {
        lines.push("\nwarnings, each with the first of its kind".to_owned());
        lines.extend(warnings.iter().map(|kind| {
            format!("  {} x {}, {}: {}", kind.warnings, kind.step, kind.kind, kind.text)
        }));
    }
    lines.extend(failures(outcomes));
    lines.extend(left_out(plan));
    let bytes = product_bytes(outcomes);
    let size = crate::gc::size(bytes);
    lines.push(format!("\nproducts: {} ({size})", folder.join(PRODUCTS).display()));
    let stages: Vec<Value> = stages.iter().map(|(stage, sum)| sum.json(*stage)).collect();
    let residuals: BTreeMap<&String, &Value> = residuals.iter().map(|(k, v)| (k, v)).collect();
    let json = json!({
        "products": folder.join(PRODUCTS), "product_bytes": bytes, "seconds": seconds, "stages": stages,
        "residuals": residuals, "failures": failures_json(outcomes), "left_out": plan.left_out,
        "warnings": warnings.iter().map(warning_json).collect::<Vec<_>>(),
    });
    (lines.join("\n"), json)
}

/// What the files of the run take on the disk (byte).
fn product_bytes(outcomes: &[Outcome]) -> u64 {
    let done = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok());
    let files =
        done.flat_map(|done| done.files.iter().filter(|file| done.folder.join(&file.key).exists()));
    files.map(|file| file.bytes).sum()
}

/// The tasks that failed by themselves, and how many wait for them.
fn failures(outcomes: &[Outcome]) -> Vec<String> {
    let failed = outcomes.iter().filter_map(|outcome| match &outcome.result {
        Err(failure) => Some((&outcome.id, failure)),
        Ok(_) => None,
    });
    let (blocked, own): (Vec<_>, Vec<_>) =
        failed.partition(|(_, failure)| failure.class == Class::Blocked);
    if own.is_empty() && blocked.is_empty() {
        return Vec::new();
    }
    let (all, waiting) = (outcomes.len(), blocked.len());
    let mut lines = vec![format!("\n{} of {all} tasks failed, {waiting} wait for them", own.len())];
    lines.extend(
        own.iter()
            .take(SHOWN)
            .map(|(id, failure)| format!("  {:<13} {id}: {failure}", failure.class.name())),
    );
    if own.len() > SHOWN {
        lines.push(format!("  and {} more, see {ATTEMPTS}/", own.len() - SHOWN));
    }
    lines
}

/// The files that the plan had to do without.
pub fn left_out(plan: &Plan) -> Vec<String> {
    if plan.left_out.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("\n{} left out or missing", plan.left_out.len())];
    let shown = plan.left_out.iter().take(SHOWN);
    lines.extend(
        shown.map(|left| format!("  {:<13} {}: {}", left.class.name(), left.what, left.reason)),
    );
    if plan.left_out.len() > SHOWN {
        lines.push(format!(
            "  and {} more, see `rawsky status --json`",
            plan.left_out.len() - SHOWN
        ));
    }
    lines
}

fn warning_json(kind: &warnings::Kind) -> Value {
    json!({
        "step": kind.step, "kind": kind.kind, "warnings": kind.warnings, "count": kind.count,
        "text": kind.text,
    })
}

fn failures_json(outcomes: &[Outcome]) -> Vec<Value> {
    let failure = |outcome: &Outcome| {
        let failure = outcome.result.as_ref().err()?;
        Some(json!({ "task": outcome.id, "class": failure.class, "reason": failure.reason }))
    };
    outcomes.iter().filter_map(failure).collect()
}

/// The tasks of one stage together.
#[derive(Debug, Default)]
struct Sum {
    tasks: usize,
    done: usize,
    fresh: usize,
    seconds: f64,
    job_seconds: f64,
    process_bytes: Option<u64>,
}

impl Sum {
    fn add(&mut self, outcome: &Outcome, attempt: Option<Attempt>) {
        self.tasks += 1;
        let Ok(done) = &outcome.result else { return };
        self.done += 1;
        self.fresh += usize::from(done.run.is_some());
        if let Some(cost) = attempt.and_then(|attempt| attempt.cost) {
            self.seconds += cost.seconds;
            self.job_seconds += cost.job_seconds;
            self.process_bytes = self.process_bytes.max(cost.process_bytes);
        }
    }

    fn line(&self, stage: Stage) -> String {
        let done = format!("{}/{}", self.done, self.tasks);
        let memory = self.process_bytes.map_or("?".to_owned(), |b| format!("{} MiB", b >> 20));
        let (name, time) = (stage.name(), duration(self.seconds));
        format!("{name:<15} {done:>5} {:>5} {time:>10} {memory:>10}", self.fresh)
    }

    fn json(&self, stage: Stage) -> Value {
        json!({
            "stage": stage, "tasks": self.tasks, "done": self.done, "new": self.fresh,
            "seconds": self.seconds, "job_seconds": self.job_seconds, "peak_process_bytes": self.process_bytes,
        })
    }
}

fn stages(folder: &Path, outcomes: &[Outcome]) -> BTreeMap<Stage, Sum> {
    let mut stages: BTreeMap<Stage, Sum> = BTreeMap::new();
    for outcome in outcomes {
        let attempt = last(folder, &outcome.id);
        stages.entry(outcome.stage).or_default().add(outcome, attempt);
    }
    stages
}

/// What the comparisons found, by a short name of the science image.
fn residuals(outcomes: &[Outcome]) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.stage == Stage::Compare) {
        let Ok(done) = &outcome.result else { continue };
        let Some(key) = done.products().next() else { continue };
        let text = fs::read(done.folder.join(key)).unwrap_or_default();
        if let Ok(value) = serde_json::from_slice::<Value>(&text) {
            let name = key.trim_start_matches(PREFIX).trim_end_matches("_residuals.json");
            found.push((name.to_owned(), value));
        }
    }
    found
}

/// The columns of the table: two lines of heading, and where the number is in a comparison.
const COLUMNS: [(&str, &str, &str); 6] = [
    ("image - truth", "median DN", "/residuals/median_dn"),
    ("noise^2 over", "variance", "/residuals/variance_ratio"),
    ("first columns", "peak DN", "/residuals/profile_peak_dn"),
    ("flux pulls", "mean", "/pulls/mean_sigma"),
    ("flux pulls", "scatter", "/pulls/scatter_sigma"),
    ("", "stars", "/pulls/stars"),
];

/// One row per image.
fn table(rows: &[(String, Value)]) -> Vec<String> {
    let wide = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |name: &str, cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.map(|cell| format!("{cell:>13}")).collect();
        format!("  {name:<wide$} {}", cells.join(" ")).trim_end().to_owned()
    };
    let cell = |value: &Value, place: &str| match value.pointer(place) {
        Some(Value::Number(number)) if number.is_u64() => number.to_string(),
        Some(number) => number.as_f64().map_or("-".to_owned(), |real| format!("{real:.4}")),
        None => "-".to_owned(),
    };
    let mut lines = vec![
        line("", &mut COLUMNS.iter().map(|(first, _, _)| (*first).to_owned())),
        line("", &mut COLUMNS.iter().map(|(_, second, _)| (*second).to_owned())),
    ];
    for (name, value) in rows {
        lines.push(line(name, &mut COLUMNS.iter().map(|(_, _, place)| cell(value, place))));
    }
    lines
}

/// Seconds, or minutes and seconds.
fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    format!("{} min {:02.0} s", (seconds / 60.0).floor(), (seconds % 60.0).floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_its_row_and_what_is_unknown_a_dash() {
        let residuals = json!({ "median_dn": -0.0125, "variance_ratio": 1.01 });
        let rows = vec![
            ("a_q1".to_owned(), json!({ "residuals": residuals, "pulls": { "stars": 1976 } })),
            ("a_q2".to_owned(), json!({ "residuals": {}, "pulls": null })),
        ];
        let lines = table(&rows);
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&lines[2]), ["a_q1", "-0.0125", "1.0100", "-", "-", "-", "1976"]);
        assert_eq!(words(&lines[3]), ["a_q2", "-", "-", "-", "-", "-", "-"]);
        assert_eq!((duration(3.21), duration(125.7)), ("3.2 s".into(), "2 min 05 s".into()));
    }
}
