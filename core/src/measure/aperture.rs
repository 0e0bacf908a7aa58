//! Sums over circles: any number of radii in one pass over the pixels around each star.
//!
//! With the exact overlap `w` of circle and pixel ([`crate::numerics::overlap`]) and the unmasked
//! pixels `p` (DN) of variance `v` (DN²)
//!
//! ```text
//! flux = sum w p - A b                          A = sum w (pixel²), b = mean of the annulus
//! error² = sum w² v + A² sum(v in annulus) / n²    n = pixels in the annulus
//! ```
//!
//! * Planes: `image` (background-subtracted), `variance`, `mask`; positions `(x = column, y =
//!   row)`, zero-based, pixel centers at integers.
//! * A pixel with one of `mask_bits`, or whose image or variance is not finite, is left out of
//!   every sum and counted; flux and area are those of what remains.
//! * Annulus: the unmasked pixels whose centers lie from its inner radius up to, but not at, its
//!   outer one, each with weight 1, as in sep; their plain mean is the local background.
//! * The variance plane holds the photon noise of sky and star; an image without one gets it from
//!   [`variance_from_background`].
//! * Reference: sep 1.4.1 `sum_circle` (subpix 0). Departures: sep scales the flux of an aperture
//!   up for its masked pixels, and sums `w v` (here [`Weighting::Weight`]).

mod apertures;
mod sums;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::Planes;
use crate::json::switch;
use crate::mask;

use super::flags;
use super::{background, columns};
pub use apertures::Apertures;
use sums::{Local, Summer, Sums};

const STEP: &str = "aperture";

/// Largest radius (pixel): a circle of ten million pixels.
const MAX_RADIUS_PIX: f64 = 2000.0;
/// Most radii.
const MAX_RADII: usize = 1000;

/// How overlaps enter the variance of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// `sum w² v`: the variance of the sum that is taken.
    #[default]
    WeightSquared,
    /// `sum w v`, as sep has it.
    Weight,
}

/// Where the variance of a pixel comes from.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from", deny_unknown_fields)]
pub enum Variance {
    /// The variance plane.
    #[default]
    Plane,
    /// The square of the background's rms: sky noise only.
    BackgroundRms,
    /// The square of the background's rms plus the photon noise of the star.
    BackgroundRmsAndGain {
        /// Gain (electron/DN).
        gain_electron_per_dn: f64,
    },
}

/// What a masked pixel does to the apertures it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Masked {
    /// It is left out of the sums and counted; one that is not finite too.
    #[default]
    LeaveOut,
    /// It is no number, and neither is the flux; the error and the flags say nothing of it. A pixel
    /// that is not finite counts as it is. As in ztfimg, which puts NaN into the image first.
    NotANumber,
}

/// How flags are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlagRule {
    /// As the registry says.
    #[default]
    Registry,
    /// `TRUNCATED` alone, by the box around the circle as sep 1.4.1 rounds it: on the lower sides a
    /// circle may reach one pixel beyond the image without it.
    Sep,
}

/// Which sources belong to an image of `W` columns and `H` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Those that fall on a pixel: `-0.5 <= x <= W - 0.5`, `-0.5 <= y <= H - 0.5`.
    #[default]
    OnAPixel,
    /// `0 <= x <= W`, `0 <= y <= H`: half a pixel is lost at the lower sides, and half a pixel beyond
    /// the upper ones belongs to it. As in ztfimg.
    ZeroToSize,
}

/// The order of the pixels in which stars are located and measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// As in the file.
    #[default]
    Stored,
    /// +RA right, +Dec up: mirrored as the camera says. As in ztfimg.
    Sky,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Radii of the apertures (pixel), in the order of the columns.
    pub radii_pix: Vec<f64>,
    /// Inner and outer radius of the annulus of the local background (pixel); none by default or with `false`.
    #[serde(deserialize_with = "switch::deserialize")]
    pub annulus_pix: Option<(f64, f64)>,
    /// Bits of the mask that leave a pixel out.
    pub mask_bits: u32,
    /// Mesh of the background that is subtracted first; `false` (`None`) for images without one.
    #[serde(with = "switch")]
    pub background: Option<background::Params>,
    /// How overlaps enter the errors.
    pub weighting: Weighting,
    /// Where the variance comes from.
    pub variance: Variance,
    /// A star is isolated if no other kept one lies within this distance (arcsecond).
    pub isolation_arcsec: f64,
    /// The same for catalogues in pixels (pixel).
    pub isolation_pix: f64,
    /// Epoch of positions that come without `ref_epoch` (Julian year).
    pub epoch_year: f64,
    /// What a masked pixel does.
    #[serde(skip_serializing_if = "is_default")]
    pub masked: Masked,
    /// How flags are set.
    #[serde(skip_serializing_if = "is_default")]
    pub flag_rule: FlagRule,
    /// Which sources belong to the image.
    #[serde(skip_serializing_if = "is_default")]
    pub keep: Keep,
    /// The order of the pixels, and of `x` and `y` (pixel).
    #[serde(skip_serializing_if = "is_default")]
    pub frame: Frame,
    /// How the table is written.
    #[serde(skip_serializing_if = "is_default")]
    pub table: columns::Params,
}

