//! No camera name in code: what a camera does differently is data.

use std::fs;

use anyhow::{Context, Result};

use crate::sources::{self, Source, Violation};

/// Folders whose code must not know a camera.
const FOLDERS: [&str; 3] = ["core/src/", "wasi-runner/", "web/src/"];

/// The one list of what is embedded in the core.
const LIST: &str = "core/src/instrument/files.rs";

/// Cameras that are English words, and appear in code as such.
const WORDS: [&str; 3] = ["toy", "teaching", "generic"];

/// Names of the real cameras: those that come with the core, and the two that were first thought of.
///
/// # Errors
/// If the folder of cameras cannot be read.
pub fn cameras() -> Result<Vec<String>> {
    let folder = sources::root().join("core/instruments");
    let mut names = vec!["ztf".to_owned(), "megacam".to_owned()];
    for entry in fs::read_dir(&folder).context("core/instruments")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".toml").map(str::to_owned));
    }
    names.retain(|name| !WORDS.contains(&name.as_str()));
    names.sort();
    names.dedup();
    Ok(names)
}

/// Camera names in identifiers and strings, outside comments, tests and `include_str!` paths.
pub fn camera_names(source: &Source, cameras: &[String]) -> Vec<Violation> {
    if !FOLDERS.iter().any(|folder| source.below(folder)) || source.path == LIST {
        return Vec::new();
    }
    let tokens = source.flat_tokens();
    let mut violations = Vec::new();
    for (at, (token, line)) in tokens.iter().enumerate() {
        let found = words(token).into_iter().find(|word| cameras.contains(word));
        let Some(name) = found else { continue };
        if !source.is_test(*line) && !is_comment_or_path(&tokens, at) {
            let message = format!("names the camera `{name}`: put what differs into its TOML file");
            violations.push(source.violation(*line, message));
        }
    }
    violations
}

/// Whether the token at `at` is a doc comment, or the argument of `include_str!`.
fn is_comment_or_path(tokens: &[(String, usize)], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].0.as_str());
    (before(2) == Some("doc") && before(1) == Some("="))
        || before(3).is_some_and(|name| name.starts_with("include_"))
            && before(2) == Some("!")
            && before(1) == Some("(")
}

/// Words of an identifier or string in lower case, without digits at their end.
fn words(token: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in token.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.iter().map(|word| word.trim_end_matches(char::is_numeric).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let source = Source::parse(path, text).unwrap();
        let cameras = ["ztf".to_owned(), "kast".to_owned()];
        camera_names(&source, &cameras).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_camera_name_is_found_in_identifiers_and_strings() {
        let text =
            "fn is_ztf() {}\nconst A: &str = \"ztf\";\nstruct ZtfCamera;\nfn f() { g(\"Kast2\") }";
        assert_eq!(lines("core/src/a.rs", text), [1, 2, 3, 4]);
        assert!(lines("tests/src/a.rs", text).is_empty());
    }

    #[test]
    fn comments_tests_peers_and_embedded_files_may_name_it() {
        let text = "//! The ztf pipeline.\n/// As ztf does.\nfn a() {} // ztf\nconst A: &str = \
                    include_str!(\"../ztf.toml\");\nconst B: &str = \"ztfin2p3-0.4\";\n\
                    #[cfg(test)]\nmod tests { const C: &str = \"ztf\"; }";
        assert!(lines("core/src/a.rs", text).is_empty());
    }

    #[test]
    fn the_real_cameras_are_known() {
        let cameras = cameras().unwrap();
        assert!(cameras.contains(&"ztf".to_owned()) && !cameras.contains(&"toy".to_owned()));
    }
}
