//! `cargo xtask bench`: what the work costs, here and in the peers, and how the cost grows.

mod cases;
mod growth;
mod lanes;
mod page;
mod programs;
mod race;
mod setup;
mod table;

use std::fs;

use anyhow::{Result, bail};

use crate::options::Options;
use crate::shell::{cargo, root, run as start, say};
use programs::Programs;

/// Runs the task: `bench [PART] [--rounds N] [--only WORDS] [--python PROGRAM] [--keep]`.
pub(crate) fn run(mut options: Options) -> Result<()> {
    let rounds = options.value("--rounds")?.map_or(Ok(3), |text| text.parse())?;
    let only = options.value("--only")?.unwrap_or_default();
    let python = options.value("--python")?;
    let keep = options.flag("--keep");
    let part = options.word();
    options.end()?;
    let all = part.is_none();
    let part = part.unwrap_or_default();
    if !all && !["peers", "growth", "kernels", "lanes", "page"].contains(&part.as_str()) {
        bail!("`{part}` is no part: peers, growth, kernels, lanes, page");
    }
    if part != "page" {
        let programs = setup::programs(python)?;
        if all || part == "peers" {
            peers(&programs, rounds, &only)?;
            if keep {
                table::keep(&programs.folder, &root().join("docs/performance.md"))?;
            }
        }
        if all || part == "growth" {
            growth(&programs)?;
        }
        if all || part == "kernels" {
            kernels(&programs)?;
        }
        if all || part == "lanes" {
            lanes(&programs, rounds)?;
        }
    }
    if all || part == "page" {
        page::run()?;
    }
    Ok(())
}

/// Every case beside its peers.
fn peers(programs: &Programs, rounds: usize, only: &str) -> Result<()> {
    say("other work on this machine is in the numbers: look at their spread");
    let chosen =
        |case: &&cases::Case| only.is_empty() || case.name == only || case.title.contains(only);
    for case in cases::ALL.iter().filter(chosen) {
        say(case.title);
        let found = race::race(case, rounds, |side| programs.start(case, side))?;
        for line in table::lines(&found) {
            println!("{line}");
        }
        table::write(&programs.folder, &found, &programs.machine())?;
    }
    say(format!("written: {}", programs.folder.join("bench.md").display()));
    Ok(())
}

/// How the cost grows with the number of things.
fn growth(programs: &Programs) -> Result<()> {
    let text = growth::table(programs)?;
    print!("{text}");
    fs::write(programs.folder.join("growth.md"), text)?;
    Ok(())
}

/// Whether the kernels use the lanes of WebAssembly.
fn lanes(programs: &Programs, rounds: usize) -> Result<()> {
    let (text, fallen) = lanes::table(programs, rounds)?;
    print!("{text}");
    fs::write(programs.folder.join("lanes.md"), text)?;
    if !fallen.is_empty() {
        bail!(
            "scalar code in WebAssembly, look at what the compiler made of: {}",
            fallen.join(", ")
        );
    }
    Ok(())
}

/// The kernels by criterion.
fn kernels(programs: &Programs) -> Result<()> {
    let bench = ["bench", "--package", "rawsky-bench", "--features", "kernels"];
    let inputs = programs.folder.join("inputs");
    start(cargo(&bench).env("RAWSKY_BENCH_INPUTS", inputs))?;
    Ok(())
}
