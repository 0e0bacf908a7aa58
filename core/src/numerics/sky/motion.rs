//! Distances on the sphere and proper motion.
//!
//! A star at the unit vector `u` moves along the straight line `u + v t`, with `v` its tangential
//! velocity in units of its distance; radial velocity and parallax are not known and left out:
//!
//! ```text
//! east = (-sin a, cos a, 0)    north = (-sin d cos a, -sin d sin a, cos d)
//! v = pmra east + pmdec north          pmra with cos d      radian/year
//! ```
//!
//! Reference: Lindegren & Butkevich (ESA 1997, Hipparcos vol. 1, sec. 1.5.5); agrees with
//! `SkyCoord.apply_space_motion` of astropy 8.0 (ERFA `pmsafe`).

use super::positive_angle;

/// Proper motion (radian/year).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// Along right ascension, with the cosine of the declination.
    pub east: f64,
    /// Along declination.
    pub north: f64,
}

/// Where a star at `(ra, dec)` (radian) is after `years`.
pub fn moved((ra, dec): (f64, f64), motion: Motion, years: f64) -> (f64, f64) {
    let (sin_ra, cos_ra) = libm::sincos(ra);
    let (sin_dec, cos_dec) = libm::sincos(dec);
    let (east, north) = (motion.east * years, motion.north * years);
    let outward = cos_dec - north * sin_dec;
    let x = outward * cos_ra - east * sin_ra;
    let y = outward * sin_ra + east * cos_ra;
    let z = sin_dec + north * cos_dec;
    (positive_angle(libm::atan2(y, x)), libm::atan2(z, libm::hypot(x, y)))
}

/// Angle between two directions `(ra, dec)` (radian), exact for small and large angles.
///
/// Vincenty's form of the great-circle distance.
pub fn separation(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (sin_delta, cos_delta) = libm::sincos(b.0 - a.0);
    let ((sin_a, cos_a), (sin_b, cos_b)) = (libm::sincos(a.1), libm::sincos(b.1));
    let across = libm::hypot(cos_b * sin_delta, cos_a * sin_b - sin_a * cos_b * cos_delta);
    libm::atan2(across, sin_a * sin_b + cos_a * cos_b * cos_delta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::sky::{ARCSECOND, DEGREE};

    /// `(ra, dec, pmra, pmdec, years)` in degree and mas/year, and where
    /// `SkyCoord.apply_space_motion` of astropy 8.0.2 puts the star (degree).
    const MOVED: &[(f64, f64, f64, f64, f64, f64, f64)] = &[
        (359.9999, 27.979414, 900.0, -36.568, 20.0, 0.005561758225001888, 27.979210728548104),
        (85.251782, 89.99, -47.711, 108.105, 20.0, 83.63648398844722, 89.99059684673959),
        (288.458807, -89.5, 191.552, 387.018, 20.0, 288.580232015388, -89.4978487724392),
        (209.578333, 1.918642, -39.96, -53.924, 20.0, 209.57811087551386, 1.9183424222124645),
        (33.886311, -7.975171, 4.852, -48.712, 20.0, 33.88633821882567, -7.975441622217131),
        (155.925698, 9.997031, 309.164, 200.463, 20.0, 155.92744206419843, 9.998144678777377),
        (172.458467, 28.403346, 109.021, -177.292, 20.0, 172.4591555541877, 28.40236104272872),
        (57.506009, 65.857986, -101.046, -58.344, 20.0, 57.504636481755014, 65.85766186053606),
        (359.9999, 27.979414, 900.0, -36.568, -16.5, 359.9952290334022, 27.979581524445415),
        (85.251782, 89.99, -47.711, 108.105, -16.5, 86.44537813168124, 89.9895022409323),
        (288.458807, -89.5, 191.552, 387.018, -16.5, 288.3578423719079, -89.50177305895747),
        (209.578333, 1.918642, -39.96, -53.924, -16.5, 209.57851625275956, 1.9188891516530258),
        (33.886311, -7.975171, 4.852, -48.712, -16.5, 33.88628854449594, -7.974947736669521),
        (155.925698, 9.997031, 309.164, 200.463, -16.5, 155.9242591560333, 9.996112208175918),
        (172.458467, 28.403346, 109.021, -177.292, -16.5, 172.45789893315757, 28.404158587142362),
        (57.506009, 65.857986, -101.046, -58.344, -16.5, 57.50714135363574, 65.85825340581967),
    ];

    #[test]
    fn stars_move_as_astropy_moves_them_to_a_hundredth_of_a_milliarcsecond() {
        for &(ra, dec, pmra, pmdec, years, ra_then, dec_then) in MOVED {
            let mas = ARCSECOND / 1000.0;
            let motion = Motion { east: pmra * mas, north: pmdec * mas };
            let found = moved((ra * DEGREE, dec * DEGREE), motion, years);
            let distance = separation(found, (ra_then * DEGREE, dec_then * DEGREE));
            assert!(distance < 0.01 * mas, "{ra} {dec}: {} mas", distance / mas);
        }
    }

    #[test]
    fn separations_are_exact_when_tiny_and_when_opposite() {
        let tiny = separation((1.0, 0.5), (1.0, 0.5 + 1e-12));
        assert!((tiny - 1e-12).abs() < 2e-16);
        let opposite = separation((0.3, 0.4), (0.3 + std::f64::consts::PI, -0.4));
        assert!((opposite - std::f64::consts::PI).abs() < 1e-15);
        let quarter = separation((0.0, 0.0), (2.0, std::f64::consts::FRAC_PI_2));
        assert!((quarter - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
    }
}
