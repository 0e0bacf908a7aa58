//! The status of a run for a person at a terminal.

use std::path::Path;

use super::Status;
use super::count::Tally;
use crate::state::{Standing, State};

/// Lines of a list; the rest is in the JSON.
const SHOWN: usize = 20;

/// The whole text.
pub(super) fn text(status: &Status<'_>) -> String {
    let counts = &status.counts;
    let night = status.plan.night.display();
    let mut lines = vec![
        format!("run {:.12} of {night}", status.id),
        format!("{} tasks: {}", counts.all.total(), sentence(&counts.all)),
        String::new(),
        heading(),
    ];
    lines.extend(counts.stages.iter().map(|(stage, tally)| row(stage.name(), tally)));
    lines.extend(counts.bands.iter().map(|(band, tally)| row(&format!("band {band}"), tally)));
    lines.extend(counts.detectors.iter().map(|(id, tally)| row(&format!("CCD {id:0>2}"), tally)));
    let (good, bad) = (counts.good().len(), counts.bad().len());
    let open = counts.exposures.len() - good - bad;
    lines.push(format!("\nexposures of one CCD: {good} good, {bad} bad, {open} not finished"));
    if !counts.classes.is_empty() {
        let classes =
            counts.classes.iter().map(|(class, count)| format!("{count} {}", class.name()));
        lines.push(format!("failures: {}", classes.collect::<Vec<_>>().join(", ")));
    }
    for state in [State::Failed, State::Lost, State::Running] {
        lines.extend(list(status, state));
    }
    lines.extend(crate::summary::left_out(status.plan));
    lines.extend(advice(status, &status.folder));
    lines.join("\n")
}

fn sentence(tally: &Tally) -> String {
    let part = |state: &State| {
        (0 < tally.get(*state)).then(|| format!("{} {}", tally.get(*state), state.name()))
    };
    State::ALL.iter().filter_map(part).collect::<Vec<_>>().join(", ")
}

fn heading() -> String {
    let names: Vec<String> =
        State::ALL.iter().map(|state| format!("{:>8}", state.name())).collect();
    format!("{:<16}{}", "", names.concat())
}

fn row(name: &str, tally: &Tally) -> String {
    let cell = |state: &State| match tally.get(*state) {
        0 => format!("{:>8}", "-"),
        count => format!("{count:>8}"),
    };
    format!("{name:<16}{}", State::ALL.iter().map(cell).collect::<String>())
}

/// The tasks of one state with their reasons.
fn list(status: &Status<'_>, state: State) -> Vec<String> {
    let all: Vec<&Standing<'_>> = status.in_state(state).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("\n{}", state.name())];
    lines.extend(all.iter().take(SHOWN).map(|standing| {
        let class = standing.class.map(|class| class.name()).unwrap_or_default();
        format!("  {class:<13} {}: {}", standing.task.id, standing.reason)
    }));
    if all.len() > SHOWN {
        lines.push(format!("  and {} more, see --json", all.len() - SHOWN));
    }
    lines
}

/// What a person can do next.
fn advice(status: &Status<'_>, run: &Path) -> Option<String> {
    let tally = &status.counts.all;
    let run = run.display();
    if 0 < tally.get(State::Running) {
        None
    } else if 0 < tally.get(State::Waiting) + tally.get(State::Lost) {
        Some(format!("\n`rawsky run {run}` goes on"))
    } else if 0 < tally.get(State::Failed) {
        Some(format!("\n`rawsky retry {run}` tries the failed tasks again"))
    } else {
        None
    }
}
