//! Background: mesh of 192 x 220 pixels, then level and rms at every pixel.

use std::path::Path;

use anyhow::Result;
use rawsky_core::measure::background::{Background, Params};

use super::{Answer, Work};
use crate::arrays::read_image;

/// The quadrant in memory.
pub(super) fn prepare(inputs: &Path) -> Result<Work> {
    let image = read_image(inputs, "image.f32")?;
    let mask = read_image(inputs, "mask.f32")?.mapv(|bit| if bit > 0.0 { 1_u32 } else { 0 });
    Ok(Box::new(move || {
        let found = Background::estimate(image.view(), mask.view(), 1, &Params::default())?;
        Ok(Answer::Images(vec![found.level(), found.rms()]))
    }))
}
