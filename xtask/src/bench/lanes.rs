//! Whether the kernels use the lanes of WebAssembly: the same case under wasmtime in a module that may use them, and
//! in one that may not. A kernel that falls to scalar code costs the same in both.

use std::fmt::Write;
use std::process::Command;

use anyhow::{Result, bail};

use super::cases::{ALL, Case};
use super::programs::Programs;
use super::race::{Side, Spread};
use crate::shell::{cargo, run as start, say};

/// A kernel that is written for lanes, the size of its case, and the CPU time without lanes over the one with them that
/// it must have: about the square root of what was measured.
const KERNELS: [(&str, usize, f64); 5] = [
    ("stack", 10, 1.6),
    ("stack", 20, 1.6),
    ("pocket", 0, 1.4),
    ("detrend", 0, 1.2),
    ("aperture", 10_000, 4.0),
];

/// The table, as Markdown, and the kernels that use no lanes.
///
/// # Errors
/// If something cannot be built or run, or an answer differs.
pub(super) fn table(programs: &Programs, rounds: usize) -> Result<(String, Vec<String>)> {
    let scalar = without_lanes(programs)?;
    let mut text =
        "| kernel | with lanes (CPU s) | without (CPU s) | ratio (least-most) | at least |\n\
                    |---|---|---|---|---|\n"
            .to_owned();
    let mut fallen = Vec::new();
    for (name, size, least) in KERNELS {
        let Some(case) = ALL.iter().find(|case| case.name == name) else { continue };
        let case = Case { size, ..*case };
        say(format!("{name} {size}"));
        programs.native(&case)?;
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            with.push(seconds(programs, &case)?);
            without.push(seconds(&scalar, &case)?);
        }
        let ratios = without.iter().zip(&with).map(|(without, with)| without / with);
        let spreads = (Spread::of(with.iter().copied()), Spread::of(without.iter().copied()));
        let ((Some(with), Some(without)), Some(ratio)) = (spreads, Spread::of(ratios)) else {
            bail!("{name}: no rounds");
        };
        writeln!(
            text,
            "| {name} {size} | {:.3} | {:.3} | {:.2} ({:.2}-{:.2}) | {least} |",
            with.median, without.median, ratio.median, ratio.least, ratio.most
        )?;
        if ratio.median < least {
            fallen.push(name.to_owned());
        }
    }
    Ok((text, fallen))
}

fn seconds(programs: &Programs, case: &Case) -> Result<f64> {
    let sample = programs.start(case, Side::Wasmtime)?.map_err(anyhow::Error::msg)?;
    if sample.apart.numbers != 0 {
        bail!("{}: {} numbers are not the native ones", case.title, sample.apart.numbers);
    }
    Ok(sample.seconds)
}

/// The same programs with a module that may not use lanes.
fn without_lanes(programs: &Programs) -> Result<Programs> {
    say("building the benchmark as a module without lanes");
    let folder = programs.folder.join("without_lanes");
    let module = ["build", "--profile", "guest", "--package", "rawsky-bench"];
    let mut build = cargo(&module);
    build.args(["--target", "wasm32-wasip1", "--target-dir"]).arg(&folder);
    start(build.env("RUSTFLAGS", "-C target-feature=-simd128"))?;
    let (module, code) =
        (folder.join("wasm32-wasip1/guest/rawsky-bench.wasm"), folder.join("module.code"));
    start(Command::new(&programs.bench).arg("compile").args([&module, &code]))?;
    programs.with(module, code)
}
