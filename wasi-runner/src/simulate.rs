//! `rawsky simulate`: the parts of a night, each a job in the sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rawsky_core::job::{SimulationPart, simulation_parts};
use rawsky_core::simulate::{Effects, NightParams};

use crate::args;
use crate::class::{Class, Failure};
use crate::context::Context;
use crate::progress::Progress;
use crate::scratch::Scratch;

/// `rawsky simulate`.
///
/// # Errors
/// If the folder is not empty, a parameter is impossible, or a part could not be made.
pub fn simulate(context: &Context, args: &args::Simulate) -> Result<(), Failure> {
    let params = params(context, args)?;
    let parts = simulation_parts(&context.camera, &params, args.compress.into())
        .map_err(|error| Failure::new(Class::Refused, error))?;
    let there = args.out.exists();
    empty_folder(&args.out)?;
    let made = make(context, &parts, &args.out);
    if made.is_err() && !there {
        // Goes only if it is empty.
        let _ = fs::remove_dir(&args.out);
    }
    let written = made?;
    let text = format!("{} files in {}", written.len(), args.out.display());
    let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    context.print(&text, &serde_json::json!({ "written": names }));
    Ok(())
}

/// Makes a night beside its place and moves it there when it is whole.
fn make(context: &Context, parts: &[SimulationPart], out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let scratch = Scratch::inside(out, context)?;
    let progress = Progress::new(parts.len(), context.voice);
    let whole = scratch.folder().join("night");
    let maker = Maker { scratch: &scratch, out: &whole, progress: &progress };
    let made = maker.all(parts, context.workers);
    progress.finish();
    let made = made?;
    let io = |error| Failure::io(out.display(), &error);
    for entry in fs::read_dir(&whole).map_err(io)? {
        let entry = entry.map_err(io)?;
        fs::rename(entry.path(), out.join(entry.file_name())).map_err(io)?;
    }
    let below = |path: &PathBuf| path.strip_prefix(&whole).map(|path| out.join(path)).ok();
    Ok(made.iter().filter_map(below).collect())
}

fn params(context: &Context, args: &args::Simulate) -> Result<NightParams, Failure> {
    let without = args.without.iter().map(String::as_str);
    let effects = Effects::without(without).map_err(|error| Failure::new(Class::Refused, error))?;
    let mut detectors = args.ccds.clone();
    if detectors.is_empty() {
        detectors.extend(context.camera.detectors.first().map(|detector| detector.id.0));
    }
    Ok(NightParams {
        seed: args.seed,
        date: args.date.clone(),
        detectors,
        biases: args.biases,
        flats_per_lamp: args.flats,
        lamps: args.leds.clone(),
        exposures: args.exposures,
        stars_per_amplifier: args.stars,
        effects,
        ..NightParams::default()
    })
}

fn empty_folder(folder: &Path) -> Result<(), Failure> {
    let io = |error| Failure::io(folder.display(), &error);
    fs::create_dir_all(folder).map_err(io)?;
    if fs::read_dir(folder).map_err(io)?.next().is_some() {
        let reason = format!("{} is not empty; needed a new folder", folder.display());
        return Err(Failure::new(Class::InputBad, reason));
    }
    Ok(())
}

struct Maker<'a> {
    scratch: &'a Scratch<'a>,
    out: &'a Path,
    progress: &'a Progress,
}

impl Maker<'_> {
    /// Every part, several at a time; the files in order of name, or the first failure.
    fn all(&self, parts: &[SimulationPart], workers: usize) -> Result<Vec<PathBuf>, Failure> {
        let next = AtomicUsize::new(0);
        let result = Mutex::new(Ok(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let made = self.one(part);
                        let Ok(mut result) = result.lock() else { return };
                        match (&mut *result, made) {
                            (Ok(files), Ok(made)) => files.extend(made),
                            (Ok(_), Err(failure)) => *result = Err(failure),
                            (Err(_), _) => return,
                        }
                    }
                });
            }
        });
        let result = result.into_inner();
        let mut files =
            result.unwrap_or_else(|_| Err(Failure::new(Class::Io, "a thread broke")))?;
        files.sort();
        Ok(files)
    }

    fn one(&self, part: &SimulationPart) -> Result<Vec<PathBuf>, Failure> {
        let name = part.outputs.first().map_or("", |(key, _)| key);
        self.progress.begin(name);
        let made = self.make(part);
        let line = match &made {
            Ok(_) => format!("{name}: done"),
            Err(failure) => format!("{name}: {failure}"),
        };
        self.progress.end(name, made.is_ok(), &line);
        self.progress.tick();
        made
    }

    fn make(&self, part: &SimulationPart) -> Result<Vec<PathBuf>, Failure> {
        let keys = part.outputs.iter().map(|(key, _)| key.clone()).collect();
        let done = self.scratch.job(part.task.clone(), &[], keys)?;
        let mut files = Vec::new();
        for (key, path) in &part.outputs {
            let target = self.out.join(path);
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).map_err(|e| Failure::io(folder.display(), &e))?;
            }
            self.scratch.deliver(&done, key, &target)?;
            files.push(target);
        }
        Ok(files)
    }
}