impl Default for Params {
    /// Radii 3 to 12 pixels, no annulus, the default mesh, 20 arcseconds or 20 pixels, Gaia DR3's
    /// epoch.
    fn default() -> Params {
        Params {
            radii_pix: (3..=12).map(f64::from).collect(),
            annulus_pix: None,
            mask_bits: mask::BAD,
            background: Some(background::Params::default()),
            weighting: Weighting::default(),
            variance: Variance::default(),
            isolation_arcsec: 20.0,
            isolation_pix: 20.0,
            epoch_year: 2016.0,
            masked: Masked::default(),
            flag_rule: FlagRule::default(),
            keep: Keep::default(),
            frame: Frame::default(),
            table: columns::Params::default(),
        }
    }
}

impl Params {
    /// Refuses what cannot be measured.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        if self.radii_pix.is_empty() || self.radii_pix.len() > MAX_RADII {
            let needed = format!("1 to {MAX_RADII} radii");
            return Err(Error::parameter("radii_pix", self.radii_pix.len(), needed));
        }
        if let Some(radius) = self.radii_pix.iter().find(|&&r| !(r > 0.0 && r <= MAX_RADIUS_PIX)) {
            let needed = format!("radii above 0 and up to {MAX_RADIUS_PIX} pixels");
            return Err(Error::parameter("radii_pix", radius, needed));
        }
        if let Some((inner, outer)) = self.annulus_pix
            && !(inner >= 0.0 && outer > inner && outer <= MAX_RADIUS_PIX)
        {
            let needed = format!("0 <= inner < outer <= {MAX_RADIUS_PIX} pixels");
            return Err(Error::parameter("annulus_pix", format!("{inner}, {outer}"), needed));
        }
        for (name, value) in
            [("isolation_arcsec", self.isolation_arcsec), ("isolation_pix", self.isolation_pix)]
        {
            if !(0.0..=1e6).contains(&value) {
                return Err(Error::parameter(name, value, "0 to 1000000"));
            }
        }
        if !(1800.0..=2200.0).contains(&self.epoch_year) {
            return Err(Error::parameter("epoch_year", self.epoch_year, "a year, 1800 to 2200"));
        }
        self.check_variance()?;
        self.background.map_or(Ok(()), |background| background.check())
    }

    fn check_variance(&self) -> Result<()> {
        if self.variance != Variance::Plane && self.background.is_none() {
            let needed = "variance.from = \"plane\", or a background mesh to take its rms";
            return Err(Error::parameter("variance", "from the background", needed));
        }
        match self.variance {
            Variance::BackgroundRmsAndGain { gain_electron_per_dn: gain }
                if !(gain > 0.0 && gain.is_finite()) =>
            {
                Err(Error::parameter("gain_electron_per_dn", gain, "a number above 0"))
            }
            _ => Ok(()),
        }
    }
}

/// The three planes, borrowed, so that an image can be replaced without copying the others.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// Background-subtracted pixels (DN).
    pub image: ArrayView2<'a, f32>,
    /// Their variance (DN²).
    pub variance: ArrayView2<'a, f32>,
    /// Bits of [`crate::mask::REGISTRY`].
    pub mask: ArrayView2<'a, u32>,
}

impl Pixels<'_> {
    /// Rows and columns.
    ///
    /// # Errors
    /// [`Error::Input`] if the planes differ.
    pub fn shape(&self, step: &str) -> Result<(usize, usize)> {
        let shape = self.image.dim();
        if self.variance.dim() == shape && self.mask.dim() == shape {
            return Ok(shape);
        }
        let found = format!("{:?} and {:?}", self.variance.dim(), self.mask.dim());
        Err(Error::input(step, "shape of variance and mask", found, format!("{shape:?} for both")))
    }
}

impl<'a> From<&'a Planes> for Pixels<'a> {
    fn from(planes: &'a Planes) -> Pixels<'a> {
        Pixels {
            image: planes.image.view(),
            variance: planes.variance.view(),
            mask: planes.mask.view(),
        }
    }
}

