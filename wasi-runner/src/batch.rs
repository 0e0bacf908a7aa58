//! `plan`, `run` and `reduce`: a whole night.

use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::job::{Survey, Task};
use rawsky_core::store::Key;

use crate::args::{LayoutName, NightToRun, PlanOptions};
use crate::attempt::Book;
use crate::class::{Class, Failure};
use crate::context::{Context, absolute};
use crate::dag::{self, Choice, Sharing, master_key, raw_key};
use crate::digests::Digests;
use crate::disk;
use crate::keep;
use crate::night::{Beside, Night};
use crate::plan::Plan;
use crate::progress::{Progress, Voice};
use crate::room;
use crate::run::{self, Again, Crew, Outcome};
use crate::runner::Runner;
use crate::scratch::read_survey;
use crate::sky;
use crate::state::{self, Standing};
use crate::summary;
use crate::view;
use crate::work::{Input, Work};

/// Folder of products by content key, below the folder of a run.
pub const OUT: &str = "out";
/// File of digests that were taken, below the folder of a run.
const DIGESTS: &str = "digests.json";

/// How a run of tasks ended, as an exit code of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All done.
    Done,
    /// Some tasks failed.
    Partial,
    /// No task was done.
    Failed,
    /// The exit code of a class.
    Code(u8),
}

/// `rawsky plan`.
///
/// # Errors
/// Those of the files of the night, of the survey, and of the folder of the run.
pub fn plan(context: &Context, options: &PlanOptions) -> Result<(), Failure> {
    let args = &options.night;
    let (plan, _) = planned(context, args)?;
    let path = args.output.join(crate::plan::PLAN);
    let mut lines = vec![summary::of_plan(&plan)];
    lines.extend(disk::forecast(&plan, &context.camera, &args.output));
    lines.extend(summary::left_out(&plan));
    let mut json = serde_json::json!({
        "written": [path], "tasks": plan.tasks.len(), "notes": plan.notes,
        "left_out": plan.left_out,
        "product_bytes_estimate": disk::estimate(&plan, &context.camera),
    });
    if options.explain {
        let standings = state::of_run(&plan, &args.output);
        lines.extend(standings.iter().map(Standing::explanation));
        json["explanations"] = standings.iter().map(Standing::json).collect();
    }
    lines.push(path.display().to_string());
    context.print(&lines.join("\n"), &json);
    Ok(())
}

/// `rawsky run`.
///
/// # Errors
/// Those of the plan and of the folder of the run; a failed task is none.
pub fn run(context: &Context, folder: &Path) -> Result<End, Failure> {
    again(context, folder, Again::Promising)
}

/// `rawsky run` and `rawsky retry`: brings a run forward.
///
/// # Errors
/// Those of the plan and of the folder of the run; a failed task is none.
pub fn again(context: &Context, folder: &Path, again: Again) -> Result<End, Failure> {
    let plan = Plan::read(folder)?;
    plan.for_this_program()?;
    let runner = runner(context, folder)?;
    go(context, &plan, (folder, &runner), again)
}

/// `rawsky reduce`.
///
/// # Errors
/// Those of [`plan`] and [`run()`].
pub fn reduce(context: &Context, args: &NightToRun) -> Result<End, Failure> {
    let (plan, runner) = planned(context, args)?;
    if context.voice != Voice::Quiet {
        let forecast = disk::forecast(&plan, &context.camera, &args.output);
        let lines: Vec<String> = [summary::of_plan(&plan)].into_iter().chain(forecast).collect();
        context.print(&lines.join("\n"), &serde_json::Value::Null);
    }
    go(context, &plan, (&args.output, &runner), Again::Promising)
}

/// The plan of a night, written; a folder of a run that was made for it goes again if it fails.
fn planned(context: &Context, args: &NightToRun) -> Result<(Plan, Runner), Failure> {
    let there = args.output.exists();
    let planned = runner(context, &args.output).and_then(|runner| {
        let plan = make_plan(context, args, &runner)?;
        Ok((plan, runner))
    });
    if planned.is_err() && !there {
        let _ = fs::remove_dir_all(&args.output);
    }
    planned
}

/// The runner of the folder of a run, which is made if it is not there.
///
/// # Errors
/// Those of the disk.
pub fn runner(context: &Context, folder: &Path) -> Result<Runner, Failure> {
    let io = |error| Failure::io(format!("run folder {}", folder.display()), &error);
    fs::create_dir_all(folder).map_err(io)?;
    let folder = folder.canonicalize().map_err(io)?;
    let digests = Digests::kept_in(&folder.join(DIGESTS));
    Runner::new(context.settings.clone(), &folder.join(OUT), digests)
}

fn make_plan(context: &Context, args: &NightToRun, runner: &Runner) -> Result<Plan, Failure> {
    let plan = draw(context, args, runner)?;
    plan.write(&args.output)?;
    Ok(plan)
}

