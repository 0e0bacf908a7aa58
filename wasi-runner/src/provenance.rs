//! `rawsky provenance`: what a product was made of, back to the files of the night.
//!
//! A product is known by its bytes, so a copy anywhere can be asked about, and a changed one is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::provenance::Provenance;
use serde_json::{Value, json};

use crate::args::ProvenanceOptions;
use crate::attempt;
use crate::batch::OUT;
use crate::class::{Class, Failure};
use crate::context::Context;
use crate::digests::file_digest;
use crate::exec::ancestors;
use crate::night::name;
use crate::plan::{PLAN, Plan, PlannedTask, Source};
use crate::publish::Manifest;
use crate::resolve::{Findings, Found};
use crate::staging::record_bytes;

/// `rawsky provenance`.
///
/// # Errors
/// If there is no run, or its products are not these bytes.
pub fn provenance(context: &Context, options: &ProvenanceOptions) -> Result<(), Failure> {
    let file = &options.product;
    let run = match &options.run {
        Some(run) => run.clone(),
        None => run_of(file)?,
    };
    let plan = Plan::read(&run)?;
    let sha256 = file_digest(file).map_err(|error| Failure::io(file.display(), &error))?;
    let wanted = candidates(&plan, &name(file));
    let findings = Findings::of(&plan, &run.join(OUT), |task| wanted.contains(task.id.as_str()));
    let Some((found, key)) = maker(&findings, &sha256) else {
        return Err(unknown(file, &sha256, (&run, &findings)));
    };
    let story = Story { findings: &findings, run: &run };
    let program = format!("  by program {:.12} in {}", plan.module_sha256, run.display());
    let mut lines = vec![format!("{key}  {sha256}"), program];
    story.lines(found, 1, (&mut BTreeSet::new(), &mut lines));
    let needed = ancestors(&plan, found.task);
    let steps = findings.tasks().iter().filter(|found| needed.contains(found.task.id.as_str()));
    let steps: Vec<Value> = steps.map(|found| story.step(found)).collect();
    let json = json!({
        "product": { "name": key, "sha256": sha256 }, "made_by": found.task.id, "run": run,
        "night": plan.night, "program_sha256": plan.module_sha256, "tasks": steps,
    });
    context.print(&lines.join("\n"), &json);
    Ok(())
}

/// The run that a file lies in.
fn run_of(file: &Path) -> Result<PathBuf, Failure> {
    let bad =
        |reason: String| Failure::new(Class::InputBad, format!("{}: {reason}", file.display()));
    let real = file.canonicalize().map_err(|error| bad(error.to_string()))?;
    let run = real.ancestors().find(|folder| folder.join(PLAN).is_file());
    run.map(Path::to_owned).ok_or_else(|| {
        bad("lies in no folder of a run; --run names the run that made it".to_owned())
    })
}

/// The tasks that may have made a file, by its name, with all that they take; every task if none makes
/// a product of that name.
fn candidates<'a>(plan: &'a Plan, name: &str) -> BTreeSet<&'a str> {
    let makes = |task: &&PlannedTask| task.outputs.iter().any(|key| key == name);
    let makers: Vec<&PlannedTask> = plan.tasks.iter().filter(makes).collect();
    if makers.is_empty() {
        return plan.tasks.iter().map(|task| task.id.as_str()).collect();
    }
    makers.into_iter().flat_map(|task| ancestors(plan, task)).collect()
}

/// The task that made these bytes, and their name.
fn maker<'f, 'a>(findings: &'f Findings<'a>, sha256: &str) -> Option<(&'f Found<'a>, String)> {
    findings.tasks().iter().find_map(|found| {
        let files = &found.done.as_ref()?.files;
        let file = files
            .iter()
            .find(|file| file.sha256 == sha256 && found.task.outputs.contains(&file.key))?;
        Some((found, file.key.clone()))
    })
}

