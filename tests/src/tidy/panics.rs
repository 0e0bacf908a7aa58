//! The core does not panic on bad input, and does not silence the lints that keep it pure.

use crate::sources::{Source, Violation};

/// Methods that panic.
const METHODS: [&str; 4] = ["unwrap", "expect", "unwrap_err", "expect_err"];

/// Macros that panic.
const MACROS: [&str; 4] = ["panic", "todo", "unimplemented", "unreachable"];

/// Lints that stand between the core and the world, or hide unfinished code.
const LINTS: [&str; 6] = [
    "disallowed_methods",
    "disallowed_types",
    "iter_over_hash_type",
    "unsafe_code",
    "dead_code",
    "unused",
];

/// Panicking methods and macros in the core, outside tests.
pub fn panics(source: &Source) -> Vec<Violation> {
    if !source.below("core/src/") {
        return Vec::new();
    }
    let tokens = source.flat_tokens();
    let mut violations = Vec::new();
    for window in tokens.windows(3).filter(|window| !source.is_test(window[1].1)) {
        let [(before, _), (name, line), (after, _)] = window else { continue };
        let method = before == "." && METHODS.contains(&name.as_str()) && after == "(";
        let path = before == ":" && METHODS.contains(&name.as_str());
        let call = MACROS.contains(&name.as_str()) && after == "!";
        if method || path || call {
            let message = format!("`{name}` in the core: return an `Error` that says what to do");
            violations.push(source.violation(*line, message));
        }
    }
    violations
}

/// Lints of purity that are switched off in the core, outside tests.
pub fn silenced_lints(source: &Source) -> Vec<Violation> {
    if !source.below("core/src/") {
        return Vec::new();
    }
    let tokens = source.flat_tokens();
    let mut violations = Vec::new();
    let mut inside = false;
    for (token, line) in tokens.iter().filter(|(_, line)| !source.is_test(*line)) {
        match token.as_str() {
            "allow" | "expect" => inside = true,
            ")" | "]" | "{" => inside = false,
            name if inside && LINTS.contains(&name) => {
                let message = format!("`{name}` is switched off: the core keeps this lint");
                violations.push(source.violation(*line, message));
            }
            _ => {}
        }
    }
    violations
}

/// Tests that are switched off.
pub fn ignored_tests(source: &Source) -> Vec<Violation> {
    let tokens = source.flat_tokens();
    let mut violations = Vec::new();
    for window in tokens.windows(3) {
        let [(before, _), (name, line), (after, _)] = window else { continue };
        let attribute = before == "[" && (after == "]" || after == "=");
        let conditional = before == "," && after == ")";
        if name == "ignore" && (attribute || conditional) {
            let message = "a test that does not run proves nothing: let it run, or take it out";
            violations.push(source.violation(*line, message));
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
    fn panics_of_the_core_are_found_also_in_macros() {
        let text = "fn f() {\n a.unwrap();\n vec![b.expect(\"\")];\n todo!();\n c.map(Option::unwrap);\n\
                    d.unwrap_or(1);\n}";
        assert_eq!(lines(panics, "core/src/a.rs", text), [2, 3, 4, 5]);
        assert!(lines(panics, "web/src/a.rs", text).is_empty());
        let test = "#[cfg(test)]\nmod tests {\n fn f() { a.unwrap(); }\n}";
        assert!(lines(panics, "core/src/a.rs", test).is_empty());
    }

    #[test]
    fn a_silenced_lint_of_purity_is_found() {
        let text = "#[allow(clippy::disallowed_methods)]\nfn f() {}\n#[allow(clippy::float_cmp)]\nfn g() {}";
        assert_eq!(lines(silenced_lints, "core/src/a.rs", text), [1]);
    }

    #[test]
    fn an_ignored_test_is_found() {
        let text = "#[test]\n#[ignore]\nfn a() {}\n#[ignore = \"slow\"]\nfn b() {}\n\
                    #[cfg_attr(x, ignore)]\nfn c() {}\nfn ignore() {}";
        assert_eq!(lines(ignored_tests, "core/src/a.rs", text), [2, 4, 6]);
    }
}
