//! Exact area that an ellipse and a pixel share.
//!
//! In units of its axes the ellipse is the unit circle and the pixel a parallelogram. With the center
//! of the circle as a corner, each side of the parallelogram makes a triangle, of which the circle
//! holds: a sector up to where the side enters, the triangle from there to where it leaves, a sector
//! to its end. Their signed sum is the area.

/// An ellipse around the origin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ellipse {
    /// Semi-axes (pixel).
    pub(super) axes: (f64, f64),
    /// Cosine and sine of the angle of the first axis.
    pub(super) direction: (f64, f64),
}

impl Ellipse {
    /// An ellipse with its first axis at `theta` (radian).
    pub(super) fn new(a: f64, b: f64, theta: f64) -> Ellipse {
        let (sine, cosine) = libm::sincos(theta);
        Ellipse { axes: (a, b), direction: (cosine, sine) }
    }

    /// A point in units of the axes.
    pub(super) fn in_axes(&self, x: f64, y: f64) -> (f64, f64) {
        let (cosine, sine) = self.direction;
        ((x * cosine + y * sine) / self.axes.0, (y * cosine - x * sine) / self.axes.1)
    }

    /// Farthest column and row of the ellipse (pixel).
    pub(super) fn reach(&self) -> (f64, f64) {
        let ((a, b), (cosine, sine)) = (self.axes, self.direction);
        let length =
            |along: f64, across: f64| (a * a * along * along + b * b * across * across).sqrt();
        (length(cosine, sine), length(sine, cosine))
    }

    /// Area of the unit pixel centered at `(x, y)` inside the ellipse (pixel²).
    pub(super) fn pixel(&self, x: f64, y: f64) -> f64 {
        let (u, v) = self.in_axes(x, y);
        let distance = (u * u + v * v).sqrt();
        let margin = std::f64::consts::FRAC_1_SQRT_2 / self.axes.0.min(self.axes.1);
        if distance + margin <= 1.0 {
            return 1.0;
        }
        if distance - margin >= 1.0 {
            return 0.0;
        }
        let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
            .map(|(right, up)| self.in_axes(x + right, y + up));
        let [first, second, third, fourth] = corners;
        let area =
            side(first, second) + side(second, third) + side(third, fourth) + side(fourth, first);
        (area * self.axes.0 * self.axes.1).clamp(0.0, 1.0)
    }
}

fn cross(p: (f64, f64), q: (f64, f64)) -> f64 {
    p.0 * q.1 - p.1 * q.0
}

/// Signed area between two directions from the center.
fn sector(p: (f64, f64), q: (f64, f64)) -> f64 {
    0.5 * libm::atan2(cross(p, q), p.0 * q.0 + p.1 * q.1)
}

/// Signed area that the unit circle holds of the triangle of the center, `p` and `q`.
fn side(p: (f64, f64), q: (f64, f64)) -> f64 {
    let (dx, dy) = (q.0 - p.0, q.1 - p.1);
    let (square, along) = (dx * dx + dy * dy, p.0 * dx + p.1 * dy);
    let root = along * along - square * (p.0 * p.0 + p.1 * p.1 - 1.0);
    if root <= 0.0 || square <= 0.0 {
        return sector(p, q);
    }
    let root = root.sqrt();
    let (enter, leave) = ((-along - root) / square, (root - along) / square);
    if enter >= 1.0 || leave <= 0.0 {
        return sector(p, q);
    }
    let at = |t: f64| (p.0 + t * dx, p.1 + t * dy);
    let (from, to) = (at(enter.max(0.0)), at(leave.min(1.0)));
    let before = if enter > 0.0 { sector(p, from) } else { 0.0 };
    let after = if leave < 1.0 { sector(to, q) } else { 0.0 };
    before + 0.5 * cross(from, to) + after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::overlap::circle_pixel;
    use std::f64::consts::PI;

    #[test]
    fn a_round_ellipse_has_the_areas_of_a_circle() {
        for radius in [0.3, 0.8, 2.0, 5.5, 30.0] {
            let round = Ellipse::new(radius, radius, 0.7);
            for step in 0..2000_i32 {
                let x = f64::from(step % 61) * 0.037 * radius - 1.1 * radius;
                let y = f64::from(step % 47) * 0.049 * radius - 1.1 * radius;
                let error = (round.pixel(x, y) - circle_pixel(x, y, radius)).abs();
                assert!(error < 1e-11, "{x} {y} {radius}: {error:e}");
            }
        }
    }

    #[test]
    fn the_pixels_of_an_ellipse_add_up_to_its_area() {
        for (a, b, theta) in [(3.0, 1.0, 0.3), (0.9, 0.2, -1.2), (20.0, 7.0, 1.5), (6.0, 0.05, 0.4)]
        {
            let ellipse = Ellipse::new(a, b, theta);
            let mut area = 0.0;
            for row in -22..=22_i32 {
                for column in -22..=22_i32 {
                    area += ellipse.pixel(f64::from(column) - 0.3, f64::from(row) + 0.1);
                }
            }
            assert!((area / (PI * a * b) - 1.0).abs() < 1e-11, "{a} {b} {theta}: {area}");
        }
    }
}
