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
    for ((row, column), &pixel) in amp.planes.image.indexed_iter() {
        let inside = (imaging.row_start..imaging.row_end).contains(&row)
            && (imaging.column_start..imaging.column_end).contains(&column);
        if pixel.is_nan() {
            amp.planes.mask[[row, column]] |= mask::NO_DATA;
            no_data += 1;
        } else if inside && level_dn <= f64::from(pixel) {
            amp.planes.mask[[row, column]] |= mask::SATURATED;
            saturated += 1;
        }
    }
    Ok(Report { level_dn, saturated, no_data })
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
