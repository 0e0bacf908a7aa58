//! What a plan will make and what a run has made, for a person and for a program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::names::PREFIX;
use crate::plan::{Plan, Stage};
use crate::run::{Attempt, Outcome, last_attempt};
use crate::show::number_text;
use crate::view::PRODUCTS;

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
pub fn of_run(folder: &Path, outcomes: &[Outcome], seconds: f64) -> (String, Value) {
    let stages = stages(folder, outcomes);
    let residuals = residuals(outcomes);
    let failures: Vec<(&str, String)> = outcomes
        .iter()
        .filter_map(|outcome| {
            Some((outcome.id.as_str(), outcome.result.as_ref().err()?.to_string()))
        })
        .collect();
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
    if !failures.is_empty() {
        lines.push(format!("\n{} of {} tasks failed", failures.len(), outcomes.len()));
        let shown = failures.iter().take(SHOWN);
        lines.extend(shown.map(|(id, reason)| format!("  {id}: {reason}")));
    }
    lines.push(format!("\nproducts: {}", folder.join(PRODUCTS).display()));
    let stages: Vec<Value> = stages.iter().map(|(stage, sum)| sum.json(*stage)).collect();
    let failures: Vec<Value> = outcomes
        .iter()
        .filter_map(|outcome| {
            let failure = outcome.result.as_ref().err()?;
            Some(json!({ "task": outcome.id, "class": failure.class, "reason": failure.reason }))
        })
        .collect();
    let residuals: BTreeMap<&String, &Value> = residuals.iter().map(|(k, v)| (k, v)).collect();
    let json = json!({
        "products": folder.join(PRODUCTS), "seconds": seconds, "stages": stages,
        "residuals": residuals, "failures": failures,
    });
    (lines.join("\n"), json)
}

/// The tasks of one stage together.
#[derive(Debug, Default)]
struct Sum {
    tasks: usize,
    done: usize,
    fresh: usize,
    seconds: f64,
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
            "seconds": self.seconds, "peak_process_bytes": self.process_bytes,
        })
    }
}

fn stages(folder: &Path, outcomes: &[Outcome]) -> BTreeMap<Stage, Sum> {
    let mut stages: BTreeMap<Stage, Sum> = BTreeMap::new();
    for outcome in outcomes {
        let attempt = last_attempt(folder, &outcome.id);
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
        if let Ok(value) = serde_json::from_slice::<Value>(&text).map(flat) {
            let name = key.trim_start_matches(PREFIX).trim_end_matches("_residuals.json");
            found.push((name.to_owned(), value));
        }
    }
    found
}

/// Fields of groups beside those of the whole.
fn flat(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let mut all = serde_json::Map::new();
    for (name, value) in fields {
        match value {
            Value::Object(group) => all.extend(group),
            plain => drop(all.insert(name, plain)),
        }
    }
    Value::Object(all)
}

/// A table of the plain numbers of each comparison: one row per image, one column per name.
fn table(rows: &[(String, Value)]) -> Vec<String> {
    let mut columns: Vec<&String> = Vec::new();
    for (_, value) in rows {
        let fields = value.as_object().into_iter().flatten();
        for (name, value) in fields {
            if value.is_number() && !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    columns.retain(|name| !["version", "amp", "detector"].contains(&name.as_str()));
    let cell = |value: &Value, name: &str| match value.get(name).and_then(Value::as_f64) {
        Some(real) => number_text(real),
        None => "-".to_owned(),
    };
    let wide = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let header: Vec<String> = columns.iter().map(|name| name.replace('_', " ")).collect();
    let mut lines = vec![format!("  {:<wide$}  {}", "", header.join("  "))];
    for (name, value) in rows {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| format!("{:>width$}", cell(value, column), width = column.len()))
            .collect();
        lines.push(format!("  {name:<wide$}  {}", cells.join("  ")));
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
    fn residuals_of_all_images_share_their_columns() {
        let rows = vec![
            ("a_q1".to_owned(), json!({ "amp": 1, "median_dn": 0.0125, "band": "zr" })),
            ("a_q2".to_owned(), json!({ "amp": 2, "median_dn": -0.5, "stars": 2000 })),
        ];
        let lines = table(&rows);
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["median", "dn", "stars"]);
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["a_q1", "0.0125", "-"]);
        assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["a_q2", "-0.5", "2000"]);
        assert_eq!((duration(3.21), duration(125.7)), ("3.2 s".into(), "2 min 05 s".into()));
    }
}
