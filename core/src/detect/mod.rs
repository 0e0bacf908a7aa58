//! Detection: the objects of an image, with sep's definitions and names.
//!
//! ```text
//! filter ▸ threshold ▸ connected regions ▸ deblending ▸ shapes ▸ cleaning      (detect)
//! ▸ windowed positions ▸ Kron ellipse ▸ half-light radius                      (photometry)
//! ```
//!
//! * Planes: `image`, background-subtracted, with its `variance` and `mask`; any order of pixels.
//! * Coordinates: `x` is the column, `y` the row, zero-based, pixel centers at integers; `theta` from
//!   the columns toward the rows.
//! * A masked pixel counts as 0 with an infinite variance: it can lie in an object, but adds no
//!   light to it, and neither a threshold nor a variance.
//! * References: Bertin & Arnouts 1996, A&AS 117, 393; Barbary 2016, JOSS 1, 58 (sep 1.4.1).

mod bright;
mod clean;
mod columns;
mod deblend;
mod filter;
pub mod flags;
mod params;
pub mod photometry;
mod places;
pub(crate) mod regions;
mod shape;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::measure::aperture::Pixels;

pub use filter::gaussian;
pub use params::{CleanThreshold, Filter, Noise, Params};

use deblend::{Part, Rules};
use shape::{Extent, Pixel, Shape};

const STEP: &str = "detect";

/// Most pixels of one region: more is a background that was not subtracted.
const MAX_REGION: usize = 2_000_000;
/// Most rows or columns.
const MAX_SIDE: usize = 1 << 20;

