//! The image of a star: a Moffat profile, integrated over each pixel, cut where it no longer counts.
//!
//! ```text
//! I(r) = F (β - 1) / (π α²) (1 + r²/α²)^-β     β = 4.765, FWHM = 2 α sqrt(2^(1/β) - 1)
//! radius where I falls to l:  r = α sqrt((I(0) / l)^(1/β) - 1)
//! ```
//!
//! β of Trujillo et al. 2001 (MNRAS 328, 977), the wing of a turbulent atmosphere. Each pixel is a
//! 3 x 3 Gauss-Legendre quadrature. The kept pixels are scaled to hold the whole flux `F`.

use ndarray::Array2;

use crate::numerics::power::power;

/// Exponent of the profile.
const BETA: f64 = 4.765;

/// Nodes of the three-point Gauss-Legendre rule on a pixel, from its middle (`sqrt(3/5) / 2`).
const NODES: [f64; 3] = [-0.387_298_334_620_741_7, 0.0, 0.387_298_334_620_741_7];
/// Their weights.
const WEIGHTS: [f64; 3] = [5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0];

/// Largest radius of a star (pixels).
const MAX_RADIUS_PIX: f64 = 200.0;

/// A profile of given width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Psf {
    alpha: f64,
}

/// A star on the array of an amplifier (stored order).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    /// Column of its middle, zero-based.
    pub(crate) x: f64,
    /// Row of its middle, zero-based.
    pub(crate) y: f64,
    /// Flux (DN at the nominal gain).
    pub(crate) flux: f64,
}

/// The brick in which a star is drawn before it is laid on the array.
#[derive(Debug, Default)]
pub(crate) struct Stamp {
    values: Vec<f64>,
    columns: Vec<[f64; 3]>,
}

impl Psf {
    /// The profile with this full width at half maximum (pixels).
    pub(crate) fn new(fwhm_pix: f64) -> Psf {
        Psf { alpha: 0.5 * fwhm_pix / (libm::exp2(1.0 / BETA) - 1.0).sqrt() }
    }

    /// Light per pixel in the middle of a star of flux 1.
    fn peak(self) -> f64 {
        (BETA - 1.0) / (std::f64::consts::PI * self.alpha * self.alpha)
    }

    /// Where a star of `flux` falls to `level` per pixel (pixels); 0 if it never reaches it.
    pub(crate) fn radius(self, flux: f64, level: f64) -> f64 {
        let contrast = flux * self.peak() / level;
        if contrast.is_nan() || contrast <= 1.0 {
            return 0.0;
        }
        let radius = self.alpha * (libm::pow(contrast, 1.0 / BETA) - 1.0).sqrt();
        radius.min(MAX_RADIUS_PIX)
    }

    /// Adds a star to `image`, out to the radius where it falls to `level`.
    pub(crate) fn draw(self, spot: Spot, level: f64, stamp: &mut Stamp, image: &mut Array2<f32>) {
        let radius = self.radius(spot.flux, level).max(3.0);
        let (rows, columns) = image.dim();
        let outside = |at: f64, count: usize| at < -radius - 1.0 || at > count as f64 + radius;
        let finite = spot.x.is_finite() && spot.y.is_finite() && spot.flux > 0.0;
        if !finite || outside(spot.x, columns) || outside(spot.y, rows) {
            return;
        }
        let half = radius.ceil() as i64;
        let (x, y) = ((spot.x + 0.5).floor(), (spot.y + 0.5).floor());
        let sum = self.fill(stamp, half, radius, (spot.x - x, spot.y - y));
        let (scale, side) = (spot.flux / sum, (2 * half + 1) as usize);
        for (j, values) in stamp.values.chunks_exact(side).enumerate() {
            let row = usize::try_from(y as i64 - half + j as i64).ok();
            let Some(row) = row.filter(|&row| row < rows) else { continue };
            let mut pixels = image.row_mut(row);
            for (i, value) in values.iter().enumerate() {
                let column = usize::try_from(x as i64 - half + i as i64).ok();
                if let Some(pixel) = column.and_then(|column| pixels.get_mut(column)) {
                    *pixel = (f64::from(*pixel) + scale * value) as f32;
                }
            }
        }
    }

