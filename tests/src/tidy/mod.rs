//! Rules that can be read off the sources.
//!
//! Each rule is a function from a [`Source`] (or a manifest) to its violations.

pub mod budgets;
pub mod fields;
pub mod imports;
pub mod manifests;
pub mod names;
pub mod panics;
mod paths;

pub use paths::{PathUse, path_uses};

use crate::sources::{Source, Violation};

/// Applies a rule to all sources and panics with the list of violations.
///
/// # Panics
/// If there is one, or if no source was read.
#[allow(clippy::panic, reason = "this is the assertion of a test")]
pub fn assert_rule(sources: &[Source], rule: impl Fn(&Source) -> Vec<Violation>) {
    assert!(!sources.is_empty(), "no source to read");
    assert_none(sources.iter().flat_map(rule).collect());
}

/// Panics with the list of violations.
///
/// # Panics
/// If there is one.
#[allow(clippy::panic, reason = "this is the assertion of a test")]
pub fn assert_none(mut violations: Vec<Violation>) {
    violations.sort();
    if !violations.is_empty() {
        let lines: Vec<String> = violations.iter().map(line).collect();
        panic!("{} places:\n{}", lines.len(), lines.join("\n"));
    }
}

/// A violation as one line of an editor's list.
fn line(violation: &Violation) -> String {
    format!("{}:{}: {}", violation.path, violation.line, violation.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a.rs:3: too long")]
    fn a_violation_fails_the_test_with_its_place() {
        let source = Source::parse("a.rs", "").unwrap();
        assert_rule(&[source], |source| vec![source.violation(3, "too long")]);
    }
}
