//! Which objects are stars: whole, bright, alone, and of the size and shape that most have.
//!
//! Candidates have a circle within the image and off the mask, no neighbor told apart from them, little
//! light of others nearby, and a flux of so many sigma. Of their sizes `ln sigma` the half-sample mode
//! is where stars are: galaxies are larger and all different, cosmic rays smaller. From there those
//! beyond the clip are left out until none changes, then those of another ellipticity.
//!
//! * Reference: Bickel & Frühwirth 2006, Comput. Stat. Data Anal. 50, 3500 (the half-sample mode).

use super::Params;
use super::moments::{Moments, adaptive};
use crate::measure::aperture::Pixels;
use crate::numerics::stats::{finite_median, median_and_sigma};

/// Farthest size from the mode at the start (natural logarithm).
const START: f64 = 0.25;
/// Sizes (natural logarithm) and ellipticities within this of the median always stay.
const FLOOR: f64 = 0.02;
/// Rounds of clipping.
const ROUNDS: usize = 40;
/// Reach of a star's window over its half-light radius (ratio), with room for a neighbor's own light.
const ISOLATION: f64 = 6.0;

/// An object as the selection sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Source {
    /// Column (pixel).
    pub x: f64,
    /// Row (pixel).
    pub y: f64,
    /// Half-light radius (pixel).
    pub radius_pix: f64,
    /// Its light (DN), for what it does to neighbors.
    pub light: f64,
    /// Flux in the calibration aperture (DN).
    pub flux: f64,
    /// Its error (DN).
    pub flux_err: f64,
    /// Whether its flags let it be a star.
    pub usable: bool,
}

/// A star of the selection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Star {
    /// Its row in the table.
    pub(super) row: usize,
    pub(super) source: Source,
    pub(super) moments: Moments,
}

impl Source {
    fn signal(&self) -> f64 {
        self.flux / self.flux_err
    }
}

/// The bright usable objects without much light of others within `radius` of theirs, brightest first.
pub(super) fn alone(sources: &[Source], radius: f64, params: &Params) -> Vec<usize> {
    let mut by_row: Vec<(f64, usize)> = sources.iter().map(|one| one.y).zip(0..).collect();
    by_row.retain(|(y, _)| y.is_finite());
    by_row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let quiet = |own: usize, star: &Source| {
        let start = by_row.partition_point(|(y, _)| *y < star.y - radius);
        let near = by_row.iter().skip(start).take_while(|(y, _)| *y <= star.y + radius);
        let light = near.filter_map(|(_, at)| {
            let other = sources.get(*at).filter(|_| *at != own)?;
            let (dx, dy) = (other.x - star.x, other.y - star.y);
            (dx * dx + dy * dy <= radius * radius && other.light > 0.0).then_some(other.light)
        });
        light.sum::<f64>() <= params.neighbors_fraction * star.light
    };
    let bright = |star: &Source| star.usable && params.min_signal_ratio <= star.signal();
    let candidate =
        |(row, star): (usize, &Source)| (bright(star) && quiet(row, star)).then_some(row);
    let mut rows: Vec<usize> = sources.iter().enumerate().filter_map(candidate).collect();
    let flux = |row: &usize| sources.get(*row).map_or(0.0, |star| star.flux);
    rows.sort_by(|a, b| flux(b).total_cmp(&flux(a)).then(a.cmp(b)));
    rows
}

/// The stars, brightest first; the candidates among which they are in `Err` if they are too few.
pub(super) fn stars(
    pixels: Pixels<'_>,
    sources: &[Source],
    params: &Params,
) -> std::result::Result<Vec<Star>, usize> {
    let bright = sources.iter().filter(|star| star.usable && star.flux > 0.0);
    let radius = finite_median(bright.map(|star| star.radius_pix)).unwrap_or(1.0).max(0.5);
    let measured = |row: usize| {
        let source = *sources.get(row)?;
        // The sigma of a Gaussian over its half-light radius.
        let sigma = 0.85 * source.radius_pix.clamp(0.5, 4.0 * radius);
        let moments = adaptive(pixels, params.mask_bits, (source.x, source.y), sigma)?;
        (moments.sigma() > 0.0).then_some(Star { row, source, moments })
    };
    let rows = alone(sources, ISOLATION * radius, params);
    let mut stars: Vec<Star> =
        rows.into_iter().filter_map(measured).take(params.max_stars).collect();
    let given = stars.len();
    if given < params.min_stars {
        return Err(given);
    }
    let size = |star: &Star| libm::log(star.moments.sigma());
    let mode = mode(stars.iter().map(size).collect());
    stars.retain(|star| (size(star) - mode).abs() <= START);
    clip(&mut stars, size, params.clip_sigma);
    clip(&mut stars, |star| star.moments.ellipticity().0, params.clip_sigma);
    clip(&mut stars, |star| star.moments.ellipticity().1, params.clip_sigma);
    if stars.len() < params.min_stars { Err(given) } else { Ok(stars) }
}

/// The half-sample mode: the densest half of the densest half, and so on.
fn mode(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let mut rest = values.as_slice();
    while rest.len() > 3 {
        let half = rest.len().div_ceil(2);
        let mut densest = rest.get(..half).unwrap_or_default();
        let mut least = f64::INFINITY;
        for part in rest.windows(half) {
            let width = part.last().zip(part.first()).map_or(0.0, |(last, first)| last - first);
            if width < least {
                (densest, least) = (part, width);
            }
        }
        rest = densest;
    }
    finite_median(rest.iter().copied()).unwrap_or(0.0)
}

fn clip(stars: &mut Vec<Star>, value: impl Fn(&Star) -> f64, sigmas: f64) {
    for _ in 0..ROUNDS {
        let values: Vec<f64> = stars.iter().map(&value).collect();
        let Some((middle, sigma)) = median_and_sigma(&values) else { return };
        let before = stars.len();
        stars.retain(|star| (value(star) - middle).abs() <= (sigmas * sigma).max(FLOOR));
        if stars.len() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_where_values_are_dense() {
        let stars = (0..40).map(|k| 0.5 + 0.001 * f64::from((k * 17) % 40));
        let galaxies = (0..100).map(|k| 0.6 + 0.02 * f64::from((k * 37) % 100));
        let found = mode(galaxies.chain(stars).collect());
        assert!((0.5..0.54).contains(&found), "{found}");
        assert_eq!(mode(vec![1.0]), 1.0);
        assert_eq!(mode(Vec::new()), 0.0);
    }

    #[test]
    fn a_bright_neighbor_disqualifies_and_a_faint_one_does_not() {
        let star = |x: f64, flux: f64| Source {
            x,
            y: 50.0,
            radius_pix: 1.0,
            light: flux,
            flux,
            flux_err: 1.0,
            usable: true,
        };
        let mut all = vec![star(10.0, 1e4), star(18.0, 90.0), star(40.0, 1e3), star(48.0, 2e3)];
        let params = Params::default();
        assert_eq!(alone(&all, 10.0, &params), [0]);
        assert_eq!(alone(&all, 7.0, &params), [0, 3, 2, 1]);
        all[0].usable = false;
        assert!(alone(&all, 10.0, &params).is_empty());
        all[3].y = f64::NAN;
        assert_eq!(alone(&all, 10.0, &params), [3, 2]);
    }
}
