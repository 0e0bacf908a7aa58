//! Dark: subtract the master dark, scaled to the exposure time.
//!
//! With `d` the master dark (DN above the bias) of exposure time `t_d` and `t` the exposure time of
//! the image,
//!
//! ```text
//! r        = t / t_d
//! image    <- image - r d
//! variance <- variance + r² variance_d - 2 r variance_b
//! ```
//!
//! with `b` the master bias that was subtracted from both: `image - r d` holds it `1 - r` times, and
//! `variance` and `variance_d` each hold its variance once.
//!
//! The photon noise of the dark charge itself is in the variance already: it came with the signal.
//!
//! * Planes: all three, sky order, DN.
//! * Order: after `bias`, because only what grows with time may be scaled; before `flat`.
//! * Mask: the master's bits are joined; `NO_DARK` where it has no value, and the pixel becomes NaN.
//! * Source: ccdproc 2.4 (`subtract_dark` with `scale=True`); Howell 2006, "Handbook of CCD
//!   Astronomy", section 4.3.

use serde::{Deserialize, Serialize};

use super::bias::{check_match, mark};
use crate::error::{Error, Result};
use crate::image::{CANONICAL_NAN, CcdImage, CcdView, PixelUnit};
use crate::mask;

const STEP: &str = "dark";

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// What becomes of an exposure for which there is no master dark.
    #[serde(default)]
    pub without_master: WithoutMaster,
}

/// What becomes of an exposure for which there is no master dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutMaster {
    /// It is refused.
    #[default]
    Refuse,
    /// It keeps its dark charge.
    Leave,
}

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// Exposure time over that of the master (a ratio).
    pub time_ratio: f64,
    /// Pixels where the master has no value.
    pub no_dark: u64,
}

/// The exposure time over that of the master (a ratio).
///
/// # Errors
/// [`Error::Input`] if the exposure time is missing or negative, or that of the master is not above
/// zero.
pub fn time_ratio(exposure_s: Option<f64>, master_s: Option<f64>) -> Result<f64> {
    let shown = |time: Option<f64>| time.map_or("none".to_owned(), |time| time.to_string());
    let good = |time: &f64| time.is_finite() && 0.0 <= *time;
    let time = exposure_s.filter(good).ok_or_else(|| {
        let needed = "a time in its header, to which the dark is scaled";
        Error::input(STEP, "exposure time (s)", shown(exposure_s), needed)
    })?;
    let of_master = master_s.filter(good).filter(|time| 0.0 < *time).ok_or_else(|| {
        let found = shown(master_s);
        Error::input(STEP, "exposure time of the master dark (s)", found, "a time above zero")
    })?;
    Ok(time / of_master)
}

