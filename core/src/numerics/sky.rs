//! Pixel to sky and back: the tangent-plane projection with its polynomial distortions.
//!
//! With the pixel `(x, y)` and the reference pixel `(x0, y0)`
//!
//! ```text
//! (u, v) = (x - x0, y - y0)                           pixel
//! (u, v) <- (u + A(u, v), v + B(u, v))                pixel     only TAN-SIP
//! (p, q) = CD (u, v)                                  degree    longitude first
//! (p, q) <- (P1(p, q), P2(q, p))                      degree    only TPV
//! (xi, eta) = rotation(180 deg - LONPOLE) (p, q)      radian
//! alpha = alpha0 + atan2(xi, cos d0 - eta sin d0)
//! delta = atan2(sin d0 + eta cos d0, hypot(xi, cos d0 - eta sin d0))
//! ```
//!
//! The way back inverts each line; the polynomials by Newton's method with their own derivatives,
//! so that the inverse polynomials of a header (AP, BP) are not needed.
//!
//! * Pixels are zero-based `(x = column, y = row)` of the stored array, angles are radians.
//! * Only the equator and equinox of the catalogue are read (ICRS, FK5 J2000); there is no
//!   precession.
//! * References: Calabretta & Greisen 2002, A&A 395, 1077 (TAN); Shupe et al. 2005, ASPC 347, 491
//!   (SIP); the TPV convention of the FITS registry. Checked against `astropy.wcs` 8.0.

mod distortion;
mod header;
mod motion;

#[cfg(test)]
mod fixtures;

use std::f64::consts::{PI, TAU};

use crate::error::Result;
use crate::header::Header;

use distortion::Distortion;
pub use motion::{Motion, moved, separation};

/// Radians per degree.
pub const DEGREE: f64 = PI / 180.0;
/// Radians per second of arc.
pub const ARCSECOND: f64 = DEGREE / 3600.0;

/// The mapping between the pixels of an image and the sky.
#[derive(Debug, Clone, PartialEq)]
pub struct Wcs {
    /// Reference pixel, zero-based `(x, y)`.
    reference_pixel: (f64, f64),
    /// Right ascension of the reference point (radian).
    reference_ra: f64,
    /// Sine and cosine of the declination of the reference point.
    reference_dec: (f64, f64),
    /// Degrees per pixel: longitude row, latitude row.
    cd: Matrix,
    /// Pixels per degree.
    cd_inverse: Matrix,
    /// Cosine and sine of 180 degrees - LONPOLE.
    pole: (f64, f64),
    /// Distortion in pixels, before the matrix.
    sip: Option<Distortion>,
    /// Distortion in degrees, after the matrix.
    tpv: Option<Distortion>,
}

/// A 2 x 2 matrix by rows.
type Matrix = [[f64; 2]; 2];

impl Wcs {
    /// Reads the cards of the primary WCS; `None` if the header describes no sky.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) for other projections, frames and units,
    /// [`Error::Input`](crate::Error::Input) for cards that are missing, not finite, or give a
    /// matrix without an inverse.
    pub fn from_header(header: &Header) -> Result<Option<Wcs>> {
        header::read(header)
    }

    /// Right ascension (0 to 2 pi) and declination of a pixel position.
    pub fn sky_from_pixel(&self, x: f64, y: f64) -> (f64, f64) {
        let pixel = (x - self.reference_pixel.0, y - self.reference_pixel.1);
        let pixel = self.sip.as_ref().map_or(pixel, |sip| sip.apply(pixel));
        let plane = times(&self.cd, pixel);
        let plane = self.tpv.as_ref().map_or(plane, |tpv| tpv.apply(plane));
        let (p, q) = (plane.0 * DEGREE, plane.1 * DEGREE);
        let (xi, eta) = (self.pole.0 * p - self.pole.1 * q, self.pole.1 * p + self.pole.0 * q);
        let (sin_dec, cos_dec) = self.reference_dec;
        let toward_pole = cos_dec - eta * sin_dec;
        let ra = positive_angle(self.reference_ra + libm::atan2(xi, toward_pole));
        let dec = libm::atan2(sin_dec + eta * cos_dec, libm::hypot(xi, toward_pole));
        (ra, dec)
    }

    /// Pixel position of a point of the sky; `None` if it lies a quarter of the sky or more from
    /// the reference point, or so far out that the distortion cannot be inverted.
    pub fn pixel_from_sky(&self, ra: f64, dec: f64) -> Option<(f64, f64)> {
        let (xi, eta) = self.tangent_plane(ra, dec)?;
        let p = (self.pole.0 * xi + self.pole.1 * eta) / DEGREE;
        let q = (self.pole.0 * eta - self.pole.1 * xi) / DEGREE;
        let plane = match &self.tpv {
            Some(tpv) => tpv.invert((p, q))?,
            None => (p, q),
        };
        let pixel = times(&self.cd_inverse, plane);
        let pixel = match &self.sip {
            Some(sip) => sip.invert(pixel)?,
            None => pixel,
        };
        let (x, y) = (pixel.0 + self.reference_pixel.0, pixel.1 + self.reference_pixel.1);
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }

    /// Side of a pixel at the reference point, without distortion (arcsecond): the root of its
    /// area.
    pub fn pixel_scale_arcsec(&self) -> f64 {
        determinant(&self.cd).abs().sqrt() * 3600.0
    }

