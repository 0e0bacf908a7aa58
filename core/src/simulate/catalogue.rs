//! The stars of a night as a catalogue of another survey would list them, at its own epoch.
//!
//! A star at `p` (unit vector) with proper motion `m` (radian/yr, in the plane that touches the
//! sphere there) is at `p + m t`, made a unit vector, after `t` years.

use crate::error::Result;
use crate::instrument::Instrument;
use crate::table::{Table, Values};
use crate::time::Mjd;

use super::night::{Night, night};
use super::params::NightParams;
use super::scene::{Star, stars};
use super::site::Site;

/// Epoch of the catalogue (Julian year), that of Gaia DR3.
const EPOCH: f64 = 2016.0;
/// Radian per milliarcsecond.
const RADIAN_PER_MAS: f64 = std::f64::consts::PI / (180.0 * 3600.0 * 1000.0);

/// The catalogue of all detectors of a night: `source_id`, `ra`, `dec` (deg at 2016.0), `pmra`,
/// `pmdec` (mas/yr, NaN for some), `ref_epoch`, `phot_g_mean_mag`.
///
/// # Errors
/// If a parameter is wrong or the camera lacks a detector.
pub fn catalogue(camera: &Instrument, params: &NightParams) -> Result<Table> {
    let night = night(camera, params)?;
    let years = epoch_of(&night, params)?.julian_year() - EPOCH;
    let mut all = Vec::new();
    for &detector in &night.detectors {
        let Some(amp) = camera.amplifiers.first() else { break };
        all.extend(stars(&Site::new(camera, params, detector, amp.id)?));
    }
    let places: Vec<_> = all.iter().map(|star| before(star, years)).collect();
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

/// The time at which stars are where they were drawn: that of the first science exposure.
fn epoch_of(night: &Night, params: &NightParams) -> Result<Mjd> {
    let first = night.exposures.iter().find(|exposure| exposure.role == crate::ids::Role::Science);
    match first {
        Some(exposure) => Ok(exposure.mjd),
        None => Ok(params.day()?.mjd()),
    }
}

/// Where a star was `years` before the night (radian), right ascension from 0 to 2 π.
fn before(star: &Star, years: f64) -> (f64, f64) {
    let mut place = star.sky;
    if let Some(motion) = star.motion {
        // The frame of the motion is that of the place looked for: three rounds settle it, since
        // it turns by no more than the arcseconds that the star moves.
        for _ in 0..3 {
            let after = moved(place, motion, years);
            place = (place.0 + (star.sky.0 - after.0), place.1 + (star.sky.1 - after.1));
        }
    }
    let turn = 2.0 * std::f64::consts::PI;
    (place.0 - turn * (place.0 / turn).floor(), place.1)
}

/// Where a star at `place` (radian) is after `years` of its motion (mas/yr).
fn moved(place: (f64, f64), motion: (f64, f64), years: f64) -> (f64, f64) {
    let ((sine_a, cosine_a), (sine_d, cosine_d)) = (libm::sincos(place.0), libm::sincos(place.1));
    let scale = RADIAN_PER_MAS * years;
    let (east, north) = (motion.0 * scale, motion.1 * scale);
    let x = cosine_d * cosine_a - east * sine_a - north * sine_d * cosine_a;
    let y = cosine_d * sine_a + east * cosine_a - north * sine_d * sine_a;
    let z = sine_d + north * cosine_d;
    let ra = libm::atan2(y, x);
    // Near the place it came from, so that a difference of the two is small.
    let turn = 2.0 * std::f64::consts::PI;
    let ra = ra + turn * ((place.0 - ra) / turn + 0.5).floor();
    (ra, libm::atan2(z, libm::hypot(x, y)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn motion_to_the_night_undoes_motion_to_the_epoch() {
        for (ra, dec) in [(1.0, 0.5), (-0.001, -1.2), (6.2831, 0.0)] {
            let star = Star {
                source_id: 1,
                at: (0.0, 0.0),
                sky: (ra, dec),
                magnitude: 15.0,
                flux: 1.0,
                motion: Some((3000.0, -2000.0)),
            };
            let (epoch_ra, epoch_dec) = before(&star, 4.1);
            assert!((epoch_dec - dec).abs() > 1e-8);
            let (again_ra, again_dec) = moved((epoch_ra, epoch_dec), (3000.0, -2000.0), 4.1);
            assert!(libm::sin(again_ra - ra).abs() < 1e-14 && (again_dec - dec).abs() < 1e-14);
        }
    }

    #[test]
    fn a_star_moves_by_its_motion() {
        let (place, years) = ((1.0, 0.7), 10.0);
        let (ra, dec) = moved(place, (100.0, 50.0), years);
        let east = (ra - place.0) * libm::cos(place.1) / RADIAN_PER_MAS;
        let north = (dec - place.1) / RADIAN_PER_MAS;
        assert!((east - 1000.0).abs() < 0.01 && (north - 500.0).abs() < 0.01);
    }
}
