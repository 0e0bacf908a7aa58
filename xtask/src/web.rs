//! `cargo xtask web`: the browser module, the JavaScript that loads it, and the page.
//!
//! The page is built by npm into `www/dist`, from where the command `rawsky serve` takes it when it is
//! built next.
//!
//! The glue is written by the library behind wasm-bindgen's own command, at the version to which
//! the workspace pins wasm-bindgen. It is compiled only here: this program starts itself again with
//! its feature `web`, in a target directory of its own so that neither build undoes the other.

use std::path::{Path, PathBuf};
use std::process::Command;

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
    match (node, out) {
        (true, None) => build_for_node(),
        (node, Some(out)) => build(node, &out),
        (false, None) => build_page(),
    }
}

/// The module for Node, where the tests expect it.
pub(crate) fn build_for_node() -> Result<()> {
    build(true, &target().join("node"))
}

/// The module for browsers, and the page around it.
pub(crate) fn build_page() -> Result<()> {
    say(format!("Node {}", setup::node()?));
    let page = root().join("www");
    build(false, &page.join("pkg"))?;
    say("installing what the page is built with (npm ci, as the lock file says)");
    start(npm().args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    say("building the page into www/dist");
    start(npm().args(["run", "build"]))?;
    Ok(())
}

/// npm in the folder of the page.
pub(crate) fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root().join("www"));
    command
}

fn build(node: bool, out: &Path) -> Result<()> {
    say("building the browser module");
    let wasm = ["build", "--profile", "web", "--package", "rawsky-web", "--target"];
    start(cargo(&wasm).arg("wasm32-unknown-unknown"))?;
    let module = target().join("wasm32-unknown-unknown/web").join(NAME).with_extension("wasm");
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
    bindgen.remove_name_section(true).remove_producers_section(true);
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