fn unknown(file: &Path, sha256: &str, (run, findings): (&Path, &Findings<'_>)) -> Failure {
    let own = name(file);
    let made = findings.tasks().iter().find_map(|found| {
        let files = &found.done.as_ref()?.files;
        files.iter().find(|file| file.key == own).map(|file| file.sha256.clone())
    });
    let (file, run) = (file.display(), run.display());
    let reason = match made {
        Some(made) => format!("{file} has other bytes ({sha256:.12}) than {run} made ({made:.12})"),
        None => format!("{file}: {run} has made no product of these bytes ({sha256:.12})"),
    };
    Failure::new(Class::InputBad, reason)
}

struct Story<'s, 'a> {
    findings: &'s Findings<'a>,
    run: &'s Path,
}

impl Story<'_, '_> {
    /// How a task made its products, for a person; what was told before is not told again.
    fn lines(
        &self,
        found: &Found<'_>,
        depth: usize,
        (told, lines): (&mut BTreeSet<String>, &mut Vec<String>),
    ) {
        let (task, pad) = (found.task, "  ".repeat(depth));
        let stage = task.stage.name();
        if !told.insert(task.id.clone()) {
            lines.push(format!("{pad}by {} ({stage}), see above", task.id));
            return;
        }
        lines.push(format!("{pad}by {} ({stage}), {}", task.id, self.means(found)));
        for input in &task.inputs {
            let short = short(&input.key);
            match &input.from {
                Source::File { path, sha256 } => {
                    lines.push(format!("{pad}  {short}  {sha256}  {}", path.display()));
                }
                Source::Product { task, key } => {
                    let maker = self.findings.task(task);
                    let sha256 = maker.and_then(|maker| digest(maker, key)).unwrap_or_default();
                    lines.push(format!("{pad}  {short}  {sha256}"));
                    if let Some(maker) = maker {
                        self.lines(maker, depth + 2, (&mut *told, &mut *lines));
                    }
                }
            }
        }
    }

    /// With what a task was done, in one line.
    fn means(&self, found: &Found<'_>) -> String {
        let record = record(found);
        let part = |name: &str, digest: String| format!("{name} {digest:.12}");
        match record {
            Some(record) => [
                format!("core {}", record.core),
                part("recipe", record.recipe_sha256),
                part("camera", record.camera_sha256),
            ]
            .join(", "),
            None => "its record is gone".to_owned(),
        }
    }

    fn step(&self, found: &Found<'_>) -> Value {
        let task = found.task;
        let inputs = task.inputs.iter().map(|input| match &input.from {
            Source::File { path, sha256 } => {
                json!({ "key": input.key, "sha256": sha256, "file": path })
            }
            Source::Product { task, key } => {
                let sha256 = self.findings.task(task).and_then(|maker| digest(maker, key));
                json!({ "key": input.key, "sha256": sha256, "task": task, "product": key })
            }
        });
        let products: BTreeMap<&String, &String> = found
            .done
            .iter()
            .flat_map(|done| &done.files)
            .map(|file| (&file.key, &file.sha256))
            .collect();
        let manifest = found.done.as_ref().and_then(|done| Manifest::read(&done.folder));
        let record = record(found);
        json!({
            "task": task.id, "stage": task.stage, "content_key": found.key,
            "program_sha256": manifest.as_ref().map(|manifest| &manifest.module_sha256),
            "job": manifest.as_ref().map(|manifest| &manifest.job),
            "core": record.as_ref().map(|record| &record.core),
            "camera_sha256": record.as_ref().map(|record| &record.camera_sha256),
            "recipe_sha256": record.as_ref().map(|record| &record.recipe_sha256),
            "inputs": inputs.collect::<Vec<_>>(), "products": products,
            "attempt": attempt::last(self.run, &task.id),
        })
    }
}

fn short(key: &str) -> &str {
    key.strip_prefix("made/").unwrap_or(key)
}

fn digest(found: &Found<'_>, key: &str) -> Option<String> {
    let files = &found.done.as_ref()?.files;
    files.iter().find(|file| file.key == key).map(|file| file.sha256.clone())
}

fn record(found: &Found<'_>) -> Option<Provenance> {
    let done = found.done.as_ref()?;
    fs::metadata(&done.folder).ok()?;
    serde_json::from_slice(&record_bytes(&done.folder).ok()?).ok()
}
