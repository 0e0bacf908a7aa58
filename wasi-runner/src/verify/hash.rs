//! The first proof: every byte is hashed again, without what was remembered of earlier times.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Kind, Problem};
use crate::attempt;
use crate::class::Class;
use crate::digests::file_digest;
use crate::plan::{Plan, Source};
use crate::pool;
use crate::publish::Manifest;
use crate::resolve::{Findings, Found};
use crate::runner::Done;
use crate::staging::Product;
use crate::view::PRODUCTS;

/// What was hashed, and what was wrong.
pub(super) struct Hashed {
    pub(super) problems: Vec<Problem>,
    pub(super) products: usize,
    pub(super) inputs: usize,
}

/// A file with the digest that it must have.
struct Due {
    path: PathBuf,
    sha256: String,
    problem: Problem,
}

/// Hashes products, inputs, and files of readable names that are not the published ones.
pub(super) fn all(findings: &Findings<'_>, plan: &Plan, (run, workers): (&Path, usize)) -> Hashed {
    let products: Vec<Due> = findings.tasks().iter().flat_map(products).collect();
    let inputs = inputs(plan);
    let names = names(findings, run);
    let all: Vec<&Due> = products.iter().chain(&inputs).chain(&names).collect();
    let mut problems: Vec<Problem> =
        pool::map(&all, workers, |due| wrong(due)).into_iter().flatten().collect();
    for found in findings.tasks() {
        problems.extend(folder(findings, found, run));
    }
    Hashed { problems, products: products.len(), inputs: inputs.len() }
}

fn wrong(due: &Due) -> Option<Problem> {
    let found = match file_digest(&due.path) {
        Ok(digest) if digest == due.sha256 => return None,
        Ok(digest) => format!("sha256 {digest:.12}, needed {:.12}", due.sha256),
        Err(error) => error.to_string(),
    };
    Some(Problem { found, ..due.problem.clone() })
}

fn problem(kind: Kind, task: &str, file: &str) -> Problem {
    Problem { kind, task: task.to_owned(), file: file.to_owned(), found: String::new() }
}

fn products(found: &Found<'_>) -> Vec<Due> {
    let due = |folder: &Path, key: &str, sha256: &str| Due {
        path: folder.join(key),
        sha256: sha256.to_owned(),
        problem: problem(Kind::ProductChanged, &found.task.id, key),
    };
    let done = found.done.iter();
    done.flat_map(|done| there(done).map(|file| due(&done.folder, &file.key, &file.sha256)))
        .collect()
}

/// The files that were not dropped.
fn there(done: &Done) -> impl Iterator<Item = &Product> {
    done.files.iter().filter(|file| !done.dropped || done.folder.join(&file.key).exists())
}

/// The files of the night that the plan takes, each once.
fn inputs(plan: &Plan) -> Vec<Due> {
    let mut files: BTreeMap<&PathBuf, &String> = BTreeMap::new();
    for input in plan.tasks.iter().flat_map(|task| &task.inputs) {
        if let Source::File { path, sha256 } = &input.from {
            files.insert(path, sha256);
        }
    }
    let due = |(path, sha256): (&PathBuf, &String)| Due {
        path: path.clone(),
        sha256: sha256.clone(),
        problem: problem(Kind::InputChanged, "", &path.display().to_string()),
    };
    files.into_iter().map(due).collect()
}

/// Files of readable names that share no bytes on the disk with the published ones.
fn names(findings: &Findings<'_>, run: &Path) -> Vec<Due> {
    let mut due = Vec::new();
    for found in findings.tasks() {
        let Some(done) = &found.done else { continue };
        for file in done.files.iter().filter(|file| found.task.outputs.contains(&file.key)) {
            let path = run.join(PRODUCTS).join(&file.key);
            let inode = |path: &Path| fs::metadata(path).map(|about| (about.dev(), about.ino()));
            match (inode(&path), inode(&done.folder.join(&file.key))) {
                (Ok(shown), Ok(published)) if shown != published => due.push(Due {
                    problem: problem(Kind::NameChanged, &found.task.id, &file.key),
                    sha256: file.sha256.clone(),
                    path,
                }),
                _ => {}
            }
        }
    }
    due
}

/// What is wrong with a folder as a whole.
fn folder(findings: &Findings<'_>, found: &Found<'_>, run: &Path) -> Option<Problem> {
    let folder = findings.folder(found)?;
    let id = &found.task.id;
    let Some(done) = &found.done else {
        let kind = if folder.exists() { Kind::NotWhole } else { Kind::OtherInputs };
        let reason = match kind {
            Kind::NotWhole => "its manifest or a product is missing or of another length",
            _ => "it was done with other inputs than there are now",
        };
        let of_old = attempt::last(run, id)
            .is_some_and(|last| last.class == Class::Done && last.key != found.key);
        let wrong = kind == Kind::NotWhole || of_old;
        let file = folder.display().to_string();
        let found = reason.to_owned();
        return wrong.then(|| Problem { found, ..problem(kind, id, &file) });
    };
    let manifest = Manifest::read(&done.folder)?;
    let work = findings.work(found.task).ok()?;
    let same = serde_json::to_value(&manifest.job).ok() == serde_json::to_value(&work.job).ok();
    let reason = "its manifest tells of another job".to_owned();
    let file = done.folder.display().to_string();
    (!same).then(|| Problem { found: reason, ..problem(Kind::NotWhole, id, &file) })
}
