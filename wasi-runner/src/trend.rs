//! `rawsky trend`: the masters of several runs by night, against the first of their kind in the same
//! period of the camera.
//!
//! What changes from night to night is seen in the mean of every amplifier: of a bias or dark in DN, of a
//! flat (whose detector median is 1) and of its level as a ratio.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::instrument::{Instrument, Period};
use rawsky_core::job::{Task, Text};
use rawsky_core::time::Day;
use serde::Serialize;
use serde_json::{Value, json};

use crate::batch::OUT;
use crate::class::Failure;
use crate::context::Context;
use crate::dag::keyed;
use crate::plan::{Plan, Source, Stage};
use crate::pool;
use crate::resolve::Findings;
use crate::room;
use crate::scratch::Scratch;
use crate::show::number_text;
use crate::subject::Subject;

/// How HDUs with the image of an amplifier are named, before its number.
const IMAGE: &str = "IMAGE";

/// What is followed over the nights.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Series {
    stage: Stage,
    band: String,
    detector: u32,
    /// None for the level of a flat.
    amp: Option<u32>,
    /// Exposure time of a dark, as its task names it.
    what: String,
    /// The camera's period; empty if it has none.
    period: String,
}

/// One night of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Point {
    when: String,
    /// Mean (DN for biases, darks and levels; a ratio for flats).
    mean: f64,
}

/// A master of a run.
struct Master {
    stage: Stage,
    about: Subject,
    what: String,
    period: String,
    path: PathBuf,
    level: Option<f64>,
}

/// `rawsky trend`.
///
/// # Errors
/// Those of the plans, and of reading the masters.
pub fn trend(context: &Context, runs: &[PathBuf]) -> Result<(), Failure> {
    let mut masters = BTreeMap::new();
    for run in runs {
        for (sha256, master) in of_run(run)? {
            masters.entry(sha256).or_insert(master);
        }
    }
    let masters: Vec<Master> = masters.into_values().collect();
    let scratch = Scratch::inside(&std::env::temp_dir(), context)?;
    let means = pool::map(&masters, room::workers(context), |master| means(&scratch, &master.path));
    let mut series: BTreeMap<Series, Vec<Point>> = BTreeMap::new();
    for (master, means) in masters.iter().zip(means) {
        let levels = master.level.map(|level| (None, level));
        let all = means?.into_iter().map(|(amp, mean)| (Some(amp), mean)).chain(levels);
        for (amp, mean) in all {
            let point = Point { when: master.about.when.clone(), mean };
            series.entry(of(master, amp)).or_default().push(point);
        }
    }
    for points in series.values_mut() {
        points.sort_by(|a, b| a.when.cmp(&b.when));
    }
    context.print(&text(&series), &json(&series));
    Ok(())
}

fn of(master: &Master, amp: Option<u32>) -> Series {
    let about = &master.about;
    Series {
        stage: master.stage,
        band: about.band.as_ref().map(|band| band.0.clone()).unwrap_or_default(),
        detector: about.detector.map_or(0, |detector| detector.0),
        amp,
        what: master.what.clone(),
        period: master.period.clone(),
    }
}

/// The master biases, darks and flats of a run, by digest.
fn of_run(run: &Path) -> Result<Vec<(String, Master)>, Failure> {
    let plan = Plan::read(run)?;
    let wanted = |stage| matches!(stage, Stage::Bias | Stage::Dark | Stage::LampFlat | Stage::Flat);
    let findings = Findings::of(&plan, &run.join(OUT), |task| wanted(task.stage));
    let camera = camera(&plan);
    let period = |when: &str| camera.as_ref().and_then(|camera| period(camera, when));
    let mut masters = Vec::new();
    for found in findings.tasks().iter().filter(|found| found.task.stage != Stage::LampFlat) {
        let (Some(done), Some(key)) = (&found.done, found.task.outputs.first()) else { continue };
        let Some(file) = done.files.iter().find(|file| file.key == *key) else { continue };
        // The end of the name of a dark's task tells its exposure time.
        let time = found.task.id.rsplit_once("-t").map(|(_, time)| time.to_owned());
        masters.push((
            file.sha256.clone(),
            Master {
                stage: found.task.stage,
                about: found.task.about.clone(),
                what: time.filter(|_| found.task.stage == Stage::Dark).unwrap_or_default(),
                period: period(&found.task.about.when).unwrap_or_default(),
                path: done.folder.join(key),
                level: level(&done.folder),
            },
        ));
    }
    Ok(masters)
}

