//! Master biases whose rows were streamed against those of whole frames, byte for byte: recipes, cameras, encodings,
//! reports, what is shown, and damaged files.

use super::*;
use crate::formats::memory::Memory;
use crate::instrument::Instrument;
use crate::probe::{Evidence, Probe};
use crate::raw::RawFile;
use crate::recipe::{BUILT_IN, Stage};
use crate::simulate::{NightParams, Part};

/// Notes what is shown; who looks at planes gets whole frames.
#[derive(Default)]
struct Watcher {
    planes: bool,
    seen: Vec<String>,
}

impl Probe for Watcher {
    fn observe(&mut self, step: &str, tag: &str, evidence: Evidence<'_>) {
        self.seen.push(format!("{step} {tag} {evidence:?}"));
    }

    fn watches_planes(&self) -> bool {
        self.planes
    }
}

/// Fourteen biases of one detector.
fn night(camera: &str, shape: (usize, usize), encoding: RawEncoding) -> (Memory, Vec<Key>) {
    let params = NightParams {
        detectors: vec![1],
        shape: (camera != "toy").then_some(shape),
        biases: 14,
        flats_per_lamp: 0,
        exposures: 0,
        ..NightParams::default()
    };
    let described = Instrument::built_in(camera).unwrap();
    let (mut store, mut raws) = (Memory::default(), Vec::new());
    for part in simulation_parts(&described, &params, encoding).unwrap() {
        if !matches!(&part.task, Task::Simulate { part: Part::Exposure { .. }, .. }) {
            continue;
        }
        let made = execute(&job((camera, "default"), part.task), &mut store, &mut ()).unwrap();
        raws.extend(made.products);
    }
    assert_eq!(raws.len(), 14, "{camera}");
    (store, raws)
}

fn job((camera, recipe): (&str, &str), task: Task) -> Job {
    let built_in = |name: &str| Text::BuiltIn(name.to_owned());
    let (camera, recipe) = (built_in(camera), built_in(recipe));
    Job { version: VERSION, camera, recipe, inputs: Vec::new(), task }
}

type Outcome = std::result::Result<(Vec<u8>, Provenance, Vec<String>), String>;

/// The product, the record and what was shown, or the error.
fn master(store: &mut Memory, how: (&str, &str), raws: &[Key], planes: bool) -> Outcome {
    let output = format!("bias {} {planes}", how.1);
    let mut probe = Watcher { planes, ..Watcher::default() };
    let task = Task::MasterBias { raws: raws.to_vec(), output: output.clone() };
    let record = execute(&job(how, task), store, &mut probe).map_err(|error| error.to_string())?;
    let record = Provenance { products: Vec::new(), ..record };
    Ok((store.bytes(&output), record, probe.seen))
}

/// Whether the rows of a master bias are streamed.
fn is_streamed(store: &mut Memory, camera: &str, raws: &[Key]) -> bool {
    let task = Task::MasterBias { raws: raws.to_vec(), output: "other".to_owned() };
    let (job, mut probe) = (job((camera, "default"), task), ());
    let mut context = Context::open(&job, store, &mut probe).unwrap();
    let camera = context.camera.clone();
    let open = |key: &Key| (key.clone(), RawFile::open(context.store, key, &camera).unwrap());
    let raws: Vec<_> = raws.iter().map(open).collect();
    let amps: Vec<_> = camera.amplifiers.iter().map(|amp| amp.id).collect();
    drop(crate::master::begin(context.store, "other", &crate::header::Header::new()).unwrap());
    amps.iter().all(|&amp| {
        streamed::append(&mut context, &raws, (Stage::Bias, amp), "other", &mut Vec::new()).unwrap()
    })
}

#[test]
fn a_master_bias_in_bands_is_the_one_of_whole_frames() {
    for (camera, shape, encoding) in [
        ("ztf", (70, 50), RawEncoding::FloatRice),
        ("ztf", (33, 40), RawEncoding::Rice16),
        ("ztf", (20, 30), RawEncoding::None),
        ("toy", (24, 32), RawEncoding::FloatRice),
        ("toy", (24, 32), RawEncoding::None),
    ] {
        let (mut store, raws) = night(camera, shape, encoding);
        assert!(is_streamed(&mut store, camera, &raws), "{camera} {encoding:?}");
        for (recipe, _) in BUILT_IN {
            let bands = master(&mut store, (camera, recipe), &raws, false);
            let whole = master(&mut store, (camera, recipe), &raws, true);
            // The peers' recipes want more columns of overscan than one of the cameras has.
            assert!(whole.is_ok() || camera == "toy", "{camera} {recipe}");
            assert!(bands == whole, "{camera} {encoding:?} {recipe}");
        }
    }
}

#[test]
fn a_damaged_frame_gives_the_error_of_whole_frames() {
    let how = ("ztf", "default");
    let (store, raws) = night(how.0, (70, 50), RawEncoding::FloatRice);
    let bytes = store.bytes(&raws[7]);
    let mut refused = 0;
    for round in 0..60 {
        let at = bytes.len() * (round + 1) / 62;
        let mut damaged = bytes.clone();
        match round % 3 {
            0 => damaged.truncate(at),
            1 => damaged[at..].iter_mut().take(16).for_each(|byte| *byte = 0xff),
            _ => damaged[at..].iter_mut().take(16).for_each(|byte| *byte = 0),
        }
        let outcome = |planes| {
            let mut fresh = Memory::default();
            for key in &raws {
                let bytes = if *key == raws[7] { damaged.clone() } else { store.bytes(key) };
                fresh.append(key, &bytes).unwrap();
            }
            master(&mut fresh, how, &raws, planes)
        };
        let (bands, whole) = (outcome(false), outcome(true));
        refused += usize::from(whole.is_err());
        assert!(bands == whole, "{round}: {:?} {:?}", bands.err(), whole.err());
    }
    assert!((20..60).contains(&refused), "{refused}");
}
