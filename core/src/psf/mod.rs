//! The stars of an image: how wide and how round they are, how much of their light an aperture holds,
//! and how faint one may be.
//!
//! ```text
//! objects ▸ stars (select) ▸ windowed shape (moments) ▸ true width (profile) ▸ map of the detector (map)
//!                          ▸ curve of growth, aperture correction (growth)          noise ▸ limit (limit)
//! ```
//!
//! * Planes: `image`, background-subtracted, with its `variance` and `mask`; any order of pixels.
//! * Coordinates: `x` is the column, `y` the row, zero-based, pixel centers at integers.
//! * Ellipticity: `e1 = (xx - yy) / (xx + yy)`, `e2 = 2 xy / (xx + yy)` of the covariance, pixel
//!   included; axes of ratio `q` have `(1 - q²) / (1 + q²)`. The angle of the long axis goes from the
//!   columns toward the rows.

mod growth;
mod limit;
mod map;
mod moments;
mod params;
mod profile;
mod select;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::measure::aperture::Pixels;
use crate::numerics::stats::median_and_sigma;

pub use growth::{Correction, Growth};
pub use limit::Limit;
pub use map::Cell;
pub use params::Params;
pub use select::Source;

use map::Placed;
use select::Star;

const STEP: &str = "psf";

/// Most sigmas with which one star tells of the profile's wings.
const MOST_SIGNAL: f64 = 200.0;
/// Fourth moments beyond this from their median are left out (sigma).
const FOURTH_CLIP: f64 = 3.5;

/// Size and shape of the stars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Full width at half maximum as the image shows it, with the pixel (pixel).
    pub fwhm_pix: f64,
    /// Its error (pixel).
    pub fwhm_err_pix: f64,
    /// Scatter of the stars (pixel).
    pub fwhm_scatter_pix: f64,
    /// Full width at half maximum of the light before the pixels widened it (pixel).
    pub fwhm_before_pixel_pix: f64,
    /// Pixels of sky whose noise adds to a flux that is fitted with the profile (pixel²).
    pub noise_area_pix2: f64,
    /// Exponent of the Moffat profile; absent for a Gaussian.
    pub moffat_beta: Option<f64>,
    /// Ellipticity along the columns (ratio).
    pub e1_ratio: f64,
    /// Ellipticity along the diagonal (ratio).
    pub e2_ratio: f64,
    /// Scatter of both over the stars (ratio).
    pub e_scatter_ratio: f64,
    /// Stars that it comes from.
    pub stars: usize,
    /// Parts of the image, 4 x 4, row after row.
    pub map: Vec<Cell>,
}

/// What the stars of an image tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Psf {
    /// Size and shape, if there are enough stars.
    pub shape: Option<Shape>,
    /// What the calibration aperture lacks, if enough stars are alone.
    pub correction: Option<Correction>,
    /// The noise of the aperture, if there is a good pixel.
    pub limit: Option<Limit>,
}

/// A star of the selection, as tables have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Its row in the list of sources.
    pub row: usize,
    /// Full width at half maximum with the pixel (pixel).
    pub fwhm_pix: f64,
    /// Ellipticity along the columns and along the diagonal (ratio).
    pub ellipticity_ratio: (f64, f64),
}

impl Shape {
    /// Size of the ellipticity (ratio).
    pub fn ellipticity(&self) -> f64 {
        (self.e1_ratio * self.e1_ratio + self.e2_ratio * self.e2_ratio).sqrt()
    }

    /// Direction of the long axis (x, y), of length 1.
    pub fn direction(&self) -> (f64, f64) {
        let (sine, cosine) = libm::sincos(0.5 * libm::atan2(self.e2_ratio, self.e1_ratio));
        (cosine, sine)
    }
}

