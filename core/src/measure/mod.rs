//! Measurements on a science image: its background, and the stars of a catalogue in circles.
//!
//! [`photometer_catalogue`] is the whole of it on arrays: [`catalogue`] finds the stars, then
//! [`background`] is subtracted, then [`aperture`] sums.

pub mod aperture;
pub mod background;
pub mod catalogue;
pub mod flags;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::header::Header;
use crate::image::Planes;
use crate::mask;
use crate::numerics::sky::Wcs;
use crate::table::{Table, Values};
use crate::time::Mjd;
use crate::warning::Warning;

use aperture::{Apertures, Params, Pixels, Variance};
use background::Background;
use catalogue::{Field, Located};

const STEP: &str = "aperture";

/// Measures the stars of `sources` that lie on the image.
///
/// The table has the columns of `sources`, then `x`, `y` (pixel of the stored array), `isolated`,
/// and per radius `i` the flux `f_i`, its error `f_i_e` (DN), flags `f_i_f`, masked pixels `f_i_n`,
/// and radius `r_i` (pixel); the metadata name the flags. No star on the image makes a table
/// without rows and a warning.
///
/// # Errors
/// Those of [`Wcs::from_header`], [`catalogue::locate`] and [`aperture::photometer`]. An image
/// whose background cannot be determined is measured without one and flagged so, unless its errors
/// were to come from the background: then [`Error::Undetermined`].
pub fn photometer_catalogue(
    planes: &Planes,
    header: &Header,
    date: Option<Mjd>,
    sources: &Table,
    params: &Params,
) -> Result<(Table, Vec<Warning>)> {
    params.check()?;
    let wcs = Wcs::from_header(header)?;
    let field = Field { shape: planes.shape(), wcs: wcs.as_ref(), date };
    let mut found = catalogue::locate(sources, &field, params)?;
    if found.rows.is_empty() {
        // A catalogue without a star on the image costs no background.
        let empty = params
            .radii_pix
            .iter()
            .map(|&radius_pix| Apertures { radius_pix, ..Apertures::default() });
        let table = tabulate(sources, &found, empty.collect())?;
        return Ok((table, found.warnings));
    }
    let sky = sky(planes, params, &mut found.warnings)?;
    let mut image = planes.image.clone();
    if let Some(sky) = &sky {
        sky.subtract_from(&mut image)?;
    }
    let own_variance = own_variance(&image, sky.as_ref(), params)?;
    let pixels = Pixels {
        image: image.view(),
        variance: own_variance.as_ref().unwrap_or(&planes.variance).view(),
        mask: planes.mask.view(),
    };
    let mut apertures = aperture::photometer(pixels, &found.positions, params)?;
    let undetermined = params.background.is_some() && sky.is_none();
    flag_background(&mut apertures, &found, sky.as_ref(), undetermined);
    Ok((tabulate(sources, &found, apertures)?, found.warnings))
}

/// The background, if one is asked for and can be had.
fn sky(
    planes: &Planes,
    params: &Params,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Background>> {
    let Some(mesh) = &params.background else {
        return Ok(None);
    };
    let (image, mask) = (planes.image.view(), planes.mask.view());
    match Background::estimate(image, mask, mask::BAD_OR_SOURCE, mesh) {
        Ok(sky) => {
            if sky.n_filled() > 0 {
                let n = sky.n_filled() as u64;
                let text = format!("{n} cells of the background were filled from their neighbors");
                warnings.push(Warning::new(STEP, "background-filled", n, text));
            }
            Ok(Some(sky))
        }
        Err(Error::Undetermined { .. }) if params.variance == Variance::Plane => {
            let text = "no cell of the background has enough unmasked pixels; none is subtracted";
            warnings.push(Warning::new(STEP, "no-background", 1, text));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The variance made from the background, where the parameters ask for it.
fn own_variance(
    image: &Array2<f32>,
    sky: Option<&Background>,
    params: &Params,
) -> Result<Option<Array2<f32>>> {
    let gain = match params.variance {
        Variance::Plane => return Ok(None),
        Variance::BackgroundRms => None,
        Variance::BackgroundRmsAndGain { gain_electron_per_dn } => Some(gain_electron_per_dn),
    };
    sky.map(|sky| aperture::variance_from_background(image.view(), sky.rms(), gain)).transpose()
}

fn flag_background(
    apertures: &mut [Apertures],
    found: &Located,
    sky: Option<&Background>,
    undetermined: bool,
) {
    let bits = |&(x, y): &(f64, f64)| match sky {
        Some(sky) if sky.is_filled_at(x, y) => flags::BACKGROUND_FILLED,
        None if undetermined => flags::NO_BACKGROUND,
        _ => 0,
    };
    let bits: Vec<i32> = found.positions.iter().map(bits).collect();
    for aperture in apertures {
        aperture.flags.iter_mut().zip(&bits).for_each(|(flags, bits)| *flags |= bits);
    }
}

fn tabulate(sources: &Table, found: &Located, apertures: Vec<Apertures>) -> Result<Table> {
    let mut table = sources.select(&found.rows);
    let (x, y) = found.positions.iter().copied().unzip();
    table.set("x", "pix", Values::F64(x))?;
    table.set("y", "pix", Values::F64(y))?;
    table.set("isolated", "", Values::Bool(found.isolated.clone()))?;
    for (i, aperture) in apertures.into_iter().enumerate() {
        let radius = vec![aperture.radius_pix; found.rows.len()];
        table.set(&format!("f_{i}"), "DN", Values::F64(aperture.flux))?;
        table.set(&format!("f_{i}_e"), "DN", Values::F64(aperture.flux_err))?;
        table.set(&format!("f_{i}_f"), "", Values::I32(aperture.flags))?;
        table.set(&format!("f_{i}_n"), "pix", Values::I32(aperture.n_masked))?;
        table.set(&format!("r_{i}"), "pix", Values::F64(radius))?;
    }
    table.metadata.retain(|(key, _)| key != flags::METADATA_KEY);
    table.metadata.push((flags::METADATA_KEY.to_owned(), flags::registry_json()));
    Ok(table)
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
