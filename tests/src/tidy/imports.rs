//! Who may import whom: layers of the core, crates by file, and what front-ends may see.

use crate::sources::{Source, Violation};
use crate::tidy::{PathUse, path_uses};

/// Layer of each module of the core. Layers 3 and 4 do not see each other.
const LAYERS: &[(u8, &[&str])] = &[
    (
        0,
        &[
            "error",
            "geometry",
            "header",
            "ids",
            "image",
            "json",
            "mask",
            "probe",
            "provenance",
            "store",
            "table",
            "time",
            "warning",
        ],
    ),
    (1, &["numerics"]),
    (2, &["instrument"]),
    (
        3,
        &[
            "steps",
            "stack",
            "measure",
            "astrometry",
            "calibrate",
            "detect",
            "masks",
            "psf",
            "simulate",
            "validate",
            "display",
        ],
    ),
    (4, &["formats"]),
    (5, &["recipe", "raw", "master", "pipeline", "job", "plan", "bench"]),
];

/// Modules of the core that a front-end may name: the job, the bench and what is drawn, what they are made of, and the words in
/// which its products are written (`ids`, `time`). `Error` and `Result` are `error`'s.
const FRONT_END_MODULES: [&str; 16] = [
    "job",
    "bench",
    "display",
    "header",
    "plan",
    "recipe",
    "probe",
    "instrument",
    "error",
    "store",
    "provenance",
    "simulate",
    "ids",
    "time",
    "Error",
    "Result",
];

/// Folders of the front-ends.
const FRONT_ENDS: [&str; 2] = ["web/src", "wasi-runner/"];

/// Where in the core (or elsewhere) a crate may be named: begin of the path. An empty list is
/// "anywhere in the package that depends on it".
const CRATES: &[(&str, &[&str])] = &[
    ("fitsrs", &["core/src/formats/fits"]),
    ("fitsio_pure", &["core/src/formats/fits"]),
    ("miniz_oxide", &["core/src/formats/fits"]),
    ("crc32fast", &["core/src/formats/fits"]),
    ("parquet", &["core/src/formats/parquet"]),
    ("snap", &["core/src/formats/parquet"]),
    ("flate2", &["core/src/formats/parquet"]),
    ("lz4_flex", &["core/src/formats/parquet"]),
    ("csv", &["core/src/formats/csv"]),
    (
        "toml",
        &[
            "core/build.rs",
            "core/src/instrument/",
            "core/src/recipe",
            "wasi-runner/",
            "tests/",
            "xtask/",
        ],
    ),
    ("sha2", &["core/build.rs", "core/src/provenance.rs", "wasi-runner/"]),
    ("thiserror", &["core/src/error.rs"]),
    ("wide", &["core/src/numerics/lanes.rs"]),
    ("wasmtime", &["wasi-runner/src/sandbox", "bench/src/sandbox.rs"]),
    ("wasmtime_wasi", &["wasi-runner/src/sandbox", "bench/src/sandbox.rs"]),
    ("criterion", &["bench/benches"]),
    ("wasm_bindgen", &["web/src"]),
    ("wasm_bindgen_cli_support", &["xtask/src"]),
    ("js_sys", &["web/src"]),
    ("serde_wasm_bindgen", &["web/src"]),
    ("rayon", &["wasi-runner/"]),
    ("hyper", &["wasi-runner/src/serve.rs"]),
    ("hyper_util", &["wasi-runner/src/serve.rs"]),
    ("http_body_util", &["wasi-runner/src/serve.rs"]),
    ("tokio", &["wasi-runner/src/serve.rs"]),
    ("ndarray", &[]),
    ("libm", &[]),
    ("serde", &[]),
    ("serde_json", &[]),
];

/// A module of the core imports modules of its own or a lower layer; 3 and 4 do not see each other.
pub fn layers(source: &Source) -> Vec<Violation> {
    let Some(module) = core_module(&source.path) else { return Vec::new() };
    let Some(own) = module.first() else { return Vec::new() };
    let Some(from) = layer(own) else {
        let message = format!("`{own}` has no layer: add it to core/src/lib.rs and to this test");
        return vec![source.violation(1, message)];
    };
    let mut violations = Vec::new();
    for path in path_uses(source) {
        let Some(target) = core_target(&path, module.len()) else { continue };
        // What is not a module is an item of the crate's root: `Error`, `Result`.
        let Some(to) = layer(target) else { continue };
        if to > from || (from == 4 && to == 3) {
            let message = format!(
                "`{own}` (layer {from}) names `{target}` (layer {to}): move what both need down, \
                 or the caller up"
            );
            violations.push(source.violation(path.line, message));
        }
    }
    violations
}

