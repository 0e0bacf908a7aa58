//! What is measured on detected objects: Kron flux, half-light radius, windowed position.
//!
//! With `r` the distance from the barycenter in units of the object's ellipse, over the pixels with
//! `r <= 6`
//!
//! ```text
//! kron_radius = sum r f / sum f          flux_auto = sum over the ellipse of r = 2.5 kron_radius
//! ```
//!
//! An ellipse whose mean radius would be less than 1.75 pixels before the factor 2.5 is replaced by the
//! circle of that radius. The half-light radius is the circle's that holds half of `flux_auto`, and its
//! 2 / 2.35 fold the sigma of the window.
//!
//! A faint object's Kron ellipse, and with it the half-light radius, may be far too small by noise: where
//! the width of stars is known, the window is not narrower than theirs (`least_window_pix`).
//!
//! * A masked pixel is left out of every sum and flagged; fluxes are not scaled up for it.
//! * References: Kron 1980, ApJS 43, 305; Bertin & Arnouts 1996; the documentation of sep 1.4.1.
//!   Overlaps are exact.

mod growth;
mod light;
mod overlap;
mod window;

use serde::{Deserialize, Serialize};

use super::{Detections, Object, flags};
use crate::error::{Error, Result};
use crate::measure::aperture::{Pixels, Weighting};
use crate::table::{Table, Values};

use light::{Light, Near};
use overlap::Ellipse;

/// Sigma of the window over the half-light radius: that of a Gaussian, as SExtractor rounds it.
const SIGMA_PER_RADIUS: f64 = 2.0 / 2.35;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// The ellipse over which the Kron radius is taken (factor of the object's).
    pub kron_reach_factor: f64,
    /// The ellipse of the flux (factor of the Kron radius).
    pub kron_factor: f64,
    /// Least mean radius of a Kron ellipse (pixel).
    pub least_radius_pix: f64,
    /// The part of the light within the radius (fraction).
    pub light_fraction: f64,
    /// Farthest radius (factor of the major axis).
    pub radius_reach_factor: f64,
    /// Least sigma of the window of a position (pixel), where stars are known to be as wide; 0 for sep's.
    pub least_window_pix: f64,
    /// What the pixels of other objects do.
    pub neighbors: Neighbors,
    /// How overlaps enter the errors.
    pub weighting: Weighting,
}

/// What the pixels of other objects do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Neighbors {
    /// They count like all others.
    #[default]
    Count,
    /// They are left out.
    LeaveOut,
}

impl Default for Params {
    /// sep's documentation: 6, 2.5, 1.75 pixels, half the light within 6 major axes.
    fn default() -> Params {
        Params {
            kron_reach_factor: 6.0,
            kron_factor: 2.5,
            least_radius_pix: 1.75,
            light_fraction: 0.5,
            radius_reach_factor: 6.0,
            least_window_pix: 0.0,
            neighbors: Neighbors::Count,
            weighting: Weighting::WeightSquared,
        }
    }
}

impl Params {
    /// Refuses what cannot be measured.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value, most) in [
            ("kron_reach_factor", self.kron_reach_factor, 100.0),
            ("kron_factor", self.kron_factor, 100.0),
            ("least_radius_pix", self.least_radius_pix, 1000.0),
            ("light_fraction", self.light_fraction, 1.0),
            ("radius_reach_factor", self.radius_reach_factor, 100.0),
        ] {
            if !(0.0 < value && value <= most) {
                return Err(Error::parameter(name, value, format!("above 0, at most {most}")));
            }
        }
        if !(0.0..=1000.0).contains(&self.least_window_pix) {
            return Err(Error::parameter("least_window_pix", self.least_window_pix, "0 to 1000"));
        }
        Ok(())
    }
}

/// The measurements of one object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Kron radius in units of the object's ellipse (ratio); 0 if there is none.
    pub kron_radius: f64,
    /// Flux in the Kron ellipse (DN).
    pub flux_auto: f64,
    /// Its error (DN).
    pub fluxerr_auto: f64,
    /// Radius that holds the given part of the light (pixel).
    pub flux_radius: f64,
    /// Windowed position, column (pixel).
    pub xwin: f64,
    /// Windowed position, row (pixel).
    pub ywin: f64,
    /// Variance of `xwin` (pixel²); NaN if there is none.
    pub errx2win: f64,
    /// Variance of `ywin` (pixel²).
    pub erry2win: f64,
    /// Covariance of both (pixel²).
    pub errxywin: f64,
    /// Bits of [`flags::REGISTRY`], those of the detection included.
    pub flag: i32,
}

