//! `cargo xtask test`: every test of the workspace, natively, in the sandbox and under Node.

use anyhow::{Result, bail};

use crate::options::Options;
use crate::shell::{cargo, follow, line, say};
use crate::{setup, web};

/// What a machine may do without, and the words in the names of the tests that need it.
const OPTIONAL: [(&str, &str); 3] =
    [("node", "under_node"), ("browser", "in_a_browser"), ("strace", "under_strace")];

/// Runs the task.
pub(crate) fn run(mut options: Options) -> Result<()> {
    let without = options.value("--without")?.unwrap_or_default();
    options.end()?;
    let without = left_out(&without)?;
    setup::targets()?;
    let with = |wanted: &str| without.iter().all(|(name, _)| *name != wanted);
    if with("node") {
        say(format!("Node {}", setup::node()?));
        web::build_for_node()?;
    }
    if with("node") && with("browser") {
        say(setup::browser()?);
        web::build_page()?;
    }
    if with("strace") {
        say(setup::strace()?);
    }
    for (name, word) in &without {
        say(format!("without {name}: tests named *{word}* are left out, as asked"));
    }
    tests(&without)
}

/// The entries of [`OPTIONAL`] that a list of names leaves out.
fn left_out(names: &str) -> Result<Vec<(&'static str, &'static str)>> {
    let mut found = Vec::new();
    for name in names.split(',').filter(|name| !name.is_empty()) {
        match OPTIONAL.iter().find(|(known, _)| *known == name) {
            Some(entry) => found.push(*entry),
            None => {
                let known = OPTIONAL.map(|(known, _)| known).join(", ");
                bail!("--without {name}: only these can be left out: {known}");
            }
        }
    }
    Ok(found)
}

/// Runs cargo's tests and repeats their results at the end.
fn tests(without: &[(&str, &str)]) -> Result<()> {
    let mut command = cargo(&["test", "--workspace", "--release", "--no-fail-fast"]);
    if !without.is_empty() {
        command.arg("--");
    }
    for (_, word) in without {
        command.args(["--skip", word]);
    }
    say(format!("{} (the first build takes minutes)", line(&command)));
    let mut results = Vec::new();
    let passed = follow(&mut command, |text| {
        println!("{text}");
        if text.starts_with("test result:") {
            results.push(text.to_owned());
        }
    })?;
    say("results of all test programs");
    for result in &results {
        println!("{result}");
    }
    say(total(&results));
    if !passed {
        bail!("tests failed: see `failures:` above");
    }
    Ok(())
}

/// Sums of `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; …`.
fn total(results: &[String]) -> String {
    let sum = |what: &str| -> u64 {
        let count = |line: &String| {
            let before = line.split(what).next()?.split_whitespace().last()?;
            before.parse::<u64>().ok()
        };
        results.iter().filter(|line| line.contains(what)).filter_map(count).sum()
    };
    let (passed, failed) = (sum(" passed"), sum(" failed"));
    format!(
        "{passed} tests passed, {failed} failed, {} left out",
        sum(" filtered out") + sum(" ignored")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_summed() {
        let lines = [
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; 0.1s",
            "test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; 1s",
        ];
        let total = total(&lines.map(str::to_owned));
        assert_eq!(total, "13 tests passed, 2 failed, 2 left out");
    }

    #[test]
    fn only_known_names_can_be_left_out() {
        assert_eq!(left_out("node,browser").unwrap().len(), 2);
        assert!(left_out("").unwrap().is_empty());
        assert!(left_out("sandbox").unwrap_err().to_string().contains("node, browser, strace"));
    }
}
