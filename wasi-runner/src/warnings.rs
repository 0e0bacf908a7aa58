//! What jobs noticed in the data without failing, from their records.

use std::collections::BTreeMap;
use std::io::Write;

use rawsky_core::provenance::{Provenance, Warning};

use crate::run::Outcome;
use crate::runner::Done;
use crate::staging::record_bytes;

/// The warnings of one piece of work.
pub fn of(done: &Done) -> Vec<Warning> {
    let record = record_bytes(&done.folder).ok();
    let record: Option<Provenance> = record.and_then(|text| serde_json::from_slice(&text).ok());
    record.map(|record| record.warnings).unwrap_or_default()
}

/// Tells a person, on standard error.
pub fn tell(warnings: &[Warning]) {
    for warning in warnings {
        // Without a standard error there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "rawsky: warning: {}: {}", warning.step, warning.text);
    }
}

/// One kind of warning over a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The step that met it.
    pub step: String,
    /// The stable word for it.
    pub kind: String,
    /// Warnings of this kind, at most one for each amplifier of a task.
    pub warnings: usize,
    /// How often in all.
    pub count: u64,
    /// The first one's sentence.
    pub text: String,
}

/// The warnings of a run by step and kind.
pub fn of_run(outcomes: &[Outcome]) -> Vec<Kind> {
    let mut kinds: BTreeMap<(String, String), Kind> = BTreeMap::new();
    let done = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok());
    for warning in done.flat_map(of) {
        let place = (warning.step.clone(), warning.kind.clone());
        let fresh = Kind {
            step: warning.step,
            kind: warning.kind,
            warnings: 0,
            count: 0,
            text: warning.text,
        };
        let kind = kinds.entry(place).or_insert(fresh);
        kind.warnings += 1;
        kind.count += warning.count;
    }
    kinds.into_values().collect()
}
