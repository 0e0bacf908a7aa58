//! In which state each task of a run is, by plan, published folders and attempts alone.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::attempt::{self, Attempt, Begun};
use crate::batch::OUT;
use crate::class::Class;
use crate::keep;
use crate::plan::{Plan, PlannedTask};
use crate::resolve::{Findings, Found};

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its products are published.
    Done,
    /// Somebody is at it.
    Running,
    /// Not begun, or not since something that it takes is new.
    Waiting,
    /// Begun by a process that is no more, or its published folder is damaged: to be run again.
    Lost,
    /// Takes a product of a task that failed.
    Blocked,
    /// The last attempt failed.
    Failed,
}

impl State {
    /// All of them, from good to bad.
    pub const ALL: [State; 6] =
        [State::Done, State::Running, State::Waiting, State::Lost, State::Blocked, State::Failed];

    /// What a person reads.
    pub fn name(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Lost => "lost",
            State::Blocked => "blocked",
            State::Failed => "failed",
        }
    }

    /// One letter, so that no picture depends on colors.
    pub fn letter(self) -> char {
        match self {
            State::Done => 'D',
            State::Running => 'R',
            State::Waiting => 'W',
            State::Lost => 'L',
            State::Blocked => 'B',
            State::Failed => 'F',
        }
    }
}

/// One task and its state.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The task.
    pub task: &'a PlannedTask,
    /// Its state.
    pub state: State,
    /// Its content key, if everything that it takes is there.
    pub key: Option<String>,
    /// The class of a failure.
    pub class: Option<Class>,
    /// Why it is in this state, for a person.
    pub reason: String,
    /// The last attempt, if there was one.
    pub attempt: Option<Attempt>,
}

impl Standing<'_> {
    /// Whether and why it would be run, in one line.
    pub fn explanation(&self) -> String {
        let (id, reason) = (&self.task.id, &self.reason);
        match self.state {
            State::Done => format!("  keep {id}: {reason}"),
            State::Running => format!("  wait {id}: {reason}"),
            State::Blocked => format!("  skip {id}: {reason}"),
            State::Failed if self.class.is_some_and(Class::is_final) => {
                format!("  skip {id}: would fail as before: {reason}")
            }
            State::Failed => format!("  run  {id}: failed, which may end otherwise: {reason}"),
            State::Waiting | State::Lost => format!("  run  {id}: {reason}"),
        }
    }

    /// The same for a program.
    pub fn json(&self) -> Value {
        json!({ "task": self.task.id, "stage": self.task.stage, "state": self.state,
                "key": self.key, "reason": self.reason })
    }
}

/// The state of every task of a run, in the order of the plan.
pub fn of_run<'a>(plan: &'a Plan, run: &Path) -> Vec<Standing<'a>> {
    let findings = Findings::of(plan, &run.join(OUT), |_| true);
    let mut standings = of_findings(&findings, run);
    let wanted = keep::wanted_again(plan, &findings);
    for standing in standings.iter_mut().filter(|one| wanted.contains(one.task.id.as_str())) {
        standing.state = State::Waiting;
        "its products were dropped, and are wanted again".clone_into(&mut standing.reason);
    }
    standings
}

/// The state of every task that was looked at.
fn of_findings<'a>(findings: &Findings<'a>, run: &Path) -> Vec<Standing<'a>> {
    let mut standings: Vec<Standing<'a>> = Vec::with_capacity(findings.tasks().len());
    let mut stuck = std::collections::BTreeMap::new();
    for found in findings.tasks() {
        let attempt = attempt::last(run, &found.task.id);
        let failed_need = found.task.needs().find(|need| stuck.contains_key(need));
        let (state, reason) = match failed_need {
            Some(need) => (State::Blocked, format!("waits for {need}, which failed")),
            None => own(findings, found, (attempt.as_ref(), run)),
        };
        if matches!(state, State::Blocked | State::Failed) {
            stuck.insert(found.task.id.as_str(), ());
        }
        let class = match state {
            State::Failed => attempt.as_ref().map(|attempt| attempt.class),
            State::Blocked => Some(Class::Blocked),
            _ => None,
        };
        let key = found.key.clone();
        standings.push(Standing { task: found.task, state, key, class, reason, attempt });
    }
    standings
}

/// The state of a task none of whose needs has failed.
fn own(
    findings: &Findings<'_>,
    found: &Found<'_>,
    (attempt, run): (Option<&Attempt>, &Path),
) -> (State, String) {
    if found.done.is_some() {
        return (State::Done, "has been done".to_owned());
    }
    let begun = attempt::begun(run, &found.task.id);
    if let Some(begun) = begun.as_ref().filter(|begun| begun.owner.is_alive() != Some(false)) {
        return (State::Running, at_work(begun));
    }
    let damaged = findings.folder(found).is_some_and(|folder| folder.exists());
    let failed = attempt.filter(|last| last.class != Class::Done && last.class != Class::Blocked);
    match failed {
        _ if damaged => (State::Lost, "its published folder is not whole".to_owned()),
        Some(last) if last.key == found.key => (State::Failed, last.reason.clone()),
        _ if begun.is_some() => (State::Lost, "the process that ran it is no more".to_owned()),
        Some(_) => (State::Waiting, "failed on other inputs than there are now".to_owned()),
        None if found.key.is_none() => (State::Waiting, "waits for what it takes".to_owned()),
        None if attempt.is_some_and(|last| last.class == Class::Done) => {
            (State::Waiting, "was done, but its products are gone or of other inputs".to_owned())
        }
        None => (State::Waiting, "has not been run".to_owned()),
    }
}

fn at_work(begun: &Begun) -> String {
    let seconds = attempt::now_s().saturating_sub(begun.since_s);
    format!("process {} of {}, for {seconds} s", begun.owner.process, begun.owner.host)
}
