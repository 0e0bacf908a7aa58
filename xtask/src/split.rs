//! The module that the page loads first, in two: the functions that a first picture runs, and the rest.
//!
//! Which ones run is not guessed: every function is marked, Node asks the module for what the page asks
//! it for (`first_picture.mjs`), and the marks are read. Of the functions that leave, those that are
//! still called keep a door: when it is opened for the first time, JavaScript brings the rest, which
//! puts its functions into the table; the door calls through it. Both parts have the same memory,
//! tables and globals. So the split changes when code arrives, and nothing of what it does.

mod parts;
mod references;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use walrus::ir::Value;
use walrus::{ConstExpr, FunctionId, Module, ModuleConfig, ValType};

use crate::shell::{line, root, say};

/// What the page's first questions are.
const QUESTIONS: &str = "xtask/src/split/first_picture.mjs";
/// Exported globals that are 1 when a function has run: this and its number.
const MARK: &str = "ran ";

/// Splits the module that `glue` wrote: `split FOLDER NAME NAME-OF-THE-REST`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [folder, name, rest] = arguments else { bail!("split FOLDER NAME NAME-OF-THE-REST") };
    let folder = Path::new(folder);
    let module = folder.join(format!("{name}_bg.wasm"));
    let whole = fs::read(&module).with_context(|| format!("no {}", module.display()))?;
    let marked = folder.join("marked.wasm");
    fs::write(&marked, with_marks(&whole)?)?;
    let ran = ran(&folder.join(format!("{name}.js")), &marked)?;
    fs::remove_file(&marked)?;
    let cut = references::Cut::new(&parse(&whole)?, &ran);
    let (first, second) = (parts::first(parse(&whole)?, &cut)?, parts::rest(parse(&whole)?, &cut)?);
    say(format!("{} of {} bytes are for the first picture", first.len(), whole.len()));
    fs::write(&module, first)?;
    fs::write(folder.join(format!("{rest}.wasm")), second)?;
    Ok(())
}

fn parse(bytes: &[u8]) -> Result<Module> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    config.parse(bytes)
}

/// The functions in the order in which their numbers count; the same in every reading of a module.
fn functions(module: &Module) -> Vec<FunctionId> {
    module.funcs.iter().map(|function| function.id()).collect()
}

/// The module with a mark in every function.
fn with_marks(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut module = parse(bytes)?;
    for (number, id) in functions(&module).into_iter().enumerate() {
        if matches!(module.funcs.get(id).kind, walrus::FunctionKind::Import(_)) {
            continue;
        }
        let zero = ConstExpr::Value(Value::I32(0));
        let mark = module.globals.add_local(ValType::I32, true, false, zero);
        module.exports.add(&format!("{MARK}{number}"), mark);
        let function = module.funcs.get_mut(id).kind.unwrap_local_mut();
        let mut body = function.builder_mut().func_body();
        body.global_set_at(0, mark).const_at(0, Value::I32(1));
    }
    Ok(module.emit_wasm())
}

/// Numbers of the functions that run for a first picture.
fn ran(glue: &Path, marked: &Path) -> Result<BTreeSet<usize>> {
    let mut node = Command::new("node");
    node.arg(root().join(QUESTIONS)).arg(glue).arg(marked).arg(MARK);
    say(line(&node));
    let output = node.output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the module does not make a first picture: {told}");
    let numbers: Vec<usize> = serde_json::from_slice(&output.stdout)?;
    ensure!(!numbers.is_empty(), "no function ran");
    Ok(numbers.into_iter().collect())
}
