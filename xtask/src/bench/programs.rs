//! How each side of a race is started, and what it says.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::cases::Case;
use super::race::{Apart, Sample, Side, Spread};
use crate::shell::{output, root};

/// Exit code of `tests/oracles/perf/cases.py` when a package is missing.
const MISSING: i32 = 3;

/// What `rawsky` tells the allocator of its tasks.
const KEEP_MEMORY: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "4294967296"), ("MALLOC_TRIM_THRESHOLD_", "17179869184")];

/// Of an answer that has nothing to be compared with.
const NOT_APART: Apart = Apart { numbers: 0, absolute: 0.0, relative: 0.0 };

/// What is raced, and where.
#[derive(Debug)]
pub(super) struct Programs {
    /// `rawsky-bench`.
    pub(super) bench: PathBuf,
    /// `rawsky`.
    pub(super) rawsky: PathBuf,
    /// `rawsky-bench` as a module, and its machine code.
    pub(super) module: PathBuf,
    pub(super) code: PathBuf,
    /// Python with the peers.
    pub(super) python: Option<PathBuf>,
    /// The folder of nights, inputs and answers.
    pub(super) folder: PathBuf,
    /// Held as long as they are used.
    pub(super) _lock: File,
}

impl Programs {
    /// The same with another module.
    ///
    /// # Errors
    /// If the lock of the folder cannot be held twice.
    pub(super) fn with(&self, module: PathBuf, code: PathBuf) -> Result<Programs> {
        Ok(Programs {
            bench: self.bench.clone(),
            rawsky: self.rawsky.clone(),
            module,
            code,
            python: self.python.clone(),
            folder: self.folder.clone(),
            _lock: self._lock.try_clone()?,
        })
    }

    /// Runs one side of a case once; or says why it cannot.
    ///
    /// # Errors
    /// If it fails.
    pub(super) fn start(&self, case: &Case, side: Side) -> Result<Result<Sample, String>> {
        let answer = self.answer(side);
        let _ = fs::remove_file(&answer);
        let mut reader = None;
        let command = if case.is_command && !matches!(side, Side::Peer(_)) {
            let words = super::setup::command(self, case, (side, &answer))?;
            words.map(|[work, read]| {
                reader = Some(read);
                work
            })
        } else {
            self.command(case, side)
        };
        let Some(mut command) = command else { return Ok(Err(absent(case, side).to_owned())) };
        command.current_dir(&self.folder).env("OMP_NUM_THREADS", "1");
        command.env("OPENBLAS_NUM_THREADS", "1").env("PYTHONWARNINGS", "ignore");
        let done = command.output().with_context(|| format!("cannot start {command:?}"))?;
        if done.status.code() == Some(MISSING) && matches!(side, Side::Peer(_)) {
            let said = String::from_utf8_lossy(&done.stderr);
            crate::shell::say(format!("left out: {}", said.trim()));
            return Ok(Err(absent(case, side).to_owned()));
        }
        if !done.status.success() {
            bail!("{command:?}: {}", String::from_utf8_lossy(&done.stderr));
        }
        let said = said(&String::from_utf8_lossy(&done.stdout));
        if let Some(mut read) = reader {
            let read_it = read.current_dir(&self.folder).output()?;
            if !read_it.status.success() {
                bail!("{read:?}: {}", String::from_utf8_lossy(&read_it.stderr));
            }
        }
        let apart = self.apart(case, side, &answer)?;
        if side != Side::Native {
            let _ = fs::remove_file(&answer);
        }
        Ok(Ok(sample(&said, apart)?))
    }

    /// CPU seconds of one run of a case natively, for tables of growth.
    ///
    /// # Errors
    /// If it fails.
    pub(super) fn native(&self, case: &Case) -> Result<Sample> {
        self.start(case, Side::Native)?.map_err(anyhow::Error::msg)
    }

    /// What `rawsky-bench command` says of a command.
    ///
    /// # Errors
    /// If it fails.
    pub(super) fn measure(&self, command: &mut Command) -> Result<Sample> {
        let done = command.current_dir(&self.folder).output()?;
        if !done.status.success() {
            bail!("{command:?}: {}", String::from_utf8_lossy(&done.stderr));
        }
        sample(&said(&String::from_utf8_lossy(&done.stdout)), NOT_APART)
    }

    fn answer(&self, side: Side) -> PathBuf {
        let name = match side {
            Side::Native => "native",
            Side::Wasmtime => "wasmtime",
            Side::V8 => "v8",
            Side::Peer(_) => "peer",
        };
        self.folder.join(format!("answer.{name}"))
    }

