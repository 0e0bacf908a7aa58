//! `rawsky check`: whether files are intact, and a night complete, before it is reduced.
//!
//! A file is intact if its structure is whole, its checksums fit where it has any, and the core reads
//! all of its pixels or columns. A night is complete if the plan of it would leave nothing out.

use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::job::Task;
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::{CheckOptions, KeepName, LayoutName, NightToRun};
use crate::batch::{self, End};
use crate::class::{Class, Failure};
use crate::context::{Context, absolute};
use crate::dag::keyed;
use crate::hdus;
use crate::night::{self, Beside, Night};
use crate::plan::{LeftOut, Plan};
use crate::pool;
use crate::progress::{Progress, Voice};
use crate::room;
use crate::scratch::Scratch;

/// The largest file whose checksums are added up (byte).
const LARGEST: u64 = 1 << 30;

/// A file with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    path: PathBuf,
    kind: &'static str,
}

/// What was found of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Verdict {
    file: PathBuf,
    kind: &'static str,
    class: Class,
    reason: String,
}

/// `rawsky check`.
///
/// # Errors
/// If there is nothing to look at, or no place for the jobs that look.
pub fn check(context: &Context, options: &CheckOptions) -> Result<End, Failure> {
    let scratch = Scratch::inside(&std::env::temp_dir(), context)?;
    let night = match options.paths.as_slice() {
        [folder] if folder.is_dir() => Some(folder),
        _ => None,
    };
    let files = match night {
        Some(folder) => of_night(context, &to_plan(folder, options))?,
        None => options.paths.iter().map(|path| single(path)).collect(),
    };
    let progress = Progress::new(files.len(), context.voice);
    let mut verdicts = pool::map(&files, room::workers(context), |file| {
        let verdict = verdict(&scratch, file);
        progress.end(&file.path.display().to_string(), true, "");
        progress.tick();
        verdict
    });
    progress.finish();
    let plan = night.map(|folder| {
        let plan = batch::draw(context, &to_plan(folder, options), scratch.runner()?);
        plan.map(|plan| merged(plan, &mut verdicts))
    });
    let report = Report::new(verdicts, plan);
    context.print(&report.text(context.voice == Voice::Verbose), &report.json());
    Ok(report.end())
}

fn to_plan(folder: &Path, options: &CheckOptions) -> NightToRun {
    NightToRun {
        night: folder.to_owned(),
        output: PathBuf::new(),
        layout: LayoutName::Rawsky,
        keep: KeepName::All,
        calibrate: false,
        masters: None,
        closest_calibration: options.closest_calibration,
        calibration: None,
        headers: options.headers.clone(),
        masks: options.masks.clone(),
        catalogue: options.catalogue.clone(),
    }
}

fn single(path: &Path) -> Candidate {
    Candidate { path: path.to_owned(), kind: "file" }
}

fn of_night(context: &Context, options: &NightToRun) -> Result<Vec<Candidate>, Failure> {
    let folder = absolute(&options.night)?;
    let beside = Beside::of(options)?;
    let night = Night::find(&folder, &context.camera.names.prefix, &beside)?;
    let lists = [
        (night.raws, "raw"),
        (night.headers, "header"),
        (night.masks, "mask"),
        (night.catalogues, "catalogue"),
    ];
    let files = lists
        .into_iter()
        .flat_map(|(paths, kind)| paths.into_iter().map(move |path| Candidate { path, kind }));
    Ok(files.collect())
}

fn verdict(scratch: &Scratch<'_>, file: &Candidate) -> Verdict {
    let found = structure(&file.path).and_then(|()| contents(scratch, &file.path));
    let (class, reason) = match found {
        Ok(()) => (Class::Done, String::new()),
        Err(failure) => (failure.class, failure.reason),
    };
    Verdict { file: file.path.clone(), kind: file.kind, class, reason }
}