/// Subtracts `time_ratio` times `master` from `ccd`. `bias` is the master bias that was subtracted
/// from both, if there was one.
///
/// # Errors
/// [`Error::Input`] if a master is of another detector, part or unit, [`Error::Parameter`] if the
/// ratio is negative or not finite; then `ccd` is unchanged.
pub fn subtract(
    ccd: &mut CcdImage,
    master: &CcdView<'_>,
    time_ratio: f64,
    bias: Option<&CcdView<'_>>,
) -> Result<Report> {
    check_match(STEP, ccd, master)?;
    if let Some(bias) = bias {
        check_match(STEP, ccd, bias)?;
    }
    if (ccd.unit, master.unit) != (PixelUnit::Dn, PixelUnit::Dn) {
        let found = format!("{:?} and a master in {:?}", ccd.unit, master.unit);
        return Err(Error::input(STEP, "pixel unit", found, "Dn for both"));
    }
    if !(time_ratio.is_finite() && 0.0 <= time_ratio) {
        return Err(Error::parameter("exposure time over dark time", time_ratio, "zero or more"));
    }
    let (image, variance, bits) = ccd.planes.runs_mut();
    let (dark, noise) = (&master.image, &master.variance);
    for (pixel, &dark) in image.iter_mut().zip(dark.iter()) {
        let rest = (f64::from(*pixel) - time_ratio * f64::from(dark)) as f32;
        *pixel = if dark.is_nan() { CANONICAL_NAN } else { rest };
    }
    for ((variance, &noise), &dark) in variance.iter_mut().zip(noise.iter()).zip(dark.iter()) {
        let sum = (f64::from(*variance) + time_ratio * time_ratio * f64::from(noise)) as f32;
        *variance = if dark.is_nan() { *variance } else { sum };
    }
    let no_dark = mark((bits, &master.mask), dark, mask::NO_DARK, f32::is_nan);
    if let Some(bias) = bias {
        for (variance, &common) in variance.iter_mut().zip(bias.variance.iter()) {
            let counted_twice = 2.0 * time_ratio * f64::from(common);
            *variance = (f64::from(*variance) - counted_twice).max(0.0) as f32;
        }
    }
    Ok(Report { time_ratio, no_dark })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::fixture::flat_ccd;

    #[test]
    fn the_dark_scales_with_time_and_its_variance_with_the_square() {
        let mut ccd = flat_ccd(100.0, 4.0, PixelUnit::Dn);
        let mut master = flat_ccd(30.0, 0.5, PixelUnit::Dn);
        master.planes.image[[0, 0]] = f32::NAN;
        master.planes.mask[[0, 1]] = mask::FEW_FRAMES;
        let ratio = time_ratio(Some(150.0), Some(60.0)).unwrap();
        let report = subtract(&mut ccd, &master.view(), ratio, None).unwrap();
        assert_eq!(report, Report { time_ratio: 2.5, no_dark: 1 });
        assert_eq!((ccd.planes.image[[2, 2]], ccd.planes.variance[[2, 2]]), (25.0, 7.125));
        assert!(ccd.planes.image[[0, 0]].is_nan());
        assert_eq!(ccd.planes.mask[[0, 0]], mask::NO_DARK);
        assert_eq!(ccd.planes.mask[[0, 1]], mask::FEW_FRAMES);
    }

    #[test]
    fn the_bias_that_both_hold_counts_as_often_as_it_is_there() {
        // raw - b - r (dark - b): variances 4, 0.3 and 0.2, r = 2.5.
        let bias = flat_ccd(0.0, 0.2, PixelUnit::Dn);
        let mut ccd = flat_ccd(100.0, 4.0 + 0.2, PixelUnit::Dn);
        let master = flat_ccd(30.0, 0.3 + 0.2, PixelUnit::Dn);
        subtract(&mut ccd, &master.view(), 2.5, Some(&bias.view())).unwrap();
        let exact = 4.0 + 2.5 * 2.5 * 0.3 + 1.5 * 1.5 * 0.2;
        assert!((ccd.planes.variance[[1, 1]] - exact).abs() < 1e-5);
    }

    #[test]
    fn a_missing_or_impossible_time_is_refused_by_name() {
        let told = |time, master| time_ratio(time, master).unwrap_err().to_string();
        assert!(told(None, Some(60.0)).contains("exposure time (s): found none"));
        assert!(told(Some(-1.0), Some(60.0)).contains("found -1"));
        assert!(told(Some(1.0), Some(0.0)).contains("master dark"));
        assert!(told(Some(1.0), None).contains("above zero"));
        assert_eq!(time_ratio(Some(0.0), Some(60.0)), Ok(0.0));
    }

    #[test]
    fn what_cannot_be_subtracted_leaves_the_image_as_it_was() {
        let mut ccd = flat_ccd(100.0, 4.0, PixelUnit::Dn);
        let before = ccd.clone();
        let master = flat_ccd(1.0, 0.0, PixelUnit::Relative);
        assert!(subtract(&mut ccd, &master.view(), 1.0, None).is_err());
        let master = flat_ccd(1.0, 0.0, PixelUnit::Dn);
        assert!(subtract(&mut ccd, &master.view(), f64::NAN, None).is_err());
        assert!(subtract(&mut ccd, &master.view(), -1.0, None).is_err());
        assert_eq!(ccd, before);
    }
}