/// The plan of a night, which is not written.
///
/// # Errors
/// Those of the files of the night and of the survey; [`Class::InputBad`] if nothing can be made.
pub fn draw(context: &Context, args: &NightToRun, runner: &Runner) -> Result<Plan, Failure> {
    let folder = absolute(&args.night)?;
    if !folder.is_dir() {
        let reason = format!("{} is a file; needed the folder of a night", folder.display());
        return Err(Failure::new(Class::InputBad, reason));
    }
    let beside = Beside::of(args)?;
    let mut night = Night::find(&folder, &context.camera.names.prefix, &beside)?;
    for files in [&night.raws, &night.headers, &night.masks, &night.truth, &night.masters] {
        runner.digests.of_all(files)?;
    }
    let survey = survey(context, &night, runner)?;
    if !night.catalogues.is_empty() {
        night.places = sky::of_night(context, &night, &survey, runner)?;
        // A catalogue of the whole sky is large: only what is needed is hashed.
        night.catalogues = night.places.needed(std::mem::take(&mut night.catalogues));
        runner.digests.of_all(&night.catalogues)?;
    } else if args.calibrate {
        let reason = format!(
            "--calibrate: found no catalogue of stars; needed {} or --catalogue FILE|DIR",
            folder.join("catalogue").display()
        );
        return Err(Failure::new(Class::InputBad, reason));
    }
    let names = context.names.clone().with_masks_apart(args.layout == LayoutName::Ipac);
    let known = (&context.descriptions, &names, choice(context, args)?);
    let plan = dag::plan(&folder, &night, &survey, known, &runner.digests)?;
    if plan.tasks.is_empty() {
        let reason =
            format!("nothing can be made of {}: {}", folder.display(), plan.notes.join("; "));
        return Err(Failure::new(Class::InputBad, reason));
    }
    Ok(plan)
}

/// Which masters exposures take: those of their day, if the camera says when its days begin. What is made
/// of them.
fn choice(context: &Context, args: &NightToRun) -> Result<Choice, Failure> {
    let usual = match context.camera.day_begins_utc_h {
        Some(_) => Sharing::Day,
        None => Sharing::Folder,
    };
    let sharing = args.masters.map_or(usual, Sharing::from);
    if sharing == Sharing::Period && context.camera.periods.is_empty() {
        let name = &context.camera.name;
        let reason = format!("camera {name} has no [[periods]]; needed for --masters period");
        return Err(Failure::new(Class::InputBad, reason));
    }
    Ok(Choice {
        sharing,
        within_days: args.closest_calibration,
        calibrate: args.calibrate,
        keep: args.keep.into(),
    })
}

fn survey(context: &Context, night: &Night, runner: &Runner) -> Result<Survey, Failure> {
    let raws = night.raws.iter().map(|path| (raw_key(path), path.clone()));
    let own = context.descriptions.files.iter().cloned();
    let masters = night.masters.iter().map(|path| (master_key(path), path.clone()));
    let files: Vec<(Key, PathBuf)> = raws.chain(masters).chain(own).collect();
    let output = "survey.json".to_owned();
    let task = Task::Survey {
        files: night.raws.iter().map(|path| raw_key(path)).collect(),
        masters: night.masters.iter().map(|path| master_key(path)).collect(),
        output: output.clone(),
    };
    let mut inputs = Vec::new();
    for (key, path) in files {
        inputs.push(Input { key, sha256: runner.digests.of(&path)?, path });
    }
    let outputs = vec![output.clone()];
    let done = runner.execute(&Work::new(context.descriptions.job(task), inputs, outputs))?;
    read_survey(&done.folder.join(output))
}

fn go(
    context: &Context,
    plan: &Plan,
    (folder, runner): (&Path, &Runner),
    again: Again,
) -> Result<End, Failure> {
    let start = std::time::Instant::now();
    let progress = Progress::new(plan.tasks.len(), context.voice);
    let book = Book::open(folder)?;
    let workers = room::workers(context);
    let unneeded = keep::unneeded(plan, folder);
    let crew = Crew { plan, runner, book: &book, again, progress: &progress, unneeded };
    let outcomes = run::run(&crew, workers);
    let files = products(plan, &outcomes);
    let folder = folder.canonicalize().map_err(|error| Failure::io(folder.display(), &error))?;
    view::rebuild(&folder, &files)?;
    let seconds = start.elapsed().as_secs_f64();
    let (text, json) = summary::of_run(&folder, plan, &outcomes, seconds);
    context.print(&text, &json);
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    Ok(match failed {
        0 if plan.lacks_files() => End::Partial,
        0 => End::Done,
        all if all == outcomes.len() => End::Failed,
        _ => End::Partial,
    })
}

/// Name and place of every product of a plan that is there.
fn products(plan: &Plan, outcomes: &[Outcome]) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for (task, outcome) in plan.tasks.iter().zip(outcomes) {
        if let Ok(done) = &outcome.result {
            let places = task.outputs.iter().map(|key| (key.clone(), done.folder.join(key)));
            // What was dropped has no place.
            files.extend(places.filter(|(_, place)| place.exists()));
        }
    }
    files
}
