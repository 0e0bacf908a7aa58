//! The amplifiers of a detector photometered at once, so that a star near the border of one amplifier
//! has its whole aperture.
//!
//! Background (and, where an image has none, variance) belong to the amplifier: they are taken from
//! each image in the order that the parameters ask for, as for the image alone. Then the images are
//! mirrored to sky order and put in their places, `x` counting columns and `y` rows of the detector from 0, and apertures
//! are summed there. So a star whose apertures and annulus lie inside one amplifier has the numbers
//! that it has on that image alone, to the rounding of sums taken in another order. What differs is
//! `isolated`: here a neighbor on another amplifier is seen.
//!
//! * Planes: images in DN with variance (DN²) and mask, stored order. Where an amplifier is not
//!   given, the detector has no data.
//! * A star belongs to the first amplifier on which its position falls.

use std::collections::BTreeMap;

use ndarray::{Array2, s};

use super::aperture::{self, FlagRule, Frame, Params, Pixels};
use super::background::Background;
use super::catalogue::{self, Field, Located};
use super::{columns, flags, own_variance, sky};
use crate::error::{Error, Result};
use crate::geometry::Flip;
use crate::header::Header;
use crate::ids::AmpId;
use crate::image::{CANONICAL_NAN, Planes};
use crate::mask;
use crate::numerics::neighbours::isolated;
use crate::numerics::sky::{ARCSECOND, Wcs};
use crate::table::{Table, Values};
use crate::time::Mjd;
use crate::warning::Warning;

const STEP: &str = "aperture";

/// One amplifier's image.
#[derive(Debug)]
pub struct Part {
    /// Which amplifier.
    pub amp: AmpId,
    /// Its image, stored order.
    pub planes: Planes,
    /// Its header, with a WCS.
    pub header: Header,
    /// Row and column of its first pixel on the detector, sky order.
    pub origin: (usize, usize),
    /// From its stored order to sky order.
    pub sky_from_stored: Flip,
}

/// A star that was found.
struct Star {
    amp: AmpId,
    /// `(x, y)` on the detector.
    on_detector: (f64, f64),
    /// `(x, y)` on the amplifier's image, as it is measured alone.
    on_image: (f64, f64),
    /// Right ascension and declination at the date (radian).
    direction: (f64, f64),
    /// Flags of the background there.
    bits: i32,
}

/// A detector that is filled amplifier by amplifier.
pub struct Detector<'a> {
    sources: &'a Table,
    date: Option<Mjd>,
    planes: Planes,
    /// By row of the catalogue.
    stars: BTreeMap<usize, Star>,
    warnings: Vec<Warning>,
}

