//! What the tasks need: the two WebAssembly targets, and Node for the browser module.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::options::Options;
use crate::shell::{output, root, run as start, say};

/// Targets of the sandboxed program and of the browser module.
const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-unknown-unknown"];

/// The oldest Node that runs the browser module and builds the page.
const NODE: (u32, u32) = (20, 19);

/// Adds the targets that are missing, saying so.
///
/// # Errors
/// If one is missing and cannot be added; the error has the line that adds it.
pub(crate) fn targets() -> Result<()> {
    let sysroot = output("rustc", &["--print", "sysroot"])
        .context("there is no rustc: install Rust by https://rustup.rs, then run this again")?;
    let installed = |target: &&str| Path::new(&sysroot).join("lib/rustlib").join(target).is_dir();
    for target in TARGETS.iter().filter(|target| !installed(target)) {
        say(format!("adding the compilation target {target} (rustup target add {target})"));
        let mut rustup = Command::new("rustup");
        start(rustup.args(["target", "add", target]).current_dir(root())).with_context(|| {
            format!("{target} is missing and rustup could not add it; needed: rustup target add {target}")
        })?;
    }
    Ok(())
}

/// The browser of the page's tests.
///
/// # Errors
/// If there is none and it cannot be installed; the error has the line that installs it.
pub(crate) fn browser() -> Result<String> {
    let place = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let version = || output(&place, &["--version"]);
    if let Some(found) = version() {
        return Ok(found);
    }
    let installed = install("chromium", "for the tests of the page");
    installed.ok().and_then(|_| version()).with_context(|| {
        format!(
            "there is no {place} and it could not be installed; needed: `apt-get install chromium` \
             as root, CHROMIUM=/its/path, or `cargo xtask test --without browser`"
        )
    })
}

/// What lets the tests of faults stop a program at any of its calls.
///
/// # Errors
/// If there is none that works and it cannot be installed; the error has the line that installs it.
pub(crate) fn strace() -> Result<String> {
    let version = || {
        output("strace", &["-o", "/dev/null", "true"])?;
        Some(output("strace", &["--version"])?.lines().next()?.to_owned())
    };
    if let Some(found) = version() {
        return Ok(found);
    }
    let installed = install("strace", "for the tests of faults");
    installed.ok().and_then(|_| version()).context(
        "there is no strace that may watch programs, and it could not be installed; needed: \
         `apt-get install strace` as root, or `cargo xtask test --without strace`",
    )
}

/// Installs a package of Debian.
fn install(package: &str, why: &str) -> Result<f64> {
    say(format!("installing {package} {why} (apt-get install {package})"));
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends", package]);
    let _ = start(Command::new("apt-get").args(["update", "--quiet"]));
    start(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Version of Node.
///
/// # Errors
/// If there is none, or it is too old; the error has the lines that help.
pub(crate) fn node() -> Result<String> {
    let (major, minor) = NODE;
    let advice = format!(
        "needed: Node {major}.{minor} or newer (https://nodejs.org/en/download, or \
         `apt-get install nodejs` where that is new enough), or do without the tests of the \
         browser module by `cargo xtask test --without node,browser`"
    );
    let Some(found) = output("node", &["--version"]) else { bail!("there is no Node; {advice}") };
    match version(&found) {
        Some(version) if version >= NODE => Ok(found),
        _ => bail!("Node is {found}; {advice}"),
    }
}

/// Major and minor of `v20.19.1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Looks for everything and says what it found.
pub(crate) fn run(options: Options) -> Result<()> {
    options.end()?;
    let compiler = output("rustc", &["--version"]).unwrap_or_else(|| "no rustc".to_owned());
    say(format!("compiler: {compiler}"));
    targets()?;
    say(format!("targets: {}", TARGETS.join(", ")));
    match node() {
        Ok(version) => say(format!("Node: {version}")),
        Err(error) => say(format!("Node: {error}")),
    }
    match browser() {
        Ok(version) => say(format!("browser: {version}")),
        Err(error) => say(format!("browser: {error:#}")),
    }
    match strace() {
        Ok(version) => say(format!("strace: {version}")),
        Err(error) => say(format!("strace: {error:#}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_compare_as_numbers() {
        assert_eq!(version("v20.19.1\n"), Some((20, 19)));
        assert!(version("v20.9.0").unwrap() < NODE);
        assert!(version("v22.1.0").unwrap() > NODE);
        assert_eq!(version("nightly"), None);
    }
}
