//! Pulls: measured fluxes against the true ones, in units of their errors.
//!
//! ```text
//! pull = (flux - true flux) / error        mean 0 and scatter 1 if flux and error are right
//! ```

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::numerics::stats::median_and_sigma;

/// How measured fluxes differ from the true ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pulls {
    /// Stars compared.
    pub stars: u64,
    /// Mean of the pulls (sigma).
    pub mean_sigma: f64,
    /// Standard deviation of the pulls (sigma).
    pub scatter_sigma: f64,
    /// Median of the pulls (sigma).
    pub median_sigma: f64,
    /// Scatter from the MAD, which outliers do not move (sigma).
    pub robust_scatter_sigma: f64,
}

/// The pulls of triples (flux, true flux, error), those that are not finite left out.
///
/// # Errors
/// [`Error::Undetermined`] for fewer than two stars.
pub fn pulls(stars: impl Iterator<Item = (f64, f64, f64)>) -> Result<Pulls> {
    let pulls: Vec<f64> = stars
        .map(|(flux, truth, error)| (flux - truth) / error)
        .filter(|pull| pull.is_finite())
        .collect();
    let few = || Error::Undetermined {
        quantity: "flux pulls".to_owned(),
        used: pulls.len(),
        given: pulls.len(),
    };
    if pulls.len() < 2 {
        return Err(few());
    }
    let count = pulls.len() as f64;
    let mean = pulls.iter().sum::<f64>() / count;
    let squares: f64 = pulls.iter().map(|pull| (pull - mean) * (pull - mean)).sum();
    let (median_sigma, robust_scatter_sigma) = median_and_sigma(&pulls).ok_or_else(few)?;
    Ok(Pulls {
        stars: pulls.len() as u64,
        mean_sigma: mean,
        scatter_sigma: (squares / (count - 1.0)).sqrt(),
        median_sigma,
        robust_scatter_sigma,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_of_known_pulls() {
        let stars = [(12.0, 10.0, 2.0), (8.0, 10.0, 2.0), (f64::NAN, 1.0, 1.0)];
        let report = pulls(stars.into_iter()).unwrap();
        assert_eq!((report.stars, report.mean_sigma), (2, 0.0));
        assert!((report.scatter_sigma - 2.0_f64.sqrt()).abs() < 1e-12);
        assert!(pulls([(1.0, 1.0, 1.0)].into_iter()).is_err());
    }
}
