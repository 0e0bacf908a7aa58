//! Measurements on a science image: its background, and the stars of a catalogue in circles.
//!
//! [`photometer_scene`] is the whole of it on arrays: [`catalogue`] finds the stars, then
//! [`background`] is subtracted, then [`aperture`] sums.

pub mod aperture;
pub mod background;
pub mod catalogue;
pub mod columns;
pub mod detector;
pub mod flags;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::geometry::Flip;
use crate::header::Header;
use crate::image::Planes;
use crate::mask;
use crate::numerics::sky::Wcs;
use crate::table::Table;
use crate::time::Mjd;
use crate::warning::Warning;

use aperture::{Apertures, FlagRule, Frame, Params, Pixels, Variance};
use background::Background;
use catalogue::{Field, Located};

const STEP: &str = "aperture";

/// A science image with what is needed to find stars on it.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Its pixels, stored order.
    pub planes: &'a Planes,
    /// Its header, with the WCS if it has one.
    pub header: &'a Header,
    /// When it was taken, if that is known.
    pub date: Option<Mjd>,
    /// From its order to that of the sky, for parameters that ask for it.
    pub sky_from_stored: Flip,
}

/// Measures the stars of `sources` that lie on an image in stored order ([`photometer_scene`]).
///
/// # Errors
/// Those of [`photometer_scene`].
pub fn photometer_catalogue(
    planes: &Planes,
    header: &Header,
    date: Option<Mjd>,
    sources: &Table,
    params: &Params,
) -> Result<(Table, Vec<Warning>)> {
    photometer_scene(&Scene { planes, header, date, sky_from_stored: Flip::NONE }, sources, params)
}

/// Measures the stars of `sources` that lie on the image; [`columns`] says what the table holds. No star
/// on the image makes a table without rows and a warning.
///
/// # Errors
/// Those of [`Wcs::from_header`], [`catalogue::locate`] and [`aperture::photometer`]. An image
/// whose background cannot be determined is measured without one and flagged so, unless its errors
/// were to come from the background: then [`Error::Undetermined`].
pub fn photometer_scene(
    scene: &Scene<'_>,
    sources: &Table,
    params: &Params,
) -> Result<(Table, Vec<Warning>)> {
    params.check()?;
    let wcs = Wcs::from_header(scene.header)?;
    let flip = match params.frame {
        Frame::Stored => Flip::NONE,
        Frame::Sky => scene.sky_from_stored,
    };
    let shape = scene.planes.shape();
    let field = Field { shape, wcs: wcs.as_ref(), date: scene.date, flip };
    let mut found = catalogue::locate(sources, &field, params)?;
    if found.rows.is_empty() {
        // A catalogue without a star on the image costs no background.
        let empty = params
            .radii_pix
            .iter()
            .map(|&radius_pix| Apertures { radius_pix, ..Apertures::default() });
        let table = columns::table(sources, &found, empty.collect(), &params.table)?;
        return Ok((table, found.warnings));
    }
    let turned;
    let planes = if flip == Flip::NONE {
        scene.planes
    } else {
        turned = Planes {
            image: flip.apply(scene.planes.image.clone()),
            variance: flip.apply(scene.planes.variance.clone()),
            mask: flip.apply(scene.planes.mask.clone()),
        };
        &turned
    };
    let apertures = measure(planes, &mut found, params)?;
    let table = columns::table(sources, &found, apertures, &params.table)?;
    Ok((table, found.warnings))
}

/// The sums of the stars that were found, over the background.
fn measure(planes: &Planes, found: &mut Located, params: &Params) -> Result<Vec<Apertures>> {
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
    if params.flag_rule == FlagRule::Registry {
        let undetermined = params.background.is_some() && sky.is_none();
        flag_background(&mut apertures, found, sky.as_ref(), undetermined);
    }
    Ok(apertures)
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

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
