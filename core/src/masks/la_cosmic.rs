//! Cosmic rays by their sharp edges: L.A.Cosmic.
//!
//! With `L` the Laplacian of the image whose pixels are cut in four, negative parts set to 0 and the
//! four put together again, `n` the noise, and `M5`, `M7`, `M9` median filters
//!
//! ```text
//! S  = L / (2 n)        S' = S - M7(S)        F = (M5(image) - M9(M5(image))) / n, at least 0.01
//! cosmic ray:           S' > sigclip and S' / F > objlim
//! its neighbors:        S' > sigclip, then theirs: S' > sigfrac sigclip
//! ```
//!
//! and again with the found pixels replaced by the mean of their good neighbors, until none is found.
//!
//! * Planes: `image` (the sky may be in it or not), `variance`: its median filter, so that the ray's
//!   own photons do not hide it, is `n²`.
//! * Mask: pixels with one of `mask_bits`, and those that touch them, are never cosmic rays.
//! * References: van Dokkum 2001, PASP 113, 1420; McCully et al. 2018 (astroscrappy 1.3): medians of
//!   rows, then of columns (its `sepmed`); `cleantype` is meanmask, `fsmode` is median.

use ndarray::{Array2, Zip};
use serde::{Deserialize, Serialize};

use super::morphology::{dilated, flags_of, replaced};
use super::{Report, STEP, median};
use crate::error::{Error, Result};
use crate::mask;
use crate::measure::aperture::Pixels;
use crate::numerics::stats;

/// Least noise variance (DN²): below it is the square root of nothing.
const LEAST_VARIANCE: f32 = 1e-5;
/// Least fine structure (sigma).
const LEAST_STRUCTURE: f32 = 0.01;

/// Parameters, by the names of the peers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Least height of the Laplacian (sigma).
    pub sigclip: f32,
    /// Least height beside a cosmic ray (fraction of `sigclip`).
    pub sigfrac: f32,
    /// Least contrast of Laplacian and fine structure (ratio).
    pub objlim: f32,
    /// Most passes.
    pub niter: usize,
    /// Bits of the mask that leave a pixel and its neighbors out.
    pub mask_bits: u32,
}

impl Default for Params {
    /// 4.5 sigma, 0.3, 5, four passes.
    fn default() -> Params {
        Params { sigclip: 4.5, sigfrac: 0.3, objlim: 5.0, niter: 4, mask_bits: mask::BAD }
    }
}

impl Params {
    /// Refuses what finds nothing or everything.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value) in
            [("sigclip", self.sigclip), ("sigfrac", self.sigfrac), ("objlim", self.objlim)]
        {
            if !(value.is_finite() && 0.0 < value) {
                return Err(Error::parameter(&format!("la_cosmic.{name}"), value, "above 0"));
            }
        }
        if !(1..=100).contains(&self.niter) {
            return Err(Error::parameter("la_cosmic.niter", self.niter, "1 to 100"));
        }
        Ok(())
    }
}

/// Finds the cosmic rays of an image; the caller marks them ([`super::mark`]).
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, [`Error::Input`] for planes of different shapes.
pub fn find(pixels: Pixels<'_>, params: &Params) -> Result<(Array2<bool>, Report)> {
    params.check()?;
    pixels.shape(STEP)?;
    let bad = dilated(&flags_of(pixels, params.mask_bits));
    let (mut image, level) = filled(pixels.image.to_owned(), &bad);
    let (mut variance, noise_level) = filled(pixels.variance.to_owned(), &bad);
    let mut found = Array2::from_elem(image.dim(), false);
    let mut passes = 0;
    while passes < params.niter {
        passes += 1;
        let new = pass(&image, &variance, &bad, params);
        if !new.iter().any(|&new| new) {
            break;
        }
        Zip::from(&mut found).and(&new).for_each(|found, &new| *found |= new);
        image = replaced(&image, &found, &bad, level);
        variance = replaced(&variance, &found, &bad, noise_level);
    }
    let report = Report::of(&found, passes);
    Ok((found, report))
}

/// The plane with its median where it holds no number, and that median over the good pixels.
fn filled(mut plane: Array2<f32>, bad: &Array2<bool>) -> (Array2<f32>, f32) {
    let good = plane.iter().zip(bad).filter(|(_, bad)| !**bad);
    let level =
        stats::finite_median(good.map(|(&pixel, _)| f64::from(pixel))).unwrap_or(0.0) as f32;
    plane.mapv_inplace(|pixel| if pixel.is_finite() { pixel } else { level });
    (plane, level)
}

/// The cosmic rays of one pass.
fn pass(
    image: &Array2<f32>,
    variance: &Array2<f32>,
    bad: &Array2<bool>,
    params: &Params,
) -> Array2<bool> {
    let noise = median::filter::<7>(variance).mapv_into(|pixel| pixel.max(LEAST_VARIANCE).sqrt());
    let mut height = laplacian(image);
    Zip::from(&mut height).and(&noise).for_each(|height, &noise| *height /= 2.0 * noise);
    let smooth = median::filter::<7>(&height);
    height -= &smooth;
    let small = median::filter::<5>(image);
    let mut structure = median::filter::<9>(&small);
    Zip::from(&mut structure).and(&small).and(&noise).for_each(|structure, &small, &noise| {
        *structure = ((small - *structure) / noise).max(LEAST_STRUCTURE);
    });
    let seeds =
        Zip::from(&height).and(&structure).and(bad).map_collect(|&height, &structure, &bad| {
            !bad && params.sigclip < height && params.objlim < height / structure
        });
    let grown = |from: &Array2<bool>, least: f32| {
        Zip::from(&dilated(from))
            .and(&height)
            .and(bad)
            .map_collect(|&near, &height, &bad| near && !bad && least < height)
    };
    grown(&grown(&seeds, params.sigclip), params.sigfrac * params.sigclip)
}

/// Mean over the four quarters of each pixel of the positive part of their Laplacian; beyond the edges
/// there is 0.
fn laplacian(image: &Array2<f32>) -> Array2<f32> {
    Array2::from_shape_fn(image.dim(), |(row, column)| {
        let at = |row: Option<usize>, column: Option<usize>| {
            row.zip(column).and_then(|at| image.get(at)).copied().unwrap_or(0.0)
        };
        let value = at(Some(row), Some(column));
        let left = at(Some(row), column.checked_sub(1));
        let right = at(Some(row), column.checked_add(1));
        let below = at(row.checked_sub(1), Some(column));
        let above = at(row.checked_add(1), Some(column));
        // Each quarter has two quarters of its own pixel beside it.
        let quarter = |a: f32, b: f32| (4.0 * value - value - a - value - b).max(0.0);
        let sum = quarter(left, below) + quarter(left, above);
        (sum + quarter(right, above) + quarter(right, below)) / 4.0
    })
}
