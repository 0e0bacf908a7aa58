//! This program as a module under wasmtime, with the settings of the command's sandbox.
//!
//! Two things differ from it: the steady clock shows the CPU seconds of the process, so that the module
//! can time itself, and there is no cap.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rawsky_host::sandbox;
use serde_json::json;
use wasmtime::{Linker, Store};
use wasmtime_wasi::filesystem::FsPerms;
use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_sync};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{HostMonotonicClock, I32Exit, WasiCtx};

use crate::clock::{cpu_seconds, peak_mib};

/// Bytes kept of what the module prints.
const PRINTED: usize = 64 << 10;
/// Bytes that one call may move: an answer is written at once.
const MOVED: usize = 1 << 30;

/// Writes the machine code of a module. One line of JSON.
///
/// # Errors
/// If it is no module.
pub fn compile(module: &Path, code: &Path) -> Result<String> {
    let start = cpu_seconds();
    let wasm = fs::read(module).with_context(|| module.display().to_string())?;
    fs::write(code, sandbox::compile(&wasm)?).with_context(|| code.display().to_string())?;
    Ok(json!({ "compile_seconds": cpu_seconds() - start }).to_string())
}

/// Runs compiled code with `folder` as `/data`; what it printed, and the peak of this process.
///
/// # Errors
/// If it fails, with what it said.
pub fn run(code: &Path, folder: &Path, words: &[&str]) -> Result<String> {
    let engine = sandbox::engine()?;
    let bytes = fs::read(code).with_context(|| code.display().to_string())?;
    let module = sandbox::load(&engine, &bytes)?;
    let printed = MemoryOutputPipe::new(PRINTED);
    let mut wasi = WasiCtx::builder();
    wasi.arg("rawsky-bench").args(words);
    wasi.stdout(printed.clone()).stderr(printed.clone());
    wasi.allow_blocking_current_thread(true).monotonic_clock(Used);
    wasi.preopened_dir(folder, "/data", FsPerms::ReadWrite).map_err(plain)?;
    let mut store = Store::new(&engine, wasi.build_p1());
    store.set_epoch_deadline(1);
    store.set_hostcall_fuel(MOVED);
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    add_to_linker_sync(&mut linker, |guest| guest).map_err(plain)?;
    let ended = linker
        .instantiate(&mut store, &module)
        .and_then(|instance| instance.get_typed_func::<(), ()>(&mut store, "_start"))
        .and_then(|start| start.call(&mut store, ()));
    let said = String::from_utf8_lossy(&printed.contents()).into_owned();
    let done = match ended {
        Ok(()) => true,
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => exit.0 == 0,
            None => return Err(plain(error).context(said)),
        },
    };
    ensure!(done, "{said}");
    Ok(format!("{}\n{}", said.trim_end(), json!({ "peak_mib": peak_mib() })))
}

fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// A steady clock that goes on while this process computes.
struct Used;

impl HostMonotonicClock for Used {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        (cpu_seconds() * 1e9) as u64
    }
}
