//! Runs the tasks of a plan as their inputs become ready, several at a time.
//!
//! A task that failed blocks only those that need its products. What has been done before is known
//! by its content key and not done again.

mod board;
mod trial;

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::attempt::Book;
use crate::class::Failure;
use crate::keep;
use crate::plan::{Keep, Plan, PlannedTask, Stage};
use crate::progress::Progress;
use crate::runner::{Done, Runner};

use board::{Board, Next};
pub use trial::{Again, Means, run as run_task};

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

/// What it takes to run a plan.
pub struct Crew<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Does the work.
    pub runner: &'a Runner,
    /// Keeps the records.
    pub book: &'a Book,
    /// Which failures are tried again.
    pub again: Again,
    /// Tells a person.
    pub progress: &'a Progress,
    /// Tasks whose products were dropped and are not needed any more.
    pub unneeded: BTreeSet<String>,
}

/// Runs a plan with `workers` tasks at a time; how every task ended, in the order of the plan.
pub fn run(crew: &Crew<'_>, workers: usize) -> Vec<Outcome> {
    let plan = crew.plan;
    let board = Mutex::new(Board::new(&plan.tasks));
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| worker(&board, &changed, crew));
        }
    });
    crew.progress.finish();
    let board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
    let outcome = |(task, result): (&PlannedTask, _)| {
        let (id, stage) = (task.id.clone(), task.stage);
        Outcome { id, stage, result }
    };
    plan.tasks.iter().zip(board.results()).map(outcome).collect()
}

fn worker<'a>(board: &Mutex<Board<'a>>, changed: &Condvar, crew: &Crew<'_>) {
    let progress = crew.progress;
    let mut guard = lock(board);
    loop {
        match guard.next() {
            Next::Stop => break,
            Next::Wait => {
                let waited = changed.wait_timeout(guard, Duration::from_secs(1));
                guard = waited.unwrap_or_else(PoisonError::into_inner).0;
                progress.tick();
            }
            Next::Do(place) => {
                let (task, work) = (guard.task(place), guard.work(place));
                drop(guard);
                progress.begin(&task.id);
                let unneeded = crew.unneeded.contains(&task.id);
                let Crew { runner, book, again, .. } = *crew;
                let means = Means { runner, book, again, unneeded };
                let result = work.and_then(|work| run_task(&task.id, &work, means));
                progress.end(&task.id, result.is_ok(), &line(task, &result));
                progress.tick();
                guard = lock(board);
                guard.end(place, result);
                drop_used(&guard, place, crew.plan);
                changed.notify_all();
            }
        }
    }
    changed.notify_all();
}

/// Drops what the plan does not keep, once all that take it are done.
fn drop_used(board: &Board<'_>, place: usize, plan: &Plan) {
    if plan.keep == Keep::All {
        return;
    }
    for (need, done) in board.used_up(place) {
        let task = board.task(need);
        if keep::passes(plan, task) {
            keep::drop_products(task, &done);
        }
    }
}

fn lock<'b, 'a>(board: &'b Mutex<Board<'a>>) -> MutexGuard<'b, Board<'a>> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a task ended, for a person.
pub fn line(task: &PlannedTask, result: &Result<Done, Failure>) -> String {
    match result {
        Ok(Done { run: Some(cost), .. }) => format!("{}: done in {:.1} s", task.id, cost.seconds),
        Ok(_) => format!("{}: had been done", task.id),
        Err(failure) => format!("{}: {failure}", task.id),
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
