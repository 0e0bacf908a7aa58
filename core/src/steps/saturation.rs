//! Saturation: mark the pixels whose raw level has reached the full range.
//!
//! ```text
//! raw >= level   ->  mask |= SATURATED
//! raw is NaN     ->  mask |= NO_DATA
//! ```
//!
//! * Planes: `mask`, shape `(row, column)`, readout order; only imaging pixels are judged.
//! * Order: first, on raw DN: every later step moves the level at which a pixel is full.
//! * Source: the level is the camera's, per amplifier where it says so.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::{AmpImage, PixelUnit};
use crate::mask;

const STEP: &str = "saturation";

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Raw level from which a pixel counts as saturated (DN); the camera's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_dn: Option<f64>,
}

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// The level used (DN).
    pub level_dn: f64,
    /// Saturated pixels.
    pub saturated: u64,
    /// Pixels without data.
    pub no_data: u64,
}

/// Marks saturated pixels of `amp`; `camera_level_dn` is used unless the recipe gives a level.
///
/// # Errors
/// [`Error::Input`] if the image is not in raw DN, [`Error::Parameter`] if the level is not finite
/// and positive; then `amp` is unchanged.
pub fn flag(amp: &mut AmpImage, params: &Params, camera_level_dn: f64) -> Result<Report> {
    if amp.unit != PixelUnit::RawDn {
        return Err(Error::input(STEP, "pixel unit", format!("{:?}", amp.unit), "RawDn"));
    }
    let level_dn = params.level_dn.unwrap_or(camera_level_dn);
    if !(level_dn.is_finite() && 0.0 < level_dn) {
        return Err(Error::parameter("saturation.level_dn", level_dn, "a positive number of DN"));
    }
    let imaging = amp.geometry.imaging;
    let (mut saturated, mut no_data) = (0, 0);
    let width = amp.planes.shape().1.max(1);
    let (image, _, bits) = amp.planes.runs_mut();
    for (row, (pixels, bits)) in image.chunks(width).zip(bits.chunks_mut(width)).enumerate() {
        let lit = (imaging.row_start..imaging.row_end).contains(&row);
        let columns = if lit { imaging.column_start..imaging.column_end } else { 0..0 };
        if let (Some(pixels), Some(bits)) = (pixels.get(columns.clone()), bits.get_mut(columns)) {
            saturated += mark(pixels, bits, mask::SATURATED, |pixel| level_dn <= f64::from(pixel));
        }
        no_data += mark(pixels, bits, mask::NO_DATA, f32::is_nan);
    }
    Ok(Report { level_dn, saturated, no_data })
}

/// Sets a bit where a pixel is of a kind; how often.
#[inline(always)]
fn mark(pixels: &[f32], bits: &mut [u32], bit: u32, is: impl Fn(f32) -> bool) -> u64 {
    let mut count = 0_u32;
    for (&pixel, bits) in pixels.iter().zip(bits) {
        *bits |= if is(pixel) { bit } else { 0 };
        count += u32::from(is(pixel));
    }
    u64::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_amp;

    #[test]
    fn only_imaging_pixels_at_the_level_or_above_are_marked() {
        let mut amp = flat_amp(100.0, 1.0, PixelUnit::RawDn);
        amp.planes.image[[1, 1]] = 50_000.0;
        amp.planes.image[[1, 5]] = 60_000.0;
        amp.planes.image[[2, 2]] = f32::NAN;
        let report = flag(&mut amp, &Params::default(), 50_000.0).unwrap();
        assert_eq!((report.saturated, report.no_data), (1, 1));
        assert_eq!(amp.planes.mask[[1, 1]], mask::SATURATED);
        assert_eq!(amp.planes.mask[[1, 5]], 0);
        assert_eq!(amp.planes.mask[[2, 2]], mask::NO_DATA);
    }
}