/// Measures the objects of `found`; noise, mask bits and gain are those of the detection.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, [`Error::Input`] if the planes have another shape
/// than the segmentation.
pub fn measure<'a>(
    pixels: Pixels<'a>,
    found: &'a Detections,
    detection: &super::Params,
    params: &Params,
) -> Result<Vec<Measured>> {
    detection.check()?;
    params.check()?;
    let shape = found.segmentation.dim();
    let shapes = (pixels.image.dim(), pixels.variance.dim(), pixels.mask.dim());
    if shapes != (shape, shape, shape) {
        let needed = format!("{shape:?} for all");
        return Err(Error::input("detect", "shape of the planes", format!("{shapes:?}"), needed));
    }
    let mut light = Light {
        pixels,
        mask_bits: detection.mask_bits,
        noise: detection.noise,
        gain: detection.gain_electron_per_dn,
        weighting: params.weighting,
        segmentation: (params.neighbors == Neighbors::LeaveOut).then(|| found.segmentation.view()),
        number: 0,
    };
    let mut all = Vec::with_capacity(found.objects.len());
    for object in &found.objects {
        light.number += 1;
        all.push(measured(&light, object, params));
    }
    Ok(all)
}

fn measured(light: &Light<'_>, object: &Object, params: &Params) -> Measured {
    let center = (object.x, object.y);
    let (kron_radius, kron_flags) = kron_radius(light, object, params.kron_reach_factor);
    let least = params.least_radius_pix;
    let ellipse = if kron_radius * (object.a * object.b).sqrt() >= least {
        let factor = params.kron_factor * kron_radius;
        Ellipse::new(factor * object.a, factor * object.b, object.theta)
    } else {
        Ellipse::new(least, least, 0.0)
    };
    let sum = light.sum(center, &ellipse);
    let wanted = params.light_fraction * sum.flux;
    let farthest = params.radius_reach_factor * object.a;
    let (flux_radius, radius_flags) = growth::radius(light, center, farthest, wanted);
    let sigma = (SIGMA_PER_RADIUS * flux_radius).max(params.least_window_pix);
    let ((xwin, ywin), window_flags) = window::position(light, center, sigma);
    let errors = window::errors(light, (xwin, ywin), sigma);
    Measured {
        kron_radius,
        flux_auto: sum.flux,
        fluxerr_auto: sum.error,
        flux_radius,
        xwin,
        ywin,
        errx2win: errors.xx,
        erry2win: errors.yy,
        errxywin: errors.xy,
        flag: object.flag | kron_flags | sum.flags | radius_flags | window_flags,
    }
}

/// Kron radius in units of the ellipse, 0 if there is none, and flags.
fn kron_radius(light: &Light<'_>, object: &Object, reach: f64) -> (f64, i32) {
    let outer = Ellipse::new(reach * object.a, reach * object.b, object.theta);
    let (near, mut flags) = light.around((object.x, object.y), outer.reach());
    let distance = |pixel: &Near| {
        let (dx, dy) = (pixel.dx, pixel.dy);
        (object.cxx * dx * dx + object.cyy * dy * dy + object.cxy * dx * dy).max(0.0).sqrt()
    };
    let (mut n, mut sum, mut moment) = (0_u64, 0.0, 0.0);
    for pixel in near {
        let distance = distance(&pixel);
        if distance > reach {
            continue;
        }
        if let Some(value) = pixel.value {
            n += 1;
            sum += value;
            moment += distance * value;
        } else {
            flags |= flags::APERTURE_MASKED;
        }
    }
    if n == 0 {
        return (0.0, flags | flags::APERTURE_ALL_MASKED);
    }
    if moment > 0.0 && sum > 0.0 {
        (moment / sum, flags)
    } else {
        (0.0, flags | flags::NOT_POSITIVE)
    }
}

/// Adds the measurements to the table of the detection; `flag` then holds all of them.
///
/// # Errors
/// [`Error::Input`] if there is another number of them.
pub fn add_columns(table: &mut Table, measured: &[Measured]) -> Result<()> {
    type Column = (&'static str, &'static str, fn(&Measured) -> f64);
    let columns: [Column; 9] = [
        ("kron_radius", "", |m| m.kron_radius),
        ("flux_auto", "DN", |m| m.flux_auto),
        ("fluxerr_auto", "DN", |m| m.fluxerr_auto),
        ("flux_radius", "pix", |m| m.flux_radius),
        ("xwin", "pix", |m| m.xwin),
        ("ywin", "pix", |m| m.ywin),
        ("errx2win", "pix2", |m| m.errx2win),
        ("erry2win", "pix2", |m| m.erry2win),
        ("errxywin", "pix2", |m| m.errxywin),
    ];
    for (name, unit, value) in columns {
        table.set(name, unit, Values::F64(measured.iter().map(value).collect()))?;
    }
    table.set("flag", "", Values::I32(measured.iter().map(|m| m.flag).collect()))
}

#[cfg(test)]
mod tests;
