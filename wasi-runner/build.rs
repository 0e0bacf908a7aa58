//! Builds the sandboxed program for WASI and hands its path to `include_bytes!`; lists the files of the
//! page, if it was built, for `include!`.
//!
//! It runs the same cargo in a target directory of its own, because cargo locks the one in use.
//! `GUEST_WASM=FILE` takes a ready file instead (for packagers, and builds without the target).

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

const TARGET: &str = "wasm32-wasip1";

/// What cargo and its wrappers set for the host's build and must not reach the guest's.
const HOST_ONLY: [&str; 10] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
];

fn main() {
    println!("cargo::rerun-if-env-changed=GUEST_WASM");
    let wasm = match env::var_os("GUEST_WASM") {
        Some(given) => ready(Path::new(&given)),
        None => build(),
    };
    println!("cargo::rustc-env=GUEST_WASM_PATH={}", wasm.display());
    println!("cargo::rustc-env=PAGE_FILES={}", page().display());
}

/// A file with the expression `&[(path, bytes), …]` over all files of the page, in order of path.
fn page() -> PathBuf {
    let here = PathBuf::from(var("CARGO_MANIFEST_DIR"));
    let folder = here.parent().unwrap_or(&here).join("www/dist");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    below(&folder, &mut files);
    files.sort();
    let mut text = "&[".to_owned();
    for file in &files {
        let name = file.strip_prefix(&folder).unwrap_or(file).display().to_string();
        text += &format!("({name:?}, include_bytes!({:?})),\n", file.display().to_string());
    }
    text += "]";
    let list = PathBuf::from(var("OUT_DIR")).join("page.rs");
    if let Err(error) = std::fs::write(&list, text) {
        fail(&format!("{}: {error}", list.display()));
    }
    list
}

/// The files below a folder that are not hidden; none if there is no such folder.
fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        match path.is_dir() {
            true => below(&path, files),
            false => files.push(path),
        }
    }
}

fn ready(given: &Path) -> PathBuf {
    println!("cargo::rerun-if-changed={}", given.display());
    match given.canonicalize() {
        Ok(path) => path,
        Err(error) => fail(&format!("GUEST_WASM={}: {error}", given.display())),
    }
}

fn build() -> PathBuf {
    let here = PathBuf::from(var("CARGO_MANIFEST_DIR"));
    let root = here.parent().unwrap_or(&here).to_owned();
    for source in ["core", "wasi-runner/guest", "Cargo.lock", "Cargo.toml", ".cargo/config.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    let target = PathBuf::from(var("OUT_DIR")).join("guest");
    let mut cargo = Command::new(var("CARGO"));
    for name in HOST_ONLY {
        cargo.env_remove(name);
    }
    cargo
        .current_dir(&root)
        .args(["build", "--package", "rawsky-guest", "--profile", "guest", "--locked"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&root).join("\u{1f}"));
    match cargo.status() {
        Ok(status) if status.success() => target.join(TARGET).join("guest/rawsky-guest.wasm"),
        Ok(_) => fail(&format!(
            "the sandboxed program could not be built; if cargo says above that it cannot find \
             `core` or `std`, run `rustup target add {TARGET}`"
        )),
        Err(error) => fail(&format!("cargo could not be started for the guest: {error}")),
    }
}

/// SIMD as in `.cargo/config.toml` (which these flags replace), and paths that do not depend on
/// where the sources, the registry and the compiler are, so that every build gives the same module.
fn flags(root: &Path) -> Vec<String> {
    let mut flags = vec!["-Ctarget-feature=+simd128".to_owned()];
    let mut remap = |from: &Path, to: &str| {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    };
    remap(root, "/rawsky");
    if let Some(home) = env::var_os("CARGO_HOME").map(PathBuf::from) {
        remap(&home, "/cargo");
    } else if let Some(home) = env::var_os("HOME").map(PathBuf::from) {
        remap(&home.join(".cargo"), "/cargo");
    }
    flags
}

fn var(name: &str) -> std::ffi::OsString {
    env::var_os(name).unwrap_or_else(|| fail(&format!("cargo did not set {name}")))
}

fn fail(reason: &str) -> ! {
    println!("cargo::error={reason}");
    exit(1)
}
