//! The sandboxed program, a WASI preview 1 command: does the job of `/in` and writes to `/out`.
//!
//! It runs under any WASI runtime, for example `wasmtime run --dir IN::/in --dir OUT::/out`. The exit
//! code is 0 (done), 30 (refused by the core, see `/out/record.json`), 50 (no space), 51 (I/O).

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // The host shows this line; without a place for it there is nothing left to do.
        let _ = writeln!(std::io::stderr(), "{}", panic.to_string().replace('\n', " "));
    }));
    ExitCode::from(rawsky_guest::run(Path::new("/in"), Path::new("/out")))
}
