//! The sandbox: one WASI preview 1 command on one read-only and one fresh folder, and nothing else.
//!
//! The only file that knows wasmtime (48; the settings follow its `Config` documentation). A guest
//! has no environment, no network, fixed clocks and random bytes, a memory cap that traps and a time
//! cap; of WASI it gets [`ALLOWED`]. The calls that it names beyond those trap when they are made.

use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::{Config, Engine, Extern, ExternType, Linker, Module, ResourceLimiter, Store, Trap};
use wasmtime_wasi::filesystem::FsPerms;
use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_sync};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, I32Exit, WasiCtx, WasiCtxBuilder,
};

use crate::class::{Class, Failure};

/// The module of WASI preview 1.
const WASI: &str = "wasi_snapshot_preview1";

/// The calls that a guest may make.
pub const ALLOWED: [&str; 20] = [
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_close",
    "fd_fdstat_get",
    "fd_filestat_get",
    "fd_pread",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_read",
    "fd_seek",
    "fd_tell",
    "fd_write",
    "path_filestat_get",
    "path_open",
    "proc_exit",
    "random_get",
];

/// Bytes kept of what a guest prints; more is refused.
const PRINTED: usize = 64 << 10;

/// Elements of the largest table of functions.
const TABLE_ELEMENTS: usize = 100_000;

/// What a guest may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Linear memory (byte).
    pub memory_bytes: u64,
    /// Wall time (s).
    pub seconds: u64,
    /// All files that it writes (byte).
    pub disk_bytes: u64,
}

/// How a guest ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `Ok` with its exit code, or why it was stopped.
    pub exit: Result<i32, Failure>,
    /// What it printed on its standard error.
    pub printed: String,
    /// The most linear memory that it had (byte).
    pub memory_bytes: u64,
}

/// The machine code of a WebAssembly module, for [`run`] by the same build of this program.
///
/// # Errors
/// [`Class::ModuleBad`] if it is no valid module without relaxed SIMD.
pub fn compile(wasm: &[u8]) -> Result<Vec<u8>, Failure> {
    engine()?.precompile_module(wasm).map_err(bad)
}

/// A number that is another one for every compiler version and setting that gives other code.
///
/// # Errors
/// Never for the settings of this program.
pub fn settings() -> Result<u64, Failure> {
    // Its keys are fixed, so the number is the same in every process.
    let mut hasher = std::hash::DefaultHasher::new();
    engine()?.precompile_compatibility_hash().hash(&mut hasher);
    Ok(hasher.finish())
}

/// The functions that a module names, as (module, name), sorted.
///
/// # Errors
/// [`Class::ModuleBad`] if it is no valid module.
pub fn imports(wasm: &[u8]) -> Result<Vec<(String, String)>, Failure> {
    let module = Module::new(&engine()?, wasm).map_err(bad)?;
    let name = |i: wasmtime::ImportType<'_>| (i.module().to_owned(), i.name().to_owned());
    let mut names: Vec<_> = module.imports().map(name).collect();
    names.sort();
    Ok(names)
}

/// Runs compiled code with `input` as `/in` (read-only) and `output` as `/out`.
///
/// # Errors
/// [`Class::ModuleBad`] if the code was not compiled by this program for this machine or needs more
/// than WASI, [`Class::Io`] if a folder cannot be opened.
pub fn run(code: &[u8], input: &Path, output: &Path, limits: Limits) -> Result<Ended, Failure> {
    let engine = engine()?;
    let module = load(&engine, code)?;
    let printed = MemoryOutputPipe::new(PRINTED);
    let peak = Arc::new(AtomicU64::new(0));
    let wasi = context(input, output, printed.clone())
        .map_err(|error| Failure::new(Class::Io, format!("{error:#}")))?;
    let guard = Guard { cap: limits.memory_bytes, peak: Arc::clone(&peak), refused: false };
    let mut store = Store::new(&engine, Guest { wasi, guard });
    store.limiter(|guest| &mut guest.guard);
    store.set_epoch_deadline(1);
    let linker = linker(&engine, &module, &mut store).map_err(bad)?;
    alarm(engine.clone(), limits.seconds);
    let result = linker
        .instantiate(&mut store, &module)
        .and_then(|instance| instance.get_typed_func::<(), ()>(&mut store, "_start"))
        .and_then(|start| start.call(&mut store, ()));
    let refused = store.data().guard.refused;
    Ok(Ended {
        exit: classify(result, refused, limits),
        printed: String::from_utf8_lossy(&printed.contents()).into_owned(),
        memory_bytes: peak.load(Ordering::Relaxed),
    })
}

