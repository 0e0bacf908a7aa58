//! Manifests: every dependency says why, is named in one place, and the lists of purity are there.

use anyhow::{Context, Result};

use crate::sources::Violation;

/// What `core/clippy.toml` must forbid.
const FORBIDDEN_TYPES: [&str; 4] = [
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::time::Instant",
    "std::time::SystemTime",
];
/// Functions that `core/clippy.toml` must forbid for `f64`.
const FORBIDDEN_FUNCTIONS: [&str; 13] = [
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "exp", "ln", "log10", "powf", "powi",
    "mul_add",
];

fn violation(path: &str, line: usize, message: String) -> Violation {
    Violation { path: path.to_owned(), line, message }
}

/// Dependencies of the workspace without a comment on their line. Crates of ours need none.
pub fn uncommented(path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim() == "[workspace.dependencies]";
        }
        let Some((name, value)) = line.split_once('=').filter(|_| inside) else { continue };
        let comment = value.rsplit_once("# ").is_some_and(|(_, why)| why.len() > 5);
        if !name.starts_with('#') && !value.contains("path =") && !comment {
            let message = format!("`{}` does not say why it is here: `# reason`", name.trim());
            violations.push(violation(path, index + 1, message));
        }
    }
    violations
}

/// Dependencies of a member that do not take their version from the workspace.
///
/// # Errors
/// If the manifest is not TOML.
pub fn own_versions(path: &str, text: &str) -> Result<Vec<Violation>> {
    let manifest: toml::Table = text.parse().with_context(|| path.to_owned())?;
    let mut violations = Vec::new();
    for table in dependency_tables(&manifest) {
        for (name, value) in table {
            let shared = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
            if !shared {
                let line = text.lines().position(|line| line.starts_with(name.as_str()));
                let message = format!("`{name}` has its own version: `{name}.workspace = true`");
                violations.push(violation(path, line.map_or(1, |line| line + 1), message));
            }
        }
    }
    Ok(violations)
}

/// Names of the dependencies of a member, build and test dependencies included.
///
/// # Errors
/// If the manifest is not TOML.
pub fn dependencies(text: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = text.parse()?;
    Ok(dependency_tables(&manifest).into_iter().flat_map(|table| table.keys().cloned()).collect())
}

/// All dependency tables of a manifest, those of targets included.
fn dependency_tables(manifest: &toml::Table) -> Vec<&toml::Table> {
    let mut tables = Vec::new();
    for (name, value) in manifest {
        let Some(table) = value.as_table() else { continue };
        if name.ends_with("dependencies") {
            tables.push(table);
        } else if name == "target" {
            let targets = table.values().filter_map(toml::Value::as_table);
            tables.extend(targets.flat_map(dependency_tables));
        }
    }
    tables
}

/// What the clippy list of the core lacks.
///
/// # Errors
/// If it is not TOML.
pub fn missing_bans(path: &str, text: &str) -> Result<Vec<Violation>> {
    let lists: toml::Table = text.parse().with_context(|| path.to_owned())?;
    let banned = |list: &str, name: &str| {
        let entries = lists.get(list).and_then(toml::Value::as_array);
        entries.into_iter().flatten().any(|entry| {
            entry.get("path").and_then(toml::Value::as_str) == Some(name)
                && entry.get("reason").and_then(toml::Value::as_str).is_some()
        })
    };
    let types = FORBIDDEN_TYPES.iter().map(|name| ("disallowed-types", (*name).to_owned()));
    let methods =
        FORBIDDEN_FUNCTIONS.iter().map(|name| ("disallowed-methods", format!("f64::{name}")));
    let missing = types.chain(methods).filter(|(list, name)| !banned(list, name));
    let message = |list, name| format!("`{name}` is not in `{list}` with a reason");
    Ok(missing.map(|(list, name)| violation(path, 1, message(list, name))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let text = "[workspace.dependencies]\ncore = { path = \"core\" }\na = \"1\" # does a thing\n\
                    b = \"1\"\n# Group.\n[profile.dev]\nopt-level = 1\n";
        let lines: Vec<_> = uncommented("Cargo.toml", text).iter().map(|v| v.line).collect();
        assert_eq!(lines, [4]);
    }

    #[test]
    fn a_member_with_its_own_version_is_found() {
        let text = "[dependencies]\na.workspace = true\nb = \"1\"\n[target.'cfg(unix)'.dependencies]\n\
                    c = { version = \"1\" }\n[build-dependencies]\nd = { workspace = true }\n";
        let lines: Vec<_> = own_versions("a", text).unwrap().iter().map(|v| v.line).collect();
        assert_eq!(lines, [3, 5]);
        assert_eq!(dependencies(text).unwrap(), ["d", "a", "b", "c"]);
    }

    #[test]
    fn a_missing_ban_is_found() {
        let text = "disallowed-types = [{ path = \"std::time::Instant\", reason = \"clock\" }]";
        let missing = missing_bans("core/clippy.toml", text).unwrap();
        assert_eq!(missing.len(), FORBIDDEN_TYPES.len() - 1 + FORBIDDEN_FUNCTIONS.len());
    }
}
