//! An image without its background, with the two noises under which it is looked at, and one pass of
//! detection and measurement over it.
//!
//! Objects are found against the noise of the sky, and measured with that of the light.

use std::borrow::Cow;

use ndarray::Array2;

use super::objects::UNUSABLE;
use crate::detect::{self, Detections, flags, photometry};
use crate::error::{Error, Result};
use crate::image::Planes;
use crate::mask;
use crate::measure::aperture::{self, Apertures, Pixels};
use crate::measure::background::{self, Background};
use crate::psf::Source;

/// The planes of one image.
pub(super) struct Scene<'a> {
    image: Array2<f32>,
    sky_variance: Array2<f32>,
    light_variance: Cow<'a, Array2<f32>>,
    mask: &'a Array2<u32>,
}

impl<'a> Scene<'a> {
    /// `planes` without the background of the form of `mesh`. Without a variance plane the noise is that
    /// of the background and of the light, if there is a gain (electron/DN).
    pub(super) fn new(
        planes: &'a Planes,
        has_variance: bool,
        gain: Option<f64>,
        mesh: &background::Params,
    ) -> Result<Scene<'a>> {
        let (image, mask) = (planes.image.view(), &planes.mask);
        let sky = Background::estimate(image, mask.view(), mask::BAD_OR_SOURCE, mesh)?;
        let mut image = planes.image.clone();
        sky.subtract_from(&mut image)?;
        let rms = sky.rms();
        let sky_variance = rms.mapv(|rms| rms * rms);
        let light_variance = if has_variance {
            Cow::Borrowed(&planes.variance)
        } else {
            Cow::Owned(aperture::variance_from_background(image.view(), rms, gain)?)
        };
        Ok(Scene { image, sky_variance, light_variance, mask })
    }

    fn pixels<'b>(&'b self, variance: &'b Array2<f32>) -> Pixels<'b> {
        Pixels { image: self.image.view(), variance: variance.view(), mask: self.mask.view() }
    }

    /// With the noise of the sky and the light.
    pub(super) fn of_light(&self) -> Pixels<'_> {
        self.pixels(&self.light_variance)
    }

    /// The objects by `detection`.
    pub(super) fn detect(&self, detection: &detect::Params) -> Result<Detections> {
        detect::detect(self.pixels(&self.sky_variance), detection)
    }

    /// The objects of a pass, with the light in a circle of this radius.
    pub(super) fn pass(&self, by: &Pass, radius_pix: f64) -> Result<Found> {
        let detections = self.detect(&by.detection)?;
        let light = self.of_light();
        let measured = photometry::measure(light, &detections, &by.detection, &by.shapes)?;
        let positions: Vec<(f64, f64)> = measured.iter().map(|one| (one.xwin, one.ywin)).collect();
        let circle = aperture::Params { radii_pix: vec![radius_pix], ..Default::default() };
        let sums = aperture::photometer(light, &positions, &circle)?.into_iter().next();
        let sums = sums.ok_or_else(|| Error::parameter("radius_pix", radius_pix, "one"))?;
        Ok(Found { detections, measured, sums })
    }
}

/// How one pass finds and measures.
pub(super) struct Pass {
    pub(super) detection: detect::Params,
    pub(super) shapes: photometry::Params,
}

/// What one pass found.
pub(super) struct Found {
    pub(super) detections: Detections,
    pub(super) measured: Vec<photometry::Measured>,
    pub(super) sums: Apertures,
}

/// Flags of an object that is no single whole star.
const NO_STAR: i32 = flags::MERGED | flags::TRUNCATED | flags::SHARP;

impl Found {
    /// The objects as the selection of stars sees them.
    pub(super) fn sources(&self) -> Vec<Source> {
        let Apertures { flux, flux_err, flags, .. } = &self.sums;
        let sums = flux.iter().zip(flux_err).zip(flags);
        let source = |(one, ((&flux, &flux_err), &flag)): (&photometry::Measured, _)| {
            let whole = one.flag & NO_STAR == 0 && flag & UNUSABLE == 0;
            Source {
                x: one.xwin,
                y: one.ywin,
                radius_pix: one.flux_radius,
                light: one.flux_auto,
                flux,
                flux_err,
                usable: whole && flux > 0.0 && flux_err > 0.0,
            }
        };
        self.measured.iter().zip(sums).map(source).collect()
    }
}
