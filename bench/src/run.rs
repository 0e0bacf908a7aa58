//! Runs a case: once to warm up, then as often as asked (asked for none, the first counts), and says
//! what it cost.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use crate::cases;
use crate::clock::{cpu_seconds, peak_mib};

/// Runs `case` of `size` on the files of `inputs`; what came out goes to `answer`. One line of JSON.
///
/// # Errors
/// If there is no such case or input, or the core refuses it.
pub fn run(
    case: &str,
    inputs: &Path,
    answer: &Path,
    (repeats, size): (usize, usize),
) -> Result<String> {
    let mut work = cases::prepare(case, inputs, size)?;
    let mut seconds = Vec::with_capacity(repeats);
    let mut last = None;
    for repeat in 0..=repeats {
        // What the last repeat made is given back before the clock starts, as the peers do it.
        drop(last.take());
        let start = cpu_seconds();
        last = Some(work()?);
        if repeat > 0 || repeats == 0 {
            seconds.push(cpu_seconds() - start);
        }
    }
    let peak = peak_mib();
    let bytes = last.context("nothing was run")?.bytes()?;
    fs::write(answer, bytes).with_context(|| answer.display().to_string())?;
    Ok(json!({ "seconds": seconds, "peak_mib": peak }).to_string())
}
