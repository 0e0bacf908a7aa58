//! One task in a process of its own: sets its limits, runs the job, leaves a report.
//!
//! The parent prepares a private folder: `spec.json`, `in/`, `out/`. The child writes `report.json`
//! there and exits with the code of its class. What it does to itself cannot reach other tasks.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::process::{Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

use crate::class::{Class, Failure, one_line};
use crate::code;
use crate::sandbox::{self, Limits};

/// Handles that a child may have open.
const OPEN_FILES: u64 = 128;

/// Name of the task's description in the private folder.
pub const SPEC: &str = "spec.json";
/// Name of the child's report in the private folder.
pub const REPORT: &str = "report.json";
/// Name of the input folder.
pub const INPUT: &str = "in";
/// Name of the output folder.
pub const OUTPUT: &str = "out";

/// What runs the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// WebAssembly in the sandbox.
    Sandbox,
    /// The same source compiled for this machine, without a sandbox.
    Native,
}

/// What a child is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What runs the job.
    pub engine: Engine,
    /// The compiled guest; none for the native engine.
    pub code: Option<PathBuf>,
    /// Its caps.
    pub limits: Limits,
}

/// What a child leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// How it ended.
    pub class: Class,
    /// Why, when it did not end well.
    pub reason: String,
    /// Time of the job itself, without start and end of the process (s).
    pub seconds: f64,
    /// The most memory of the whole process (byte), where the system tells.
    pub process_bytes: Option<u64>,
    /// The most linear memory of the guest (byte); none for the native engine.
    pub guest_bytes: Option<u64>,
}

/// The hidden subcommand: does the task of a private folder; its exit code.
pub fn main(folder: &Path) -> u8 {
    let spec = prepare(folder);
    let start = Instant::now();
    let (result, guest_bytes) = match spec {
        Ok(spec) => work(folder, &spec),
        Err(failure) => (Err(failure), None),
    };
    let seconds = start.elapsed().as_secs_f64();
    let (class, reason) = match result {
        Ok(()) => (Class::Done, String::new()),
        Err(failure) => (failure.class, failure.reason),
    };
    let report = Report { class, reason, seconds, process_bytes: peak(), guest_bytes };
    let text = serde_json::to_vec(&report).unwrap_or_default();
    match fs::write(folder.join(REPORT), text) {
        Ok(()) => class.code(),
        Err(error) if class == Class::Done => Failure::io(REPORT, &error).class.code(),
        Err(_) => class.code(),
    }
}

fn prepare(folder: &Path) -> Result<Spec, Failure> {
    let bytes = fs::read(folder.join(SPEC)).map_err(|error| Failure::io(SPEC, &error))?;
    let spec: Spec =
        serde_json::from_slice(&bytes).map_err(|error| Failure::new(Class::Io, error))?;
    restrict(&spec.limits).map_err(|error| Failure::io("limits of the child", &error.into()))?;
    Ok(spec)
}

/// Limits of the operating system, for what the sandbox does not count, and for the native engine.
fn restrict(limits: &Limits) -> rustix::io::Result<()> {
    let set = |resource, value| {
        let old = rustix::process::getrlimit(resource);
        let maximum = old.maximum.map_or(value, |maximum| maximum.min(value));
        let new = Rlimit { current: Some(maximum), maximum: Some(maximum) };
        rustix::process::setrlimit(resource, new)
    };
    set(Resource::Core, 0)?;
    set(Resource::Nofile, OPEN_FILES)?;
    set(Resource::Fsize, limits.disk_bytes)?;
    // Start and end of the process count too, and helper threads of the engine.
    set(Resource::Cpu, 2 * limits.seconds + 30)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn work(folder: &Path, spec: &Spec) -> (Result<(), Failure>, Option<u64>) {
    let (input, output) = (folder.join(INPUT), folder.join(OUTPUT));
    let Some(path) = &spec.code else {
        return (exit(i32::from(rawsky_guest::run(&input, &output)), ""), None);
    };
    let ended = code::read(path).and_then(|code| sandbox::run(&code, &input, &output, spec.limits));
    match ended {
        Ok(ended) => {
            let result = match ended.exit {
                Ok(code) => exit(code, &ended.printed),
                Err(failure) => Err(explain(failure, &ended.printed)),
            };
            (result, Some(ended.memory_bytes))
        }
        Err(failure) => (Err(failure), None),
    }
}

/// The meaning of the guest's exit code; the record holds the reason of a refusal.
fn exit(code: i32, printed: &str) -> Result<(), Failure> {
    match Class::of_code(code) {
        Some(Class::Done) => Ok(()),
        Some(class @ Class::NoSpace) => Err(Failure::new(class, "the disk, or a quota, is full")),
        Some(class @ (Class::Refused | Class::Io)) => Err(Failure::new(class, "")),
        _ => Err(Failure::new(Class::Trap, format!("exit code {code}: {}", one_line(printed)))),
    }
}

/// A trap with the line that the guest's panic left.
fn explain(failure: Failure, printed: &str) -> Failure {
    let printed = one_line(printed);
    if failure.class == Class::Trap && !printed.is_empty() {
        return Failure::new(Class::Trap, format!("{printed} ({})", failure.reason));
    }
    failure
}

/// The most memory that this process has had (byte).
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
