//! `cargo xtask ci`: what decides whether a change is taken, as the script `.ci/run` has it.

use std::process::Command;

use anyhow::Result;

use crate::options::Options;
use crate::shell::{root, run as start};

/// Runs the task.
pub(crate) fn run(options: Options) -> Result<()> {
    options.end()?;
    start(Command::new("bash").arg(".ci/run").current_dir(root()))?;
    Ok(())
}
