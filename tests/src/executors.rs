//! One job in every executor: natively, in the sandbox, in the browser module, under another WASI.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use rawsky_core::job::{self, Job};
use rawsky_core::provenance;
use rawsky_core::store::Key;
use rawsky_host::sandbox::{self, Limits};
use serde_json::Value;

use crate::purity::target_folder;
use crate::sources::root;
use crate::store::MemoryStore;

/// Where a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executor {
    /// The core, compiled for this machine.
    Native,
    /// The guest in the sandbox of the command.
    Sandbox,
    /// The browser module under Node.
    Module,
    /// The guest under Node's WASI, with random numbers that follow from a seed.
    OtherWasi(u32),
}

/// What a job left.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its record.
    pub record: Value,
    /// Its products.
    pub products: BTreeMap<Key, Vec<u8>>,
}

impl Outcome {
    /// SHA-256 of each product.
    pub fn digests(&self) -> BTreeMap<&str, String> {
        let digest = |(key, bytes)| (Key::as_str(key), provenance::digest(Vec::as_slice(bytes)));
        self.products.iter().map(digest).collect()
    }
}

/// Caps of the sandbox in tests.
const LIMITS: Limits = Limits { memory_bytes: 1 << 30, seconds: 600, disk_bytes: 1 << 34 };

/// Runs a job on inputs in memory.
///
/// # Errors
/// If it fails, with what the executor said.
pub fn run(executor: Executor, job: &Job, inputs: &BTreeMap<Key, Vec<u8>>) -> Result<Outcome> {
    if executor == Executor::Native {
        return native(job, inputs);
    }
    let folder = Folder::staged(job, inputs)?;
    folder.run(executor)?;
    collect(&folder.output())
}

/// Runs a job that must be refused; the core's error as plain data.
///
/// # Errors
/// If it is done, or fails without such an error.
pub fn refusal(executor: Executor, job: &Job, inputs: &BTreeMap<Key, Vec<u8>>) -> Result<Value> {
    if executor == Executor::Native {
        let mut store = MemoryStore { inputs: inputs.clone(), outputs: BTreeMap::new() };
        let error = job::execute(job, &mut store, &mut ()).err().context("it was done")?;
        return Ok(serde_json::to_value(error)?);
    }
    let folder = Folder::staged(job, inputs)?;
    let failure = folder.run(executor).err().context("it was done")?;
    let record = fs::read(folder.output().join("record.json")).context(failure)?;
    let record: Value = serde_json::from_slice(&record)?;
    record.get("error").cloned().with_context(|| record.to_string())
}

/// The job in this process.
fn native(job: &Job, inputs: &BTreeMap<Key, Vec<u8>>) -> Result<Outcome> {
    let mut store = MemoryStore { inputs: inputs.clone(), outputs: BTreeMap::new() };
    let record = job::execute(job, &mut store, &mut ())?;
    Ok(Outcome { record: serde_json::to_value(record)?, products: store.outputs })
}

/// The guest in the sandbox.
fn in_sandbox(input: &Path, output: &Path) -> Result<()> {
    static CODE: OnceLock<Vec<u8>> = OnceLock::new();
    let fail = |failure| anyhow::anyhow!("{failure:?}");
    let code = match CODE.get() {
        Some(code) => code,
        None => {
            let code = sandbox::compile(rawsky_host::guest::MODULE).map_err(fail)?;
            CODE.get_or_init(|| code)
        }
    };
    let ended = sandbox::run(code, input, output, LIMITS).map_err(fail)?;
    let said = || said(output, &ended.printed);
    ensure!(matches!(ended.exit, Ok(0)), "{:?}: {}", ended.exit, said());
    Ok(())
}

/// A script of ours under Node.
fn under_node(mode: &[&str], module: &Path, input: &Path, output: &Path) -> Result<()> {
    let script = root().join("tests/node/run.mjs");
    let mut node = Command::new("node");
    node.arg("--no-warnings").arg(script).args([module, input, output]).args(mode);
    let advice = "no Node: install it, or `cargo xtask test --without node,browser`";
    let done = node.output().context(advice)?;
    let printed = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{}: {}", done.status, said(output, &printed));
    Ok(())
}

/// What a failed executor printed, and its record.
fn said(output: &Path, printed: &str) -> String {
    let record = fs::read_to_string(output.join("record.json")).unwrap_or_default();
    format!("{printed}{record}")
}

/// The browser module with the glue for Node, built once per test program.
fn module() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["run", "--quiet", "--release", "--package", "xtask", "--", "web", "--node"]);
        let done = cargo.current_dir(root()).output().map_err(|error| error.to_string())?;
        let log = String::from_utf8_lossy(&done.stderr).into_owned();
        if done.status.success() { Ok(()) } else { Err(log) }
    });
    match built {
        Ok(()) => Ok(target_folder().join("node/rawsky_web.js")),
        Err(log) => bail!("cargo xtask web --node: {log}"),
    }
}

/// Reads record and products; what the steps showed is no product.
fn collect(folder: &Path) -> Result<Outcome> {
    let mut products = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        products.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
    }
    products.remove("evidence.json");
    let record = products.remove("record.json").context("no record")?;
    Ok(Outcome { record: serde_json::from_slice(&record)?, products })
}

/// A folder of its own with `in` and `out`, as the guest sees them; it goes away at the end.
struct Folder(PathBuf);

impl Folder {
    /// A folder with a job and its inputs.
    fn staged(job: &Job, inputs: &BTreeMap<Key, Vec<u8>>) -> Result<Folder> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rawsky-tests-{}-{number}", std::process::id());
        let folder = Folder(env::temp_dir().join(name));
        fs::create_dir(&folder.0).with_context(|| folder.0.display().to_string())?;
        fs::create_dir(folder.output())?;
        fs::create_dir(folder.input())?;
        fs::write(folder.input().join("job.json"), serde_json::to_vec(job)?)?;
        for (key, bytes) in inputs {
            let path = folder.input().join(key);
            fs::create_dir_all(path.parent().context("a key without a folder")?)?;
            fs::write(path, bytes)?;
        }
        Ok(folder)
    }

    fn input(&self) -> PathBuf {
        self.0.join("in")
    }

    fn output(&self) -> PathBuf {
        self.0.join("out")
    }

    /// Runs the job that was staged.
    fn run(&self, executor: Executor) -> Result<()> {
        let (input, output) = (self.input(), self.output());
        match executor {
            Executor::Native => bail!("the native job needs no folder"),
            Executor::Sandbox => in_sandbox(&input, &output),
            Executor::Module => under_node(&["module"], &module()?, &input, &output),
            Executor::OtherWasi(seed) => {
                let guest = self.0.join("guest.wasm");
                fs::write(&guest, rawsky_host::guest::MODULE)?;
                under_node(&["wasi", &seed.to_string()], &guest, &input, &output)
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
