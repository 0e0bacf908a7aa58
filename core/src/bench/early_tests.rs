//! An exposure that is open before its masters are made.

use super::tests::{ALL, Table, night};
use super::*;
use crate::formats::memory::Memory;

/// A simulated exposure that is open before any master is made, and the units that make them.
fn early() -> (Table, Vec<Unit>) {
    let mut bench = Bench::new("teaching").unwrap();
    let mut store = Memory::default();
    let prepared = simulated(bench.camera(), &night()).unwrap();
    let Preparation { units, of_masters, files, .. } = prepared;
    units.iter().for_each(|unit| unit.run(&mut store).unwrap());
    let info = bench.open_early(&mut store, &files).unwrap();
    let found = |what: &str| info.calibration.iter().find(|one| one.what == what).unwrap();
    assert_eq!(found("master bias").found.as_deref(), Some("being made"));
    (Table { bench, store, files }, of_masters)
}

#[test]
fn an_exposure_is_seen_before_its_masters_are_made() {
    let (mut table, units) = early();
    assert!(10 < units.len());
    assert_eq!(table.run(1), ALL[..1]);
    let stages = table.bench.stages_at_once(AmpId(1)).unwrap();
    let ends = stages.iter().map(|stage| (stage.state, &stage.reason));
    assert!(ends.skip(1).all(|end| end == (State::Stale, &None)));
    assert!(table.bench.photometry(AmpId(1)).unwrap().is_none());
    units.iter().for_each(|unit| unit.run(&mut table.store).unwrap());
    let info = table.bench.complete(&mut table.store, &table.files).unwrap();
    assert!(info.calibration[0].found.as_ref().unwrap().contains("6 frames"), "{info:?}");
    assert_eq!(table.run(1), ALL[1..]);
    let mut whole = tests::table();
    whole.run(1);
    for stage in ALL {
        let of = |table: &Table| table.bench.view(AmpId(1), stage).unwrap().image.to_owned();
        assert_eq!(of(&table), of(&whole), "{stage}");
    }
}

#[test]
fn a_master_that_could_not_be_made_is_missing() {
    let (mut table, _) = early();
    let info = table.bench.complete(&mut table.store, &table.files).unwrap();
    assert_eq!(info.calibration[0].found, None);
    assert_eq!(table.run(1).last(), Some(&"split"));
    let stages = table.bench.stages_at_once(AmpId(1)).unwrap();
    let bias = stages.iter().find(|stage| stage.stage == "bias").unwrap();
    assert_eq!(bias.state, State::Skipped);
    assert!(bias.reason.as_ref().unwrap().contains("no master bias"));
}
