//! `rawsky status`: how far a run is, by plan, published folders and attempts alone.

mod count;
mod html;
mod plane;
mod text;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::args::StatusOptions;
use crate::class::Failure;
use crate::context::Context;
use crate::guest::hex;
use crate::plan::{PLAN, Plan};
use crate::publish::replace;
use crate::state::{self, Standing, State};

use count::Counts;

/// What is shown of a run.
struct Status<'a> {
    plan: &'a Plan,
    /// SHA-256 of the plan: the identity of the run.
    id: String,
    folder: PathBuf,
    standings: Vec<Standing<'a>>,
    counts: Counts,
}

impl<'a> Status<'a> {
    fn of(plan: &'a Plan, id: &str, folder: &Path) -> Status<'a> {
        let standings = state::of_run(plan, folder);
        let counts = Counts::of(&standings);
        Status { plan, id: id.to_owned(), folder: folder.to_owned(), standings, counts }
    }

    fn in_state(&self, state: State) -> impl Iterator<Item = &Standing<'a>> {
        self.standings.iter().filter(move |standing| standing.state == state)
    }

    /// Whether nothing is to be expected any more.
    fn is_over(&self) -> bool {
        let open = [State::Running, State::Waiting, State::Lost];
        open.iter().all(|state| self.counts.all.get(*state) == 0)
    }

    fn json(&self) -> Value {
        let bad = self.in_state(State::Failed).map(|standing| {
            let attempts = standing.attempt.as_ref().map(|attempt| attempt.number);
            json!({ "task": standing.task.id, "about": standing.task.about,
                    "class": standing.class, "reason": standing.reason, "attempts": attempts })
        });
        let tasks = self.standings.iter().map(Standing::json);
        json!({
            "run": self.id, "night": self.plan.night, "counts": self.counts.json(),
            "bad": bad.collect::<Vec<_>>(), "left_out": self.plan.left_out,
            "notes": self.plan.notes, "tasks": tasks.collect::<Vec<_>>(),
        })
    }
}

/// `rawsky status`.
///
/// # Errors
/// Those of the plan, and of writing the page.
pub fn status(context: &Context, options: &StatusOptions) -> Result<(), Failure> {
    let folder = &options.run;
    let (plan, id) = read(folder)?;
    loop {
        let status = Status::of(&plan, &id, folder);
        if let Some(path) = &options.html {
            let page = html::page(&status, options.watch);
            replace(path, page.as_bytes()).map_err(|error| Failure::io(path.display(), &error))?;
        }
        show(context, &status, options.watch.is_some());
        match options.watch {
            Some(seconds) if !status.is_over() => {
                std::thread::sleep(Duration::from_secs(seconds.max(1)));
            }
            _ => return Ok(()),
        }
    }
}

/// The status as a page of its own, which asks for itself again after so many seconds.
///
/// # Errors
/// Those of the plan.
pub fn page(folder: &Path, every_s: u64) -> Result<String, Failure> {
    let (plan, id) = read(folder)?;
    Ok(html::page(&Status::of(&plan, &id, folder), Some(every_s)))
}

/// The plan of a run, and its SHA-256.
fn read(folder: &Path) -> Result<(Plan, String), Failure> {
    let plan = Plan::read(folder)?;
    let path = folder.join(PLAN);
    let text = std::fs::read(&path).map_err(|error| Failure::io(path.display(), &error))?;
    Ok((plan, hex(&Sha256::digest(text))))
}

fn show(context: &Context, status: &Status<'_>, again: bool) {
    let mut out = std::io::stdout();
    if again && !context.json && out.is_terminal() {
        // From the top left corner of an empty screen.
        let _ = write!(out, "\u{1b}[H\u{1b}[2J");
    }
    context.print(&text::text(status), &status.json());
}
