//! `cargo xtask bench`: what a person waits for in the page, measured in Chromium.

use anyhow::Result;

use crate::options::Options;
use crate::shell::{cargo, run as start, say};
use crate::{setup, web};

/// Runs the task.
pub(crate) fn run(options: Options) -> Result<()> {
    options.end()?;
    setup::targets()?;
    say(setup::browser()?);
    web::build_page()?;
    say("building the command, which simulates the exposures");
    start(&mut cargo(&["build", "--release", "--package", "rawsky"]))?;
    say("measuring; other work on this machine is in the numbers");
    start(web::npm().args(["run", "--silent", "bench"]))?;
    Ok(())
}
