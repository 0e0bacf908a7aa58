//! Runs the tasks of a plan as their inputs become ready, several at a time.
//!
//! A task that failed blocks only those that need its products. What has been done before is known
//! by its content key and not done again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::class::{Class, Failure};
use crate::plan::{Plan, PlannedTask, Source, Stage};
use crate::progress::Progress;
use crate::publish::replace;
use crate::runner::{Cost, Done, Runner};
use crate::work::{Input, Work};

/// Folder of the records of how tasks were run, below the folder of a run.
pub const ATTEMPTS: &str = "attempts";

/// How a task of a plan ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its identity.
    pub id: String,
    /// What it makes.
    pub stage: Stage,
    /// Its products, or why there are none.
    pub result: Result<Done, Failure>,
}

/// How a task was run the last time that it was; holds what a manifest may not: time and cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Identity of the task.
    pub task: String,
    /// How it ended.
    pub class: Class,
    /// Why, when it did not end well.
    pub reason: String,
    /// What running it cost; absent for a failure.
    pub cost: Option<Spent>,
}

/// The cost of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Wall time (s).
    pub seconds: f64,
    /// The most memory of the process (byte).
    pub process_bytes: Option<u64>,
    /// The most memory of the sandboxed program (byte).
    pub guest_bytes: Option<u64>,
}

impl From<Cost> for Spent {
    fn from(cost: Cost) -> Spent {
        let Cost { seconds, process_bytes, guest_bytes } = cost;
        Spent { seconds, process_bytes, guest_bytes }
    }
}

struct Board<'a> {
    tasks: &'a [PlannedTask],
    /// Positions of tasks that nobody has begun, in the order of the plan.
    waiting: Vec<usize>,
    ended: BTreeMap<&'a str, Result<Done, Failure>>,
}

/// What a worker does next.
enum Next {
    Do(usize),
    Wait,
    Stop,
}

impl<'a> Board<'a> {
    /// The first task whose needs are met. Tasks that can never be met end here.
    fn next(&mut self) -> Next {
        while let Some((place, failure)) = self.blocked() {
            let task = &self.tasks[self.waiting.remove(place)];
            self.ended.insert(&task.id, Err(failure));
        }
        let ready = |task: &PlannedTask| task.needs().all(|need| self.ended.contains_key(need));
        match self.waiting.iter().position(|&index| ready(&self.tasks[index])) {
            Some(place) => Next::Do(self.waiting.remove(place)),
            None if self.waiting.is_empty() => Next::Stop,
            None => Next::Wait,
        }
    }

    fn blocked(&self) -> Option<(usize, Failure)> {
        self.waiting.iter().enumerate().find_map(|(place, &index)| {
            let mut needs = self.tasks[index].needs();
            let failed = needs.find(|need| matches!(self.ended.get(need), Some(Err(_))))?;
            Some((place, Failure::new(Class::Blocked, format!("waits for {failed}, which failed"))))
        })
    }

    fn work(&self, index: usize) -> Result<Work, Failure> {
        let task = &self.tasks[index];
        let inputs: Result<Vec<Input>, Failure> = task
            .inputs
            .iter()
            .map(|input| {
                let (path, sha256) = match &input.from {
                    Source::File { path, sha256 } => (path.clone(), sha256.clone()),
                    Source::Product { task, key } => self.product(task, key)?,
                };
                Ok(Input { key: input.key.clone(), path, sha256 })
            })
            .collect();
        Ok(Work::new(task.job.clone(), inputs?, task.outputs.clone()))
    }

    fn product(&self, task: &str, key: &str) -> Result<(std::path::PathBuf, String), Failure> {
        let missing = || Failure::new(Class::Blocked, format!("{task} has not made {key}"));
        let Some(Ok(done)) = self.ended.get(task) else { return Err(missing()) };
        let product = done.manifest.products.iter().find(|product| product.key == key);
        let product = product.ok_or_else(missing)?;
        Ok((done.folder.join(key), product.sha256.clone()))
    }
}

/// Runs a plan with `workers` tasks at a time; how every task ended, in the order of the plan.
pub fn run(
    plan: &Plan,
    runner: &Runner,
    (folder, workers): (&Path, usize),
    progress: &Progress,
) -> Vec<Outcome> {
    let waiting = (0..plan.tasks.len()).collect();
    let board = Mutex::new(Board { tasks: &plan.tasks, waiting, ended: BTreeMap::new() });
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| worker(&board, &changed, runner, (folder, progress)));
        }
    });
    progress.finish();
    let mut board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lost = || Err(Failure::new(Class::Killed, "not run"));
    plan.tasks
        .iter()
        .map(|task| Outcome {
            id: task.id.clone(),
            stage: task.stage,
            result: board.ended.remove(task.id.as_str()).unwrap_or_else(lost),
        })
        .collect()
}

fn worker<'a>(
    board: &Mutex<Board<'a>>,
    changed: &Condvar,
    runner: &Runner,
    (folder, progress): (&Path, &Progress),
) {
    let mut guard = lock(board);
    loop {
        match guard.next() {
            Next::Stop => break,
            Next::Wait => {
                let waited = changed.wait_timeout(guard, Duration::from_secs(1));
                guard = waited.unwrap_or_else(PoisonError::into_inner).0;
                progress.tick();
            }
            Next::Do(index) => {
                let task = &guard.tasks[index];
                let work = guard.work(index);
                drop(guard);
                progress.begin(&task.id);
                let result = work.and_then(|work| runner.execute(&work));
                note(folder, task, &result);
                progress.end(&task.id, result.is_ok(), &line(task, &result));
                progress.tick();
                guard = lock(board);
                guard.ended.insert(&task.id, result);
                changed.notify_all();
            }
        }
    }
    changed.notify_all();
}

fn lock<'b, 'a>(board: &'b Mutex<Board<'a>>) -> MutexGuard<'b, Board<'a>> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves a record of the attempt. Losing it loses numbers for the summary, no product.
fn note(folder: &Path, task: &PlannedTask, result: &Result<Done, Failure>) {
    let (class, reason, cost) = match result {
        Ok(Done { run: None, .. }) => return,
        Ok(done) => (Class::Done, String::new(), done.run.map(Spent::from)),
        Err(failure) => (failure.class, failure.reason.clone(), None),
    };
    let attempt = Attempt { task: task.id.clone(), class, reason, cost };
    let text = serde_json::to_vec_pretty(&attempt).unwrap_or_default();
    let _ = replace(&folder.join(ATTEMPTS).join(format!("{}.json", task.id)), &text);
}

/// The last attempt at a task, if there is a record of it.
pub fn last_attempt(folder: &Path, id: &str) -> Option<Attempt> {
    let text = std::fs::read(folder.join(ATTEMPTS).join(format!("{id}.json"))).ok()?;
    serde_json::from_slice(&text).ok()
}

fn line(task: &PlannedTask, result: &Result<Done, Failure>) -> String {
    match result {
        Ok(Done { run: Some(cost), .. }) => format!("{}: done in {:.1} s", task.id, cost.seconds),
        Ok(_) => format!("{}: had been done", task.id),
        Err(failure) => format!("{}: {failure}", task.id),
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
