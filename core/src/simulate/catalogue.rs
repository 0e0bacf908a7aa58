//! The stars of a night as a catalogue of another survey would list them, at its own epoch.

use std::f64::consts::TAU;

use crate::error::{Error, Result};
use crate::ids::Role;
use crate::instrument::Instrument;
use crate::numerics::sky::{ARCSECOND, Motion, Wcs, moved};
use crate::table::{Table, Values};
use crate::time::Mjd;

use super::night::{Night, night};
use super::params::NightParams;
use super::psf::Spot;
use super::scene::{Star, spots, stars};
use super::site::Site;
use super::wcs::DetectorSky;

/// Epoch of the catalogue (Julian year), that of Gaia DR3.
const EPOCH: f64 = 2016.0;
/// Radian per milliarcsecond.
const RADIAN_PER_MAS: f64 = ARCSECOND / 1000.0;

/// The catalogue of all detectors of a night: `source_id`, `ra`, `dec` (deg at 2016.0), `pmra`,
/// `pmdec` (mas/yr, NaN for some), `ref_epoch`, `phot_g_mean_mag`.
///
/// # Errors
/// If a parameter is wrong or the camera lacks a detector.
pub fn catalogue(camera: &Instrument, params: &NightParams) -> Result<Table> {
    let night = night(camera, params)?;
    let years = epoch_of(&night, params)?.julian_year() - EPOCH;
    let (mut all, mut places) = (Vec::new(), Vec::new());
    for &detector in &night.detectors {
        let Some(amp) = camera.amplifiers.first() else { break };
        let site = Site::new(camera, params, detector, amp.id)?;
        let stars = stars(&site);
        places.extend(places_at_epoch(&site, &stars, years)?);
        all.extend(stars);
    }
    let motion = |star: &Star| star.motion.unwrap_or((f64::NAN, f64::NAN));
    let mut table = Table::new();
    let column = |of: &dyn Fn(&Star) -> f64| Values::F64(all.iter().map(of).collect());
    let degrees = |of: &dyn Fn(&(f64, f64)) -> f64| {
        Values::F64(places.iter().map(|place| of(place).to_degrees()).collect())
    };
    table.set("source_id", "", Values::I64(all.iter().map(|star| star.source_id).collect()))?;
    table.set("ra", "deg", degrees(&|place| place.0))?;
    table.set("dec", "deg", degrees(&|place| place.1))?;
    table.set("pmra", "mas/yr", column(&|star| motion(star).0))?;
    table.set("pmdec", "mas/yr", column(&|star| motion(star).1))?;
    table.set("ref_epoch", "yr", column(&|_| EPOCH))?;
    table.set("phot_g_mean_mag", "mag", column(&|star| star.magnitude))?;
    Ok(table)
}

/// Right ascension and declination (radian) of the stars of a detector, `years` before the night.
fn places_at_epoch(site: &Site<'_>, stars: &[Star], years: f64) -> Result<Vec<(f64, f64)>> {
    let header = DetectorSky::new(site).header(site, (0.0, 0.0));
    let wcs = Wcs::from_header(&header)?;
    let wcs = wcs.ok_or_else(|| Error::input("simulate", "WCS", "none", "that of a detector"))?;
    let place = |(star, (_, spot)): (&Star, (usize, Spot))| {
        let sky = wcs.sky_from_pixel(spot.x, spot.y);
        let Some((east, north)) = star.motion else { return sky };
        let (east, north) = (east * RADIAN_PER_MAS, north * RADIAN_PER_MAS);
        before(sky, Motion { east, north }, years)
    };
    Ok(stars.iter().zip(spots(site, stars, (0.0, 0.0))).map(place).collect())
}

/// The time at which stars are where they were drawn: that of the first science exposure.
fn epoch_of(night: &Night, params: &NightParams) -> Result<Mjd> {
    let first = night.exposures.iter().find(|exposure| exposure.role == Role::Science);
    match first {
        Some(exposure) => Ok(exposure.mjd),
        None => Ok(params.day()?.mjd()),
    }
}

/// Where a star that is at `sky` (radian) was `years` before.
fn before(sky: (f64, f64), motion: Motion, years: f64) -> (f64, f64) {
    // The frame of the motion is that of the place looked for: three rounds settle it, since it
    // turns by no more than the arcseconds that the star moves.
    let mut place = sky;
    for _ in 0..3 {
        let after = moved(place, motion, years);
        // Within half a turn, so that the meridian of zero is no obstacle.
        let turns = (sky.0 - after.0) / TAU;
        let east = TAU * (turns - (turns + 0.5).floor());
        place = (place.0 + east, place.1 + (sky.1 - after.1));
    }
    (place.0 - TAU * (place.0 / TAU).floor(), place.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::sky::separation;

    #[test]
    fn motion_to_the_night_undoes_motion_to_the_epoch() {
        let motion = Motion { east: 3000.0 * RADIAN_PER_MAS, north: -2000.0 * RADIAN_PER_MAS };
        for sky in [(1.0, 0.5), (1e-9, -1.2), (TAU - 1e-9, 0.0)] {
            let epoch = before(sky, motion, 4.1);
            let length = libm::hypot(motion.east, motion.north) * 4.1;
            assert!((separation(epoch, sky) / length - 1.0).abs() < 1e-6);
            assert!(separation(moved(epoch, motion, 4.1), sky) < 1e-14);
            assert!((0.0..TAU).contains(&epoch.0));
        }
    }
}
