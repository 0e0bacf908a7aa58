//! The rows of a task: one for each amplifier that its record tells of, or one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rawsky_core::provenance::Provenance;
use serde_json::{Map, Number, Value};

use crate::batch::OUT;
use crate::plan::{Plan, PlannedTask, Stage};
use crate::publish::Manifest;
use crate::staging::{Product, record_bytes};
use crate::state::{Standing, State};

/// Columns of text and whole numbers.
pub(super) const WORDS: [&str; 14] = [
    "task", "stage", "state", "class", "reason", "attempts", "when", "detector", "amp", "band",
    "key", "product", "bytes", "sha256",
];

/// One row.
pub(super) struct Row {
    pub(super) stage: Stage,
    /// In the order of [`WORDS`].
    pub(super) words: Vec<String>,
    /// By name of the column.
    pub(super) numbers: BTreeMap<String, Number>,
}

impl Row {
    pub(super) fn word(&self, name: &str) -> &str {
        let place = WORDS.iter().position(|known| *known == name);
        place.and_then(|place| self.words.get(place)).map_or("", String::as_str)
    }

    pub(super) fn json(&self) -> Value {
        let words = WORDS.iter().zip(&self.words).filter(|(_, word)| !word.is_empty());
        let mut fields: Map<String, Value> =
            words.map(|(name, word)| ((*name).to_owned(), word.clone().into())).collect();
        fields
            .extend(self.numbers.iter().map(|(name, value)| (name.clone(), value.clone().into())));
        Value::Object(fields)
    }
}

/// The rows of a task.
pub(super) fn of(standing: &Standing<'_>, run: &Path) -> Vec<Row> {
    let folder = standing.key.as_ref().map(|key| run.join(OUT).join(key));
    let folder = folder.filter(|_| standing.state == State::Done);
    let files = folder.as_ref().and_then(|folder| Manifest::read(folder)).map(|m| m.products);
    let record: Option<Provenance> =
        folder.as_ref().and_then(|folder| serde_json::from_slice(&record_bytes(folder).ok()?).ok());
    let mut common = BTreeMap::new();
    let mut by_amp: BTreeMap<u32, BTreeMap<String, Number>> = BTreeMap::new();
    for step in record.iter().flat_map(|record| &record.steps) {
        let numbers = if step.amp == 0 { &mut common } else { by_amp.entry(step.amp).or_default() };
        add(numbers, &step.step, &step.report);
    }
    if let Some(folder) = folder.as_ref().filter(|_| standing.task.stage == Stage::Compare) {
        add_truth(
            &mut common,
            &folder.join(standing.task.outputs.first().map_or("", String::as_str)),
        );
    }
    let own = standing.task.about.amp.map(|amp| amp.0);
    let mut amps: BTreeSet<Option<u32>> = by_amp.keys().copied().map(Some).collect();
    if amps.is_empty() {
        amps.insert(own);
    }
    let row = |amp: Option<u32>| {
        let mut numbers = common.clone();
        numbers.extend(
            amp.and_then(|amp| by_amp.get(&amp))
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        let product = product(standing, files.as_deref().unwrap_or_default(), amp);
        Row { stage: standing.task.stage, words: words(standing, amp, product), numbers }
    };
    amps.into_iter().map(row).collect()
}

/// The product of an amplifier: its own, or the only one.
fn product<'p>(
    standing: &Standing<'_>,
    files: &'p [Product],
    amp: Option<u32>,
) -> Option<&'p Product> {
    let outputs = &standing.task.outputs;
    let mut own = files.iter().filter(|file| outputs.contains(&file.key));
    let of_amp = |file: &&Product| crate::night::amplifier_of(&file.key) == amp && amp.is_some();
    match outputs.len() {
        1 => own.next(),
        _ => own.find(of_amp),
    }
}

fn words(standing: &Standing<'_>, amp: Option<u32>, product: Option<&Product>) -> Vec<String> {
    let about = &standing.task.about;
    let stage = serde_json::to_value(standing.task.stage).unwrap_or_default();
    let attempts = standing.attempt.as_ref().map_or(0, |attempt| attempt.number);
    vec![
        standing.task.id.clone(),
        stage.as_str().unwrap_or_default().to_owned(),
        standing.state.name().to_owned(),
        standing.class.map(|class| class.name()).unwrap_or_default(),
        if standing.state == State::Done { String::new() } else { standing.reason.clone() },
        attempts.to_string(),
        about.when.clone(),
        about.detector.map(|detector| detector.to_string()).unwrap_or_default(),
        amp.map(|amp| amp.to_string()).unwrap_or_default(),
        about.band.as_ref().map(|band| band.0.clone()).unwrap_or_default(),
        standing.key.clone().unwrap_or_default(),
        product.map(|product| product.key.clone()).unwrap_or_default(),
        product.map(|product| product.bytes.to_string()).unwrap_or_default(),
        product.map(|product| product.sha256.clone()).unwrap_or_default(),
    ]
}

/// The numbers of a report, and of the reports within it.
fn add(numbers: &mut BTreeMap<String, Number>, step: &str, report: &Value) {
    for (field, value) in report.as_object().into_iter().flatten() {
        let name = format!("{}_{field}", step.replace('-', "_"));
        let value = match value {
            Value::Number(number) => number.clone(),
            Value::Bool(truth) => Number::from(u8::from(*truth)),
            Value::Object(_) => {
                add(numbers, &name, value);
                continue;
            }
            _ => continue,
        };
        numbers.insert(name, value);
    }
}

/// Gives the rows of calibrated images what was told of their masks and objects, so that a row has all that
/// is known of a quadrant.
pub(super) fn join(rows: &mut [Row], plan: &Plan) {
    let parts = rows.iter().filter(|row| matches!(row.stage, Stage::Masks | Stage::Objects));
    let parts: BTreeMap<String, BTreeMap<String, Number>> =
        parts.map(|row| (row.word("task").to_owned(), row.numbers.clone())).collect();
    let tasks: BTreeMap<&str, &PlannedTask> =
        plan.tasks.iter().map(|task| (task.id.as_str(), task)).collect();
    for row in rows.iter_mut().filter(|row| row.stage == Stage::Calibrate) {
        let needs = tasks.get(row.word("task")).into_iter().flat_map(|task| task.needs());
        for (name, value) in needs.filter_map(|need| parts.get(need)).flatten() {
            row.numbers.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// The numbers of a comparison with the truth, which are its product.
fn add_truth(numbers: &mut BTreeMap<String, Number>, path: &Path) {
    let value: Value =
        serde_json::from_slice(&fs::read(path).unwrap_or_default()).unwrap_or_default();
    add(numbers, "truth", &value["residuals"]);
    add(numbers, "pulls", &value["pulls"]);
}
