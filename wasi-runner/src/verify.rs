//! `rawsky verify`: that what was published is what the plan makes of its files, by two proofs.
//!
//! First every byte of products and inputs is hashed again. Then a part of the tasks is done once more
//! from the same inputs in a fresh sandbox, and the bytes are compared. A flipped bit is found by the
//! first, a product that was replaced together with its manifest by the second.

mod again;
mod hash;

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::args::VerifyOptions;
use crate::batch::{End, OUT};
use crate::class::Failure;
use crate::context::Context;
use crate::guest::hex;
use crate::plan::Plan;
use crate::resolve::{Findings, Found};

/// Problems shown to a person; all are in the JSON.
const SHOWN: usize = 20;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A product has other bytes than its manifest says.
    ProductChanged,
    /// A published folder is not whole.
    NotWhole,
    /// An input has other bytes than the plan says, or is gone.
    InputChanged,
    /// What a task takes is not what it took when it was done.
    OtherInputs,
    /// The file of a readable name is not the published one.
    NameChanged,
    /// Doing it again gives other bytes.
    NotReproduced,
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Problem {
    kind: Kind,
    /// The task; empty for a file of the night.
    task: String,
    /// The file.
    file: String,
    /// What was found.
    found: String,
}

impl Problem {
    fn line(&self) -> String {
        let kind = serde_json::to_value(&self.kind).unwrap_or_default();
        let kind = kind.as_str().unwrap_or_default();
        let task = if self.task.is_empty() { String::new() } else { format!(" of {}", self.task) };
        format!("  {kind:<16} {}{task}: {}", self.file, self.found)
    }
}

/// `rawsky verify`.
///
/// # Errors
/// Those of the plan and of the disk; what is found wrong is the end [`End::Failed`].
pub fn verify(context: &Context, options: &VerifyOptions) -> Result<End, Failure> {
    let run =
        options.run.canonicalize().map_err(|error| Failure::io(options.run.display(), &error))?;
    let plan = Plan::read(&run)?;
    if 0.0 < options.fraction {
        plan.for_this_program()?;
    }
    let findings = Findings::of(&plan, &run.join(OUT), |_| true);
    let hashed = hash::all(&findings, &plan, (&run, context.workers));
    let mut problems = hashed.problems.clone();
    let done: Vec<&Found<'_>> =
        findings.tasks().iter().filter(|found| found.done.is_some()).collect();
    let chosen = chosen(&done, options, &problems);
    problems.extend(again::all(context, &findings, &chosen, &run)?);
    problems.sort();
    problems.dedup();
    let counts = Counts {
        done: done.len(),
        tasks: plan.tasks.len(),
        products: hashed.products,
        inputs: hashed.inputs,
        again: chosen.len(),
    };
    context.print(&text(&counts, &problems, &run), &counts.json(options, &problems));
    Ok(if problems.is_empty() { End::Done } else { End::Failed })
}

/// How much was looked at.
struct Counts {
    done: usize,
    tasks: usize,
    products: usize,
    inputs: usize,
    again: usize,
}

impl Counts {
    fn json(&self, options: &VerifyOptions, problems: &[Problem]) -> Value {
        json!({
            "tasks": self.tasks, "done": self.done, "products_hashed": self.products,
            "inputs_hashed": self.inputs, "done_again": self.again, "fraction": options.fraction,
            "seed": options.seed, "problems": problems,
        })
    }
}

/// The part of the finished tasks that is done again: the first in an order that the seed decides, and
/// those whose products changed, to say where.
fn chosen<'f, 'a>(
    done: &[&'f Found<'a>],
    options: &VerifyOptions,
    problems: &[Problem],
) -> Vec<&'f Found<'a>> {
    if options.fraction <= 0.0 {
        return Vec::new();
    }
    let count = (done.len() as f64 * options.fraction.min(1.0)).ceil() as usize;
    let order =
        |found: &&&Found<'_>| hex(&Sha256::digest(format!("{} {}", options.seed, found.task.id)));
    let mut drawn: Vec<&&Found<'_>> = done.iter().collect();
    drawn.sort_by_key(order);
    let drawn: Vec<&str> = drawn.iter().take(count).map(|found| found.task.id.as_str()).collect();
    let is_chosen = |found: &&&Found<'_>| {
        let id = found.task.id.as_str();
        let changed =
            |problem: &Problem| problem.kind == Kind::ProductChanged && problem.task == id;
        drawn.contains(&id) || problems.iter().any(changed)
    };
    done.iter().filter(is_chosen).copied().collect()
}

fn text(counts: &Counts, problems: &[Problem], run: &Path) -> String {
    let Counts { done, tasks, products, inputs, again } = counts;
    let mut lines = vec![
        format!("{done} of {tasks} tasks of {} are done", run.display()),
        format!("{products} products and {inputs} inputs hashed, {again} tasks done again"),
    ];
    if problems.is_empty() {
        lines.push("all bytes are as they were made".to_owned());
        return lines.join("\n");
    }
    lines.push(format!("{} problems", problems.len()));
    lines.extend(problems.iter().take(SHOWN).map(Problem::line));
    if problems.len() > SHOWN {
        lines.push(format!("  and {} more, see --json", problems.len() - SHOWN));
    }
    lines.join("\n")
}
