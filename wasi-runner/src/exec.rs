//! `rawsky exec`: one task of a plan, for batch systems; its exit code is that of its class.
//!
//! Any number of copies, at any time, on any machine that sees the folder, is harmless: what is done is
//! not done again, and equal bytes are published once.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::attempt::Book;
use crate::batch::{self, End, OUT};
use crate::class::{Class, Failure};
use crate::context::Context;
use crate::keep;
use crate::plan::{Plan, PlannedTask};
use crate::resolve::Findings;
use crate::run::{self, Again, Means};
use crate::runner::Done;
use crate::view;
use crate::work::Work;

/// What clap ends with when it is used in a wrong way.
const WRONG_USE: u8 = 2;

/// `rawsky exec`.
///
/// # Errors
/// Those of the plan and of the folder of the run; the task's own become an exit code.
pub fn exec(context: &Context, folder: &Path, id: &str) -> Result<End, Failure> {
    let plan = Plan::read(folder)?;
    plan.for_this_program()?;
    let Some(task) = plan.tasks.iter().find(|task| task.id == id) else {
        let reason = format!(
            "the plan has no task {id}; `rawsky status {} --json` lists them",
            folder.display()
        );
        context.complain(&Failure::new(Class::InputBad, reason));
        return Ok(End::Code(WRONG_USE));
    };
    let result = done(context, &plan, (folder, task));
    tell(context, task, &result);
    Ok(End::Code(result.map_or_else(|failure| failure.class.code(), |_| Class::Done.code())))
}

fn done(
    context: &Context,
    plan: &Plan,
    (folder, task): (&Path, &PlannedTask),
) -> Result<Done, Failure> {
    let runner = batch::runner(context, folder)?;
    let book = Book::open(folder)?;
    let run = folder.canonicalize().map_err(|error| Failure::io(folder.display(), &error))?;
    let needed = ancestors(plan, task);
    let findings = Findings::of(plan, &run.join(OUT), |task| needed.contains(task.id.as_str()));
    let result = match takes_what_is_there(&findings, task) {
        Ok(work) => {
            let unneeded = keep::unneeded(plan, &run).contains(&task.id);
            let means = Means { runner: &runner, book: &book, again: Again::All, unneeded };
            run::run_task(&task.id, &work, means)
        }
        Err(failure) => {
            let result = Err(failure);
            book.end(&task.id, None, &result);
            result
        }
    }?;
    keep::drop_passed(plan, &run, &task.needs().collect());
    let files: Vec<_> =
        task.outputs.iter().map(|key| (key.clone(), result.folder.join(key))).collect();
    view::rebuild(&run, &files)?;
    Ok(result)
}

/// The work of a task none of whose inputs was dropped, or that is done without them.
fn takes_what_is_there(findings: &Findings<'_>, task: &PlannedTask) -> Result<Work, Failure> {
    let is_done = findings.task(&task.id).is_some_and(|found| found.done.is_some());
    let dropped = |need: &&str| {
        let done = findings.task(need).and_then(|found| found.done.as_ref());
        done.is_some_and(|done| done.dropped)
    };
    match task.needs().find(dropped).filter(|_| !is_done) {
        Some(need) => {
            let reason = format!("the products of {need} were dropped; run it first");
            Err(Failure::new(Class::Blocked, reason))
        }
        None => findings.work(task),
    }
}

/// A task and all that it takes something of, however far back.
pub fn ancestors<'a>(plan: &'a Plan, task: &'a PlannedTask) -> BTreeSet<&'a str> {
    let mut needed = BTreeSet::from([task.id.as_str()]);
    // What a task takes is made by tasks before it.
    for task in plan.tasks.iter().rev() {
        if needed.contains(task.id.as_str()) {
            needed.extend(task.needs());
        }
    }
    needed
}

fn tell(context: &Context, task: &PlannedTask, result: &Result<Done, Failure>) {
    let (class, reason, folder) = match result {
        Ok(done) => (Class::Done, "", Some(&done.folder)),
        Err(failure) => (failure.class, failure.reason.as_str(), None),
    };
    let json = json!({
        "task": task.id, "class": class, "exit_code": class.code(), "reason": reason,
        "folder": folder, "new": result.as_ref().is_ok_and(|done| done.run.is_some()),
    });
    match result {
        Err(failure) if !context.json => {
            let reason = format!("{}: {failure}", task.id);
            context.complain(&Failure { class: Class::Blocked, reason });
        }
        result => context.print(&run::line(task, result), &json),
    }
}
