//! The map from the pixels of an image to the plane: two polynomials, fitted robustly.

use super::plane::{Matrix, Point};
use crate::numerics::least_squares::LeastSquares;
use crate::numerics::stats::finite_median;

/// Two polynomials of the pixel `(u, v)` counted from the middle of the image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Polynomial {
    pub(super) order: usize,
    /// Unit of `u` and `v` (pixel), so that powers stay of the order of one.
    unit: f64,
    /// Coefficients of both axes, in the order of [`powers`].
    axes: [Vec<f64>; 2],
}

/// A star of the image with its place in the plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) pixel: Point,
    pub(super) place: Point,
    pub(super) weight: f64,
}

/// Powers of `u` and `v`, by rising order.
pub(super) fn powers(order: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..=order).flat_map(|degree| (0..=degree).map(move |v| (degree - v, v)))
}

/// Coefficients of one axis.
pub(super) fn terms(order: usize) -> usize {
    (order + 1) * (order + 2) / 2
}

fn basis(order: usize, (u, v): Point, out: &mut Vec<f64>) {
    out.clear();
    let mut before = 0;
    out.push(1.0);
    for degree in 1..=order {
        // Those of the degree before times u, and its last one times v.
        let last = out.len();
        for at in before..last {
            let value = out.get(at).copied().unwrap_or(0.0);
            out.push(value * u);
        }
        let value = out.get(last - 1).copied().unwrap_or(0.0);
        out.push(value * v);
        before = last;
        debug_assert_eq!(out.len(), terms(degree));
    }
}

impl Polynomial {
    /// The least-squares polynomial of an order; `None` if the samples do not determine it.
    pub(super) fn fit(samples: &[Sample], order: usize, unit: f64) -> Option<Polynomial> {
        let mut fit = LeastSquares::new(terms(order), 2);
        let mut row = Vec::with_capacity(terms(order));
        for sample in samples {
            basis(order, (sample.pixel.0 / unit, sample.pixel.1 / unit), &mut row);
            fit.add(&row, sample.weight, &[sample.place.0, sample.place.1]);
        }
        let axes = <[Vec<f64>; 2]>::try_from(fit.solve()?).ok()?;
        axes.iter().flatten().all(|c| c.is_finite()).then_some(Polynomial { order, unit, axes })
    }

    /// The place of a pixel.
    pub(super) fn at(&self, pixel: Point) -> Point {
        let mut row = Vec::with_capacity(terms(self.order));
        basis(self.order, (pixel.0 / self.unit, pixel.1 / self.unit), &mut row);
        let [x, y] =
            self.axes.each_ref().map(|axis| axis.iter().zip(&row).map(|(c, b)| c * b).sum());
        (x, y)
    }

    /// Coefficients by power of `(u, v)` in pixels: `((i, j), (of x, of y))`.
    pub(super) fn coefficients(&self) -> Vec<((usize, usize), Point)> {
        let [x, y] = &self.axes;
        let scaled = |((i, j), (&x, &y)): ((usize, usize), (&f64, &f64))| {
            let scale = (0..i + j).fold(1.0, |scale, _| scale / self.unit);
            ((i, j), (x * scale, y * scale))
        };
        powers(self.order).zip(x.iter().zip(y)).map(scaled).collect()
    }

    /// Its slope and value at the middle of the image.
    pub(super) fn linear_part(&self) -> (Matrix, Point) {
        let [x, y] = self.axes.each_ref().map(|axis| {
            let of = |at: usize| axis.get(at).copied().unwrap_or(0.0);
            (of(0), [of(1) / self.unit, of(2) / self.unit])
        });
        ([x.1, y.1], (x.0, y.0))
    }

    /// A polynomial that is a linear map and a shift.
    pub(super) fn linear(matrix: &Matrix, shift: Point, unit: f64) -> Polynomial {
        let [[a, b], [c, d]] = *matrix;
        let axes = [vec![shift.0, a * unit, b * unit], vec![shift.1, c * unit, d * unit]];
        Polynomial { order: 1, unit, axes }
    }
}

/// Rounds of clipping.
const ROUNDS: usize = 10;
/// The median of the radius of a two-dimensional Gaussian, in sigma of one axis: sqrt(2 ln 2).
const MEDIAN_RADIUS: f64 = 1.177_410_022_515_474_7;

/// Fits, leaves out samples beyond `clip` sigma (never counted below `floor` pixels), and fits again until
/// nothing changes. Gives the polynomial, which samples it is of, and the robust sigma of one axis.
pub(super) fn fit_clipped(
    samples: &[Sample],
    order: usize,
    unit: f64,
    (clip, floor): (f64, f64),
) -> Option<(Polynomial, Vec<bool>, f64)> {
    let mut kept = vec![true; samples.len()];
    let mut last = None;
    for _ in 0..ROUNDS {
        let used: Vec<Sample> =
            samples.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(s, _)| *s).collect();
        if used.len() < terms(order) + 2 {
            return None;
        }
        let polynomial = Polynomial::fit(&used, order, unit)?;
        let radii: Vec<f64> = samples.iter().map(|sample| residual(&polynomial, sample)).collect();
        let inside = radii.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(r, _)| *r);
        let sigma = finite_median(inside)? / MEDIAN_RADIUS;
        let limit = (clip * sigma).max(floor);
        let now: Vec<bool> = radii.iter().map(|&radius| radius <= limit).collect();
        let same = now == kept;
        last = Some((polynomial, kept, sigma));
        if same {
            break;
        }
        kept = now;
    }
    last
}

/// Distance of a sample from the map (pixel).
pub(super) fn residual(polynomial: &Polynomial, sample: &Sample) -> f64 {
    let found = polynomial.at(sample.pixel);
    libm::hypot(found.0 - sample.place.0, found.1 - sample.place.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_is_found_in_spite_of_wrong_pairs() {
        let truth = |(u, v): Point| {
            (3.0 + 1.01 * u - 0.02 * v + 1e-6 * u * u + 2e-9 * u * v * v, v - 4e-9 * u * u * u)
        };
        let samples: Vec<Sample> = (0..200_u32)
            .map(|k| {
                let pixel = (
                    f64::from((k * 7919) % 2001) - 1000.0,
                    f64::from((k * 104_729) % 1999) - 999.0,
                );
                let (x, y) = truth(pixel);
                let off = if k % 10 == 3 { 5.0 } else { 0.0 };
                Sample { pixel, place: (x + off, y - off), weight: 1.0 }
            })
            .collect();
        let (found, kept, sigma) = fit_clipped(&samples, 3, 1000.0, (4.0, 0.01)).unwrap();
        assert_eq!(kept.iter().filter(|kept| !**kept).count(), 20);
        assert!(sigma < 1e-9);
        for pixel in [(0.0, 0.0), (900.0, -800.0), (-1000.0, 1000.0)] {
            let (found, wanted) = (found.at(pixel), truth(pixel));
            assert!((found.0 - wanted.0).abs() + (found.1 - wanted.1).abs() < 1e-8);
        }
        let of = |power| found.coefficients().into_iter().find(|c| c.0 == power).unwrap().1;
        assert!((of((1, 2)).0 - 2e-9).abs() < 1e-14 && (of((3, 0)).1 + 4e-9).abs() < 1e-14);
        assert_eq!(powers(2).collect::<Vec<_>>(), [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]);
    }
}