/// The camera of a plan.
fn camera(plan: &Plan) -> Option<Instrument> {
    let task = plan.tasks.first()?;
    match &task.job.camera {
        Text::BuiltIn(name) => Instrument::built_in(name).ok(),
        Text::File(key) => {
            let input = task.inputs.iter().find(|input| input.key == *key)?;
            let Source::File { path, .. } = &input.from else { return None };
            Instrument::parse(&fs::read_to_string(path).ok()?).ok()
        }
    }
}

/// The name of the period that holds a day (`20200214`).
fn period(camera: &Instrument, day: &str) -> Option<String> {
    let (year, rest) = day.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let day = Day::parse(&format!("{year}-{month}-{day}"))?;
    camera.periods.iter().rev().find(|period| period.begins <= day).map(Period::name)
}

/// The level of a flat (DN), from its record.
fn level(folder: &Path) -> Option<f64> {
    let record: Value = serde_json::from_slice(&crate::staging::record_bytes(folder).ok()?).ok()?;
    let step = record["steps"].as_array()?.iter().find(|step| step["step"] == "normalize")?;
    step["report"]["level_dn"].as_f64()
}

/// The mean of each amplifier's image.
fn means(scratch: &Scratch<'_>, path: &Path) -> Result<Vec<(u32, f64)>, Failure> {
    let files = vec![(keyed("file", path), path.to_owned())];
    let output = "inspect.json".to_owned();
    let task = Task::Inspect { file: files[0].0.clone(), output: output.clone() };
    let done = scratch.job(task, &files, vec![output.clone()])?;
    let text = fs::read(done.folder.join(&output)).unwrap_or_default();
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    let mean = |hdu: &Value| {
        let amp = hdu["name"].as_str()?.strip_prefix(IMAGE)?.parse().ok()?;
        Some((amp, hdu["image"]["mean"].as_f64()?))
    };
    Ok(value["hdus"].as_array().into_iter().flatten().filter_map(mean).collect())
}

/// Change against the first night: a difference (DN) of biases and darks, else a part of it.
fn change(series: &Series, first: f64, mean: f64) -> f64 {
    match series.stage {
        Stage::Bias | Stage::Dark => mean - first,
        _ => mean / first - 1.0,
    }
}

fn text(series: &BTreeMap<Series, Vec<Point>>) -> String {
    let mut lines = vec![format!(
        "{:<12} {:<6} {:<7} {:<9} {:<10} {:<10} {:>12} {:>12}",
        "master", "band", "CCD", "", "period", "night", "mean", "change"
    )];
    for (one, points) in series {
        let Some(first) = points.first().map(|point| point.mean) else { continue };
        let part = one.amp.map_or("level".to_owned(), |amp| format!("q{amp}"));
        let part = if one.what.is_empty() { part } else { format!("{part} {} s", one.what) };
        for point in points {
            let change = change(one, first, point.mean);
            let change = match one.stage {
                Stage::Bias | Stage::Dark => format!("{} DN", number_text(change)),
                _ => format!("{} %", number_text(100.0 * change)),
            };
            let (stage, mean) = (one.stage.name(), number_text(point.mean));
            let (band, detector, period) = (&one.band, one.detector, &one.period);
            let when = &point.when;
            lines.push(format!(
                "{stage:<12} {band:<6} {detector:<7} {part:<9} {period:<10} {when:<10} {mean:>12} \
                 {change:>12}"
            ));
        }
    }
    lines.join("\n")
}

fn json(series: &BTreeMap<Series, Vec<Point>>) -> Value {
    let one = |(one, points): (&Series, &Vec<Point>)| {
        let first = points.first().map_or(f64::NAN, |point| point.mean);
        let nights: Vec<Value> = points
            .iter()
            .map(|point| {
                let change = change(one, first, point.mean);
                json!({ "when": point.when, "mean": point.mean, "change": change })
            })
            .collect();
        json!({ "stage": one.stage, "band": one.band, "detector": one.detector, "amp": one.amp,
                "exposure": one.what, "period": one.period, "nights": nights })
    };
    series.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_of_the_period_that_began_last() {
        let camera = Instrument::built_in("ztf").unwrap();
        let [first, .., last] = &camera.periods[..] else { panic!("no periods") };
        let of = |day: Day| period(&camera, &day.compact());
        assert_eq!(of(first.begins), Some(first.name()));
        assert_eq!(of(last.begins), Some(last.name()));
        assert_eq!(period(&camera, "20000101"), None);
        assert_eq!(period(&camera, "all"), None);
    }
}
