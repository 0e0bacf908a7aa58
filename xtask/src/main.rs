//! The tasks of the workspace: `cargo xtask demo`, `mistakes`, `test`, `web`, `bench`, `ci`, `setup`.
//!
//! It needs cargo and nothing else, depends on little, and says what it does before it does it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a person at a terminal")]

mod bench;
mod ci;
mod demo;
mod mistakes;
mod options;
mod setup;
mod shell;
#[cfg(feature = "web")]
mod split;
mod summary;
mod test;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::options::Options;

const USAGE: &str = "\
cargo xtask TASK

  demo [--small] [--keep]
           simulate a night, reduce it in the sandbox, compare with the truth, say what came out;
           --small takes the teaching camera (a minute), --keep goes on where the last one stopped
  mistakes what a wrong parameter does to the residuals, as a table
  test [--without NAME,..]
           every test of the workspace; NAME is what this machine shall do without: node, browser, strace
  web [--node] [--out DIR]
           the page into www/dist, for `rawsky serve`; --node or --out: the browser module alone
  bench [PART] [--rounds N] [--only WORDS] [--python PROGRAM] [--keep]
           what the work costs, as tables in target/bench (--keep: in docs/performance.md too);
           PART is one of
           peers: every case beside the packages that do the same, in all executors
           growth: how the cost grows with frames, stars and detectors
           kernels: the kernels alone, by criterion
           page: what a person waits for in the page
  ci       .ci/run: tests, format, lints, docs
  setup    look for what the other tasks need, and add what can be added";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((task, rest)) = arguments.split_first() else { bail!("which task?\n\n{USAGE}") };
    let options = Options::new(rest);
    match task.as_str() {
        "bench" => bench::run(options),
        "demo" => demo::run(options),
        "mistakes" => mistakes::mistakes(options),
        "test" => test::run(options),
        "web" => web::run(options),
        "glue" => web::glue(rest),
        #[cfg(feature = "web")]
        "split" => split::run(rest),
        "ci" => ci::run(options),
        "setup" => setup::run(options),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no task `{other}`\n\n{USAGE}"),
    }
}
