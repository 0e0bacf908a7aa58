//! The stars of a detector: where they are, how bright, how they move.
//!
//! Counts grow by a fixed number of decades per magnitude between two limits; places are even over
//! the detector and a margin around it. Magnitude `m` gives `10^(-0.4 (m - zero point))` DN at the
//! nominal gain. Proper motions follow Student's law of 3 degrees of freedom at 8 mas/yr; one star
//! in twenty has none in the catalogue, and none on the sky.

use ndarray::Array2;

use crate::ids::Role;
use crate::mask;

use super::detector::AmpParams;
use super::generator::{Generator, Normal, Purpose};
use super::night::SimulatedExposure;
use super::psf::{Psf, Spot, Stamp};
use super::site::Site;

/// Stars are made this far beyond the edges of the detector (pixels).
const MARGIN_PIX: f64 = 15.0;
/// A star is cut where it falls to this share of the noise of the sky.
const CUT: f64 = 0.01;
/// An archive's mask ends where a star falls to this share of the noise of the sky.
const MASK_CUT: f64 = 0.05;

/// One star.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Star {
    /// Number in the catalogue.
    pub(crate) source_id: i64,
    /// Place on the detector without dither (pixels, sky order, zero-based).
    pub(crate) at: (f64, f64),
    /// Magnitude.
    pub(crate) magnitude: f64,
    /// Light (DN at the nominal gain).
    pub(crate) flux: f64,
    /// Proper motion, with cos(declination) in the first (mas/yr); none for some.
    pub(crate) motion: Option<(f64, f64)>,
}

/// The stars of the detector of `site`, in the order of the catalogue.
pub(crate) fn stars(site: &Site<'_>) -> Vec<Star> {
    let (params, place) = (site.params, site.place());
    let count = params.stars(site.shape) * site.camera.amplifiers.len();
    let detector = u64::from(site.detector.0);
    let mut numbers = Generator::new(params.seed, Purpose::Stars, [detector, 0, 0]);
    let table = Normal::new();
    let side = |count: usize| {
        let margin = MARGIN_PIX.min(count as f64 / 8.0);
        (-margin, count as f64 - 1.0 + margin)
    };
    let (across, up) = (side(place.shape.1), side(place.shape.0));
    let (bright, faint) = params.magnitudes;
    let fewest = libm::pow(10.0, -params.magnitude_slope * (faint - bright));
    (0..count as i64)
        .map(|index| {
            let share = fewest + (1.0 - fewest) * numbers.uniform();
            let magnitude = faint + libm::log10(share) / params.magnitude_slope;
            let at = (numbers.between(across.0, across.1), numbers.between(up.0, up.1));
            let motion = (student(&table, &mut numbers), student(&table, &mut numbers));
            let moves = numbers.uniform() >= 0.05;
            let flux = libm::pow(10.0, -0.4 * (magnitude - params.zero_point_mag));
            Star {
                source_id: i64::from(site.detector.0) * 10_000_000 + index,
                at,
                magnitude,
                flux: if params.effects.stars { flux } else { 0.0 },
                motion: moves.then_some((8.0 * motion.0, 8.0 * motion.1)),
            }
        })
        .collect()
}

/// Student's law of 3 degrees of freedom.
fn student(table: &Normal, numbers: &mut Generator) -> f64 {
    let z = table.draw(numbers);
    let squares: f64 = [(); 3]
        .map(|()| {
            let z = table.draw(numbers);
            z * z
        })
        .iter()
        .sum();
    z / (squares / 3.0).sqrt()
}

/// How far the stars of a visit are from their undithered places (pixels, sky order).
pub(crate) fn dither(site: &Site<'_>, exposure: &SimulatedExposure) -> (f64, f64) {
    let reach = site.params.dither_pix;
    if exposure.role != Role::Science || exposure.number == 0 {
        return (0.0, 0.0);
    }
    let mut numbers = Generator::new(site.params.seed, Purpose::Dither, [exposure.visit, 0, 0]);
    (numbers.between(-reach, reach), numbers.between(-reach, reach))
}

/// The stars as they fall on the amplifier's stored array, with their index in `stars`.
pub(crate) fn spots(
    site: &Site<'_>,
    stars: &[Star],
    shift: (f64, f64),
) -> impl Iterator<Item = (usize, Spot)> {
    stars.iter().enumerate().map(move |(index, star)| {
        let (x, y) = site.stored_from_detector(star.at.0 + shift.0, star.at.1 + shift.1);
        (index, Spot { x, y, flux: star.flux })
    })
}

/// Noise of the sky in a pixel of nominal response (DN).
fn sky_noise(site: &Site<'_>, amp: &AmpParams) -> f64 {
    let photons = site.params.sky_dn / amp.gain_electron_per_dn;
    let noise = amp.read_noise_dn();
    (photons + noise * noise).sqrt().max(1e-3)
}

/// The light of the stars on the amplifier (DN at the nominal gain), stored order.
pub(crate) fn starlight(
    site: &Site<'_>,
    amp: &AmpParams,
    exposure: &SimulatedExposure,
) -> Array2<f32> {
    let mut image = Array2::zeros(site.shape);
    let (psf, level) = (Psf::new(site.params.fwhm_pix), CUT * sky_noise(site, amp));
    let (stars, mut stamp) = (stars(site), Stamp::default());
    for (_, spot) in spots(site, &stars, dither(site, exposure)) {
        psf.draw(spot, level, &mut stamp, &mut image);
    }
    image
}

/// Marks a disc around each star as SOURCE, and its middle as PSF_SOURCE.
pub(crate) fn mark_stars(
    site: &Site<'_>,
    amp: &AmpParams,
    exposure: &SimulatedExposure,
    bits: &mut Array2<u32>,
) {
    let (psf, level) = (Psf::new(site.params.fwhm_pix), MASK_CUT * sky_noise(site, amp));
    let stars = stars(site);
    for (_, spot) in spots(site, &stars, dither(site, exposure)) {
        let radius = psf.radius(spot.flux, level);
        if radius > 0.0 {
            mark_disc(spot, radius, bits);
            mark(((spot.y + 0.5).floor(), (spot.x + 0.5).floor()), mask::PSF_SOURCE, bits);
        }
    }
}

fn mark_disc(spot: Spot, radius: f64, bits: &mut Array2<u32>) {
    let reach = radius.ceil() as i64 + 1;
    let (x, y) = ((spot.x + 0.5).floor(), (spot.y + 0.5).floor());
    for row in -reach..=reach {
        for column in -reach..=reach {
            let (column, row) = (x + column as f64, y + row as f64);
            let (dx, dy) = (column - spot.x, row - spot.y);
            if dx * dx + dy * dy <= radius * radius {
                mark((row, column), mask::SOURCE, bits);
            }
        }
    }
}

/// Sets `bit` at a place (row, column), if it is on the array.
fn mark(at: (f64, f64), bit: u32, bits: &mut Array2<u32>) {
    if at.0 < 0.0 || at.1 < 0.0 {
        return;
    }
    if let Some(pixel) = bits.get_mut((at.0 as usize, at.1 as usize)) {
        *pixel |= bit;
    }
}