    /// Gnomonic projection about the reference point (radian).
    fn tangent_plane(&self, ra: f64, dec: f64) -> Option<(f64, f64)> {
        let (sin_delta, cos_delta) = libm::sincos(ra - self.reference_ra);
        let (sin_dec, cos_dec) = libm::sincos(dec);
        let (sin_dec0, cos_dec0) = self.reference_dec;
        let depth = sin_dec * sin_dec0 + cos_dec * cos_dec0 * cos_delta;
        let in_front = depth > 0.0;
        in_front.then(|| {
            let eta = sin_dec * cos_dec0 - cos_dec * sin_dec0 * cos_delta;
            (cos_dec * sin_delta / depth, eta / depth)
        })
    }
}

fn times(matrix: &Matrix, vector: (f64, f64)) -> (f64, f64) {
    let [[a, b], [c, d]] = *matrix;
    (a * vector.0 + b * vector.1, c * vector.0 + d * vector.1)
}

fn determinant(matrix: &Matrix) -> f64 {
    let [[a, b], [c, d]] = *matrix;
    a * d - b * c
}

fn inverse(matrix: &Matrix) -> Matrix {
    let [[a, b], [c, d]] = *matrix;
    let determinant = determinant(matrix);
    [[d / determinant, -b / determinant], [-c / determinant, a / determinant]]
}

/// The same direction between 0 and 2 pi, for angles within a turn of it.
fn positive_angle(angle: f64) -> f64 {
    let angle = if angle < 0.0 { angle + TAU } else { angle };
    if angle >= TAU { angle - TAU } else { angle }
}

#[cfg(test)]
mod tests {
    use super::fixtures::{CASES, Card, Case};
    use super::*;
    use crate::error::Error;

    fn header(case: &Case) -> Header {
        let mut header = Header::new();
        for (key, value) in case.cards {
            match *value {
                Card::Text(text) => header.set(key, text, ""),
                Card::Number(number) => header.set(key, number, ""),
            }
        }
        header
    }

    fn wcs(case: &Case) -> Wcs {
        Wcs::from_header(&header(case)).unwrap().unwrap()
    }

    #[test]
    fn pixels_go_to_the_sky_as_in_astropy() {
        for case in CASES {
            let wcs = wcs(case);
            for &(x, y, ra, dec) in case.points {
                let found = wcs.sky_from_pixel(x, y);
                let off = separation(found, (ra * DEGREE, dec * DEGREE)) / ARCSECOND;
                let off_pix = off / wcs.pixel_scale_arcsec();
                assert!(off_pix < 1e-8, "{:?} {x} {y}: {off_pix} px", case.cards[0]);
            }
        }
    }

    #[test]
    fn the_sky_of_astropy_goes_back_to_its_pixels() {
        for case in CASES {
            let wcs = wcs(case);
            for &(x, y, ra, dec) in case.points {
                let found = wcs.pixel_from_sky(ra * DEGREE, dec * DEGREE).unwrap();
                let off_pix = (found.0 - x).abs().max((found.1 - y).abs());
                assert!(off_pix < 1e-8, "{:?} {x} {y}: {off_pix} px", case.cards[0]);
            }
        }
    }

    #[test]
    fn what_lies_behind_the_tangent_plane_has_no_pixel() {
        let wcs = wcs(&CASES[3]);
        let (ra, dec) = wcs.sky_from_pixel(500.0, 300.0);
        assert_eq!(wcs.pixel_from_sky(ra + PI, -dec), None);
        assert_eq!(wcs.pixel_from_sky(f64::NAN, dec), None);
    }

    #[test]
    fn a_header_without_a_sky_has_no_wcs() {
        let mut header = Header::new();
        assert_eq!(Wcs::from_header(&header), Ok(None));
        header.set("CTYPE1", "LINEAR", "");
        assert_eq!(Wcs::from_header(&header), Ok(None));
    }

    #[test]
    fn broken_headers_are_refused_by_the_card_that_is_wrong() {
        let broken = |key: &str, value: Option<f64>| {
            let mut header = header(&CASES[0]);
            match value {
                Some(value) => header.set(key, value, ""),
                None => header.remove(key),
            }
            Wcs::from_header(&header).unwrap_err().to_string()
        };
        for (key, value, word) in [
            ("CRVAL1", None, "CRVAL1"),
            ("CRPIX2", Some(f64::NAN), "CRPIX2"),
            ("CD1_1", Some(f64::INFINITY), "CD1_1"),
            ("PV1_4", Some(f64::NAN), "PV1_4"),
            ("CRVAL2", Some(91.0), "CRVAL2"),
            ("EQUINOX", Some(1950.0), "1950"),
        ] {
            let message = broken(key, value);
            assert!(message.contains(word), "{message}");
        }
        let mut zero = header(&CASES[0]);
        for key in ["CD1_1", "CD1_2", "CD2_1", "CD2_2"] {
            zero.set(key, 0.0, "");
        }
        assert!(Wcs::from_header(&zero).unwrap_err().to_string().contains("CDi_j"));
    }

    #[test]
    fn other_projections_are_refused_by_name() {
        for (first, second) in [
            ("RA---SIN", "DEC--SIN"),
            ("GLON-TAN", "GLAT-TAN"),
            ("RA---TAN", "DEC--TPV"),
            ("RA---TAN", "RA---TAN"),
            ("DEC--TPV", "RA---TPV"),
        ] {
            let mut header = header(&CASES[0]);
            header.set("CTYPE1", first, "");
            header.set("CTYPE2", second, "");
            let error = Wcs::from_header(&header).unwrap_err();
            assert!(matches!(&error, Error::Unsupported { what, .. } if what.contains(first)));
        }
    }
}