/// One detected object, by the names of sep.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(test, derive(Default))]
pub struct Object {
    /// Threshold (DN), the mean over its pixels.
    pub thresh: f64,
    /// Pixels.
    pub npix: usize,
    /// Pixels that are above the threshold without the filter, too.
    pub tnpix: usize,
    /// First and last column (pixel).
    pub columns: (u32, u32),
    /// First and last row (pixel).
    pub rows: (u32, u32),
    /// Barycenter, column (pixel).
    pub x: f64,
    /// Barycenter, row (pixel).
    pub y: f64,
    /// Second moment along the columns (pixel²).
    pub x2: f64,
    /// Second moment along the rows (pixel²).
    pub y2: f64,
    /// Mixed second moment (pixel²).
    pub xy: f64,
    /// Variance of `x` (pixel²).
    pub errx2: f64,
    /// Variance of `y` (pixel²).
    pub erry2: f64,
    /// Covariance of `x` and `y` (pixel²).
    pub errxy: f64,
    /// Rms along the major axis (pixel).
    pub a: f64,
    /// Rms along the minor axis (pixel).
    pub b: f64,
    /// Angle of the major axis (radian).
    pub theta: f64,
    /// Coefficient of the ellipse (pixel⁻²).
    pub cxx: f64,
    /// Coefficient of the ellipse (pixel⁻²).
    pub cyy: f64,
    /// Coefficient of the ellipse (pixel⁻²).
    pub cxy: f64,
    /// Sum of the filtered pixels (DN).
    pub cflux: f64,
    /// Sum of the pixels (DN).
    pub flux: f64,
    /// Highest filtered pixel (DN).
    pub cpeak: f32,
    /// Highest pixel (DN).
    pub peak: f32,
    /// Column and row of the highest filtered pixel.
    pub cpeak_at: (u32, u32),
    /// Column and row of the highest pixel.
    pub peak_at: (u32, u32),
    /// Bits of [`flags::REGISTRY`].
    pub flag: i32,
    /// What the ellipse lacks because the threshold cuts the profile (ratio).
    cut: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Detections {
    /// The objects, in the order in which a scan of the image completes their regions.
    pub objects: Vec<Object>,
    /// For every pixel the number of the object that it belongs to, from 1; 0 is none.
    pub segmentation: Array2<i32>,
}

/// Finds the objects of a background-subtracted image.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, [`Error::Input`] for planes of different shapes
/// or beyond 2^20 pixels a side, and for an image of which a single region covers more than two
/// million pixels: its background was not subtracted.
pub fn detect(pixels: Pixels<'_>, params: &Params) -> Result<Detections> {
    params.check()?;
    let shape = pixels.shape(STEP)?;
    if MAX_SIDE < shape.0.max(shape.1) {
        let found = format!("{shape:?}");
        return Err(Error::input(STEP, "shape of the image", found, format!("at most {MAX_SIDE}")));
    }
    let bright = bright::bright_pixels(pixels, params);
    let places: Vec<(u32, u32)> = bright.iter().map(|pixel| (pixel.row, pixel.column)).collect();
    let rules = Rules {
        levels: params.deblend_levels,
        contrast: params.deblend_contrast_fraction,
        minimum_area: params.minimum_area_pix,
    };
    let mut found = Vec::new();
    for region in regions::regions(&places) {
        if region.len() < params.minimum_area_pix {
            continue;
        }
        if MAX_REGION < region.len() {
            let found = format!("{} pixels", region.len());
            let needed =
                format!("at most {MAX_REGION}: subtract the background, or ask for more sigma");
            return Err(Error::input(STEP, "one region above the threshold", found, needed));
        }
        let own: Vec<Pixel> = region.iter().filter_map(|&at| bright.get(at).copied()).collect();
        let threshold = mean_threshold(&own);
        for part in deblend::deblend(own, threshold, &rules) {
            found.push((object(&part, threshold, shape, params), part.pixels));
        }
    }
    Ok(number(found, shape, params))
}

/// The mean threshold of the pixels that have one (DN).
fn mean_threshold(pixels: &[Pixel]) -> f32 {
    let known = pixels.iter().filter_map(|pixel| pixel.threshold);
    let (n, sum) = known.fold((0_u64, 0.0), |(n, sum), value| (n + 1, sum + f64::from(value)));
    if n == 0 { 0.0 } else { (sum / n as f64) as f32 }
}

fn object(part: &Part, threshold: f32, shape: (usize, usize), params: &Params) -> Object {
    let extent = Extent::of(part.pixels.iter().copied());
    let thresh = f64::from(threshold);
    let center = part.core.as_ref().map(|core| core.center);
    let form: Shape =
        shape::shape(&part.pixels, &extent, thresh, center, params.gain_electron_per_dn);
    let (columns, rows) =
        part.core.as_ref().map_or((extent.columns, extent.rows), |core| (core.columns, core.rows));
    let last = |length: usize, at: u32| at as usize + 1 == length;
    let cut_off =
        columns.0 == 0 || rows.0 == 0 || last(shape.1, columns.1) || last(shape.0, rows.1);
    let merged = if part.core.is_some() { flags::MERGED } else { 0 };
    let truncated = if cut_off { flags::TRUNCATED } else { 0 };
    Object {
        thresh,
        npix: part.pixels.len(),
        tnpix: form.above,
        columns: extent.columns,
        rows: extent.rows,
        x: form.x,
        y: form.y,
        x2: form.x2,
        y2: form.y2,
        xy: form.xy,
        errx2: form.errx2,
        erry2: form.erry2,
        errxy: form.errxy,
        a: form.a,
        b: form.b,
        theta: form.theta,
        cxx: form.cxx,
        cyy: form.cyy,
        cxy: form.cxy,
        cflux: extent.filtered_flux,
        flux: form.flux,
        cpeak: extent.filtered_peak.0,
        peak: extent.peak.0,
        cpeak_at: (extent.filtered_peak.1, extent.filtered_peak.2),
        peak_at: (extent.peak.1, extent.peak.2),
        flag: form.flags | merged | truncated,
        cut: form.cut,
    }
}

/// Cleans the list and numbers what is left.
fn number(found: Vec<(Object, Vec<Pixel>)>, shape: (usize, usize), params: &Params) -> Detections {
    let ratio = match params.clean_threshold {
        CleanThreshold::Pixel => 1.0,
        CleanThreshold::Filtered => params.filtered_threshold_ratio(),
    };
    let rise = |object: &Object, pixels: &[Pixel]| match params.clean_threshold {
        CleanThreshold::Pixel => clean::rise(pixels, params.minimum_area_pix),
        CleanThreshold::Filtered => f64::from(object.cpeak) - ratio * object.thresh,
    };
    let with_rise = |(object, pixels): (Object, Vec<Pixel>)| {
        let rise = rise(&object, &pixels);
        ((object, rise), pixels)
    };
    let (objects, pixels): (Vec<clean::Candidate>, Vec<Vec<Pixel>>) =
        found.into_iter().map(with_rise).unzip();
    let stays = match params.clean_exponent {
        Some(exponent) => clean::survivors(&objects, exponent, ratio),
        None => vec![true; objects.len()],
    };
    let mut kept = Vec::new();
    let mut segmentation = Array2::zeros(shape);
    for (((object, _), pixels), _) in
        objects.into_iter().zip(pixels).zip(stays).filter(|(_, stays)| *stays)
    {
        kept.push(object);
        for pixel in pixels {
            if let Some(label) = segmentation.get_mut((pixel.row as usize, pixel.column as usize)) {
                *label = kept.len() as i32;
            }
        }
    }
    Detections { objects: kept, segmentation }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;
