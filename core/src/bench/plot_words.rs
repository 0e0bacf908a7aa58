//! The words of plots: axes with their units, and curves for those who do not see them.

use crate::numerics::stats::median_and_sigma;

use super::chain::Chain;
use super::plots::Series;

/// What the numbers of a stage count; nothing for a response.
pub(super) fn unit(chain: &Chain, stage: &str) -> String {
    chain.kept(stage).or(chain.last()).map_or_else(String::new, super::kept::Kept::unit)
}

/// The name of an axis with its unit.
pub(super) fn named(what: &str, unit: &str) -> String {
    if unit.is_empty() { what.to_owned() } else { format!("{what} ({unit})") }
}

/// One decimal, or four digits of what would vanish with it.
fn number(value: f64) -> String {
    if value == 0.0 || 1.0 <= value.abs() { format!("{value:.1}") } else { format!("{value:.4}") }
}

pub(super) fn described(series: &Series, unit: &str) -> String {
    match median_and_sigma(&series.y) {
        Some((median, sigma)) => {
            let (median, sigma) = (number(median), number(sigma));
            format!("{}: median {median} {unit}, scatter {sigma} {unit}.", series.label)
        }
        None => format!("{}: no value.", series.label),
    }
}