/// Module path of a file of the core, empty for its root.
fn core_module(path: &str) -> Option<Vec<&str>> {
    let stem = path.strip_prefix("core/src/")?.strip_suffix(".rs")?;
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    Some(if stem == "lib" { Vec::new() } else { stem.split('/').collect() })
}

/// Top module of the core that a path reaches through `crate` or enough `super`s.
fn core_target(path: &PathUse, depth: usize) -> Option<&str> {
    let ups = path.segments.iter().take_while(|segment| *segment == "super").count();
    let at = match path.segments.first()?.as_str() {
        "crate" => 1,
        "super" if ups >= depth => ups,
        _ => return None,
    };
    path.segments.get(at).map(String::as_str)
}

/// Layer of a top module.
fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(_, modules)| modules.contains(&module)).map(|(layer, _)| *layer)
}

/// A crate is named only in the files that stand between it and the rest.
pub fn crates(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for path in path_uses(source) {
        // A name alone is a variable.
        let [first, _, ..] = path.segments.as_slice() else { continue };
        let Some((_, places)) = CRATES.iter().find(|(name, _)| name == first) else { continue };
        if !places.is_empty() && !places.iter().any(|place| source.below(place)) {
            let message =
                format!("`{first}` may be named only in {}: call what is there", places.join(", "));
            violations.push(source.violation(path.line, message));
        }
    }
    violations
}

/// Dependencies of the core (by manifest name) without a line in the table of places.
pub fn unplaced(dependencies: &[String]) -> Vec<String> {
    let known = |name: &String| CRATES.iter().any(|(known, _)| *known == name.replace('-', "_"));
    dependencies.iter().filter(|name| !known(name)).cloned().collect()
}

/// A front-end names only the modules of the core through which one orchestration serves all.
pub fn front_ends(source: &Source) -> Vec<Violation> {
    if !FRONT_ENDS.iter().any(|folder| source.below(folder)) {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for path in path_uses(source).iter().filter(|path| path.segments[0] == "rawsky_core") {
        let allowed = |name: &String| FRONT_END_MODULES.contains(&name.as_str());
        if !path.segments.get(1).is_some_and(allowed) {
            let message = format!(
                "`{}`: a front-end may name only {} of the core; what it needs belongs behind \
                 `job::execute`",
                path.segments.join("::"),
                FRONT_END_MODULES.join(", "),
            );
            violations.push(source.violation(path.line, message));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rule: fn(&Source) -> Vec<Violation>, path: &str, text: &str) -> Vec<usize> {
        let source = Source::parse(path, text).unwrap();
        rule(&source).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn an_import_of_a_higher_layer_is_found() {
        let text = "use crate::{mask, formats::fits};\nfn f() { crate::job::execute(); }";
        assert_eq!(lines(layers, "core/src/steps/bias.rs", text), [1, 2]);
        assert!(lines(layers, "core/src/job.rs", text).is_empty());
        let climb = "use super::super::job;\nuse super::split;";
        assert_eq!(lines(layers, "core/src/steps/bias.rs", climb), [1]);
    }

    #[test]
    fn steps_and_formats_do_not_see_each_other() {
        assert_eq!(lines(layers, "core/src/steps/bias.rs", "use crate::formats::fits;"), [1]);
        assert_eq!(lines(layers, "core/src/formats/fits.rs", "use crate::steps::bias;"), [1]);
    }

    #[test]
    fn a_module_without_a_layer_is_found() {
        assert_eq!(lines(layers, "core/src/novelty.rs", ""), [1]);
    }

    #[test]
    fn a_crate_out_of_its_place_is_found() {
        let text =
            "use fitsio_pure::hdu;\nfn f() { toml::from_str(\"\"); }\nfn h(csv: u8) { g(csv) }";
        assert_eq!(lines(crates, "core/src/steps/bias.rs", text), [1, 2]);
        assert!(
            lines(crates, "core/src/formats/fits/write.rs", "use fitsio_pure::hdu;").is_empty()
        );
        assert_eq!(lines(crates, "wasi-runner/src/main.rs", "use wasmtime::Engine;"), [1]);
        assert_eq!(unplaced(&["serde".to_owned(), "rand".to_owned()]), ["rand"]);
    }

    #[test]
    fn a_front_end_that_reaches_past_the_job_is_found() {
        let text = "use rawsky_core::job::Job;\nfn f() { rawsky_core::steps::bias::subtract(); }";
        assert_eq!(lines(front_ends, "web/src/lib.rs", text), [2]);
        assert_eq!(lines(front_ends, "wasi-runner/guest/src/main.rs", text), [2]);
        assert_eq!(lines(front_ends, "web/src/lib.rs", "use rawsky_core as core;"), [1]);
    }
}
