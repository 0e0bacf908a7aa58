//! One night, the whole default recipe, the same bytes in every executor.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rawsky_core::instrument::Instrument;
use rawsky_core::job::{self, RawEncoding};
use rawsky_core::simulate::NightParams;
use rawsky_tests::executors::{Executor, Outcome, refusal, run};
use rawsky_tests::night::Night;
use rawsky_tests::probe::Recorder;
use rawsky_tests::store::MemoryStore;
use serde_json::Value;

/// The toy camera: two detectors of four unlike amplifiers, two bands, three lamps.
fn night() -> &'static Night {
    static NIGHT: OnceLock<Night> = OnceLock::new();
    NIGHT.get_or_init(|| {
        let detectors = Instrument::built_in("toy").unwrap().detectors;
        let params = NightParams {
            detectors: detectors.iter().map(|detector| detector.id.0).collect(),
            biases: 5,
            flats_per_lamp: 3,
            exposures: 2,
            ..NightParams::default()
        };
        Night::new("toy", &params, RawEncoding::FloatRice).unwrap()
    })
}

/// A detector with room for stars, put on the sky.
fn starry() -> &'static Night {
    static NIGHT: OnceLock<Night> = OnceLock::new();
    NIGHT.get_or_init(|| {
        let params = NightParams {
            detectors: vec![1],
            biases: 3,
            flats_per_lamp: 2,
            lamps: vec![1],
            exposures: 1,
            stars_per_amplifier: Some(80),
            ..NightParams::default()
        };
        let mut night = Night::new("teaching", &params, RawEncoding::FloatRice).unwrap();
        night.calibrate().unwrap();
        night
    })
}

/// Plain data with every number as `f64`, since JavaScript has no other.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(values) => values.iter().map(plain).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        other => other.clone(),
    }
}

fn assert_same(executor: Executor) {
    let calibrates = |outcome: &Outcome| STARRY.contains(&kind(outcome).as_str());
    let calibrated = starry().done.iter().filter(|(_, outcome)| calibrates(outcome));
    let all = night().done.iter().map(|done| (night(), done));
    for (night, (job, native)) in all.chain(calibrated.map(|done| (starry(), done))) {
        let other = run(executor, job, &night.inputs(job).unwrap())
            .unwrap_or_else(|error| panic!("{job:?}: {error:#}"));
        assert_eq!(other.digests(), native.digests(), "{job:?}");
        assert_eq!(plain(&other.record), plain(&native.record), "{job:?}");
    }
}

#[test]
fn the_night_goes_through_every_kind_of_job() {
    let kinds: Vec<String> = night().done.iter().map(|(_, outcome)| kind(outcome)).collect();
    for kind in [
        "simulate",
        "survey",
        "master-bias",
        "lamp-flat",
        "band-flat",
        "focal-plane",
        "detrend",
        "aperture",
        "compare",
    ] {
        assert!(kinds.iter().any(|known| known == kind), "{kind} is not among {kinds:?}");
    }
    let calibrated: Vec<String> = starry().done.iter().map(|(_, outcome)| kind(outcome)).collect();
    assert!(STARRY.iter().all(|kind| calibrated.iter().any(|known| known == kind)));
    // And with something to find: `run` fails without a match.
    let numbers = |step: &str, name: &str| -> Vec<u64> {
        let steps =
            starry().done.iter().filter_map(|(_, outcome)| outcome.record["steps"].as_array());
        let wanted = steps.flatten().filter(|record| record["step"] == step);
        wanted.filter_map(|record| record["report"][name].as_u64()).collect()
    };
    assert!(numbers("detect", "objects").iter().all(|objects| 30 < *objects));
    assert!(numbers("astrometry", "matched").iter().all(|matched| 15 < *matched));
    assert_eq!(numbers("astrometry", "matched").len(), 4);
}

/// What is done to the images of [`starry`].
const STARRY: [&str; 3] = ["masks", "detect", "calibrate"];

fn kind(outcome: &Outcome) -> String {
    outcome.record["job"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_sandbox_gives_the_same_bytes() {
    assert_same(Executor::Sandbox);
}

#[test]
fn the_browser_module_under_node_gives_the_same_bytes() {
    assert_same(Executor::Module);
}

#[test]
fn another_wasi_with_other_random_numbers_under_node_gives_the_same_bytes() {
    assert_same(Executor::OtherWasi(1));
    assert_same(Executor::OtherWasi(20_261_120));
}

#[test]
fn a_probe_changes_no_byte() {
    for (job, native) in &night().done {
        let mut store = MemoryStore { inputs: night().inputs(job).unwrap(), ..Default::default() };
        let mut recorder = Recorder::default();
        let record = job::execute(job, &mut store, &mut recorder).unwrap();
        assert_eq!(store.outputs, native.products, "{job:?}");
        assert_eq!(serde_json::to_value(record).unwrap(), native.record, "{job:?}");
        let shows = ["detrend", "master-bias", "lamp-flat"].contains(&kind(native).as_str());
        assert!(!shows || !recorder.evidence.is_empty(), "nothing was shown by {job:?}");
    }
}

/// The first job that reads files, without them.
fn assert_same_refusal(executor: Executor) {
    let (job, _) = night().done.iter().find(|(_, outcome)| kind(outcome) == "master-bias").unwrap();
    let nothing = BTreeMap::new();
    let native = refusal(Executor::Native, job, &nothing).unwrap();
    assert_eq!(native["class"], "store", "{native}");
    assert_eq!(refusal(executor, job, &nothing).unwrap()["class"], native["class"]);
}

#[test]
fn the_sandbox_refuses_with_the_same_class() {
    assert_same_refusal(Executor::Sandbox);
}

#[test]
fn the_browser_module_under_node_refuses_with_the_same_class() {
    assert_same_refusal(Executor::Module);
}
