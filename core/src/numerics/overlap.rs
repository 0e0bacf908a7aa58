//! Exact area that a circle and a pixel share.
//!
//! The pixel is split at the axes through the circle's center and mirrored into the first quadrant,
//! where the arc `y = sqrt(r^2 - x^2)` falls. If it enters the rectangle at `a` and leaves it at
//! `b`, the area (pixel²) is that of the polygon under the chord `ab` plus the segment between
//! chord and arc,
//!
//! ```text
//! segment = r^2 (asin q - q sqrt(1 - q^2))        q = |ab| / (2 r)
//!         = r^2 q^3 (2/3 + q^2/5 + 3 q^4/28 + ...)
//! ```
//!
//! The series replaces the difference, which loses its digits for small `q`; only circles smaller
//! than about three pixels need `asin`. A pixel wholly inside or outside needs neither.
//! The error is below 1e-13 of a pixel for radii up to 100 pixels.

/// Largest `q²` for which the series has its full precision.
const SERIES_LIMIT: f64 = 0.0625;

/// Coefficients of the series in `q²`: `2 binomial(2k, k) / (4^k (2k + 3))`.
const SERIES: [f64; 12] = series();

const fn series() -> [f64; 12] {
    let mut coefficients = [0.0; 12];
    let (mut k, mut binomial) = (0, 1.0);
    while k < coefficients.len() {
        coefficients[k] = 2.0 * binomial / (2 * k + 3) as f64;
        binomial *= (2 * k + 1) as f64 / (2 * k + 2) as f64;
        k += 1;
    }
    coefficients
}

/// Area of the unit pixel centered at `(x, y)` from the center of a circle, as far as it lies in
/// the circle.
pub fn circle_pixel(x: f64, y: f64, radius: f64) -> f64 {
    // The area is symmetric, so the pixel's center may be taken in the first quadrant.
    let (x, y) = (x.abs(), y.abs());
    let (left, right, low, high) = (x - 0.5, x + 0.5, y - 0.5, y + 0.5);
    if left >= 0.0 && low >= 0.0 {
        return quadrant_area(Rectangle { left, right, low, high }, radius);
    }
    // The part beyond an axis is mirrored; where the axis misses the pixel that part is empty.
    let (columns, rows) = (split(left, right), split(low, high));
    let mut area = 0.0;
    for (left, right) in columns {
        for (low, high) in rows {
            area += quadrant_area(Rectangle { left, right, low, high }, radius);
        }
    }
    area
}

/// A rectangle of the first quadrant.
#[derive(Clone, Copy)]
struct Rectangle {
    left: f64,
    right: f64,
    low: f64,
    high: f64,
}

fn split(from: f64, to: f64) -> [(f64, f64); 2] {
    if from < 0.0 { [(0.0, -from), (0.0, to)] } else { [(from, to), (0.0, 0.0)] }
}

fn quadrant_area(Rectangle { left, right, low, high }: Rectangle, r: f64) -> f64 {
    let square = r * r;
    let (left2, right2, low2, high2) = (left * left, right * right, low * low, high * high);
    let (width, height) = (right - left, high - low);
    if right2 + high2 <= square {
        return width * height;
    }
    if left2 + low2 >= square || width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let reach = |along: f64| ((r - along) * (r + along)).sqrt();
    // Where the arc enters, as distances from the corner that is nearest to the center.
    let through_top = left2 + high2 < square;
    let enter = if through_top { (reach(high) - left, height) } else { (0.0, reach(left) - low) };
    let through_side = right2 + low2 < square;
    let leave = if through_side { (width, reach(right) - low) } else { (reach(low) - left, 0.0) };
    let polygon = match (through_top, through_side) {
        (true, true) => width * height - 0.5 * (width - enter.0) * (height - leave.1),
        (true, false) => 0.5 * height * (enter.0 + leave.0),
        (false, true) => 0.5 * width * (enter.1 + leave.1),
        (false, false) => 0.5 * leave.0 * enter.1,
    };
    let (dx, dy) = (leave.0 - enter.0, leave.1 - enter.1);
    polygon + square * segment((dx * dx + dy * dy) / (4.0 * square))
}

