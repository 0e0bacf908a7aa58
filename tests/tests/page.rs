//! The page as a person meets it: its own tests, in Chromium.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_page_passes_its_tests_in_a_browser() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www");
    let built = page.join("dist/index.html");
    assert!(built.is_file(), "the page is not built; needed: cargo xtask web");
    let tests = Command::new("npm").args(["test"]).current_dir(&page).status();
    assert!(tests.expect("npm, which comes with Node").success(), "see above; in www: npm test");
}
