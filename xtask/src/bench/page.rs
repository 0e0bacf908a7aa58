//! `cargo xtask bench page`: what a person waits for in the page, measured in Chromium.

use anyhow::Result;

use crate::shell::{cargo, run as start, say};
use crate::{setup, web};

/// Runs the part.
pub(super) fn run() -> Result<()> {
    setup::targets()?;
    say(setup::browser()?);
    web::build_page()?;
    say("building the command, which simulates the exposures");
    start(&mut cargo(&["build", "--release", "--package", "rawsky"]))?;
    say("measuring; other work on this machine is in the numbers");
    start(web::npm().args(["run", "--silent", "bench"]))?;
    Ok(())
}
