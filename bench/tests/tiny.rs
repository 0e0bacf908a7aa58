//! The program of the benchmark on a tiny case, as the races start it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A folder of its own; it goes away at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("rawsky-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn bench(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rawsky-bench"));
        command.args(words).current_dir(&self.0).output().unwrap()
    }

    fn said(&self, words: &[&str]) -> Value {
        let done = self.bench(words);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// Plain arrays of 4 x 6 pixels: three frames, the last with one large value.
    fn frames(&self) {
        fs::write(self.0.join("shape.json"), "[4, 6]").unwrap();
        for frame in 0..3_u8 {
            let mut values = [f32::from(frame); 24];
            values[7] = if frame == 2 { 500.0 } else { 1.5 };
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            fs::write(self.0.join(format!("frame_{frame:02}.f32")), bytes).unwrap();
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_case_says_what_it_cost_and_writes_what_it_computed() {
    let folder = Folder::new("tiny-stack");
    folder.frames();
    let said = folder.said(&["run", "stack", ".", "answer", "2", "3"]);
    let seconds = said["seconds"].as_array().unwrap();
    assert_eq!(seconds.len(), 2, "{said}");
    assert!(seconds.iter().all(|seconds| seconds.as_f64().unwrap() >= 0.0), "{said}");
    let answer = fs::read(folder.0.join("answer")).unwrap();
    let values: Vec<f32> = answer.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    assert_eq!((values.len(), values[0], values[7]), (24, 1.0, 1.5));
    let once = folder.said(&["run", "stack", ".", "answer", "0", "3"]);
    assert_eq!(once["seconds"].as_array().unwrap().len(), 1);
}

#[test]
fn answers_that_differ_are_told_from_equal_ones() {
    let folder = Folder::new("tiny-compare");
    folder.frames();
    let equal = folder.said(&["compare", "frame_00.f32", "frame_00.f32", "f32"]);
    assert_eq!((equal["count"].as_u64(), equal["differ"].as_u64()), (Some(24), Some(0)));
    let apart = folder.said(&["compare", "frame_01.f32", "frame_02.f32", "f32"]);
    assert_eq!((apart["differ"].as_u64(), apart["largest"].as_str()), (Some(24), Some("4.985e2")));
}

#[test]
fn a_case_that_is_not_there_is_refused() {
    let done = Folder::new("tiny-none").bench(&["run", "no-such", ".", "answer", "1", "0"]);
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("there is no case no-such"));
}

#[test]
#[cfg(target_os = "linux")]
fn the_seconds_of_a_command_are_those_of_its_children_too() {
    let folder = Folder::new("tiny-command");
    let busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
    let said = folder.said(&["command", "sh", "-c", &format!("sh -c '{busy}'; true")]);
    assert!(said["seconds"][0].as_f64().unwrap() > 0.02, "{said}");
    assert!(said["peak_mib"].as_f64().unwrap() > 0.1, "{said}");
}
