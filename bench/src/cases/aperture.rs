//! Apertures: 3 to 12 pixels, with mask and variance, exact overlaps.

use std::path::Path;

use anyhow::Result;
use rawsky_core::image::Planes;
use rawsky_core::measure::aperture::{Params, Pixels, photometer};

use super::{Answer, Work};
use crate::arrays::{read_f64, read_image};

/// The first `count` stars of the list, on the quadrant in memory.
pub(super) fn prepare(inputs: &Path, count: usize) -> Result<Work> {
    let image = read_image(inputs, "image.f32")?;
    let error = read_image(inputs, "error.f32")?;
    let mask = read_image(inputs, "mask.f32")?.mapv(|bit| if bit > 0.0 { 1 } else { 0 });
    let planes = Planes::new(image, error.mapv(|error| error * error), mask)?;
    let stars = read_f64(&inputs.join("stars.f64"))?;
    let stars: Vec<_> = stars.as_chunks().0.iter().take(count).map(|[x, y]| (*x, *y)).collect();
    let params = Params { mask_bits: 1, background: None, ..Params::default() };
    Ok(Box::new(move || {
        let all = photometer(Pixels::from(&planes), &stars, &params)?;
        Ok(Answer::Numbers(all.into_iter().flat_map(|one| [one.flux, one.area_pix2]).collect()))
    }))
}