/// That the HDUs of a FITS file are whole and their checksums fit.
fn structure(path: &Path) -> Result<(), Failure> {
    let bad = |reason: String| Failure::new(Class::InputBad, reason);
    let about = fs::metadata(path).map_err(|error| bad(error.to_string()))?;
    if !about.is_file() || LARGEST < about.len() {
        return Ok(());
    }
    let bytes = fs::read(path).map_err(|error| bad(error.to_string()))?;
    // What is packed as a whole, and tables, the core reads.
    if !hdus::is_fits(&bytes) {
        return Ok(());
    }
    let of = |number: usize, reason: String| bad(format!("HDU {number}: {reason}"));
    let found = hdus::of(&bytes).map_err(|(number, reason)| of(number, reason))?;
    let fault = found.iter().enumerate().find_map(|(number, hdu)| {
        hdus::checksum_fault(&bytes, hdu).map(|reason| of(number, reason))
    });
    fault.map_or(Ok(()), Err)
}

/// That the core reads all that is in a file.
fn contents(scratch: &Scratch<'_>, path: &Path) -> Result<(), Failure> {
    let files = vec![(keyed("file", path), path.to_owned())];
    let output = "inspect.json".to_owned();
    let task = Task::Inspect { file: files[0].0.clone(), output: output.clone() };
    let done = scratch.job(task, &files, vec![output.clone()])?;
    let text = fs::read(done.folder.join(&output)).unwrap_or_default();
    // Room on the disk for the next ones; what cannot be removed goes with the whole place.
    let _ = fs::remove_dir_all(&done.folder);
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    let hdus = value["hdus"].as_array().cloned().unwrap_or_default();
    let fault = hdus.iter().find_map(|hdu| {
        serde_json::from_value::<rawsky_core::Error>(hdu.get("error")?.clone()).ok()
    });
    match fault {
        Some(error) => Err(Failure::new(Class::of_error(&error), error)),
        None => Ok(()),
    }
}

/// Gives the verdict on raw files that the plan left out to the files; the plan keeps the rest.
fn merged(mut plan: Plan, verdicts: &mut [Verdict]) -> Plan {
    plan.left_out.retain(|left| {
        let of_raw = |one: &&mut Verdict| {
            one.kind == "raw" && crate::work::made_safe(&night::name(&one.file)) == left.what
        };
        let Some(verdict) = verdicts.iter_mut().find(of_raw) else { return true };
        if verdict.class == Class::Done {
            verdict.class = left.class;
            verdict.reason.clone_from(&left.reason);
        }
        false
    });
    plan
}

/// What was found of all.
struct Report {
    verdicts: Vec<Verdict>,
    missing: Vec<LeftOut>,
    notes: Vec<String>,
    tasks: Option<usize>,
}

impl Report {
    fn new(verdicts: Vec<Verdict>, plan: Option<Result<Plan, Failure>>) -> Report {
        let (missing, notes, tasks) = match plan {
            None => (Vec::new(), Vec::new(), None),
            Some(Ok(plan)) => (plan.left_out, plan.notes, Some(plan.tasks.len())),
            Some(Err(Failure { class, reason })) => {
                let what = "the plan of the night".to_owned();
                (vec![LeftOut { what, class, reason }], Vec::new(), Some(0))
            }
        };
        Report { verdicts, missing, notes, tasks }
    }

    fn bad(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.class != Class::Done)
    }

    fn end(&self) -> End {
        match self.bad().count() {
            0 if self.missing.is_empty() => End::Done,
            bad if bad == self.verdicts.len() => End::Failed,
            _ => End::Partial,
        }
    }

    fn text(&self, every: bool) -> String {
        let (all, bad) = (self.verdicts.len(), self.bad().count());
        let mut lines = Vec::new();
        let shown = self.verdicts.iter().filter(|one| every || one.class != Class::Done);
        lines.extend(shown.map(|one| {
            let (class, file) = (one.class.name(), one.file.display());
            format!("{class:<13} {:<9} {file}  {}", one.kind, one.reason).trim_end().to_owned()
        }));
        lines.extend(self.missing.iter().map(|left| {
            format!("{:<13} {:<9} {}: {}", left.class.name(), "missing", left.what, left.reason)
        }));
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines.push(format!(
            "{all} files: {} intact, {bad} not; {} missing",
            all - bad,
            self.missing.len()
        ));
        lines.extend(self.tasks.map(|tasks| format!("a plan of them would have {tasks} tasks")));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        json!({
            "files": self.verdicts, "missing": self.missing, "notes": self.notes,
            "tasks": self.tasks, "bad": self.bad().count(),
        })
    }
}
