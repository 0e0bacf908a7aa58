//! A run in which something goes wrong: what status tells, and how single tasks are run again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod command;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use command::{bad, folder, good, json, names, night, products, rawsky, walk};

/// Files below a folder whose names hold all of these parts.
fn files(folder: &Path, parts: &[&str]) -> Vec<PathBuf> {
    let mut files = walk(folder);
    files.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        parts.iter().all(|part| name.contains(part))
    });
    files
}

/// Tasks in a state.
fn in_state(status: &Value, state: &str) -> Vec<String> {
    let tasks = status["tasks"].as_array().unwrap();
    let of = tasks.iter().filter(|task| task["state"] == state);
    of.map(|task| task["task"].as_str().unwrap().to_owned()).collect()
}

fn class_of<'a>(status: &'a Value, part: &str) -> &'a str {
    let bad = status["bad"].as_array().unwrap();
    let found = bad.iter().find(|bad| bad["task"].as_str().unwrap().contains(part));
    found.unwrap_or_else(|| panic!("{part} is not bad: {bad:?}"))["class"].as_str().unwrap()
}

#[test]
fn what_does_not_depend_on_bad_files_is_finished_and_each_is_listed_with_its_class() {
    let root = folder("four-faults");
    let line = "simulate --camera toy --ccds 1,2 --out night --biases 5 --flats 3 --exposures 3";
    good(&root, &format!("{line} --seed 3"));
    let night = root.join("night");
    for bias in files(&night.join("raw"), &["-d02-z"]) {
        fs::remove_file(bias).unwrap();
    }
    let mut science = files(&night.join("raw"), &["-d01-s"]);
    assert_eq!(science.len(), 3);
    let cut = fs::read(&science[0]).unwrap();
    fs::write(&science[0], &cut[..cut.len() / 2]).unwrap();
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    fs::remove_file(&files(&night.join("headers"), &[&stem(&science[1]), "_q2_"])[0]).unwrap();
    fs::write(&files(&night.join("masks"), &[&stem(&science[2]), "_q3_"])[0], "no FITS").unwrap();

    let (code, told) = bad(&root, "reduce night --camera toy -o run");
    assert_eq!(code, 3, "{told}");
    let status = json(&root, "status run");
    // The masters of the other detector, and the exposure that merely lacks a header.
    let done = in_state(&status, "done");
    for part in ["bias-20200214-c01", "flat-20200214-tb-c01", "level-20200214-tb"] {
        assert!(done.iter().any(|task| task.starts_with(part)), "{part}: {done:?}");
    }
    let second = stem(&science[1]).replace("toy-", "");
    assert!(done.contains(&format!("detrend-{second}")), "{done:?}");
    assert_eq!(done.iter().filter(|task| task.starts_with("aperture-")).count(), 3, "{done:?}");
    assert_eq!(in_state(&status, "waiting").len() + in_state(&status, "lost").len(), 0);
    // Each fault by its class: in a task, or left out of the plan.
    assert_eq!(class_of(&status, &stem(&science[2]).replace("toy-", "")), "input-bad");
    assert_eq!(class_of(&status, "-d02-s"), "refused");
    let left_out = status["left_out"].to_string();
    assert!(left_out.contains("science header of") && left_out.contains("q2"), "{left_out}");
    assert!(left_out.contains("flat-20200214-tb-c02-l01"), "{left_out}");
    let first = stem(&science.remove(0)).replace("toy-", "");
    let told_first = status["left_out"].to_string() + &status["bad"].to_string();
    assert!(told_first.contains(&first), "{told_first}");
    let text = good(&root, "status run");
    for part in ["CCD 01", "CCD 02", "band tb", "refused", "input-bad", "rawsky retry"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn tasks_run_one_by_one_end_as_the_whole_night_does() {
    let root = folder("exec");
    night(&root);
    good(&root, "reduce night --camera toy -o whole");
    good(&root, "plan night --camera toy -o run");
    let status = json(&root, "status run");
    let tasks = in_state(&status, "waiting");
    assert_eq!(tasks.len() as u64, status["counts"]["all"]["waiting"].as_u64().unwrap());
    let last = tasks.last().unwrap();
    let blocked = rawsky(&root, &format!("exec run {last}"));
    assert_eq!(blocked.status.code(), Some(20), "{blocked:?}");
    assert_eq!(rawsky(&root, "exec run unheard-of").status.code(), Some(2));
    for task in &tasks {
        good(&root, &format!("exec run {task}"));
    }
    let again = json(&root, &format!("exec run {last}"));
    assert_eq!((&again["class"], &again["new"]), (&"done".into(), &false.into()));
    assert!(products(&root.join("run")) == products(&root.join("whole")));
    assert_eq!(names(&root.join("run/out")), names(&root.join("whole/out")));
    assert_eq!(in_state(&json(&root, "status run"), "done").len(), tasks.len());
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_refusal_stands_until_a_person_asks_and_a_retry_chooses_by_class() {
    let root = folder("retry");
    good(&root, "simulate --camera toy --out night --biases 2 --flats 3 --exposures 1 --seed 3");
    let (code, told) = bad(&root, "reduce night --camera toy -o run");
    assert!(code == 1 && told.contains("at least 3"), "{told}");
    let attempts = |root: &Path| -> u64 {
        let status = json(root, "status run");
        assert_eq!(class_of(&status, "bias-"), "refused");
        status["bad"][0]["attempts"].as_u64().unwrap()
    };
    assert_eq!(attempts(&root), 1);
    let (_, told) = bad(&root, "run run");
    assert!(told.contains("rawsky retry"), "{told}");
    assert_eq!(attempts(&root), 1, "the same bytes are refused again");
    bad(&root, "retry run --class memory");
    assert_eq!(attempts(&root), 1);
    bad(&root, "retry run --class refused");
    assert_eq!(attempts(&root), 2);
    bad(&root, "retry run");
    assert_eq!(attempts(&root), 3);
    let task = json(&root, "status run")["bad"][0]["task"].as_str().unwrap().to_owned();
    assert_eq!(rawsky(&root, &format!("exec run {task}")).status.code(), Some(30));
    assert_eq!(attempts(&root), 4);
    let log = walk(&root.join("run/log"));
    let lines: Vec<String> = log
        .iter()
        .flat_map(|f| fs::read_to_string(f).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let ends = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(ends.filter(|line| line["event"] == "end" && line["task"] == *task).count(), 4);
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_page_shows_the_state_in_letters_and_loads_nothing() {
    let root = folder("page");
    night(&root);
    good(&root, "plan night --camera toy -o run");
    good(&root, "exec run bias-20200214-c01");
    fs::write(root.join("run/attempts/flat-20200214-tb-c01-l01.running"), running(&root)).unwrap();
    good(&root, "status run --html status.html");
    let page = fs::read_to_string(root.join("status.html")).unwrap();
    assert!(page.contains(">W</text>") || page.contains(">L</text>"), "{page}");
    assert!(page.contains("the process that ran it is no more"), "{page}");
    for part in ["<script", "http://127", "src=", "@import", "<link"] {
        assert!(!page.contains(part), "{part}");
    }
    good(&root, "run run");
    let text = good(&root, "status run --watch 1 --html status.html");
    assert!(text.contains("not finished"), "{text}");
    let page = fs::read_to_string(root.join("status.html")).unwrap();
    assert!(page.contains(">D</text>") && page.contains("refresh"), "{page}");
    fs::remove_dir_all(root).unwrap();
}

/// What a process of this machine left that is no more.
fn running(root: &Path) -> String {
    let name = names(&root.join("run/log")).remove(0);
    let log = fs::read_to_string(root.join("run/log").join(&name)).unwrap();
    let first: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    let (host, process) = (name.trim_end_matches(".jsonl"), &first["process"]);
    format!(
        r#"{{ "owner": {{ "host": "{host}", "process": {process}, "began": 1 }}, "since_s": 1 }}"#
    )
}