/// `asin q - q sqrt(1 - q²)` from `q²`.
fn segment(q2: f64) -> f64 {
    let q = q2.sqrt();
    if q2 <= SERIES_LIMIT {
        return q * q2 * SERIES.iter().rev().fold(0.0, |sum, term| sum * q2 + term);
    }
    // Rounding may carry the chord of a whole quadrant a little past a diameter.
    let q = q.min(1.0);
    libm::asin(q) - q * (1.0 - q * q).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn total(center: (f64, f64), radius: f64) -> f64 {
        let reach = radius as i32 + 2;
        let mut area = 0.0;
        for row in -reach..=reach {
            for column in -reach..=reach {
                let (x, y) = (f64::from(column) - center.0, f64::from(row) - center.1);
                area += circle_pixel(x, y, radius);
            }
        }
        area
    }

    #[test]
    fn the_pixels_of_a_circle_add_up_to_its_area() {
        for radius in [1e-3, 0.2, 0.5, 0.7, 1.0, 1.5, 2.0, 2.9, 3.0, 5.0, 12.0, 40.0] {
            for center in [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.3, -0.1), (0.499_999, 1e-9)] {
                let (found, exact) = (total(center, radius), PI * radius * radius);
                assert!((found / exact - 1.0).abs() < 1e-12, "{radius} {center:?}: {found}");
            }
        }
    }

    /// `(x, y, radius, area)`, the area integrated over `x` in closed form with 60 digits (mpmath).
    const AREAS: &[(f64, f64, f64, f64)] = &[
        (-0.1804, 5.2706, 5.5, 0.7188431485344047),
        (11.583, -4.381, 12.0, 0.10108279010636557),
        (5.3548, 0.9868, 5.5, 0.547982152693427),
        (-0.8548, -1.1607, 0.8, 0.002856074323845285),
        (-0.6162, 0.6415, 0.3, 0.01234173004853091),
        (-3.0012, -0.8466, 3.0, 0.3610329024019535),
        (-0.0181, -0.152, 0.3, 0.2827433388230814),
        (1.0598, -0.6147, 0.8, 0.06743832360090468),
        (-3.6272, -3.2985, 5.5, 0.9879662320268939),
        (-0.4841, 0.085, 0.3, 0.15090720121777046),
        (24.9002, 43.0146, 50.0, 0.8283866322398823),
        (-1.0518, -0.2646, 0.8, 0.15494934041510072),
        (1.3513, 0.1843, 1.5, 0.608372859546674),
        (-0.046, 0.529, 0.8, 0.7136361283068694),
        (0.6131, -1.3351, 1.5, 0.4956825812847115),
        (0.5802, 1.3355, 1.5, 0.5108621124534561),
        (0.0686, -0.0227, 0.3, 0.2827433388230814),
        (3.4381, 0.392, 3.0, 0.03168620025420815),
        (-1.4591, 1.4343, 1.5, 0.025081496664806135),
        (2.3829, 0.7204, 3.0, 0.9742092254499384),
        (0.2887, 0.2678, 0.8, 0.890208025409738),
        (46.4887, -17.719, 50.0, 0.7653558176323546),
        (0.8605, -0.6875, 1.5, 0.8969434032188155),
        (2.6441, 2.1334, 3.0, 0.09241296587792533),
        (-33.384, 36.7825, 50.0, 0.8548161688218471),
        (-1.276, -0.1035, 1.5, 0.6919467500130306),
        (4.8541, 3.17, 5.5, 0.16538881423210328),
        (0.3631, 0.7409, 1.5, 0.9998572092686379),
        (-0.0893, -0.4868, 0.8, 0.7510943978137274),
        (-5.2311, -1.1187, 5.5, 0.6458423157059284),
        (-0.0326, -0.5492, 0.8, 0.6942822375052221),
        (-1.3218, 0.378, 1.5, 0.5983575731976899),
        (0.5168, -0.0684, 0.3, 0.13129694037261358),
        (0.8963, -0.1058, 0.8, 0.33896246782451833),
        (-0.8608, -0.9213, 0.8, 0.05538883270234008),
        (0.0473, 0.0845, 0.3, 0.2827433388230814),
        (-0.0159, 0.0234, 0.3, 0.2827433388230814),
        (2.8169, -1.5027, 3.0, 0.2618380264430598),
        (0.7174, -0.109, 0.8, 0.5172979807497134),
        (-1.0153, -2.5108, 3.0, 0.7953699838498943),
        (2.5, 2.5, 2.8284281247461904, 9.999998828151902e-13),
        (12.4999999, 0.0, 12.0, 2.065591096564945e-10),
        (12.499, 0.5, 12.0, 0.00010327826489472409),
    ];

    #[test]
    fn single_pixels_have_the_area_of_sixty_digit_arithmetic() {
        for &(x, y, radius, area) in AREAS {
            let error = (circle_pixel(x, y, radius) - area).abs();
            assert!(error < 1e-13 && error < 1e-12 * area + 1e-15, "{x} {y} {radius}: {error:e}");
        }
    }

    #[test]
    fn pixels_wholly_inside_or_outside_are_exactly_one_or_zero() {
        assert!(circle_pixel(3.0, 4.0, 5.8).to_bits() == 1.0_f64.to_bits());
        assert!(circle_pixel(0.25, -0.25, 1.2).to_bits() == 1.0_f64.to_bits());
        assert!(circle_pixel(3.0, 4.0, 4.2).to_bits() == 0.0_f64.to_bits());
    }
}
