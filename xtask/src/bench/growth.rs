//! How the cost grows: the same work with more and more of what it works on, in machine code.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::cases::{ALL, Case};
use super::programs::Programs;
use super::race::Sample;
use crate::shell::{line, run as start, say};

/// A case by its name, what grows, and the sizes.
const GROWING: [(&str, &str, &[usize]); 3] = [
    ("stack", "frames", &[5, 10, 20, 40]),
    ("aperture", "stars", &[100, 1_000, 10_000, 100_000]),
    ("sky", "stars", &[100, 1_000, 10_000, 100_000]),
];

/// Detectors of the nights that are reduced as a whole.
const DETECTORS: [&str; 3] = ["1", "1,2", "1,2,3,4"];
/// The rest of such a night: as little as makes masters and one exposure.
const NIGHT: &[&str] = &["--biases", "3", "--flats", "2", "--leds", "7", "--exposures", "1"];

/// The table, as Markdown.
///
/// # Errors
/// If a case or a command fails.
pub(super) fn table(programs: &Programs) -> Result<String> {
    let mut text =
        "| work | of | CPU s | per one (ms) | peak (MiB) |\n|---|---|---|---|---|\n".to_owned();
    for (name, what, sizes) in GROWING {
        let Some(case) = ALL.iter().find(|case| case.name == name) else { continue };
        for &size in sizes {
            let repeats = case.repeats.min(3);
            text += &row(name, (size, what), &programs.native(&Case { size, repeats, ..*case })?);
        }
    }
    for detectors in DETECTORS {
        let size = detectors.split(',').count();
        text += &row("reduce a night", (size, "detectors"), &night(programs, detectors)?);
    }
    Ok(text)
}

fn row(work: &str, (size, what): (usize, &str), found: &Sample) -> String {
    let each = 1e3 * found.seconds / size as f64;
    format!(
        "| {work} | {size} {what} | {:.4} | {each:.4} | {:.0} |\n",
        found.seconds, found.peak_mib
    )
}

/// A night of some detectors, reduced by one job at a time.
fn night(programs: &Programs, detectors: &str) -> Result<Sample> {
    let name = format!("night_of_{}", detectors.split(',').count());
    let run = programs.folder.join("growth");
    let common = ["--camera", "ztf", "--engine", "native"];
    if !programs.folder.join(&name).exists() {
        let mut simulate = Command::new(&programs.rawsky);
        simulate.args(["simulate", "--out", &name, "--ccds", detectors]).args(NIGHT).args(common);
        say(line(&simulate));
        start(simulate.current_dir(&programs.folder))?;
    }
    let _ = fs::remove_dir_all(&run);
    let mut reduce = Command::new(&programs.bench);
    reduce.arg("command").arg(&programs.rawsky).args(["reduce", &name, "--output", "growth"]);
    let found = programs.measure(reduce.args(common).args(["--jobs", "1"]));
    let _ = fs::remove_dir_all(&run);
    found
}