impl<'a> Detector<'a> {
    /// A detector of this shape (rows, columns) without data, and the stars to look for.
    pub fn new(shape: (usize, usize), sources: &'a Table, date: Option<Mjd>) -> Detector<'a> {
        let planes = Planes {
            image: Array2::from_elem(shape, CANONICAL_NAN),
            variance: Array2::zeros(shape),
            mask: Array2::from_elem(shape, mask::NO_DATA),
        };
        Detector { sources, date, planes, stars: BTreeMap::new(), warnings: Vec::new() }
    }

    /// Puts an amplifier in its place, its background subtracted.
    ///
    /// # Errors
    /// [`Error::Input`] if it has no WCS or does not fit the detector, and those of
    /// [`photometer_catalogue`](super::photometer_catalogue).
    pub fn add(&mut self, part: Part, params: &Params) -> Result<()> {
        params.check()?;
        let Part { amp, planes, header, origin, sky_from_stored } = part;
        let flip = match params.frame {
            Frame::Stored => Flip::NONE,
            Frame::Sky => sky_from_stored,
        };
        let mut planes = turned(planes, flip);
        let shape = planes.shape();
        let (rows, columns) = self.planes.shape();
        if origin.0 + shape.0 > rows || origin.1 + shape.1 > columns {
            let found = format!("{shape:?} at {origin:?}");
            let what = format!("amplifier {amp} on a detector of {rows} x {columns}");
            return Err(Error::input(STEP, &what, found, "rows and columns inside it"));
        }
        let on_sky = ["ra", "dec"].iter().all(|name| self.sources.get(name).is_some());
        if !on_sky && !self.sources.columns().is_empty() {
            let found = "a catalogue without ra and dec";
            return Err(Error::input(STEP, "stars of a whole detector", found, "both (degree)"));
        }
        let wcs = Wcs::from_header(&header)?.ok_or_else(|| {
            Error::input(STEP, &format!("header of amplifier {amp}"), "no WCS", "one")
        })?;
        let sky = sky(&planes, params, &mut self.warnings)?;
        if let Some(sky) = &sky {
            sky.subtract_from(&mut planes.image)?;
        }
        if let Some(own) = own_variance(&planes.image, sky.as_ref(), params)? {
            planes.variance = own;
        }
        let field = Field { shape, wcs: Some(&wcs), date: self.date, flip };
        let rest = flip.then(sky_from_stored);
        self.find(amp, &field, (origin, rest), (sky.as_ref(), params))?;
        let planes = turned(planes, rest);
        let place = s![origin.0..origin.0 + shape.0, origin.1..origin.1 + shape.1];
        self.planes.image.slice_mut(place).assign(&planes.image);
        self.planes.variance.slice_mut(place).assign(&planes.variance);
        self.planes.mask.slice_mut(place).assign(&planes.mask);
        Ok(())
    }

    /// The stars on an amplifier that no amplifier before it has.
    fn find(
        &mut self,
        amp: AmpId,
        field: &Field<'_>,
        (origin, sky_from_image): ((usize, usize), Flip),
        (sky, params): (Option<&Background>, &Params),
    ) -> Result<()> {
        let found = catalogue::locate(self.sources, field, params)?;
        // What is wrong with the catalogue is the same for every amplifier.
        let is_new = |warning: &Warning| {
            warning.kind != "none-inside" && self.warnings.iter().all(|known| known != warning)
        };
        let warnings: Vec<Warning> = found.warnings.into_iter().filter(is_new).collect();
        self.warnings.extend(warnings);
        let flagged = params.flag_rule == FlagRule::Registry;
        let places = found.positions.into_iter().zip(found.directions);
        for (row, ((x, y), direction)) in found.rows.into_iter().zip(places) {
            let (down, across) = sky_from_image.position((y, x), field.shape);
            let bits = match sky {
                Some(sky) if flagged && sky.is_filled_at(x, y) => flags::BACKGROUND_FILLED,
                None if flagged && params.background.is_some() => flags::NO_BACKGROUND,
                _ => 0,
            };
            let on_detector = (across + origin.1 as f64, down + origin.0 as f64);
            let star = Star { amp, on_detector, on_image: (x, y), direction, bits };
            self.stars.entry(row).or_insert(star);
        }
        Ok(())
    }

    /// Measures the stars. The table is that of an image alone, `x` and `y` those of the detector,
    /// with three more columns: the amplifier `amp`, and `x_amp`, `y_amp` on its image.
    ///
    /// # Errors
    /// Those of [`aperture::photometer`].
    pub fn photometer(mut self, params: &Params) -> Result<(Table, Vec<Warning>)> {
        let rows: Vec<usize> = self.stars.keys().copied().collect();
        let stars: Vec<&Star> = self.stars.values().collect();
        let positions: Vec<(f64, f64)> = stars.iter().map(|star| star.on_detector).collect();
        let directions: Vec<(f64, f64)> = stars.iter().map(|star| star.direction).collect();
        let isolated = isolated(&directions, params.isolation_arcsec * ARCSECOND);
        let pixels = Pixels {
            image: self.planes.image.view(),
            variance: self.planes.variance.view(),
            mask: self.planes.mask.view(),
        };
        let mut apertures = aperture::photometer(pixels, &positions, params)?;
        for aperture in &mut apertures {
            aperture.flags.iter_mut().zip(&stars).for_each(|(flags, star)| *flags |= star.bits);
        }
        let found = Located { rows, positions, directions, isolated, warnings: Vec::new() };
        let mut table = columns::table(self.sources, &found, apertures, &params.table)?;
        let (x, y) = stars.iter().map(|star| star.on_image).unzip();
        let amps = stars.iter().map(|star| i32::try_from(star.amp.0).unwrap_or(-1)).collect();
        table.set("amp", "", Values::I32(amps))?;
        table.set("x_amp", "pix", Values::F64(x))?;
        table.set("y_amp", "pix", Values::F64(y))?;
        if stars.is_empty() && self.sources.rows() > 0 {
            let n = self.sources.rows() as u64;
            let text = format!("none of {n} sources lies on the detector");
            self.warnings.push(Warning::new("catalogue", "none-inside", n, text));
        }
        Ok((table, self.warnings))
    }
}

fn turned(planes: Planes, flip: Flip) -> Planes {
    Planes {
        image: flip.apply(planes.image),
        variance: flip.apply(planes.variance),
        mask: flip.apply(planes.mask),
    }
}
