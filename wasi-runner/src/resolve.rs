//! What of a plan is there: each task's work and content key, once the products that it takes are
//! published. Only the plan and the published folders are asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::class::{Class, Failure};
use crate::plan::{Plan, PlannedTask, Source};
use crate::runner::{Done, published};
use crate::work::{Input, Work};

/// What was found of a task.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The task.
    pub task: &'a PlannedTask,
    /// Its content key; none while products are missing that it takes.
    pub key: Option<String>,
    /// Its products, if it has been done.
    pub done: Option<Done>,
}

/// What was found of the tasks of a plan, in its order.
pub struct Findings<'a> {
    out: PathBuf,
    tasks: Vec<Found<'a>>,
    places: BTreeMap<&'a str, usize>,
}

impl<'a> Findings<'a> {
    /// Looks at the published folders below `out` of those tasks of a plan that are wanted. What a
    /// wanted task takes must be wanted too.
    pub fn of(plan: &'a Plan, out: &Path, wanted: impl Fn(&PlannedTask) -> bool) -> Findings<'a> {
        let (tasks, places) = (Vec::new(), BTreeMap::new());
        let mut findings = Findings { out: out.to_owned(), tasks, places };
        for task in plan.tasks.iter().filter(|task| wanted(task)) {
            let work = findings.work(task).ok();
            let key = work.map(|work| work.key_under(&plan.module_sha256));
            let done = key.as_ref().and_then(|key| published(out, key));
            findings.places.insert(&task.id, findings.tasks.len());
            findings.tasks.push(Found { task, key, done });
        }
        findings
    }

    /// What was found, in the order of the plan.
    pub fn tasks(&self) -> &[Found<'a>] {
        &self.tasks
    }

    /// What was found of one task.
    pub fn task(&self, id: &str) -> Option<&Found<'a>> {
        self.places.get(id).and_then(|place| self.tasks.get(*place))
    }

    /// The work of a task.
    ///
    /// # Errors
    /// [`Class::Blocked`] if something that it takes has not been made.
    pub fn work(&self, task: &PlannedTask) -> Result<Work, Failure> {
        work(task, |id| self.task(id).and_then(|found| found.done.as_ref()))
    }

    /// Where the products of a task are, or would be.
    pub fn folder(&self, found: &Found<'_>) -> Option<PathBuf> {
        found.key.as_ref().map(|key| self.out.join(key))
    }
}

/// The work of a task, with products of earlier tasks that are known by the task's identity.
///
/// # Errors
/// [`Class::Blocked`] if one of them has not been made.
pub fn work<'d>(
    task: &PlannedTask,
    done: impl Fn(&str) -> Option<&'d Done>,
) -> Result<Work, Failure> {
    let inputs: Result<Vec<Input>, Failure> = task
        .inputs
        .iter()
        .map(|input| {
            let (path, sha256) = match &input.from {
                Source::File { path, sha256 } => (path.clone(), sha256.clone()),
                Source::Product { task, key } => product(done(task), task, key)?,
            };
            Ok(Input { key: input.key.clone(), path, sha256 })
        })
        .collect();
    Ok(Work::new(task.job.clone(), inputs?, task.outputs.clone()))
}

fn product(done: Option<&Done>, task: &str, key: &str) -> Result<(PathBuf, String), Failure> {
    let found = done.and_then(|done| {
        let product = done.files.iter().find(|product| product.key == key)?;
        Some((done.folder.join(key), product.sha256.clone()))
    });
    found.ok_or_else(|| Failure::new(Class::Blocked, format!("{task} has not made {key}")))
}