    fn command(&self, case: &Case, side: Side) -> Option<Command> {
        let (repeats, size) = (case.repeats.to_string(), case.size.to_string());
        if let Side::Peer(at) = side {
            return self.peer(case, at, &repeats, &size);
        }
        let answer = self.answer(side);
        let name = answer.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let inside = ["/data/inputs".to_owned(), format!("/data/{name}")];
        let words = ["run", case.name, &inside[0], &inside[1], &repeats, &size];
        let mut command = Command::new(&self.bench);
        match side {
            Side::Wasmtime => {
                command.arg("sandbox").args([&self.code, &self.folder]).args(words);
            }
            Side::V8 => {
                output("node", &["--version"])?;
                command = Command::new("node");
                command.args(["--no-warnings", "--no-turbo-fast-api-calls"]);
                command.arg(root().join("bench/v8.mjs"));
                command.args([&self.module, &self.folder]).args(words);
            }
            _ => {
                command
                    .args(["run", case.name, "inputs", &name, &repeats, &size])
                    .envs(KEEP_MEMORY);
            }
        }
        Some(command)
    }

    fn peer(&self, case: &Case, at: usize, repeats: &str, size: &str) -> Option<Command> {
        let mut command = Command::new(self.python.as_ref()?);
        command.arg(root().join("tests/oracles/perf/cases.py"));
        command.args([case.name, case.peers.get(at)?.name, "inputs"]);
        command.arg(self.answer(Side::Peer(at))).args([repeats, size]);
        command.arg(self.answer(Side::Native));
        Some(command)
    }

    fn apart(&self, case: &Case, side: Side, answer: &Path) -> Result<Apart> {
        let none = NOT_APART;
        let peer = match side {
            Side::Native => return Ok(none),
            Side::Peer(at) => case.peers.get(at),
            _ => None,
        };
        if peer.is_some_and(|peer| peer.tolerance.is_none()) {
            return Ok(none);
        }
        let mut compare = Command::new(&self.bench);
        compare.arg("compare").arg(self.answer(Side::Native)).arg(answer).arg(case.holds);
        let done = compare.output()?;
        if !done.status.success() {
            bail!("{}: {side:?}: {}", case.title, String::from_utf8_lossy(&done.stderr));
        }
        let said = said(&String::from_utf8_lossy(&done.stdout));
        let number = |key: &str| said[key].as_str().and_then(|text| text.parse().ok());
        Ok(Apart {
            numbers: said["differ"].as_u64().context("no count")?,
            absolute: number("largest").context("no largest difference")?,
            relative: number("relative").context("no relative difference")?,
        })
    }

    /// Processor, date and versions.
    pub(super) fn machine(&self) -> Value {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
        let processor = format!("{}, {cores} cores", model.map_or("?", |(_, name)| name));
        let date = output("date", &["-u", "+%Y-%m-%d"]).unwrap_or_default();
        let mut versions = vec![output("rustc", &["--version"]).unwrap_or_default()];
        versions.extend(output("node", &["--version"]).map(|node| format!("Node {node}")));
        if let Some(python) = &self.python {
            let python = python.display().to_string();
            versions.extend(output(&python, &["--version"]));
            let frozen = output(&python, &["-m", "pip", "freeze"]).unwrap_or_default();
            let peers = ["astropy", "bottleneck", "ccdproc", "fitsio", "numpy", "photutils"];
            let more = ["pyarrow", "sep", "ztfimg", "ztfin2p3"];
            let named = |line: &&str| {
                let name = line.split("==").next().unwrap_or_default().to_lowercase();
                peers.iter().chain(&more).any(|peer| *peer == name)
            };
            versions.extend(frozen.lines().filter(named).map(|line| line.replace("==", " ")));
        }
        json!({ "processor": processor, "date": date, "versions": versions.join(", ") })
    }
}

fn absent(case: &Case, side: Side) -> &'static str {
    match side {
        Side::V8 if !case.is_command => "no Node",
        Side::Peer(_) => "peer not installed",
        _ => "no such command",
    }
}

/// All JSON objects among the lines, as one.
fn said(text: &str) -> Value {
    let mut all = serde_json::Map::new();
    for line in text.lines() {
        if let Ok(Value::Object(more)) = serde_json::from_str(line) {
            all.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }
    Value::Object(all)
}

fn sample(said: &Value, apart: Apart) -> Result<Sample> {
    let seconds = said["seconds"].as_array().into_iter().flatten().filter_map(Value::as_f64);
    let seconds = Spread::of(seconds).with_context(|| format!("no seconds in {said}"))?.median;
    Ok(Sample { seconds, peak_mib: said["peak_mib"].as_f64().unwrap_or(f64::NAN), apart })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_says_becomes_one_sample() {
        let text = "noise\n{\"seconds\":[3.0,1.0,2.0],\"peak_mib\":null}\n{\"peak_mib\":7.5}\n";
        let apart = Apart { numbers: 0, absolute: 0.0, relative: 0.0 };
        let found = sample(&said(text), apart).unwrap();
        assert_eq!((found.seconds, found.peak_mib), (2.0, 7.5));
        assert!(sample(&said("{}"), apart).is_err());
    }
}
