//! One case of the benchmark per process: inputs made ready, then the same work a few times.
//!
//! ```text
//! rawsky-bench run CASE INPUTS ANSWER REPEATS SIZE   one JSON line: CPU seconds of each repeat after a first one
//! rawsky-bench inputs NIGHT RUN NIGHT16 INPUTS       plain arrays of simulated and reduced files, for all sides
//! rawsky-bench compare ANSWER PEER KIND              the largest difference of two answers
//! rawsky-bench images MASTER ANSWER                  plain numbers of a master
//! rawsky-bench fluxes ANSWER CATALOGUE…              plain numbers of catalogues
//! rawsky-bench calibrated ANSWER IMAGE…              where images lie on the sky, and their zero points
//! rawsky-bench command WORDS…                        a command's CPU seconds and memory, children included
//! rawsky-bench compile MODULE CODE                   (feature `sandbox`) machine code of this program as a module
//! rawsky-bench sandbox CODE FOLDER WORDS…            (feature `sandbox`) this program under wasmtime
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is read by a program")]

use std::process::ExitCode;

use anyhow::{Result, bail};
use rawsky_bench::{command, compare, inputs, products, run};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match act(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rawsky-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn act(words: &[&str]) -> Result<String> {
    match words {
        ["run", case, inputs, answer, repeats, size] => {
            run::run(case, inputs.as_ref(), answer.as_ref(), (repeats.parse()?, size.parse()?))
        }
        ["inputs", night, reduced, night16, out] => {
            inputs::make([night.as_ref(), reduced.as_ref(), night16.as_ref()], out.as_ref())
        }
        ["compare", ours, theirs, kind] => {
            compare::compare(ours.as_ref(), theirs.as_ref(), kind.parse()?)
        }
        ["images", master, answer] => products::images(master.as_ref(), answer.as_ref()),
        ["fluxes", answer, catalogues @ ..] => products::fluxes(answer.as_ref(), catalogues),
        ["calibrated", answer, images @ ..] => products::calibrated(answer.as_ref(), images),
        ["command", program, words @ ..] => command::measure(program, words),
        #[cfg(feature = "sandbox")]
        ["compile", module, code] => rawsky_bench::sandbox::compile(module.as_ref(), code.as_ref()),
        #[cfg(feature = "sandbox")]
        ["sandbox", code, folder, words @ ..] => {
            rawsky_bench::sandbox::run(code.as_ref(), folder.as_ref(), words)
        }
        _ => bail!("not understood: {}", words.join(" ")),
    }
}
