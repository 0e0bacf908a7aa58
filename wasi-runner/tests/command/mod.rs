//! The command and its folders, for the tests that use it from outside.

#![allow(dead_code, reason = "each test program uses a part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

pub(crate) fn folder(name: &str) -> PathBuf {
    let root = std::env::temp_dir().join(format!("rawsky-cli-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    root
}

pub(crate) fn rawsky(root: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rawsky"))
        .current_dir(root)
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .args(line.split_whitespace())
        .output()
        .unwrap()
}

pub(crate) fn good(root: &Path, line: &str) -> String {
    let output = rawsky(root, line);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "rawsky {line}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the command prints for programs, however it ends.
pub(crate) fn json(root: &Path, line: &str) -> Value {
    serde_json::from_slice(&rawsky(root, &format!("{line} --json")).stdout).unwrap()
}

/// Exit code and the one line on standard error.
pub(crate) fn bad(root: &Path, line: &str) -> (i32, String) {
    let output = rawsky(root, line);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "rawsky {line}");
    (output.status.code().unwrap(), errors)
}

/// Names below a folder, hidden ones too.
pub(crate) fn names(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Every product by name, with its bytes.
pub(crate) fn products(run: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = run.join("products");
    names(&folder).into_iter().map(|n| (n.clone(), fs::read(folder.join(n)).unwrap())).collect()
}

pub(crate) fn night(root: &Path) {
    good(root, "simulate --camera toy --out night --biases 5 --flats 3 --exposures 1 --seed 3");
}

pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}
