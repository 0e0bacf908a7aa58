//! The core as a WASI module, and what that module asks of its host.
//!
//! The import list of a `wasm32-wasip1` module is the proof that the core does no I/O: a clock, a
//! file or a random number would each appear in it. (`wasm32-unknown-unknown` proves nothing: there
//! the standard library has stubs that fail at run time.)

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasmparser::{Parser, Payload};

use crate::sources;

/// What the start-up and panic code of the standard library asks for.
pub const START_UP: [&str; 4] = ["environ_get", "environ_sizes_get", "fd_write", "proc_exit"];

/// What hash maps inside the file-format crates ask for. Their order never reaches a result: the
/// same job under two streams of random numbers gives the same digest.
pub const HASH_SEED: &str = "random_get";

/// Builds the core with `features` as a WASI module.
///
/// # Errors
/// If cargo fails; its output is in the error.
pub fn build_module(features: &[&str]) -> Result<Vec<u8>> {
    let folder = target_folder().join("purity");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--package", "rawsky-purity"]);
    cargo.args(["--target", "wasm32-wasip1", "--features", &features.join(",")]);
    cargo.arg("--target-dir").arg(&folder).current_dir(sources::root());
    // Flags meant for native builds (a coverage or test run) do not fit this target.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = cargo.output().context("cargo")?;
    let log = String::from_utf8_lossy(&output.stderr);
    let advice = "if the target is missing: rustup target add wasm32-wasip1";
    ensure!(output.status.success(), "{log}\n{advice}");
    let module = folder.join("wasm32-wasip1/release/rawsky_purity.wasm");
    std::fs::read(&module).with_context(|| module.display().to_string())
}

/// The folder of build products in use.
pub fn target_folder() -> PathBuf {
    let default = sources::root().join("target");
    std::env::var_os("CARGO_TARGET_DIR").map_or(default, PathBuf::from)
}

/// Names of the imports of a module, as `name` for WASI and `module::name` for any other.
///
/// # Errors
/// If the bytes are not a module.
pub fn imports(module: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::ImportSection(section) = payload? else { continue };
        for import in section.into_imports() {
            let import = import?;
            names.push(match import.module {
                "wasi_snapshot_preview1" => import.name.to_owned(),
                module => format!("{module}::{}", import.name),
            });
        }
    }
    names.sort();
    Ok(names)
}

/// The imports that are not among those allowed.
pub fn unexpected(imports: &[String], allowed: &[&str]) -> Vec<String> {
    imports.iter().filter(|name| !allowed.contains(&name.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(module (import "wasi_snapshot_preview1" "clock_time_get" (func)) (import "env" "f" (func)))`
    fn module_with_a_clock() -> Vec<u8> {
        let mut section = vec![2];
        for (module, name) in [("wasi_snapshot_preview1", "clock_time_get"), ("env", "f")] {
            for text in [module, name] {
                section.push(text.len() as u8);
                section.extend(text.bytes());
            }
            section.extend([0, 0]);
        }
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend([1, 4, 1, 0x60, 0, 0]);
        module.extend([2, section.len() as u8]);
        module.extend(section);
        module
    }

    #[test]
    fn a_clock_in_the_import_list_is_found() {
        let imports = imports(&module_with_a_clock()).unwrap();
        assert_eq!(imports, ["clock_time_get", "env::f"]);
        assert_eq!(unexpected(&imports, &START_UP), imports);
        assert!(unexpected(&["fd_write".to_owned()], &START_UP).is_empty());
    }
}