/// Measures the stars among `sources` and the aperture of `radius_pix` through which their fluxes were
/// taken.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range or an aperture as wide as the large one,
/// [`Error::Input`] for planes of different shapes. Too few stars are no error.
pub fn measure(
    pixels: Pixels<'_>,
    sources: &[Source],
    radius_pix: f64,
    params: &Params,
) -> Result<(Psf, Vec<Member>)> {
    params.check()?;
    let shape = pixels.shape(STEP)?;
    if !(radius_pix > 0.0 && radius_pix < params.large_radius_pix) {
        let needed = format!("more than the {radius_pix} pixels of the calibration aperture");
        return Err(Error::parameter("psf.large_radius_pix", params.large_radius_pix, needed));
    }
    let limit = limit::limit(pixels, radius_pix, params);
    let stars = select::stars(pixels, sources, params).unwrap_or_default();
    let Some((shape, members)) = described(&stars, shape) else {
        return Ok((Psf { shape: None, correction: None, limit }, Vec::new()));
    };
    let reach = params.large_radius_pix + shape.fwhm_pix;
    let mut far = select::alone(sources, reach, params);
    far.sort_unstable();
    let lonely = |star: &&Star| far.binary_search(&star.row).is_ok();
    let lonely: Vec<Star> = stars.iter().filter(lonely).copied().collect();
    let correction = growth::correction(pixels, &lonely, radius_pix, params)?;
    Ok((Psf { shape: Some(shape), correction, limit }, members))
}

/// Size and shape of the stars among `sources`, as [`measure`] has them; `None` if they are too few.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, [`Error::Input`] for planes of different shapes.
pub fn shape(pixels: Pixels<'_>, sources: &[Source], params: &Params) -> Result<Option<Shape>> {
    params.check()?;
    let shape = pixels.shape(STEP)?;
    let stars = select::stars(pixels, sources, params).unwrap_or_default();
    Ok(described(&stars, shape).map(|(shape, _)| shape))
}

/// Size and shape of `stars` on an image of `shape`, and those of each; `None` without a star or a
/// width. The stars were clipped by size, so that their mean is robust.
fn described(stars: &[Star], shape: (usize, usize)) -> Option<(Shape, Vec<Member>)> {
    let sigmas: Vec<f64> = stars.iter().map(|star| star.moments.sigma()).collect();
    let sigma = sigmas.iter().sum::<f64>() / sigmas.len() as f64;
    let scatter = median_and_sigma(&sigmas)?.1 / sigma;
    let profile = profile::fitted(sigma, fourth(stars)?)?;
    let fwhm_pix = profile.width_with_pixel();
    let placed = |star: &Star| Placed {
        center: star.moments.center,
        fwhm_pix: fwhm_pix * star.moments.sigma() / sigma,
        ellipticity: star.moments.ellipticity(),
    };
    let placed: Vec<Placed> = stars.iter().map(placed).collect();
    let of =
        |part: fn(&Placed) -> f64| median_and_sigma(&placed.iter().map(part).collect::<Vec<_>>());
    let ((e1_ratio, scatter_1), (e2_ratio, scatter_2)) =
        of(|star| star.ellipticity.0).zip(of(|star| star.ellipticity.1))?;
    let inverse = profile.inverse_beta;
    let member = |(star, placed): (&Star, &Placed)| Member {
        row: star.row,
        fwhm_pix: placed.fwhm_pix,
        ellipticity_ratio: placed.ellipticity,
    };
    let members = stars.iter().zip(&placed).map(member).collect();
    let found = Shape {
        fwhm_pix,
        fwhm_err_pix: fwhm_pix * scatter / (stars.len() as f64).sqrt(),
        fwhm_scatter_pix: fwhm_pix * scatter,
        fwhm_before_pixel_pix: profile.fwhm_pix,
        noise_area_pix2: profile.noise_area(),
        moffat_beta: (inverse > profile::GAUSSIAN).then(|| 1.0 / inverse),
        e1_ratio,
        e2_ratio,
        e_scatter_ratio: (0.5 * (scatter_1 * scatter_1 + scatter_2 * scatter_2)).sqrt(),
        stars: stars.len(),
        map: map::cells(shape, &placed),
    };
    Some((found, members))
}

/// The fourth moment of the stars, those with more signal counting more: the mean of those within the
/// clip.
fn fourth(stars: &[Star]) -> Option<f64> {
    let values: Vec<f64> = stars.iter().map(|star| star.moments.fourth).collect();
    let (middle, sigma) = median_and_sigma(&values)?;
    let near = |star: &&Star| (star.moments.fourth - middle).abs() <= FOURTH_CLIP * sigma;
    let weight = |star: &Star| {
        let signal = (star.source.flux / star.source.flux_err).min(MOST_SIGNAL);
        signal * signal
    };
    let near = || stars.iter().filter(near);
    let weights: f64 = near().map(weight).sum();
    let sum: f64 = near().map(|star| weight(star) * star.moments.fourth).sum();
    Some(if weights > 0.0 { sum / weights } else { middle })
}

#[cfg(test)]
mod tests;
