//! `cargo xtask web`: the browser module and the JavaScript that loads it.
//!
//! The glue is written by the library behind wasm-bindgen's own command, at the version to which
//! the workspace pins wasm-bindgen. It is compiled only here: this program starts itself again with
//! its feature `web`, in a target directory of its own so that neither build undoes the other.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::options::Options;
use crate::setup;
use crate::shell::{cargo, root, run as start, say, target};

/// Name of the module's files.
const NAME: &str = "rawsky_web";

/// Runs the task.
pub(crate) fn run(mut options: Options) -> Result<()> {
    let node = options.flag("--node");
    let out = options.value("--out")?.map(PathBuf::from);
    options.end()?;
    setup::targets()?;
    if node && out.is_none() {
        return build_for_node();
    }
    build(node, &out.unwrap_or_else(|| root().join("www/pkg")))
}

/// The module for Node, where the tests expect it.
pub(crate) fn build_for_node() -> Result<()> {
    build(true, &target().join("node"))
}

fn build(node: bool, out: &Path) -> Result<()> {
    say("building the browser module");
    let wasm =
        ["build", "--release", "--package", "rawsky-web", "--target", "wasm32-unknown-unknown"];
    start(&mut cargo(&wasm))?;
    let module = target().join("wasm32-unknown-unknown/release").join(NAME).with_extension("wasm");
    say(format!("writing its JavaScript into {}", out.display()));
    let mut again = cargo(&["run", "--release", "--package", "xtask", "--features", "web"]);
    again.arg("--target-dir").arg(target().join("glue")).args(["--", "glue"]);
    start(again.arg(module).arg(out).arg(if node { "node" } else { "web" }))?;
    Ok(())
}

/// Writes the glue: `glue MODULE FOLDER web|node`.
#[cfg(feature = "web")]
pub(crate) fn glue(arguments: &[String]) -> Result<()> {
    let [module, out, kind] = arguments else { anyhow::bail!("glue MODULE FOLDER web|node") };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(module).out_name(NAME).typescript(true);
    match kind.as_str() {
        "node" => bindgen.nodejs(true)?,
        _ => bindgen.web(true)?,
    };
    bindgen.generate(out)
}

/// Writes the glue, in the build that can.
#[cfg(not(feature = "web"))]
pub(crate) fn glue(_arguments: &[String]) -> Result<()> {
    anyhow::bail!("this build cannot write it: call `cargo xtask web`")
}