/// The settings that decide results are fixed here: SIMD without its relaxed part, no engine-side
/// NaN rewriting (the core stores one NaN only), epochs for the time cap.
///
/// # Errors
/// Never for the settings of this program.
pub fn engine() -> Result<Engine, Failure> {
    let mut config = Config::new();
    config
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .cranelift_nan_canonicalization(false)
        .epoch_interruption(true)
        .consume_fuel(false);
    Engine::new(&config).map_err(bad)
}

/// The module of machine code that [`compile`] made. Loading it is the one act here that the compiler
/// cannot check.
///
/// # Errors
/// [`Class::ModuleBad`] if the code was not compiled by this program for this machine.
#[allow(unsafe_code)]
pub fn load(engine: &Engine, code: &[u8]) -> Result<Module, Failure> {
    // SAFETY: the bytes come from `compile`, directly, through a file that `code::read` found to be
    // this user's alone and undamaged, or through one that a benchmark wrote in the same run.
    unsafe { Module::deserialize(engine, code) }.map_err(bad)
}

/// Without features of wasmtime that print source positions, the first line says all.
fn bad(error: wasmtime::Error) -> Failure {
    Failure::new(Class::ModuleBad, format!("the sandboxed program cannot be loaded: {error:#}"))
}

struct Guest {
    wasi: WasiP1Ctx,
    guard: Guard,
}

/// The memory cap. Refusing traps at once: a guest that went on would fail somewhere else.
struct Guard {
    cap: u64,
    peak: Arc<AtomicU64>,
    refused: bool,
}

impl ResourceLimiter for Guard {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired as u64 > self.cap {
            self.refused = true;
            wasmtime::bail!("memory cap");
        }
        self.peak.fetch_max(desired as u64, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        4
    }
}

fn context(input: &Path, output: &Path, printed: MemoryOutputPipe) -> wasmtime::Result<WasiP1Ctx> {
    let mut builder: WasiCtxBuilder = WasiCtx::builder();
    builder
        .arg("rawsky-guest")
        .stdout(printed.clone())
        .stderr(printed)
        // One guest per process: a file call may block the only thread there is.
        .allow_blocking_current_thread(true)
        .wall_clock(Stopped)
        .monotonic_clock(Stopped)
        .secure_random(Deterministic::new(vec![0]))
        .insecure_random(Deterministic::new(vec![0]))
        .insecure_random_seed(0)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .preopened_dir(input, "/in", FsPerms::ReadOnly)?
        .preopened_dir(output, "/out", FsPerms::ReadWrite)?;
    Ok(builder.build_p1())
}

/// A clock that always shows zero.
struct Stopped;

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Stopped {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

/// Links the allowed calls that the module names; the others become traps with their name.
fn linker(
    engine: &Engine,
    module: &Module,
    store: &mut Store<Guest>,
) -> wasmtime::Result<Linker<Guest>> {
    let mut whole = Linker::new(engine);
    add_to_linker_sync(&mut whole, |guest: &mut Guest| &mut guest.wasi)?;
    let mut linker = Linker::new(engine);
    for import in module.imports() {
        let (from, name) = (import.module(), import.name());
        let ExternType::Func(signature) = import.ty() else {
            wasmtime::bail!("it imports {from}.{name}, which is no function");
        };
        if from == WASI && ALLOWED.contains(&name) {
            let call: Extern = whole.get(&mut *store, from, name)?;
            linker.define(&mut *store, from, name, call)?;
        } else {
            let called = Refused(format!("{from}.{name}"));
            linker.func_new(from, name, signature, move |_, _, _| Err(called.clone().into()))?;
        }
    }
    Ok(linker)
}

/// A call that is not on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it called {}, which the sandbox does not offer", self.0)
    }
}

impl std::error::Error for Refused {}

/// Ends the guest after its wall time; the parent kills what even this cannot end.
fn alarm(engine: Engine, seconds: u64) {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(seconds));
        engine.increment_epoch();
    });
}

fn classify(
    result: wasmtime::Result<()>,
    memory_refused: bool,
    limits: Limits,
) -> Result<i32, Failure> {
    let Err(error) = result else { return Ok(0) };
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Ok(exit.0);
    }
    if memory_refused {
        let cap = limits.memory_bytes >> 20;
        return Err(Failure::new(Class::Memory, format!("more than {cap} MiB of memory")));
    }
    if let Some(refused) = error.downcast_ref::<Refused>() {
        return Err(Failure::new(Class::Trap, refused));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => {
            Err(Failure::new(Class::Time, format!("longer than {} s", limits.seconds)))
        }
        Some(trap) => Err(Failure::new(Class::Trap, trap)),
        None => Err(Failure::new(Class::Trap, format!("{error:#}"))),
    }
}

#[cfg(test)]
#[path = "sandbox_tests.rs"]
mod tests;
