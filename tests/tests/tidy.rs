//! The rules of the workspace, applied to it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;

use rawsky_tests::purity;
use rawsky_tests::sources::{self, Source, Violation, files, workspace};
use rawsky_tests::tidy::{
    assert_none, assert_rule, budgets, fields, imports, manifests, names, panics,
};

/// Applies a rule to the whole workspace.
fn holds(rule: impl Fn(&Source) -> Vec<Violation>) {
    assert_rule(&workspace().unwrap(), rule);
}

fn read(path: &str) -> String {
    fs::read_to_string(sources::root().join(path)).unwrap()
}

#[test]
fn the_core_asks_nothing_of_its_host() {
    let imports = purity::imports(&purity::build_module(&[]).unwrap()).unwrap();
    assert!(
        imports.iter().any(|name| name == "fd_write"),
        "the panic message is gone: {imports:?}"
    );
    let unexpected = purity::unexpected(&imports, &purity::START_UP);
    assert!(
        unexpected.is_empty(),
        "the core reaches for {unexpected:?}: find the call, take it out"
    );
}

#[test]
fn the_core_with_file_formats_asks_at_most_for_the_seed_of_hash_maps() {
    let module = purity::build_module(&["fits", "parquet"]).unwrap();
    let imports = purity::imports(&module).unwrap();
    let allowed = [&purity::START_UP[..], &[purity::HASH_SEED]].concat();
    let unexpected = purity::unexpected(&imports, &allowed);
    assert!(
        unexpected.is_empty(),
        "the core reaches for {unexpected:?}: find the call, take it out"
    );
}

#[test]
fn the_core_forbids_what_differs_between_targets() {
    let path = "core/clippy.toml";
    assert_none(manifests::missing_bans(path, &read(path)).unwrap());
}

#[test]
fn the_lints_of_purity_are_not_switched_off() {
    holds(panics::silenced_lints);
}

#[test]
fn front_ends_reach_the_core_through_its_one_orchestration() {
    holds(imports::front_ends);
}

#[test]
fn layers_import_downwards_only() {
    holds(imports::layers);
}

#[test]
fn crates_are_named_only_in_their_places() {
    holds(imports::crates);
    let dependencies = manifests::dependencies(&read("core/Cargo.toml")).unwrap();
    let unplaced = imports::unplaced(&dependencies);
    assert!(
        unplaced.is_empty(),
        "say in tests/src/tidy/imports.rs where {unplaced:?} may be named"
    );
}

#[test]
fn no_code_knows_a_camera_by_name() {
    let cameras = names::cameras().unwrap();
    holds(|source| names::camera_names(source, &cameras));
}

#[test]
fn parameters_have_docs_and_units_and_refuse_unknown_fields() {
    holds(fields::params);
}

#[test]
fn numbers_in_reports_name_their_unit() {
    holds(fields::reports);
}

#[test]
fn the_core_does_not_panic() {
    holds(panics::panics);
}

#[test]
fn no_test_is_switched_off() {
    holds(panics::ignored_tests);
}

#[test]
fn files_open_with_what_they_are() {
    holds(budgets::opening);
}

#[test]
fn files_are_short() {
    holds(budgets::long_file);
    let sources = workspace().unwrap();
    let long = sources.iter().map(|source| (budgets::file_lines(source), source.path.as_str()));
    let long: Vec<_> = long.filter(|(lines, _)| *lines > budgets::FILE_LINES).collect();
    assert!(long.len() <= budgets::LONG_FILES, "over {} lines: {long:?}", budgets::FILE_LINES);
}

#[test]
fn functions_are_short_and_take_few_arguments() {
    holds(budgets::long_functions);
    holds(budgets::many_arguments);
    let sources = workspace().unwrap();
    let lengths: Vec<usize> =
        sources.iter().flat_map(budgets::functions).map(|function| function.lines).collect();
    let p90 = budgets::p90(lengths);
    assert!(p90 <= budgets::FUNCTION_LINES_P90, "one function in ten has {p90} lines or more");
}

#[test]
fn every_dependency_says_why_and_has_one_version() {
    assert_none(manifests::uncommented("Cargo.toml", &read("Cargo.toml")));
    for path in files("toml").unwrap().iter().filter(|path| path.ends_with("/Cargo.toml")) {
        assert_none(manifests::own_versions(path, &read(path)).unwrap());
    }
}