    /// Fills the stamp with the profile around `offset` from its middle; gives its sum.
    fn fill(self, stamp: &mut Stamp, half: i64, radius: f64, offset: (f64, f64)) -> f64 {
        let per_alpha2 = 1.0 / (self.alpha * self.alpha);
        let squares = |pixel: i64, offset: f64| {
            NODES.map(|node| {
                let distance = pixel as f64 + node - offset;
                distance * distance * per_alpha2
            })
        };
        let limit = radius * radius * per_alpha2;
        stamp.columns.clear();
        stamp.columns.extend((-half..=half).map(|pixel| squares(pixel, offset.0)));
        stamp.values.clear();
        let mut sum = 0.0;
        for row in -half..=half {
            let y2 = squares(row, offset.1);
            for x2 in &stamp.columns {
                let kept = x2[1] + y2[1] <= limit;
                let value = if kept { pixel_integral(*x2, y2) } else { 0.0 };
                sum += value;
                stamp.values.push(value);
            }
        }
        sum
    }
}

/// The integral of `(1 + x² + y²)^-β` over a pixel, from the squares at the nodes.
fn pixel_integral(x2: [f64; 3], y2: [f64; 3]) -> f64 {
    let mut sum = 0.0;
    for (y2, weight_y) in y2.iter().zip(WEIGHTS) {
        for (x2, weight_x) in x2.iter().zip(WEIGHTS) {
            sum += weight_x * weight_y * power(1.0 + x2 + y2, -BETA);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(spot: Spot, shape: (usize, usize)) -> Array2<f32> {
        let mut image = Array2::zeros(shape);
        Psf::new(2.1).draw(spot, 0.05, &mut Stamp::default(), &mut image);
        image
    }

    #[test]
    fn a_star_keeps_its_flux_and_its_place() {
        for flux in [100.0, 1e4, 5e5] {
            let (x, y) = (40.3, 39.6);
            let image = drawn(Spot { x, y, flux }, (81, 81));
            let mut sums = [0.0; 3];
            for ((row, column), &pixel) in image.indexed_iter() {
                let value = f64::from(pixel);
                sums[0] += value;
                sums[1] += value * column as f64;
                sums[2] += value * row as f64;
            }
            assert!((sums[0] / flux - 1.0).abs() < 1e-5);
            assert!((sums[1] / sums[0] - x).abs() < 0.01 && (sums[2] / sums[0] - y).abs() < 0.01);
        }
    }

    #[test]
    fn a_bright_star_follows_the_growth_curve_of_the_profile() {
        let (x, y, flux) = (60.0, 60.0, 1e7);
        let image = drawn(Spot { x, y, flux }, (121, 121));
        let psf = Psf::new(2.1);
        for radius in [4.0_f64, 8.0] {
            // Pixels whole inside or out: the sum lies between the closed forms of a disc half a
            // pixel diagonal smaller and larger.
            let inside: f64 = image
                .indexed_iter()
                .filter(|((row, column), _)| {
                    let (dx, dy) = (*column as f64 - x, *row as f64 - y);
                    dx * dx + dy * dy <= radius * radius
                })
                .map(|(_, &pixel)| f64::from(pixel))
                .sum();
            let closed =
                |r: f64| 1.0 - libm::pow(1.0 + r * r / (psf.alpha * psf.alpha), 1.0 - BETA);
            let share = inside / flux;
            assert!(share > closed(radius - 0.71) && share < closed(radius + 0.71), "{share}");
        }
    }

    #[test]
    fn the_width_and_the_radius_are_those_of_the_profile() {
        let psf = Psf::new(2.1);
        let peak = psf.peak();
        assert!((psf.radius(1.0, 0.5 * peak) - 1.05).abs() < 1e-12);
        assert!(psf.radius(1.0, peak).abs() < 1e-12 && psf.radius(1.0, 2.0 * peak).abs() < 1e-12);
    }

    #[test]
    fn a_star_at_the_edge_is_cut_by_it() {
        let whole = drawn(Spot { x: 20.2, y: 20.4, flux: 1e4 }, (41, 41));
        let mut cut = Array2::zeros((10, 41));
        let spot = Spot { x: 20.2, y: -0.6, flux: 1e4 };
        Psf::new(2.1).draw(spot, 0.05, &mut Stamp::default(), &mut cut);
        let part = whole.slice(ndarray::s![21..31, ..]);
        assert!(cut.iter().zip(part).all(|(a, b)| (a - b).abs() < 1e-3));
        let nowhere = drawn(Spot { x: f64::NAN, y: 3.0, flux: 1.0 }, (5, 5));
        assert!(nowhere.iter().all(|&pixel| pixel.to_bits() == 0));
    }
}
