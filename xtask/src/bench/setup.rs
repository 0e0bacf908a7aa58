//! What a race needs: programs, simulated nights, plain inputs, and Python with the peers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cases::Case;
use super::programs::Programs;
use super::race::Side;
use crate::shell::{cargo, line, output, root, run as start, say, target};
use crate::{demo, setup};

/// A night of one full-size detector: 20 biases, of which stacks are made, and one exposure.
const NIGHT: &[&str] = &["--biases", "20", "--flats", "2", "--leds", "7", "--exposures", "1"];
/// The same exposure in 16-bit numbers.
const NIGHT_16: &[&str] =
    &["--biases", "3", "--flats", "2", "--leds", "7", "--exposures", "1", "--compress", "rice16"];
/// Biases of the master.
const BIASES: usize = 10;

/// Builds and makes what is not there yet.
///
/// # Errors
/// If something cannot be built or made; peers may be missing.
pub(super) fn programs(python: Option<String>) -> Result<Programs> {
    setup::targets()?;
    let (rawsky, _) = demo::build()?;
    say("building the benchmark, natively and as a module");
    let native = ["build", "--release", "--package", "rawsky-bench", "--features", "sandbox"];
    start(&mut cargo(&native))?;
    let module = ["build", "--profile", "guest", "--package", "rawsky-bench"];
    start(cargo(&module).args(["--target", "wasm32-wasip1"]))?;
    let folder = target().join("bench");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let folder = folder.canonicalize()?;
    let lock = alone(&folder)?;
    let built = target().canonicalize()?;
    let programs = Programs {
        bench: built.join("release/rawsky-bench"),
        rawsky: rawsky.canonicalize()?,
        module: built.join("wasm32-wasip1/guest/rawsky-bench.wasm"),
        code: folder.join("module.code"),
        python: peers(&folder, python),
        folder,
        _lock: lock,
    };
    let mut compile = Command::new(&programs.bench);
    start(compile.arg("compile").args([&programs.module, &programs.code]))?;
    nights(&programs)?;
    Ok(programs)
}

/// The lock of the folder: two benchmarks at once would measure each other.
fn alone(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let lock = File::create(&path).with_context(|| path.display().to_string())?;
    lock.try_lock().with_context(|| format!("another benchmark runs in {}", folder.display()))?;
    Ok(lock)
}

/// Python with the peers: the one that is given, or one made here.
fn peers(folder: &Path, given: Option<String>) -> Option<PathBuf> {
    if let Some(given) = given {
        return Some(PathBuf::from(given));
    }
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let mark = folder.join("venv.txt");
    let list = root().join("tests/oracles/perf/requirements.txt");
    let wanted = fs::read_to_string(&list).unwrap_or_default();
    if fs::read_to_string(&mark).is_ok_and(|there| there == wanted) {
        return Some(python);
    }
    say("installing the peers by name into target/bench/venv (pip, pinned versions)");
    let mut make = Command::new("python3");
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    let made = start(make.args(["-m", "venv"]).arg(&venv));
    match made.and_then(|_| start(install.arg("--requirement").arg(&list))) {
        Ok(_) => {
            let _ = fs::write(&mark, wanted);
            Some(python)
        }
        Err(error) => {
            say(format!("the peers are left out: {error:#}"));
            output("python3", &["--version"]).map(|_| PathBuf::from("python3"))
        }
    }
}

/// The nights, the products of one of them, and the plain inputs.
fn nights(programs: &Programs) -> Result<()> {
    let folder = &programs.folder;
    let rawsky = |words: &[&str]| {
        let mut command = Command::new(&programs.rawsky);
        command.args(words).args(["--camera", "ztf", "--engine", "native"]).current_dir(folder);
        command
    };
    for (name, night) in [("night", NIGHT), ("night16", NIGHT_16)] {
        if !folder.join(name).exists() {
            let mut simulate = rawsky(&["simulate", "--out", name]);
            say(line(simulate.args(night)));
            start(&mut simulate)?;
        }
    }
    if !folder.join("inputs/amplifiers.json").exists() {
        let mut reduce = rawsky(&["reduce", "night", "--output", "run"]);
        say(line(&reduce));
        start(&mut reduce)?;
        let mut inputs = Command::new(&programs.bench);
        let folders = ["inputs", "night", "run/products", "night16", "inputs"];
        start(inputs.args(folders).current_dir(folder))?;
    }
    Ok(())
}

