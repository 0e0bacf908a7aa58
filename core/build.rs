//! Reads the descriptions that come with the core, so that a program that needs no others does not
//! have to read TOML: each becomes its name, its JSON, the SHA-256 of its file and its description.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script reads, writes and prints; it is no part of the core"
)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

#[allow(unreachable_pub, reason = "public in the core")]
#[path = "src/instrument/files.rs"]
mod cameras;
#[allow(unreachable_pub, reason = "public in the core")]
#[path = "src/recipe/files.rs"]
mod recipes;

/// Longer descriptions (bytes of JSON) are left out of a build without the feature `toml`, the small one.
const LONG: usize = 8000;

fn main() -> Result<(), Box<dyn Error>> {
    for path in ["instruments", "recipes", "src/instrument/files.rs", "src/recipe/files.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    compile("cameras.rs", cameras::BUILT_IN)?;
    compile("recipes.rs", recipes::BUILT_IN)
}

fn compile(file: &str, texts: &[(&str, &str)]) -> Result<(), Box<dyn Error>> {
    let mut list = String::from("&[\n");
    for (name, text) in texts {
        let value: serde_json::Value =
            toml::from_str(text).map_err(|error| format!("{name}: {error}"))?;
        let mut json = value.to_string();
        if LONG < json.len() && std::env::var_os("CARGO_FEATURE_TOML").is_none() {
            json.clear();
        }
        let sha256: String =
            Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let description =
            value.get("description").and_then(|text| text.as_str()).unwrap_or_default();
        writeln!(list, "    ({name:?}, {json:?}, {sha256:?}, {description:?}),")?;
    }
    list.push(']');
    let folder = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&folder).join(file), list)?;
    Ok(())
}
