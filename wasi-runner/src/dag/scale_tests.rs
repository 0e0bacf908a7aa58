//! A large night, of stubs: how long its plan and the state of its run take, and that both are whole.
//! RAWSKY_SCALE sets the number of exposures: 200 of them are 16082 tasks.

#![allow(clippy::print_stdout, reason = "it tells the times that it measured")]

use std::fs;
use std::time::{Duration, Instant};

use rawsky_core::ids::{AmpId, Band, DetectorId};
use rawsky_core::instrument::Instrument;
use rawsky_core::job::{Surveyed, Visit};
use rawsky_core::time::{Day, Mjd};

use super::*;
use crate::publish::{MANIFEST, Manifest};
use crate::resolve;
use crate::runner::Done;
use crate::staging::Product;
use crate::state::{self, State};

const DETECTORS: u32 = 16;
const AMPS: u32 = 4;

/// Exposures of the night.
fn exposures() -> u32 {
    std::env::var("RAWSKY_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(25)
}

/// The stub of one raw file, with what it is.
struct Stub {
    name: String,
    visit: Visit,
}

fn stub(role: Role, number: u32, detector: u32) -> Stub {
    let day = Day::parse("2020-02-14").unwrap();
    let band = (role != Role::Bias)
        .then(|| Band(if number.is_multiple_of(2) { "zg" } else { "zr" }.to_owned()));
    let letter = match role {
        Role::Bias => 'b',
        Role::Flat => 'f',
        _ => 'o',
    };
    let visit = Visit {
        role,
        detector: DetectorId(detector),
        mjd: Mjd(day.mjd().0 + f64::from(number) * 1e-3),
        day,
        period: None,
        exposure_s: Some(30.0),
        lamp: (role == Role::Flat).then_some(2 + i64::from(number % 2)),
        band,
    };
    Stub { name: format!("ztf_20200214{number:06}_c{detector:02}_{letter}.fits.fz"), visit }
}

/// The stubs of a night, written into folders.
fn night(root: &Path) -> (Night, Survey) {
    let mut stubs = Vec::new();
    for detector in 1..=DETECTORS {
        stubs.extend((0..20).map(|number| stub(Role::Bias, number, detector)));
        stubs.extend((20..30).map(|number| stub(Role::Flat, number, detector)));
        stubs.extend((30..30 + exposures()).map(|number| stub(Role::Science, number, detector)));
    }
    stubs.sort_by(|a, b| a.name.cmp(&b.name));
    for folder in ["raw", "headers", "masks"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let (mut night, mut files) = (Night::default(), Vec::new());
    let write = |folder: &str, name: String| {
        let path = root.join(folder).join(&name);
        fs::write(&path, name).unwrap();
        path
    };
    for stub in stubs {
        let stem = night::stem(&stub.name).to_owned();
        if stub.visit.role == Role::Science {
            for amp in 1..=AMPS {
                night.headers.push(write("headers", format!("{stem}_q{amp}_sciimg.fits")));
                night.masks.push(write("masks", format!("{stem}_q{amp}_mskimg.fits")));
            }
        }
        let path = write("raw", stub.name);
        let (key, visit) = (raw_key(&path), Some(stub.visit));
        files.push(Surveyed { key, visit, master: None, error: None });
        night.raws.push(path);
    }
    night.catalogues.push(write("raw", "stars.parquet".to_owned()));
    let amps = (1..=AMPS).map(AmpId).collect();
    let detectors = (1..=DETECTORS).map(DetectorId).collect();
    (night, Survey { version: 1, amps, detectors, files })
}

/// Publishes one byte for every product of a task.
fn publish(out: &Path, task: &PlannedTask, done: &BTreeMap<&str, Done>) -> Done {
    let work = resolve::work(task, |id| done.get(id)).unwrap();
    let folder = out.join(work.content_key());
    fs::create_dir_all(&folder).unwrap();
    let product = |key: &String| {
        fs::write(folder.join(key), "x").unwrap();
        Product { key: key.clone(), bytes: 1, sha256: format!("{:064x}", key.len()) }
    };
    let files: Vec<Product> = task.outputs.iter().map(product).collect();
    let manifest = Manifest::new(&work, files.clone());
    fs::write(folder.join(MANIFEST), serde_json::to_vec(&manifest).unwrap()).unwrap();
    Done { folder, files, dropped: false, run: None }
}

#[test]
fn a_night_of_sixteen_detectors_is_planned_and_told_in_seconds() {
    let root = std::env::temp_dir().join(format!("rawsky-scale-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    let (night, survey) = night(&root);
    let camera = Instrument::built_in("ztf").unwrap();
    let descriptions = Descriptions {
        camera: Text::BuiltIn("ztf".to_owned()),
        recipe: Text::BuiltIn("default".to_owned()),
        files: Vec::new(),
        darks: false,
        flats_need_bias: true,
        fewest: Fewest { bias: 3, flat: 3 },
        detectors: Vec::new(),
    };
    let choice =
        Choice { sharing: Sharing::Day, within_days: 10.0, calibrate: false, keep: Keep::All };
    let known = (&descriptions, &Names::of(&camera), choice);
    let digests = Digests::default();
    digests.of_all(&night.raws).unwrap();
    let start = Instant::now();
    let made = plan(&root, &night, &survey, known, &digests).unwrap();
    let planned = start.elapsed();
    // For each detector a bias, the flats of two lamps, and of two bands; two levels.
    let masters = DETECTORS * (1 + 2 + 2) + 2;
    let expected = masters + DETECTORS * exposures() * (1 + AMPS);
    assert_eq!(made.tasks.len(), expected as usize);
    assert_eq!((made.left_out.len(), made.notes.len()), (0, 0));
    made.write(&root).unwrap();
    let out = root.join(crate::batch::OUT);
    let mut done: BTreeMap<&str, Done> = BTreeMap::new();
    for task in &made.tasks {
        let published = publish(&out, task, &done);
        done.insert(&task.id, published);
    }
    let start = Instant::now();
    let read = Plan::read(&root).unwrap();
    let standings = state::of_run(&read, &root);
    let told = start.elapsed();
    assert_eq!(standings.iter().filter(|one| one.state == State::Done).count(), read.tasks.len());
    let bytes = fs::metadata(root.join(crate::plan::PLAN)).unwrap().len() >> 20;
    println!("{expected} tasks: planned in {planned:?} ({bytes} MiB), told in {told:?}");
    // A slow, busy machine has room: what grows with the square of the night takes minutes.
    assert!(planned < Duration::from_secs(30) && told < Duration::from_secs(30));
    fs::remove_dir_all(root).unwrap();
}
