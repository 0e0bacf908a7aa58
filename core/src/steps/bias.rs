//! Bias: subtract the master bias.
//!
//! ```text
//! image <- image - bias          variance <- variance + variance of the master
//! ```
//!
//! * Planes: all three, sky order, DN.
//! * Order: after `assemble`, before `flat`.
//! * Mask: the master's bits are joined; `NO_BIAS` where the master has no value, and the pixel
//!   becomes NaN.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::image::{CANONICAL_NAN, CcdImage, CcdView, PixelUnit};
use crate::mask;

const STEP: &str = "bias";

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// Pixels where the master has no value.
    pub no_bias: u64,
}

/// Subtracts `master` from `ccd`.
///
/// # Errors
/// [`Error::Input`] if the master is of another detector, part or unit; then `ccd` is unchanged.
pub fn subtract(ccd: &mut CcdImage, master: &CcdView<'_>) -> Result<Report> {
    check_match(STEP, ccd, master)?;
    if (ccd.unit, master.unit) != (PixelUnit::Dn, PixelUnit::Dn) {
        let found = format!("{:?} and a master in {:?}", ccd.unit, master.unit);
        return Err(Error::input(STEP, "pixel unit", found, "Dn for both"));
    }
    let (image, variance, bits) = ccd.planes.runs_mut();
    let (level, noise) = (&master.image, &master.variance);
    for (pixel, &bias) in image.iter_mut().zip(level.iter()) {
        *pixel = if bias.is_nan() { CANONICAL_NAN } else { *pixel - bias };
    }
    for ((variance, &noise), &bias) in variance.iter_mut().zip(noise.iter()).zip(level.iter()) {
        *variance = if bias.is_nan() { *variance } else { *variance + noise };
    }
    let no_bias = mark((bits, &master.mask), level, mask::NO_BIAS, f32::is_nan);
    Ok(Report { no_bias })
}

/// Joins the bits of a master, and sets one where its pixel is of a kind; how often.
#[inline(always)]
pub(super) fn mark(
    (bits, more): (&mut [u32], &[u32]),
    pixels: &[f32],
    bit: u32,
    is: impl Fn(f32) -> bool,
) -> u64 {
    const PIXELS: usize = 1 << 16;
    let mut count = 0;
    let given = bits.chunks_mut(PIXELS).zip(more.chunks(PIXELS)).zip(pixels.chunks(PIXELS));
    for ((bits, more), pixels) in given {
        // Counted in 32 bits, which lanes of pixels have.
        let mut some = 0_u32;
        for ((bits, &more), &pixel) in bits.iter_mut().zip(more).zip(pixels) {
            *bits |= more | if is(pixel) { bit } else { 0 };
            some += u32::from(is(pixel));
        }
        count += u64::from(some);
    }
    count
}

/// Refuses a master of another detector or of another part of it.
pub(crate) fn check_match(step: &str, ccd: &CcdImage, master: &CcdView<'_>) -> Result<()> {
    if ccd.detector != master.detector {
        return Err(Error::input(step, "detector of the master", master.detector, ccd.detector));
    }
    let (found, needed) = (master.on_detector, ccd.on_detector);
    if found != needed || master.image.len() != ccd.planes.image.len() {
        let (found, needed) = (format!("{found:?}"), format!("{needed:?}"));
        return Err(Error::input(step, "section of the master", found, needed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DetectorId;
    use crate::steps::fixture::flat_ccd;

    #[test]
    fn values_subtract_and_variances_add() {
        let mut ccd = flat_ccd(100.0, 4.0, PixelUnit::Dn);
        let mut master = flat_ccd(30.0, 0.5, PixelUnit::Dn);
        master.planes.image[[0, 0]] = f32::NAN;
        master.planes.mask[[0, 1]] = mask::FEW_FRAMES;
        assert_eq!(subtract(&mut ccd, &master.view()).unwrap(), Report { no_bias: 1 });
        assert_eq!((ccd.planes.image[[2, 2]], ccd.planes.variance[[2, 2]]), (70.0, 4.5));
        assert!(ccd.planes.image[[0, 0]].is_nan());
        assert_eq!(ccd.planes.mask[[0, 0]], mask::NO_BIAS);
        assert_eq!(ccd.planes.mask[[0, 1]], mask::FEW_FRAMES);
    }

    #[test]
    fn a_master_of_another_detector_is_refused() {
        let mut ccd = flat_ccd(100.0, 4.0, PixelUnit::Dn);
        let mut master = flat_ccd(30.0, 0.5, PixelUnit::Dn);
        master.detector = DetectorId(2);
        assert!(subtract(&mut ccd, &master.view()).is_err());
    }
}
