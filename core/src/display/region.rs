//! Regions of the detector: which pixels lie inside.
//!
//! A pixel belongs to a region if its center does. Edges belong to a rectangle and to a circle; an
//! annulus has its outer edge and not its inner one, so that it and the circle inside it make up the
//! larger circle.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A region in detector coordinates: x is the column, y the row, both of pixel centers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Region {
    /// `x0 <= x <= x1` and `y0 <= y <= y1`.
    Rectangle {
        /// Left edge, pixels.
        x0: f64,
        /// Lower edge, pixels.
        y0: f64,
        /// Right edge, pixels.
        x1: f64,
        /// Upper edge, pixels.
        y1: f64,
    },
    /// Not farther than `radius` from (x, y).
    Circle {
        /// Column of the center, pixels.
        x: f64,
        /// Row of the center, pixels.
        y: f64,
        /// Radius, pixels.
        radius: f64,
    },
    /// Farther than `inner` from (x, y), and not farther than `outer`.
    Annulus {
        /// Column of the center, pixels.
        x: f64,
        /// Row of the center, pixels.
        y: f64,
        /// Inner radius, pixels.
        inner: f64,
        /// Outer radius, pixels.
        outer: f64,
    },
}

impl Region {
    /// Whether a point lies inside.
    pub fn contains(&self, column: f64, row: f64) -> bool {
        let square = |x: f64, y: f64| (column - x) * (column - x) + (row - y) * (row - y);
        match *self {
            Region::Rectangle { x0, y0, x1, y1 } => {
                (x0..=x1).contains(&column) && (y0..=y1).contains(&row)
            }
            Region::Circle { x, y, radius } => square(x, y) <= radius * radius,
            Region::Annulus { x, y, inner, outer } => {
                square(x, y) > inner * inner && square(x, y) <= outer * outer
            }
        }
    }

    /// The region in the coordinates of an image whose first pixel lies at `origin` (column, row).
    pub fn seen_from(&self, origin: (f64, f64)) -> Region {
        match *self {
            Region::Rectangle { x0, y0, x1, y1 } => Region::Rectangle {
                x0: x0 - origin.0,
                y0: y0 - origin.1,
                x1: x1 - origin.0,
                y1: y1 - origin.1,
            },
            Region::Circle { x, y, radius } => {
                Region::Circle { x: x - origin.0, y: y - origin.1, radius }
            }
            Region::Annulus { x, y, inner, outer } => {
                Region::Annulus { x: x - origin.0, y: y - origin.1, inner, outer }
            }
        }
    }

    /// The rows and columns of an image of `(rows, columns)` that can lie inside.
    pub fn window(&self, (rows, columns): (usize, usize)) -> (Range<usize>, Range<usize>) {
        let [x0, y0, x1, y1] = match *self {
            Region::Rectangle { x0, y0, x1, y1 } => [x0, y0, x1, y1],
            Region::Circle { x, y, radius: reach } | Region::Annulus { x, y, outer: reach, .. } => {
                [x - reach, y - reach, x + reach, y + reach]
            }
        };
        // One pixel more on each side: the sums above are rounded. A cast takes the nearest integer
        // that there is.
        let window = |low: f64, high: f64, count: usize| {
            let first = ((low - 1.0).max(0.0) as usize).min(count);
            first..((high + 2.0).max(0.0) as usize).clamp(first, count)
        };
        (window(y0, y1, rows), window(x0, x1, columns))
    }

