//! Which points have no other point near them.
//!
//! The points are sorted into cubic cells as wide as the distance in question, so that neighbors
//! lie in the same or an adjacent cell; cells are found by bisection. The order of the work is
//! `n log n` and its result does not depend on the order of the points. On the sphere the points
//! are unit vectors and the distance is the chord `2 sin(radius / 2)`.

use std::f64::consts::PI;

/// For each direction `(ra, dec)` (radian), whether no other lies within `radius` (radian).
///
/// A direction that is not finite is near nothing.
pub fn isolated(directions: &[(f64, f64)], radius: f64) -> Vec<bool> {
    let unit_vector = |&(ra, dec): &(f64, f64)| {
        let (sin_dec, cos_dec) = libm::sincos(dec);
        let (sin_ra, cos_ra) = libm::sincos(ra);
        [cos_dec * cos_ra, cos_dec * sin_ra, sin_dec]
    };
    let points: Vec<Point> = directions.iter().map(unit_vector).collect();
    alone(&points, 2.0 * libm::sin(0.5 * radius.clamp(0.0, PI)))
}

/// For each point of the plane, whether no other lies within `radius`, in the same unit.
///
/// A point that is not finite is near nothing.
pub fn isolated_in_plane(points: &[(f64, f64)], radius: f64) -> Vec<bool> {
    let points: Vec<Point> = points.iter().map(|&(x, y)| [x, y, 0.0]).collect();
    alone(&points, radius)
}

type Point = [f64; 3];
type Cell = [i64; 3];

fn alone(points: &[Point], distance: f64) -> Vec<bool> {
    if distance.is_nan() || distance <= 0.0 {
        return vec![true; points.len()];
    }
    let cell = |point: &Point| point.map(|along| (along / distance).floor() as i64);
    let mut sorted: Vec<(Cell, Point)> = points.iter().map(|point| (cell(point), *point)).collect();
    sorted.sort_by_key(|entry| entry.0);
    // A point finds itself too: it is alone if it finds no second one.
    points.iter().map(|point| count_near(&sorted, cell(point), point, distance) < 2).collect()
}

/// How many points lie within `distance`, counted up to two, nearest cells first.
fn count_near(sorted: &[(Cell, Point)], cell: Cell, point: &Point, distance: f64) -> usize {
    let mut count = 0;
    for (across, along) in
        [(0, 0), (0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]
    {
        let at = |offset: i64| {
            let [x, y, z] = cell;
            [x.saturating_add(across), y.saturating_add(along), z.saturating_add(offset)]
        };
        let (first, last) = (at(-1), at(1));
        let start = sorted.partition_point(|entry| entry.0 < first);
        let column = sorted.iter().skip(start).take_while(|entry| entry.0 <= last);
        for (_, other) in column {
            count += usize::from(squared_distance(point, other) <= distance * distance);
            if count == 2 {
                return count;
            }
        }
    }
    count
}

fn squared_distance(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::sky::{ARCSECOND, DEGREE, separation};

    /// Irregular points of the unit square.
    fn spread(n: u64) -> Vec<(f64, f64)> {
        let mix = |k: u64| k.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (k.wrapping_mul(k) << 40);
        let fraction = |k: u64| (mix(mix(k) >> 7) >> 11) as f64 / (1_u64 << 53) as f64;
        (0..n).map(|k| (fraction(2 * k + 1), fraction(2 * k + 2))).collect()
    }

    #[test]
    fn every_pair_of_the_sphere_is_judged_as_by_trying_all() {
        for (ra, dec, width) in [(0.0, 0.3, 0.02), (6.27, -1.2, 0.06), (0.0, 1.55, 6.2)] {
            let at = |&(u, v): &(f64, f64)| (ra + u * width, dec + v * 0.02);
            let directions: Vec<_> = spread(400).iter().map(at).collect();
            let radius = 3.5e-4;
            let found = isolated(&directions, radius);
            for (i, &here) in directions.iter().enumerate() {
                let near = |(j, &there): (usize, &_)| i != j && separation(here, there) <= radius;
                assert_eq!(found[i], !directions.iter().enumerate().any(near));
            }
            assert!(found.iter().any(|&alone| alone) && !found.iter().all(|&alone| alone));
        }
    }

    #[test]
    fn neighbors_are_found_across_the_equinox_and_over_the_pole() {
        let pair = |a: (f64, f64), b: (f64, f64)| {
            let directions = [a, b].map(|(ra, dec)| (ra * DEGREE, dec * DEGREE));
            isolated(&directions, 20.0 * ARCSECOND)
        };
        assert_eq!(pair((359.999, 0.0), (0.001, 0.0)), [false, false]);
        assert_eq!(pair((10.0, 89.999), (190.0, 89.999)), [false, false]);
        assert_eq!(pair((10.0, 89.99), (190.0, 89.99)), [true, true]);
    }

    #[test]
    fn in_the_plane_the_border_belongs_to_the_circle() {
        let points = [(0.0, 0.0), (3.0, 4.0), (30.0, 4.0)];
        assert_eq!(isolated_in_plane(&points, 5.0), [false, false, true]);
        assert_eq!(isolated_in_plane(&points, 4.999), [true, true, true]);
        assert_eq!(isolated_in_plane(&[], 5.0), Vec::<bool>::new());
    }
}
