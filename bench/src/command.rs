//! What a whole command costs: CPU seconds and the most memory at a time, its children included.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Runs a command to its end. One line of JSON.
///
/// # Errors
/// If it cannot be started or fails.
pub fn measure(program: &str, words: &[&str]) -> Result<String> {
    let before = children_seconds()?;
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let (mut peaks, mut most_at_once) = (BTreeMap::new(), 0.0_f64);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let now = look(child.id(), &mut peaks);
        most_at_once = most_at_once.max(now);
        sleep(LOOK);
    };
    ensure!(status.success(), "{program} {}: {status}", words.join(" "));
    let seconds = children_seconds()? - before;
    let largest = peaks.values().copied().fold(0.0, f64::max);
    Ok(json!({ "seconds": [seconds], "peak_mib": largest, "together_mib": most_at_once })
        .to_string())
}

/// CPU seconds of the children that have ended, theirs included.
fn children_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // cutime and cstime, the 16th and 17th field of all, in hundredths of a second (proc_pid_stat(5)).
    let ticks = fields.get(13).zip(fields.get(14)).context("/proc/self/stat is short")?;
    Ok((ticks.0.parse::<f64>()? + ticks.1.parse::<f64>()?) / 100.0)
}

/// Notes the largest resident set of a process and of those below it; what they hold together (MiB).
fn look(process: u32, peaks: &mut BTreeMap<u32, f64>) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or(0.0) / 1024.0
    };
    let peak = peaks.entry(process).or_insert(0.0);
    *peak = peak.max(mib("VmHWM:"));
    let mut together = mib("VmRSS:");
    for task in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
            together += look(child, peaks);
        }
    }
    together
}
