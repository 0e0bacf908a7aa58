//! Masks of our own: what the image itself says of its bad pixels.
//!
//! [`la_cosmic`] and [`cosmic_rays`] are two ways to find cosmic rays; [`mark`] writes what either finds
//! into the mask plane. Nothing is interpolated.

pub mod cosmic_rays;
pub mod la_cosmic;
mod median;
mod morphology;

use ndarray::{Array2, Zip};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::mask;

const STEP: &str = "cosmic rays";

/// What a search for cosmic rays found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Pixels.
    pub pixels: u64,
    /// Connected groups of them.
    pub rays: u64,
    /// Passes over the image.
    pub passes: usize,
}

impl Report {
    fn of(found: &Array2<bool>, passes: usize) -> Report {
        let hit = found.indexed_iter().filter(|(_, hit)| **hit);
        let places: Vec<(u32, u32)> =
            hit.map(|((row, column), _)| (row as u32, column as u32)).collect();
        let rays = crate::detect::regions::regions(&places).len() as u64;
        Report { pixels: places.len() as u64, rays, passes }
    }
}

/// Sets [`mask::SPIKE`] on the pixels that were found.
///
/// # Errors
/// [`Error::Input`] if the shapes differ; then the mask is unchanged.
pub fn mark(bits: &mut Array2<u32>, found: &Array2<bool>) -> Result<()> {
    if bits.dim() != found.dim() {
        let (found, needed) = (format!("{:?}", bits.dim()), format!("{:?}", found.dim()));
        return Err(Error::input(STEP, "shape of the mask", found, needed));
    }
    Zip::from(bits).and(found).for_each(|bits, &found| {
        if found {
            *bits |= mask::SPIKE;
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests;
