//! How the cost grows: the same case with more and more of what it works on.

use anyhow::Result;

use super::cases::{ALL, Case};
use super::programs::Programs;

/// A case by its name, what grows, and the sizes.
const GROWING: [(&str, &str, &[usize]); 3] = [
    ("stack", "frames", &[5, 10, 20, 40]),
    ("aperture", "stars", &[100, 1_000, 10_000, 100_000]),
    ("sky", "stars", &[100, 1_000, 10_000, 100_000]),
];

/// The table, as Markdown.
///
/// # Errors
/// If a case fails.
pub(super) fn table(programs: &Programs) -> Result<String> {
    let mut text =
        "| case | of | CPU s | per one (ms) | peak (MiB) |\n|---|---|---|---|---|\n".to_owned();
    for (name, what, sizes) in GROWING {
        let Some(case) = ALL.iter().find(|case| case.name == name) else { continue };
        for &size in sizes {
            let found = programs.native(&Case { size, repeats: case.repeats.min(3), ..*case })?;
            let each = 1e3 * found.seconds / size as f64;
            text += &format!(
                "| {name} | {size} {what} | {:.4} | {each:.4} | {:.0} |\n",
                found.seconds, found.peak_mib
            );
        }
    }
    Ok(text)
}
