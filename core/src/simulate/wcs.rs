//! The sky of each detector, as TPV headers in the stored order of its amplifiers.
//!
//! The focal plane is a plane at the pointing (gnomonic, plate scale from the parameters, +RA right,
//! +Dec up). Each detector has its own tangent point at its middle, a linear map that follows the
//! plane there, and distortion polynomials of its own:
//!
//! ```text
//! (ξ, η) = CD (p - CRPIX)          ξ' = Σ PV1_k t_k(ξ, η)        η' = Σ PV2_k t_k(η, ξ)
//! t = 1, ξ, η, r, ξ², ξη, η², ξ³, ξ²η, ξη², η³, r³, ξ⁴, ξ³η, ξ²η², ξη³, η⁴
//! ```
//!
//! (TPV convention, registered with the FITS WCS conventions; gnomonic projection of Calabretta &
//! Greisen 2002, A&A 395, 1077.) Amplifiers of a detector share the map, so that a star has one
//! place on the sky whichever amplifier it falls on.

use crate::header::Header;

use super::generator::{Generator, Normal, Purpose};
use super::site::{Place, Site};

/// Terms of the distortion that are used: all up to the fourth order, but those in r.
const TERMS: [usize; 15] = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16];
/// Size of a term at the edge of the detector, as a share of its half side.
const DISTORTION: f64 = 1.5e-4;
/// Scatter of the angles by which detectors are turned (radian).
const TURN: f64 = 2e-3;

/// The map from a detector's pixels (sky order, zero-based) to the sky.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DetectorSky {
    /// Right ascension and declination of the tangent point (radian).
    tangent: (f64, f64),
    /// Its pixel (x, y).
    origin: (f64, f64),
    /// `[[ξ per x, ξ per y], [η per x, η per y]]` (degree/pixel).
    linear: [[f64; 2]; 2],
    /// Coefficients by axis and term (degree).
    distortion: [[f64; 17]; 2],
}

/// From the tangent plane at `tangent` (radian) to right ascension and declination (radian).
fn sky_from_plane(tangent: (f64, f64), plane: (f64, f64)) -> (f64, f64) {
    let ((xi, eta), (sine, cosine)) = (plane, libm::sincos(tangent.1));
    let away = cosine - eta * sine;
    let ra = tangent.0 + libm::atan2(xi, away);
    let dec = libm::atan2(sine + eta * cosine, libm::hypot(xi, away));
    (ra, dec)
}

/// From the sky to the tangent plane at `tangent`; everything in radian.
fn plane_from_sky(tangent: (f64, f64), sky: (f64, f64)) -> (f64, f64) {
    let (sine_0, cosine_0) = libm::sincos(tangent.1);
    let (sine, cosine) = libm::sincos(sky.1);
    let (sine_a, cosine_a) = libm::sincos(sky.0 - tangent.0);
    let depth = sine_0 * sine + cosine_0 * cosine * cosine_a;
    (cosine * sine_a / depth, (cosine_0 * sine - sine_0 * cosine * cosine_a) / depth)
}

impl DetectorSky {
    /// The map of the detector of `site`.
    pub(crate) fn new(site: &Site<'_>) -> DetectorSky {
        let (params, place) = (site.params, site.place());
        let pointing = (params.pointing_deg.0.to_radians(), params.pointing_deg.1.to_radians());
        let scale = params.plate_scale_arcsec / 3600.0;
        let seen = |x: f64, y: f64| {
            let plane = ((scale * x).to_radians(), (scale * y).to_radians());
            sky_from_plane(pointing, plane)
        };
        let (x, y) = place.middle;
        let tangent = seen(x, y);
        let slope = |dx: f64, dy: f64| {
            // Between two sides the bending of the projection cancels to second order.
            let after = plane_from_sky(tangent, seen(x + 10.0 * dx, y + 10.0 * dy));
            let before = plane_from_sky(tangent, seen(x - 10.0 * dx, y - 10.0 * dy));
            let per_pixel = |after: f64, before: f64| (after - before).to_degrees() / 20.0;
            (per_pixel(after.0, before.0), per_pixel(after.1, before.1))
        };
        let ((xx, yx), (xy, yy)) = (slope(1.0, 0.0), slope(0.0, 1.0));
        let mut numbers =
            Generator::new(params.seed, Purpose::Distortion, [u64::from(site.detector.0), 0, 0]);
        let table = Normal::new();
        let (s, c) = libm::sincos(TURN * table.draw(&mut numbers));
        let linear = [[c * xx - s * yx, c * xy - s * yy], [s * xx + c * yx, s * xy + c * yy]];
        let distortion = [(); 2].map(|()| distortion(place, scale, &table, &mut numbers));
        let origin = (0.5 * (place.shape.1 as f64 - 1.0), 0.5 * (place.shape.0 as f64 - 1.0));
        DetectorSky { tangent, origin, linear, distortion }
    }