    /// Refuses what is no region.
    ///
    /// # Errors
    /// If a number is not finite, a radius is negative, or edges are in the wrong order.
    pub fn check(&self) -> Result<()> {
        let (numbers, in_order) = match *self {
            Region::Rectangle { x0, y0, x1, y1 } => ([x0, y0, x1, y1], x0 <= x1 && y0 <= y1),
            Region::Circle { x, y, radius } => ([x, y, radius, 0.0], radius >= 0.0),
            Region::Annulus { x, y, inner, outer } => {
                ([x, y, inner, outer], inner >= 0.0 && inner <= outer)
            }
        };
        if numbers.iter().all(|number| number.is_finite()) && in_order {
            return Ok(());
        }
        let needed = "finite numbers, edges in order, radii of at least 0";
        Err(Error::parameter("region", format!("{self:?}"), needed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(region: Region) -> usize {
        let inside = |at: usize| region.contains((at % 100) as f64, (at / 100) as f64);
        (0..10_000).filter(|&at| inside(at)).count()
    }

    #[test]
    fn edges_belong_to_rectangles_and_circles() {
        assert_eq!(area(Region::Rectangle { x0: 2.0, y0: 3.0, x1: 4.0, y1: 4.9 }), 6);
        assert_eq!(area(Region::Circle { x: 50.0, y: 50.0, radius: 0.0 }), 1);
        assert_eq!(area(Region::Circle { x: 50.0, y: 50.0, radius: 1.0 }), 5);
        // The pixels of Gauss's circle problem.
        assert_eq!(area(Region::Circle { x: 50.0, y: 50.0, radius: 10.0 }), 317);
    }

    #[test]
    fn an_annulus_and_its_hole_make_up_the_circle() {
        let (x, y) = (48.0, 51.0);
        let hole = area(Region::Circle { x, y, radius: 5.0 });
        let ring = area(Region::Annulus { x, y, inner: 5.0, outer: 13.0 });
        assert_eq!(hole + ring, area(Region::Circle { x, y, radius: 13.0 }));
    }

    #[test]
    fn the_window_holds_every_pixel_inside() {
        let regions = [
            Region::Rectangle { x0: -3.0, y0: 1.5, x1: 8.0, y1: 300.0 },
            Region::Circle { x: 9.3, y: 9.7, radius: 4.4 },
            Region::Annulus { x: 0.0, y: 19.0, inner: 2.0, outer: 7.0 },
            Region::Circle { x: -50.0, y: 9.0, radius: 3.0 },
            Region::Circle { x: 500.0, y: 9.0, radius: 3.0 },
        ];
        for region in regions {
            let (rows, columns) = region.window((20, 30));
            assert!(rows.end <= 20 && columns.end <= 30);
            for at in 0..600 {
                let (row, column) = (at / 30, at % 30);
                if region.contains(column as f64, row as f64) {
                    assert!(rows.contains(&row) && columns.contains(&column), "{region:?}");
                }
            }
        }
    }

    #[test]
    fn a_shifted_region_holds_the_shifted_points() {
        let regions = [
            Region::Rectangle { x0: 1.0, y0: 2.0, x1: 8.0, y1: 9.0 },
            Region::Circle { x: 5.0, y: 6.0, radius: 3.0 },
            Region::Annulus { x: 5.0, y: 6.0, inner: 1.0, outer: 3.0 },
        ];
        for region in regions {
            let shifted = region.seen_from((4.0, -2.0));
            for at in 0..400 {
                let (x, y) = (f64::from(at % 20), f64::from(at / 20));
                assert_eq!(shifted.contains(x - 4.0, y + 2.0), region.contains(x, y));
            }
        }
    }

    #[test]
    fn what_is_no_region_is_refused() {
        assert!(Region::Circle { x: 0.0, y: 0.0, radius: 0.0 }.check().is_ok());
        let wrong = [
            Region::Circle { x: 0.0, y: 0.0, radius: -1.0 },
            Region::Circle { x: f64::NAN, y: 0.0, radius: 1.0 },
            Region::Annulus { x: 0.0, y: 0.0, inner: 2.0, outer: 1.0 },
            Region::Rectangle { x0: 1.0, y0: 0.0, x1: 0.0, y1: 1.0 },
            Region::Rectangle { x0: 1.0, y0: 0.0, x1: f64::INFINITY, y1: 1.0 },
        ];
        assert!(wrong.iter().all(|region| region.check().is_err()));
    }
}
