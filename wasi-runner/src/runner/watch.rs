//! Stands by a child process: its time, what it writes, and what its end means.

use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use crate::child::{self, Report};
use crate::class::{Class, Failure, one_line};
use crate::sandbox::Limits;
use crate::staging;

/// Time that a child may take beyond its wall time, for start and report.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes kept of what a child prints.
const PRINTED: u64 = 64 << 10;
/// Time between two looks at what it has written.
const LOOK: Duration = Duration::from_millis(500);
/// Files that a job may write: more than any job declares.
const MOST_FILES: usize = 4096;

struct Watch {
    start: Instant,
    looked: Instant,
    limits: Limits,
}

impl Watch {
    /// Why the child must not go on.
    fn objection(&mut self, output: &Path) -> Option<Failure> {
        let limit = Duration::from_secs(self.limits.seconds) + GRACE;
        if limit <= self.start.elapsed() {
            return Some(Failure::new(Class::Time, format!("killed after {limit:?}")));
        }
        if self.looked.elapsed() < LOOK {
            return None;
        }
        self.looked = Instant::now();
        written(output).objection(self.limits)
    }
}

/// What there is below a folder.
#[derive(Default)]
struct Written {
    files: usize,
    bytes: u64,
}

impl Written {
    fn objection(&self, limits: Limits) -> Option<Failure> {
        let rule = |reason: String| Some(Failure::new(Class::OutputRule, reason));
        if MOST_FILES < self.files {
            return rule(format!("it wrote more than {MOST_FILES} files"));
        }
        if limits.disk_bytes < self.bytes {
            return rule(format!("it wrote more than {} MiB (--disk)", limits.disk_bytes >> 20));
        }
        None
    }
}

/// Counts files and bytes; links are not followed, and what goes meanwhile is not counted.
fn written(folder: &Path) -> Written {
    let mut all = Written::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(about) if about.is_dir() => folders.push(entry.path()),
                Ok(about) => {
                    all.files += 1;
                    all.bytes = all.bytes.saturating_add(about.len());
                }
                Err(_) => {}
            }
        }
    }
    all
}

/// Waits for the child of a private folder; its report.
///
/// # Errors
/// Why there is none: it was killed, by this process after its time or for what it wrote, or by others.
pub(super) fn until_it_ends(
    child: Child,
    folder: &Path,
    limits: Limits,
) -> Result<Report, Failure> {
    let (status, printed) = wait(child, &folder.join(child::OUTPUT), limits)?;
    report(folder, status, &printed, limits)
}

/// Waits for a child, kills it after its time or if it writes too much; what it printed, cut to a bound.
fn wait(mut child: Child, output: &Path, limits: Limits) -> Result<(ExitStatus, String), Failure> {
    let printed = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = printed {
            let _ = pipe.by_ref().take(PRINTED).read_to_end(&mut text);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut watch = Watch { start: Instant::now(), looked: Instant::now(), limits };
    let mut pause = Duration::from_millis(1);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {
                if let Some(failure) = watch.objection(output) {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(failure);
                }
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
            Err(error) => return Err(Failure::io("waiting for a child process", &error)),
        }
    };
    // What it wrote since the last look.
    match written(output).objection(limits) {
        Some(failure) => Err(failure),
        None => Ok((status, reader.join().unwrap_or_default())),
    }
}

/// The child's own report, or what its end tells when it left none.
fn report(
    folder: &Path,
    status: ExitStatus,
    printed: &str,
    limits: Limits,
) -> Result<Report, Failure> {
    let left: Option<Report> = fs::read(folder.join(child::REPORT))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .filter(|report: &Report| status.code() == Some(i32::from(report.class.code())));
    if let Some(report) = left {
        return Ok(report);
    }
    const XCPU: i32 = rustix::process::Signal::XCPU.as_raw();
    const XFSZ: i32 = rustix::process::Signal::XFSZ.as_raw();
    let printed = one_line(printed);
    Err(match (status.signal(), status.code()) {
        (Some(XCPU), _) => Failure::new(Class::Time, format!("more than {} s", limits.seconds)),
        (Some(XFSZ), _) => Failure::new(Class::OutputRule, "a product grew too long"),
        (Some(signal), _) => {
            Failure::new(Class::Killed, format!("killed by signal {signal} {printed}"))
        }
        (None, code) => match code.and_then(Class::of_code) {
            Some(Class::NoSpace) => Failure::new(Class::NoSpace, "the disk, or a quota, is full"),
            Some(class) => Failure::new(class, format!("it left no report {printed}")),
            None => Failure::new(Class::Trap, printed),
        },
    })
}

/// The reason of a child that reported trouble; the core's own words when it refused.
pub(super) fn reason(report: &Report, output: &Path) -> Failure {
    let core = || {
        let bytes = staging::record_bytes(output).ok()?;
        let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        serde_json::from_value::<rawsky_core::Error>(value.get("error")?.clone()).ok()
    };
    match report.class {
        Class::Refused | Class::Io => match core() {
            // What is wrong with a file is told from what the core does not want to do.
            Some(error) if report.class == Class::Refused => {
                Failure::new(Class::of_error(&error), error)
            }
            Some(error) => Failure::new(report.class, error),
            None => Failure::new(report.class, "it left no reason"),
        },
        class => Failure::new(class, &report.reason),
    }
}
