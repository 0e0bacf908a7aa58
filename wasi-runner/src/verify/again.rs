//! The second proof: a task is done again in a fresh sandbox, and its bytes compared.

use std::fs;
use std::path::Path;

use rawsky_core::job::Task;
use serde_json::Value;

use super::{Kind, Problem};
use crate::class::Failure;
use crate::context::Context;
use crate::difference;
use crate::plan::Source;
use crate::pool;
use crate::progress::Progress;
use crate::resolve::{Findings, Found};
use crate::room;
use crate::runner::Done;
use crate::scratch::Scratch;
use crate::work::Work;

/// Does tasks again, in a place beside the published folders that leaves nothing behind.
///
/// # Errors
/// Those of making that place.
pub(super) fn all(
    context: &Context,
    findings: &Findings<'_>,
    chosen: &[&Found<'_>],
    run: &Path,
) -> Result<Vec<Problem>, Failure> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let scratch = Scratch::inside(run, context)?;
    let progress = Progress::new(chosen.len(), context.voice);
    let problems = pool::map(chosen, room::workers(context), |found| {
        progress.begin(&found.task.id);
        let problems = one(findings, found, &scratch);
        progress.end(&found.task.id, true, "");
        progress.tick();
        problems
    });
    progress.finish();
    Ok(problems.into_iter().flatten().collect())
}

fn one(findings: &Findings<'_>, found: &Found<'_>, scratch: &Scratch<'_>) -> Vec<Problem> {
    let problem = |file: &str, reason: String| Problem {
        kind: Kind::NotReproduced,
        task: found.task.id.clone(),
        file: file.to_owned(),
        found: reason,
    };
    let fresh = findings.work(found.task).and_then(|work| {
        let work = with_dropped(findings, found, (scratch, work))?;
        scratch.runner()?.execute(&work)
    });
    let (Some(old), fresh) = (&found.done, fresh) else { return Vec::new() };
    let fresh = match fresh {
        Ok(fresh) => fresh,
        Err(failure) => {
            return vec![problem("", format!("doing it again: {failure}"))];
        }
    };
    let problems = differing(old, &fresh)
        .into_iter()
        .map(|key| {
            let reason = name(scratch, (&old.folder.join(&key), &fresh.folder.join(&key)));
            problem(&key, reason)
        })
        .collect();
    // Room on the disk for the next ones; what cannot be removed goes with the whole place. Others may
    // want what was dropped.
    if !old.dropped {
        let _ = fs::remove_dir_all(&fresh.folder);
    }
    problems
}

/// The work of a task, with inputs that were dropped made again.
fn with_dropped(
    findings: &Findings<'_>,
    found: &Found<'_>,
    (scratch, mut work): (&Scratch<'_>, Work),
) -> Result<Work, Failure> {
    for (input, planned) in work.inputs.iter_mut().zip(&found.task.inputs) {
        let Source::Product { task, key } = &planned.from else { continue };
        let Some(maker) = findings.task(task) else { continue };
        if maker.done.as_ref().is_some_and(|done| done.dropped) {
            // What it was made of may have been dropped, too.
            let of_maker = with_dropped(findings, maker, (scratch, findings.work(maker.task)?))?;
            let made = scratch.runner()?.execute(&of_maker)?;
            input.path = made.folder.join(key);
        }
    }
    Ok(work)
}

/// Keys of the files that are not the same bytes now, whatever the old manifest says of them.
fn differing(old: &Done, fresh: &Done) -> Vec<String> {
    let same = |key: &str| {
        let read = |done: &Done| fs::read(done.folder.join(key)).ok();
        let digest = |done: &Done| {
            done.files.iter().find(|file| file.key == key).map(|file| file.sha256.clone())
        };
        match (read(old), read(fresh)) {
            (None, Some(_)) if old.dropped => digest(old) == digest(fresh),
            (old, fresh) => old.is_some() && old == fresh,
        }
    };
    let mut keys: Vec<&String> =
        old.files.iter().chain(&fresh.files).map(|file| &file.key).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().filter(|key| !same(key)).cloned().collect()
}

/// The first difference between a published file and a fresh one.
fn name(scratch: &Scratch<'_>, (old, fresh): (&Path, &Path)) -> String {
    let (Ok(a), Ok(b)) = (fs::read(old), fs::read(fresh)) else {
        return "is there only once".to_owned();
    };
    let place = difference::first(&a, &b).unwrap_or_default();
    if a.starts_with(b"PAR1") && b.starts_with(b"PAR1") {
        let column = column(scratch, (old, fresh));
        return column.map_or(place.clone(), |column| format!("{column}, {place}"));
    }
    place
}

/// The first column of two tables about which the core tells different numbers.
fn column(scratch: &Scratch<'_>, (old, fresh): (&Path, &Path)) -> Option<String> {
    let columns = |path: &Path| -> Result<Vec<Value>, Failure> {
        let file = vec![("table.parquet".to_owned(), path.to_owned())];
        let output = "inspect.json".to_owned();
        let task = Task::Inspect { file: file[0].0.clone(), output: output.clone() };
        let done = scratch.job(task, &file, vec![output.clone()])?;
        let text = fs::read(done.folder.join(&output)).unwrap_or_default();
        let value: Value = serde_json::from_slice(&text).unwrap_or_default();
        Ok(value["table"]["columns"].as_array().cloned().unwrap_or_default())
    };
    let old = match columns(old) {
        Ok(old) => old,
        Err(failure) => {
            return Some(format!("the published one cannot be read: {}", failure.reason));
        }
    };
    let fresh = columns(fresh).ok()?;
    let (a, _) = old.iter().zip(&fresh).find(|(a, b)| a != b)?;
    let name = a["name"].as_str().unwrap_or("?");
    Some(format!("column {}", crate::class::one_line(name)))
}
