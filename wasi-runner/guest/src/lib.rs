//! One job on two folders: what the sandboxed program does, and what the native engine does too.
//!
//! The input folder holds `job.json` and one file per key; the output folder gets one file per
//! product, [`RECORD`], and [`EVIDENCE`] when a step showed any. Folders of products must be there.

pub mod probe;
pub mod store;

use std::fs;
use std::path::Path;

use rawsky_core::job::{self, Job};
use rawsky_core::provenance::Provenance;
use rawsky_core::{Error, Result};

use crate::probe::Notebook;
use crate::store::{DirStore, Fault};

/// The job, in the input folder.
pub const JOB: &str = "job.json";
/// The record, in the output folder: a `Provenance`, or `{"error": …}`.
pub const RECORD: &str = "record.json";
/// What the steps showed, in the output folder.
pub const EVIDENCE: &str = "evidence.json";

/// The job is done.
pub const DONE: u8 = 0;
/// The core refused; the record says why.
pub const REFUSED: u8 = 30;
/// The disk, or a quota, is full.
pub const NO_SPACE: u8 = 50;
/// A file could not be read or written for another reason.
pub const IO: u8 = 51;

/// Does the job of one folder and writes products and record into another; the exit code.
pub fn run(input: &Path, output: &Path) -> u8 {
    let mut store = DirStore::new(input, output);
    let mut notebook = Notebook::default();
    let result = read_job(input).and_then(|job| job::execute(&job, &mut store, &mut notebook));
    let code = match (&result, store.fault()) {
        (Ok(_), _) => DONE,
        (Err(_), Some(Fault::NoSpace)) => NO_SPACE,
        (Err(_), Some(Fault::Other)) => IO,
        (Err(_), None) => REFUSED,
    };
    match record(&result, &notebook, output) {
        Ok(()) => code,
        Err(error) if code == DONE || code == REFUSED => Fault::of(&error).code(),
        Err(_) => code,
    }
}

fn read_job(input: &Path) -> Result<Job> {
    let bytes = fs::read(input.join(JOB)).map_err(|error| Error::store(JOB, error.kind()))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::parameter(JOB, error, "a job"))
}

fn record(result: &Result<Provenance>, notebook: &Notebook, output: &Path) -> std::io::Result<()> {
    let mut text = match result {
        Ok(provenance) => serde_json::to_vec_pretty(provenance)?,
        Err(error) => serde_json::to_vec_pretty(&serde_json::json!({ "error": error }))?,
    };
    text.push(b'\n');
    fs::write(output.join(RECORD), text)?;
    match notebook.to_json() {
        Some(evidence) if result.is_ok() => fs::write(output.join(EVIDENCE), evidence),
        _ => Ok(()),
    }
}
