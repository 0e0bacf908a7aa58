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

/// A form of the module: what is built, and where the page finds it.
struct Form {
    /// Name of its files.
    name: &'static str,
    profile: &'static str,
    features: &'static [&'static str],
}

/// Every kind of file.
const WHOLE: Form = Form { name: "rawsky_web", profile: "web", features: &[] };
/// What a visitor needs first, small: it simulates and shows.
const START: Form =
    Form { name: "rawsky_start", profile: "start", features: &["--no-default-features"] };

/// The functions of that one that its first picture does not need.
const REST: &str = "rawsky_rest";

/// Runs the task.
pub(crate) fn run(mut options: Options) -> Result<()> {
    let node = options.flag("--node");
    let out = options.value("--out")?.map(PathBuf::from);
    options.end()?;
    setup::targets()?;
    match (node, out) {
        (true, None) => build_for_node(),
        (node, Some(out)) => build(&WHOLE, node, &out),
        (false, None) => build_page(),
    }
}

/// The module for Node, where the tests expect it.
pub(crate) fn build_for_node() -> Result<()> {
    build(&WHOLE, true, &target().join("node"))
}

/// The module for browsers, and the page around it.
pub(crate) fn build_page() -> Result<()> {
    say(format!("Node {}", setup::node()?));
    let page = root().join("www");
    build(&WHOLE, false, &page.join("pkg/whole"))?;
    build(&START, false, &page.join("pkg/start"))?;
    split(&START, &page.join("pkg/start"))?;
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

fn build(form: &Form, node: bool, out: &Path) -> Result<()> {
    say(format!("building the browser module {}", form.name));
    let wasm = ["build", "--profile", form.profile, "--package", "rawsky-web", "--target"];
    start(cargo(&wasm).arg("wasm32-unknown-unknown").args(form.features))?;
    let built = target().join("wasm32-unknown-unknown").join(form.profile);
    let module = built.join("rawsky_web").with_extension("wasm");
    say(format!("writing its JavaScript into {}", out.display()));
    let mut again = again("glue");
    again.arg(module).arg(out).args([if node { "node" } else { "web" }, form.name]);
    start(&mut again)?;
    Ok(())
}

/// Puts the functions that a first picture does not need into a file of their own.
fn split(form: &Form, folder: &Path) -> Result<()> {
    say("splitting it into what a first picture needs and the rest");
    start(again("split").arg(folder).args([form.name, REST]))?;
    Ok(())
}

/// This program once more, with what it needs for modules.
fn again(task: &str) -> Command {
    let mut again = cargo(&["run", "--release", "--package", "xtask", "--features", "web"]);
    again.arg("--target-dir").arg(target().join("glue")).args(["--", task]);
    again
}

/// Writes the glue: `glue MODULE FOLDER web|node NAME`.
#[cfg(feature = "web")]
pub(crate) fn glue(arguments: &[String]) -> Result<()> {
    let [module, out, kind, name] = arguments else {
        anyhow::bail!("glue MODULE FOLDER web|node NAME")
    };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.input_path(module).out_name(name).typescript(true);
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
