//! Masks of our own: what the image itself says of its bad pixels.
//!
//! [`la_cosmic`] and [`cosmic_rays`] are two ways to find cosmic rays, [`trails`] finds what saturated stars
//! spill; [`mark`] writes what they find into the mask plane. [`edges`] marks margins, [`growth`] what lies
//! around marked pixels. [`interpolation`] changes values, and only where it is asked for. [`search()`](search::search)
//! is all of them in order. [`defects`] looks at a master flat.

pub mod cosmic_rays;
pub mod defects;
pub mod edges;
pub mod growth;
pub mod interpolation;
pub mod la_cosmic;
mod median;
mod morphology;
pub mod search;
pub mod trails;

use ndarray::{Array2, Zip};
use serde::Serialize;

use crate::error::{Error, Result};

const STEP: &str = "masks";

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

/// Sets a bit on the pixels that were found: [`crate::mask::SPIKE`] of cosmic rays, [`crate::mask::SPILLAGE`] of trails.
///
/// # Errors
/// [`Error::Input`] if the shapes differ; then the mask is unchanged.
pub fn mark(bits: &mut Array2<u32>, found: &Array2<bool>, bit: u32) -> Result<()> {
    if bits.dim() != found.dim() {
        let (found, needed) = (format!("{:?}", bits.dim()), format!("{:?}", found.dim()));
        return Err(Error::input(STEP, "shape of the mask", found, needed));
    }
    Zip::from(bits).and(found).for_each(|bits, &found| {
        if found {
            *bits |= bit;
        }
    });
    Ok(())
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
