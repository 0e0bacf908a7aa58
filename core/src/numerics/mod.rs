//! Arithmetic that knows no camera: statistics, fits, overlaps, the sphere.
//!
//! Every transcendental function is `libm`'s or made of `+ - × ÷ √` here; every sum has a fixed
//! order. Slices in hot loops.
pub mod bspline;
pub mod fit;
pub mod healpix;
pub mod lanes;
pub mod least_squares;
pub mod power;
pub mod precision;
pub mod simplex;
pub mod sorting;
pub mod stats;

pub mod neighbours;
pub mod overlap;
pub mod sky;

/// Full width at half maximum of a Gaussian over its sigma: `sqrt(8 ln 2)`.
pub const FWHM_PER_SIGMA: f64 = 2.354_820_045_030_949_3;
