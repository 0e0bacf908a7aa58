//! What a run keeps: all products, or the catalogues alone, with science images dropped once they were
//! used.
//!
//! A dropped folder keeps its manifest, record and the mark [`DROPPED`]: what is taken from it is still
//! known by digest, so that what was made of it counts as done. Whoever needs the images again makes them
//! again, with the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::batch::OUT;
use crate::plan::{Keep, Plan, PlannedTask, Stage};
use crate::publish::{sync_folder, write_synced};
use crate::resolve::{Findings, Found};
use crate::runner::Done;

/// Mark in the folder of a task whose products were dropped.
pub const DROPPED: &str = "dropped";

/// Whether the products of a task go once they were used.
pub fn passes(plan: &Plan, task: &PlannedTask) -> bool {
    plan.keep == Keep::Catalogues && matches!(task.stage, Stage::Detrend | Stage::Masks)
}

/// Drops the products of a task but its records. A failure leaves more on the disk, no less in order.
pub fn drop_products(task: &PlannedTask, done: &Done) {
    let mark = done.folder.join(DROPPED);
    // First the mark: a folder without it, and without products, would be damaged.
    let marked = mark.exists() || write_synced(&mark, b"").is_ok();
    if marked && sync_folder(&done.folder).is_ok() {
        for key in &task.outputs {
            let _ = fs::remove_file(done.folder.join(key));
        }
    }
}

/// The tasks that take products of each task of a plan, by identity.
fn followers(plan: &Plan) -> BTreeMap<&str, Vec<&PlannedTask>> {
    let mut followers: BTreeMap<&str, Vec<&PlannedTask>> = BTreeMap::new();
    for task in &plan.tasks {
        for need in task.needs() {
            let known = followers.entry(need).or_default();
            if known.last().is_none_or(|last| last.id != task.id) {
                known.push(task);
            }
        }
    }
    followers
}

/// Tasks whose products were dropped and are not needed any more, since all that take them are done.
pub fn unneeded(plan: &Plan, run: &Path) -> BTreeSet<String> {
    if plan.keep == Keep::All {
        return BTreeSet::new();
    }
    let findings = Findings::of(plan, &run.join(OUT), |_| true);
    let dropped = used(plan, &findings)
        .into_iter()
        .filter(|found| found.done.as_ref().is_some_and(|done| done.dropped));
    dropped.map(|found| found.task.id.clone()).collect()
}

/// Tasks whose products were dropped, and that somebody takes who is not done.
pub fn wanted_again<'a>(plan: &'a Plan, findings: &Findings<'a>) -> BTreeSet<&'a str> {
    if plan.keep == Keep::All {
        return BTreeSet::new();
    }
    let used: BTreeSet<&str> =
        used(plan, findings).into_iter().map(|found| found.task.id.as_str()).collect();
    let dropped = findings
        .tasks()
        .iter()
        .filter(|found| found.done.as_ref().is_some_and(|done| done.dropped));
    dropped.map(|found| found.task.id.as_str()).filter(|id| !used.contains(id)).collect()
}

/// Tasks with products that pass, and that all who take them have used.
fn used<'f, 'a>(plan: &'a Plan, findings: &'f Findings<'a>) -> Vec<&'f Found<'a>> {
    let followers = followers(plan);
    let mut used: BTreeMap<&str, &'f Found<'a>> = BTreeMap::new();
    // Who takes products comes after who makes them: what is dropped and wanted again needs its own inputs
    // again.
    for found in findings.tasks().iter().rev().filter(|found| passes(plan, found.task)) {
        let is_settled = |user: &&PlannedTask| {
            let done = findings.task(&user.id).and_then(|found| found.done.as_ref());
            done.is_some_and(|done| !done.dropped || used.contains_key(user.id.as_str()))
        };
        let users = followers.get(found.task.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        if !users.is_empty() && users.iter().all(is_settled) {
            used.insert(&found.task.id, found);
        }
    }
    used.into_values().collect()
}

/// Drops the science images of some tasks, if nobody needs them any more.
pub fn drop_passed(plan: &Plan, run: &Path, tasks: &BTreeSet<&str>) {
    if plan.keep == Keep::All || tasks.is_empty() {
        return;
    }
    let findings = Findings::of(plan, &run.join(OUT), |_| true);
    for found in used(plan, &findings) {
        if let Some(done) = found.done.as_ref().filter(|_| tasks.contains(found.task.id.as_str())) {
            drop_products(found.task, done);
        }
    }
}
