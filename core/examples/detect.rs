//! Detects the objects of a background-subtracted image for `tests/oracles/detection/real.py`.
//!
//! `detect IMAGE VARIANCE ROWS COLUMNS [FWHM]`: float32, little-endian, row after row; a pixel that is no
//! number is masked. Five sigma, matched filter; with a width (pixel) a Gaussian one of three sigma,
//! any number of pixels, no cleaning. Writes `x y flux npix flag kron_flux xwin ywin` per object.

#![allow(clippy::disallowed_methods, reason = "an example, not the core, reads files")]
#![allow(clippy::print_stdout, reason = "its answer")]

use std::error::Error;

use ndarray::Array2;
use rawsky_core::detect::{self, photometry};
use rawsky_core::image::Planes;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, variance, rows, columns, width @ ..] = arguments.as_slice() else {
        return Err("usage: detect IMAGE VARIANCE ROWS COLUMNS [FWHM]".into());
    };
    let shape = (rows.parse()?, columns.parse()?);
    let (image, variance) = (plane(image, shape)?, plane(variance, shape)?);
    let planes = Planes::new(image, variance, Array2::zeros(shape))?;
    let mut params = detect::Params::default();
    if let Some(width) = width.first() {
        params.kernel = detect::gaussian(width.parse()?, 3.0);
        params.minimum_area_pix = 1;
        params.clean_exponent = None;
    }
    let found = detect::detect((&planes).into(), &params)?;
    let measured =
        photometry::measure((&planes).into(), &found, &params, &photometry::Params::default())?;
    for (object, light) in found.objects.iter().zip(measured) {
        let (x, y, flux, npix, flag) = (object.x, object.y, object.flux, object.npix, object.flag);
        let photometry::Measured { flux_auto, xwin, ywin, .. } = light;
        println!("{x} {y} {flux} {npix} {flag} {flux_auto} {xwin} {ywin}");
    }
    Ok(())
}

fn plane(path: &str, shape: (usize, usize)) -> Result<Array2<f32>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let (words, _) = bytes.as_chunks::<4>();
    Ok(Array2::from_shape_vec(shape, words.iter().map(|word| f32::from_le_bytes(*word)).collect())?)
}