/// Measures all `positions` through all radii; one [`Apertures`] per radius, in the given order.
///
/// The image is taken as it is: `params.background` is the caller's affair
/// ([`super::photometer_catalogue`]).
///
/// # Errors
/// [`Error::Parameter`] for parameters that cannot be measured, [`Error::Input`] for planes of
/// different shapes.
pub fn photometer(
    pixels: Pixels<'_>,
    positions: &[(f64, f64)],
    params: &Params,
) -> Result<Vec<Apertures>> {
    params.check()?;
    let shape = pixels.shape(STEP)?;
    let mut order: Vec<(usize, f64)> = params.radii_pix.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let radii: Vec<f64> = order.iter().map(|&(_, radius)| radius).collect();
    let mut summer = Summer::new(pixels, params, radii);
    let count = positions.len();
    let mut out: Vec<Apertures> =
        params.radii_pix.iter().map(|&radius_pix| Apertures::new(radius_pix, count)).collect();
    for (star, position) in by_row(positions) {
        summer.sum(position);
        let local = params.annulus_pix.map(|annulus| summer.annulus(position, annulus));
        for (&(column, radius), sums) in order.iter().zip(summer.total()) {
            if let Some(out) = out.get_mut(column) {
                let bits = match params.flag_rule {
                    FlagRule::Registry => {
                        registry_flags(sums, local, reach(shape, position, radius))
                    }
                    FlagRule::Sep => box_flag(shape, position, radius),
                };
                out.put(star, sums, local, bits);
            }
        }
    }
    Ok(out)
}

/// Positions from the first row of the image to the last, so that pixels are read from memory once.
fn by_row(positions: &[(f64, f64)]) -> Vec<(usize, (f64, f64))> {
    let mut order: Vec<_> = positions.iter().copied().enumerate().collect();
    order.sort_by(|(_, one), (_, other)| one.1.total_cmp(&other.1));
    order
}

/// How a circle lies with respect to the image: 0, `TRUNCATED`, or `TRUNCATED | OUTSIDE`.
fn reach((rows, columns): (usize, usize), (x, y): (f64, f64), radius: f64) -> i32 {
    let beyond = |at: f64, length: usize| (-0.5 - at).max(at - (length as f64 - 0.5));
    let (across, along) = (beyond(x, columns), beyond(y, rows));
    let outside = across.max(0.0) * across.max(0.0) + along.max(0.0) * along.max(0.0);
    if !(x.is_finite() && y.is_finite()) || outside >= radius * radius {
        return flags::TRUNCATED | flags::OUTSIDE;
    }
    if across > -radius || along > -radius { flags::TRUNCATED } else { 0 }
}

/// Whether sep's box around a circle reaches beyond the image: corners are rounded toward zero.
fn box_flag((rows, columns): (usize, usize), (x, y): (f64, f64), radius: f64) -> i32 {
    let beyond = |at: f64, length: usize| {
        (at - radius + 0.5).trunc() < 0.0 || (length as f64) < (at + radius + 1.499_999_9).trunc()
    };
    let within = x.is_finite() && y.is_finite() && !beyond(x, columns) && !beyond(y, rows);
    if within { 0 } else { flags::TRUNCATED }
}

/// The flags of the registry, `reach` among them.
fn registry_flags(sums: &Sums, local: Option<Option<Local>>, reach: i32) -> i32 {
    let mut bits = reach;
    bits |= if sums.n_masked > 0 { flags::MASKED } else { 0 };
    bits |= if sums.saturated { flags::SATURATED } else { 0 };
    bits |= if local == Some(None) { flags::NO_ANNULUS } else { 0 };
    let empty = sums.area <= 0.0;
    bits | if empty && reach & flags::OUTSIDE == 0 { flags::ALL_MASKED } else { 0 }
}

/// Variance (DN²) of an image that comes without: `rms² + max(signal, 0) / gain`.
///
/// `image` is background-subtracted, so that the noise of the sky, which is in `rms`, is not
/// counted twice. Without a gain (electron/DN) the star's photon noise is left out.
///
/// # Errors
/// [`Error::Input`] if the shapes differ.
pub fn variance_from_background(
    image: ArrayView2<'_, f32>,
    rms: Array2<f32>,
    gain: Option<f64>,
) -> Result<Array2<f32>> {
    if image.dim() != rms.dim() {
        let (found, needed) = (format!("{:?}", rms.dim()), format!("{:?}", image.dim()));
        return Err(Error::input(STEP, "shape of the rms map", found, needed));
    }
    let mut variance = rms;
    variance.zip_mut_with(&image, |variance, &signal| {
        let (rms, signal) = (f64::from(*variance), f64::from(signal));
        // A NaN signal is left out by its own value; max makes it 0 here.
        let photons = gain.map_or(0.0, |gain| signal.max(0.0) / gain);
        *variance = (rms * rms + photons) as f32;
    });
    Ok(variance)
}

#[cfg(test)]
mod tests;