    /// The cards of the amplifier of `site`, whose pixels are moved by `shift` (pixels, sky order).
    pub(crate) fn header(&self, site: &Site<'_>, shift: (f64, f64)) -> Header {
        let (x, y) = site.stored_from_detector(self.origin.0 + shift.0, self.origin.1 + shift.1);
        let flip = site.amplifier.sky_from_stored;
        let sign = |flipped: bool| if flipped { -1.0 } else { 1.0 };
        let mut header = Header::new();
        header.set("WCSAXES", 2_i64, "number of axes");
        header.set("CTYPE1", "RA---TPV", "gnomonic with polynomial distortion");
        header.set("CTYPE2", "DEC--TPV", "gnomonic with polynomial distortion");
        header.set("CUNIT1", "deg", "");
        header.set("CUNIT2", "deg", "");
        header.set("CRPIX1", x + 1.0, "reference pixel, columns");
        header.set("CRPIX2", y + 1.0, "reference pixel, rows");
        let ra = self.tangent.0.to_degrees();
        header.set("CRVAL1", ra - 360.0 * (ra / 360.0).floor(), "right ascension there (deg)");
        header.set("CRVAL2", self.tangent.1.to_degrees(), "declination there (deg)");
        for (i, row) in self.linear.iter().enumerate() {
            let column = sign(flip.columns) * row[0];
            header.set(&format!("CD{}_1", i + 1), column, "deg/pixel");
            header.set(&format!("CD{}_2", i + 1), sign(flip.rows) * row[1], "deg/pixel");
        }
        for (axis, coefficients) in self.distortion.iter().enumerate() {
            for term in TERMS {
                let value = coefficients.get(term).copied().unwrap_or(0.0);
                header.set(&format!("PV{}_{term}", axis + 1), value, "");
            }
        }
        header.set("RADESYS", "ICRS", "");
        header.set("EQUINOX", 2000.0, "");
        header
    }
}

/// Order of each of the 17 terms.
const ORDERS: [u32; 17] = [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4];

/// Coefficients whose terms reach `DISTORTION` of the detector's half side at its edge.
fn distortion(place: Place, scale_deg: f64, table: &Normal, numbers: &mut Generator) -> [f64; 17] {
    let half_deg = 0.5 * scale_deg * place.shape.0.max(place.shape.1) as f64;
    let mut out = [0.0; 17];
    for ((out, order), term) in out.iter_mut().zip(ORDERS).zip(0..) {
        if TERMS.contains(&term) {
            let reach = (0..order).fold(1.0, |reach, _| reach * half_deg);
            *out = DISTORTION * half_deg / reach * table.draw(numbers);
        }
    }
    out[1] += 1.0;
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tangent_plane_is_left_and_reached_again() {
        let tangent = (1.0, 0.6);
        for plane in [(0.0, 0.0), (0.06, -0.03), (-0.02, 0.07)] {
            let back = plane_from_sky(tangent, sky_from_plane(tangent, plane));
            assert!((back.0 - plane.0).abs() < 1e-15 && (back.1 - plane.1).abs() < 1e-15);
        }
        let (ra, dec) = sky_from_plane(tangent, (0.0, libm::tan(0.1)));
        assert!((ra - 1.0).abs() < 1e-15 && (dec - 0.7).abs() < 1e-15);
    }
}
