//! The tangent plane of a point of the sky, in pixels of the start.
//!
//! Gnomonic projection (Calabretta & Greisen 2002, A&A 395, 1077) of the sky about the middle of the
//! image, then the inverse of the start's matrix: a plane in which the image is nearly its own
//! pixels, counted from its middle, but for the errors of the start and the distortion.

use crate::error::{Error, Result};
use crate::numerics::sky::{DEGREE, Wcs};

/// A point or vector of a plane.
pub(crate) type Point = (f64, f64);
/// A 2 x 2 matrix by rows.
pub(crate) type Matrix = [[f64; 2]; 2];

/// Where an image lies on the sky, nearly.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// Right ascension and declination of its middle (radian).
    pub(crate) middle: Point,
    /// Degrees per pixel: longitude row, latitude row.
    pub(crate) cd: Matrix,
}

/// Pixels over which the slope of a distorted map is taken.
const STEP: f64 = 8.0;

impl Start {
    /// The start that a rough WCS gives for an image of `shape` (rows, columns).
    ///
    /// # Errors
    /// [`Error::Input`] if the map has no slope at the middle of the image.
    pub fn from_wcs(wcs: &Wcs, shape: (usize, usize)) -> Result<Start> {
        let (x, y) = middle_pixel(shape);
        let middle = wcs.sky_from_pixel(x, y);
        let at = |dx: f64, dy: f64| project(middle, wcs.sky_from_pixel(x + dx, y + dy));
        let slope = |dx: f64, dy: f64| {
            let (after, before) = (at(dx, dy)?, at(-dx, -dy)?);
            let per_pixel = |after: f64, before: f64| (after - before) / (2.0 * STEP * DEGREE);
            Some((per_pixel(after.0, before.0), per_pixel(after.1, before.1)))
        };
        let slopes = slope(STEP, 0.0).zip(slope(0.0, STEP));
        let cd = slopes.map(|(by_x, by_y)| [[by_x.0, by_y.0], [by_x.1, by_y.1]]);
        let cd = cd.filter(|cd| determinant(cd) != 0.0 && determinant(cd).is_finite());
        let needed = "a map with a slope at the middle of the image";
        let cd =
            cd.ok_or_else(|| Error::input("astrometry", "WCS of the start", "none", needed))?;
        Ok(Start { middle, cd })
    }

    /// The start from the position of the middle (degree), the pixel scale (arcsecond), and the angle
    /// (degree) from the rows' direction to north, toward east; `mirrored` if east lies to the right
    /// of north.
    ///
    /// # Errors
    /// [`Error::Parameter`] for numbers that are no place or no scale.
    pub fn from_pointing(
        (ra, dec): (f64, f64),
        scale_arcsec: f64,
        rotation_deg: f64,
        mirrored: bool,
    ) -> Result<Start> {
        if !ra.is_finite() || !(-90.0..=90.0).contains(&dec) {
            let needed = "right ascension and declination (degree)";
            return Err(Error::parameter("pointing", format!("{ra}, {dec}"), needed));
        }
        if !(1e-4..=3600.0).contains(&scale_arcsec) {
            return Err(Error::parameter("scale", scale_arcsec, "1e-4 to 3600 arcsec/pixel"));
        }
        if !rotation_deg.is_finite() {
            return Err(Error::parameter("rotation", rotation_deg, "an angle (degree)"));
        }
        let scale = scale_arcsec / 3600.0;
        let (sin, cos) = libm::sincos(rotation_deg * DEGREE);
        let east = if mirrored { scale } else { -scale };
        let cd = [[east * cos, -scale * sin], [east * sin, scale * cos]];
        Ok(Start { middle: (ra * DEGREE, dec * DEGREE), cd })
    }

    /// Side of a pixel (arcsecond).
    pub fn scale_arcsec(&self) -> f64 {
        determinant(&self.cd).abs().sqrt() * 3600.0
    }

    /// The place of a direction in the plane about `center` (pixels of the start); `None` for one
    /// that is a quarter of the sky or more away.
    pub(crate) fn place(&self, center: Point, sky: Point) -> Option<Point> {
        let (xi, eta) = project(center, sky)?;
        Some(times(&inverse(&self.cd), (xi / DEGREE, eta / DEGREE)))
    }

    /// The direction of a place of the plane about `center`.
    pub(crate) fn sky(&self, center: Point, place: Point) -> Point {
        let (xi, eta) = times(&self.cd, place);
        deproject(center, (xi * DEGREE, eta * DEGREE))
    }
}

/// The middle of an image (pixel, zero-based).
pub(crate) fn middle_pixel((rows, columns): (usize, usize)) -> Point {
    (0.5 * (columns as f64 - 1.0), 0.5 * (rows as f64 - 1.0))
}

/// Gnomonic projection of `sky` about `center`, all in radian.
pub(crate) fn project(center: Point, sky: Point) -> Option<Point> {
    let (sin_0, cos_0) = libm::sincos(center.1);
    let (sin, cos) = libm::sincos(sky.1);
    let (sin_a, cos_a) = libm::sincos(sky.0 - center.0);
    let depth = sin_0 * sin + cos_0 * cos * cos_a;
    let in_front = depth > 1e-3;
    in_front.then(|| (cos * sin_a / depth, (cos_0 * sin - sin_0 * cos * cos_a) / depth))
}

fn deproject(center: Point, (xi, eta): Point) -> Point {
    let (sin, cos) = libm::sincos(center.1);
    let away = cos - eta * sin;
    let ra = center.0 + libm::atan2(xi, away);
    (ra, libm::atan2(sin + eta * cos, libm::hypot(xi, away)))
}

pub(crate) fn times(matrix: &Matrix, vector: Point) -> Point {
    let [[a, b], [c, d]] = *matrix;
    (a * vector.0 + b * vector.1, c * vector.0 + d * vector.1)
}

pub(crate) fn product(left: &Matrix, right: &Matrix) -> Matrix {
    let [[a, b], [c, d]] = *right;
    let (first, second) = (times(left, (a, c)), times(left, (b, d)));
    [[first.0, second.0], [first.1, second.1]]
}

pub(crate) fn determinant(matrix: &Matrix) -> f64 {
    let [[a, b], [c, d]] = *matrix;
    a * d - b * c
}

pub(crate) fn inverse(matrix: &Matrix) -> Matrix {
    let [[a, b], [c, d]] = *matrix;
    let determinant = determinant(matrix);
    [[d / determinant, -b / determinant], [-c / determinant, a / determinant]]
}
