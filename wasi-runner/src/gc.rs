//! `rawsky gc`: removes what killed processes left unfinished, and tells what of the published may go.
//! Published data are never touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::args::GcOptions;
use crate::attempt::ATTEMPTS;
use crate::batch::OUT;
use crate::class::Failure;
use crate::context::Context;
use crate::night::name;
use crate::owner::Owner;
use crate::plan::Plan;
use crate::resolve::Findings;
use crate::runner::{UNFINISHED, remove_abandoned};
use crate::view::PRODUCTS;

/// Age at which a file that somebody was about to rename is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(3600);

/// `rawsky gc`.
///
/// # Errors
/// Those of the plan.
pub fn gc(context: &Context, options: &GcOptions) -> Result<(), Failure> {
    let run = &options.run;
    let plan = Plan::read(run)?;
    let unfinished = run.join(OUT).join(UNFINISHED);
    let before = bytes_below(&unfinished);
    let mut removed = remove_abandoned(&unfinished);
    removed.extend(remove_strangers(&unfinished, options.days));
    let freed = before.saturating_sub(bytes_below(&unfinished));
    for folder in [run.clone(), run.join(ATTEMPTS), run.join(PRODUCTS)] {
        removed.extend(remove_forgotten(&folder));
    }
    let _ = fs::remove_dir(&unfinished);
    let left: Vec<PathBuf> = entries(&unfinished);
    let (needed, spare) = published(&plan, run);
    let spare_bytes: u64 = spare.iter().map(|folder| bytes_below(folder)).sum();
    let text = format!(
        "removed {} temporaries ({})\n{} temporaries belong to others, who may be at work\n\
         {needed} published folders are of this plan and must stay\n\
         {} published folders are not ({}); they may be deleted by you{}",
        removed.len(),
        size(freed),
        left.len(),
        spare.len(),
        size(spare_bytes),
        if spare.is_empty() { String::new() } else { ": --json lists them".to_owned() },
    );
    let json = json!({
        "removed": removed, "removed_bytes": freed, "left": left, "needed_folders": needed,
        "may_be_deleted": spare, "may_be_deleted_bytes": spare_bytes,
    });
    context.print(&text, &json);
    Ok(())
}

/// Removes temporaries of other machines that are older than some days, if any are wanted.
fn remove_strangers(unfinished: &Path, days: Option<u64>) -> Vec<PathBuf> {
    let Some(age) = days.map(|days| Duration::from_secs(days.saturating_mul(86400))) else {
        return Vec::new();
    };
    let stranger = |path: &PathBuf| {
        let owner = Owner::of_folder(&name(path));
        owner.is_none_or(|owner| owner.is_alive().is_none()) && is_older(path, age)
    };
    let old = entries(unfinished).into_iter().filter(stranger);
    old.filter(|path| fs::remove_dir_all(path).is_ok()).collect()
}

/// Removes files that were about to get their name (`.NAME.PROCESS.new`) when their process ended.
fn remove_forgotten(folder: &Path) -> Vec<PathBuf> {
    let forgotten = |path: &PathBuf| {
        let process = name(path).strip_suffix(".new").and_then(|rest| {
            rest.rsplit_once('.').and_then(|(_, process)| process.parse::<u32>().ok())
        });
        let dead = |process| !Path::new("/proc").join(u32::to_string(&process)).exists();
        process.is_some_and(dead) && path.is_file() && is_older(path, FORGOTTEN)
    };
    let files = entries(folder).into_iter().filter(forgotten);
    files.filter(|path| fs::remove_file(path).is_ok()).collect()
}

fn is_older(path: &Path, age: Duration) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|about| about.modified());
    changed.is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|old| age <= old))
}

/// How many published folders the plan needs, and those that it does not.
fn published(plan: &Plan, run: &Path) -> (usize, Vec<PathBuf>) {
    let findings = Findings::of(plan, &run.join(OUT), |_| true);
    let keys: BTreeSet<&String> =
        findings.tasks().iter().filter_map(|found| found.key.as_ref()).collect();
    let folders = entries(&run.join(OUT)).into_iter().filter(|path| name(path) != UNFINISHED);
    let (needed, spare): (Vec<PathBuf>, Vec<PathBuf>) =
        folders.partition(|path| keys.contains(&name(path)));
    (needed.len(), spare)
}

/// What is in a folder, in order of name; nothing if it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

/// Bytes of all files below a folder.
fn bytes_below(folder: &Path) -> u64 {
    let of = |path: &PathBuf| match fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => bytes_below(path),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries(folder).iter().map(of).sum()
}

/// Bytes for a person.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        1_048_576..10_737_418_240 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}
