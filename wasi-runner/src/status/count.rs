//! Counts of tasks by state: of all, of a stage, a band, a detector, an exposure.

use std::collections::BTreeMap;

use rawsky_core::ids::DetectorId;
use serde_json::{Value, json};

use crate::class::Class;
use crate::plan::Stage;
use crate::state::{Standing, State};

/// Tasks by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally([usize; State::ALL.len()]);

impl Tally {
    fn add(&mut self, state: State) {
        self.0[state as usize] += 1;
    }

    pub(super) fn get(&self, state: State) -> usize {
        self.0[state as usize]
    }

    pub(super) fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// The state that a person must know first: the worst; of what is not over, what moves.
    pub(super) fn worst(&self) -> State {
        let first = [State::Failed, State::Blocked, State::Lost, State::Running, State::Waiting];
        first.into_iter().find(|state| 0 < self.get(*state)).unwrap_or(State::Done)
    }

    pub(super) fn json(&self) -> Value {
        State::ALL.iter().map(|state| (state.name().to_owned(), json!(self.get(*state)))).collect()
    }
}

/// All the counts of a run.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) all: Tally,
    pub(super) stages: BTreeMap<Stage, Tally>,
    pub(super) bands: BTreeMap<String, Tally>,
    pub(super) detectors: BTreeMap<DetectorId, Tally>,
    /// Exposures of a detector, by name.
    pub(super) exposures: BTreeMap<String, Tally>,
    pub(super) classes: BTreeMap<Class, usize>,
}

impl Counts {
    pub(super) fn of(standings: &[Standing<'_>]) -> Counts {
        let mut counts = Counts::default();
        for standing in standings {
            counts.add(standing);
        }
        counts
    }

    fn add(&mut self, standing: &Standing<'_>) {
        let (state, about) = (standing.state, &standing.task.about);
        self.all.add(state);
        self.stages.entry(standing.task.stage).or_default().add(state);
        if let Some(band) = &about.band {
            self.bands.entry(band.0.clone()).or_default().add(state);
        }
        if let Some(detector) = about.detector {
            self.detectors.entry(detector).or_default().add(state);
        }
        if standing.task.stage.is_of_exposure() {
            self.exposures.entry(about.when.clone()).or_default().add(state);
        }
        if let Some(class) = standing.class {
            *self.classes.entry(class).or_default() += 1;
        }
    }

    /// Names of the exposures of which everything is done.
    pub(super) fn good(&self) -> Vec<&str> {
        self.exposures_whose(|state| state == State::Done)
    }

    /// Names of the exposures of which something failed or waits for what did.
    pub(super) fn bad(&self) -> Vec<&str> {
        self.exposures_whose(|state| matches!(state, State::Failed | State::Blocked))
    }

    fn exposures_whose(&self, wanted: impl Fn(State) -> bool) -> Vec<&str> {
        let exposures = self.exposures.iter().filter(|(_, tally)| wanted(tally.worst()));
        exposures.map(|(name, _)| name.as_str()).collect()
    }

    pub(super) fn json(&self) -> Value {
        let stages: BTreeMap<&str, Value> =
            self.stages.iter().map(|(stage, tally)| (stage.name(), tally.json())).collect();
        let bands: BTreeMap<&String, Value> =
            self.bands.iter().map(|(band, tally)| (band, tally.json())).collect();
        let detectors: BTreeMap<String, Value> =
            self.detectors.iter().map(|(id, tally)| (id.to_string(), tally.json())).collect();
        let classes: BTreeMap<String, usize> =
            self.classes.iter().map(|(class, count)| (class.name(), *count)).collect();
        json!({
            "all": self.all.json(), "stages": stages, "bands": bands, "detectors": detectors,
            "classes": classes,
            "exposures": { "all": self.exposures.len(), "good": self.good(), "bad": self.bad() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_state_is_told_first_and_every_task_counts_once() {
        let mut tally = Tally::default();
        assert_eq!(tally.worst(), State::Done);
        for (state, worst) in [
            (State::Done, State::Done),
            (State::Waiting, State::Waiting),
            (State::Running, State::Running),
            (State::Lost, State::Lost),
            (State::Blocked, State::Blocked),
            (State::Failed, State::Failed),
            (State::Done, State::Failed),
        ] {
            tally.add(state);
            assert_eq!(tally.worst(), worst);
        }
        assert_eq!((tally.total(), tally.get(State::Done)), (7, 2));
        assert!(State::ALL.iter().enumerate().all(|(place, state)| *state as usize == place));
    }
}
