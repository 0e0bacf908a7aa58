//! `cargo xtask demo`: from nothing to science images, catalogues and their residuals to the truth.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::options::Options;
use crate::shell::{cargo, follow, line, root, run as start, say};
use crate::{setup, summary};

/// The full-size night: one detector of four amplifiers of 3080 x 3072.
const FULL: &[&str] = &[
    "--camera",
    "ztf",
    "--ccds",
    "1",
    "--biases",
    "20",
    "--flats",
    "5",
    "--leds",
    "7,8,9",
    "--exposures",
    "2",
    "--compress",
    "float-rice",
];

/// A night of the small teaching camera.
const SMALL: &[&str] =
    &["--camera", "teaching", "--biases", "10", "--flats", "5", "--exposures", "2"];

/// A file beside the night that says that all of it is there, and how it was made.
const MARK: &str = "night.txt";

/// Seconds of each part.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// Building the command and its sandboxed program.
    pub(crate) build: f64,
    /// Simulating the night.
    pub(crate) simulate: f64,
    /// Reducing it.
    pub(crate) reduce: f64,
    /// Hashing every byte, and doing a tenth of the tasks again.
    pub(crate) verify: f64,
}

/// Runs the task.
pub(crate) fn run(mut options: Options) -> Result<()> {
    let (small, keep) = (options.flag("--small"), options.flag("--keep"));
    options.end()?;
    setup::targets()?;
    let (program, build) = build()?;
    let folder = root().join("demo");
    let night = if small { SMALL } else { FULL };
    if !keep {
        clear(&folder)?;
    }
    let mut times = Times { build, ..Times::default() };
    times.simulate = simulate(&program, &folder, night)?;
    times.reduce = reduce(&program, &folder, &night[..2])?;
    times.verify = verify(&program)?;
    let program = shown(&program);
    print!("{}", summary::text(&folder, &times, &program)?);
    Ok(())
}

/// Builds the command; where it is, and the seconds it took.
pub(crate) fn build() -> Result<(PathBuf, f64)> {
    say("building `rawsky` and the program that it runs in its sandbox (minutes the first time)");
    let clock = Instant::now();
    let mut command = cargo(&["build", "--release", "--package", "rawsky", "--bin", "rawsky"]);
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let mut program = None;
    let built = follow(&mut command, |text| program = executable(text).or(program.take()))?;
    if !built {
        bail!("{} failed", line(&command));
    }
    Ok((program.context("cargo did not say where the program is")?, clock.elapsed().as_secs_f64()))
}

/// The path of the command in one of cargo's messages.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let is_ours = message["target"]["name"] == "rawsky";
    message["executable"].as_str().filter(|_| is_ours).map(PathBuf::from)
}

/// Takes away what the last demo left.
fn clear(folder: &Path) -> Result<()> {
    for name in ["run", "night"] {
        let old = folder.join(name);
        if old.exists() {
            fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
    }
    let _ = fs::remove_file(folder.join(MARK));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Simulates the night, unless the same one is there; the seconds it took.
fn simulate(program: &Path, folder: &Path, night: &[&str]) -> Result<f64> {
    let (mark, text) = (folder.join(MARK), night.join(" "));
    if fs::read_to_string(&mark).is_ok_and(|there| there == text) {
        say("the night is there from the last demo");
        return Ok(0.0);
    }
    clear(folder)?;
    let mut command = Command::new(program);
    command.arg("simulate").args(night).args(["--out", "demo/night"]).current_dir(root());
    say(line(&command));
    let seconds = start(&mut command)?;
    fs::write(&mark, text)?;
    Ok(seconds)
}

/// Reduces the night in the sandbox; the seconds it took.
fn reduce(program: &Path, folder: &Path, camera: &[&str]) -> Result<f64> {
    let mut command = Command::new(program);
    command.args(["reduce", "demo/night", "-o", "demo/run"]).args(camera).current_dir(root());
    say(line(&command));
    let seconds = start(&mut command)?;
    if !folder.join("run").is_dir() {
        bail!("there is no {}", folder.join("run").display());
    }
    Ok(seconds)
}

/// Proves the products; the seconds it took.
fn verify(program: &Path) -> Result<f64> {
    let mut command = Command::new(program);
    command.args(["verify", "demo/run"]).current_dir(root());
    say(line(&command));
    start(&mut command)
}

/// The path of a program as a person in the workspace would type it.
fn shown(program: &Path) -> String {
    let relative = program.strip_prefix(root()).unwrap_or(program);
    relative.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_command_is_read_from_cargos_messages() {
        let ours =
            r#"{"reason":"compiler-artifact","target":{"name":"rawsky"},"executable":"/t/rawsky"}"#;
        assert_eq!(executable(ours), Some(PathBuf::from("/t/rawsky")));
        let library =
            r#"{"reason":"compiler-artifact","target":{"name":"rawsky"},"executable":null}"#;
        assert_eq!(executable(library), None);
        let other = r#"{"reason":"compiler-artifact","target":{"name":"x"},"executable":"/t/x"}"#;
        assert_eq!(executable(other), None);
        assert_eq!(executable("not JSON"), None);
    }
}