/// The words of the command that does a whole case, and of the one that makes plain numbers of its
/// products; none for a side that has no such command.
///
/// # Errors
/// If the inputs are not there.
pub(super) fn command(
    programs: &Programs,
    case: &Case,
    (side, answer): (Side, &Path),
) -> Result<Option<[Command; 2]>> {
    let engine = match side {
        Side::Native => "native",
        Side::Wasmtime => "sandbox",
        _ => return Ok(None),
    };
    let rawsky = programs.rawsky.display();
    let recipe = recipe(&programs.folder)?;
    let common = format!("--engine {engine} --jobs 1 --recipe {}", recipe.display());
    let (mut work, mut read) = (Command::new(&programs.bench), Command::new(&programs.bench));
    work.args(["command", "sh", "-ec"]);
    match case.name {
        "master-bias" => {
            let raws = raws(&programs.folder.join("night/raw"), "_b.fits.fz")?;
            let raws = raws[raws.len().saturating_sub(BIASES)..].join(" ");
            let _ = fs::remove_file(programs.folder.join("master.fits"));
            work.arg(format!("exec {rawsky} master-bias {common} --output master.fits {raws}"));
            read.args(["images", "master.fits"]).arg(answer);
        }
        "end-to-end" => {
            let raw = raws(&programs.folder.join("night/raw"), "_o.fits.fz")?.join(" ");
            let _ = fs::remove_dir_all(programs.folder.join("chain"));
            work.arg(format!(
                "{rawsky} detrend {common} --bias inputs/bias.fits --flat inputs/flat.fits \
                 --headers night/headers --masks night/masks --output chain {raw}
                 for q in 1 2 3 4; do {rawsky} aperture {common} --output chain/$q.parquet \
                 --catalogue inputs/stars_$q.parquet chain/*_q${{q}}_sciimg.fits; done"
            ));
            read.arg("fluxes").arg(answer);
            read.args((1..5).map(|quadrant| format!("chain/{quadrant}.parquet")));
        }
        "calibrate" => {
            let raw = raws(&programs.folder.join("night/raw"), "_o.fits.fz")?.join(" ");
            let _ = fs::remove_dir_all(programs.folder.join("calibrated"));
            work.arg(format!(
                "{rawsky} detrend --engine {engine} --jobs 1 --bias inputs/bias.fits --flat inputs/flat.fits \
                 --headers night/headers --output calibrated {raw}
                 for q in 1 2 3 4; do {rawsky} calibrate --engine {engine} --output calibrated/$q.fits \
                 --catalogue night/catalogue/stars.parquet calibrated/*_q${{q}}_sciimg.fits; done"
            ));
            read.arg("calibrated").arg(answer);
            read.args((1..5).map(|quadrant| format!("calibrated/{quadrant}.fits")));
        }
        _ => return Ok(None),
    }
    Ok(Some([work, read]))
}

/// The peers' recipe with their newer merge and without the exposures that it leaves out.
fn recipe(folder: &Path) -> Result<PathBuf> {
    let text = fs::read_to_string(root().join("core/recipes/ztfin2p3-0.4.toml"))?;
    let text = text.replacen("skip_first = 10", "", 1).replacen("\"mean\"", "\"median\"", 1);
    let path = folder.join("bench.toml");
    fs::write(&path, text)?;
    Ok(path)
}

/// Files below a folder whose names end so, sorted.
fn raws(folder: &Path, ending: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(raws(&path, ending)?);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    Ok(found)
}
