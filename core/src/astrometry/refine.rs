//! From a guess to a map: matches within a shrinking radius, and a fit of rising order.

use super::near;
use super::params::Params;
use super::plane::{Point, determinant};
use super::polynomial::{Polynomial, Sample, fit_clipped, residual, terms};
use super::sure::{Counts, log10_chance};
use super::vote::Guess;

/// The two lists of stars in pixels: those of the image from its middle, the references in the plane.
pub(super) struct Lists {
    pub(super) spots: Vec<Point>,
    /// Weight of each spot (inverse variance, pixel⁻²).
    pub(super) weights: Vec<f64>,
    pub(super) references: Vec<Point>,
    /// Half height and half width of the image (pixel).
    pub(super) half: Point,
}

/// A map with what it matches.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) polynomial: Polynomial,
    /// Indices of spots and references.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Farthest apart that two of a pair may be (pixel).
    pub(super) radius_pix: f64,
    /// Robust sigma of one axis (pixel).
    pub(super) sigma_pix: f64,
    /// References on the image.
    pub(super) n_references: usize,
    /// Decimal logarithm of the probability that this is chance.
    pub(super) log10_chance: f64,
}

/// The radius of the first match over half the diagonal; the guess is good to 0.01.
const FIRST_RADIUS: f64 = 0.015;
/// By how much the radius shrinks.
const SHRINK: f64 = 0.75;
/// Least radius of a match (pixel).
const LEAST_RADIUS: f64 = 1.0;
/// The first radius of the last fit over that of the linear one.
const WIDER: f64 = 3.0;
/// Residuals below this part of the radius are not clipped while it shrinks.
const FLOOR_OF_RADIUS: f64 = 0.5;
/// Rounds of the last fit.
const ROUNDS: usize = 14;

impl Lists {
    pub(super) fn half_diagonal(&self) -> f64 {
        libm::hypot(self.half.0, self.half.1)
    }

    /// The pairs under a map, and as samples of a fit.
    fn matched(&self, map: &Polynomial, radius: f64) -> (Vec<(usize, usize)>, Vec<Sample>) {
        let predicted: Vec<Point> = self.spots.iter().map(|&spot| map.at(spot)).collect();
        let pairs = near::pairs(&predicted, &self.references, radius);
        let sample = |&(spot, reference): &(usize, usize)| {
            Some(Sample {
                pixel: *self.spots.get(spot)?,
                place: *self.references.get(reference)?,
                weight: self.weights.get(spot).copied().unwrap_or(1.0),
            })
        };
        let samples: Vec<Sample> = pairs.iter().filter_map(sample).collect();
        (pairs, samples)
    }

    /// References that fall on the image, by the linear part of the map.
    fn on_image(&self, map: &Polynomial) -> usize {
        let (matrix, shift) = map.linear_part();
        let inverse = super::plane::inverse(&matrix);
        let inside = |&&(x, y): &&Point| {
            let (u, v) = super::plane::times(&inverse, (x - shift.0, y - shift.1));
            u.abs() <= self.half.0 && v.abs() <= self.half.1
        };
        self.references.iter().filter(inside).count()
    }

    fn judge(&self, map: &Polynomial, (matched, radius_pix): (usize, f64), trials: f64) -> f64 {
        let counts = Counts {
            spots: self.spots.len(),
            references: self.on_image(map),
            area_pix2: 4.0 * self.half.0 * self.half.1,
            matched,
            terms: terms(map.order),
            radius_pix,
        };
        log10_chance(&counts, trials)
    }
}

/// The best linear map near a guess.
pub(super) fn linear(lists: &Lists, guess: &Guess, params: &Params, trials: f64) -> Option<Match> {
    let unit = lists.half.0.max(lists.half.1);
    let mut map = Polynomial::linear(&guess.matrix, guess.shift, unit);
    let mut radius = (FIRST_RADIUS * lists.half_diagonal()).max(2.0 * LEAST_RADIUS);
    let mut best: Option<Match> = None;
    while LEAST_RADIUS <= radius {
        let (_, samples) = lists.matched(&map, radius);
        let Some((fitted, ..)) = fit_clipped(&samples, 1, unit, (2.5, 0.5)) else { break };
        map = fitted;
        if !within_reach(&map, params) {
            break;
        }
        let found = describe(lists, map.clone(), radius, trials);
        if best.as_ref().is_none_or(|best| found.log10_chance < best.log10_chance) {
            best = Some(found);
        }
        radius *= SHRINK;
    }
    best
}

fn describe(lists: &Lists, map: Polynomial, radius_pix: f64, trials: f64) -> Match {
    let (pairs, samples) = lists.matched(&map, radius_pix);
    let radii = samples.iter().map(|sample| residual(&map, sample));
    let sigma_pix = crate::numerics::stats::finite_median(radii).unwrap_or(radius_pix) / 1.177;
    let log10_chance = lists.judge(&map, (pairs.len(), radius_pix), trials);
    let n_references = lists.on_image(&map);
    Match { polynomial: map, pairs, radius_pix, sigma_pix, n_references, log10_chance }
}

/// Whether a fitted map is still as the start allows: its scale, its turn, and no strong shear.
fn within_reach(map: &Polynomial, params: &Params) -> bool {
    let (matrix, _) = map.linear_part();
    let [[a, b], [c, d]] = matrix;
    let determinant = determinant(&matrix);
    let mirror = if determinant < 0.0 { -1.0 } else { 1.0 };
    if determinant < 0.0 && !params.either_parity {
        return false;
    }
    let scale = determinant.abs().sqrt();
    let turn = libm::atan2(c * mirror - b, a * mirror + d).abs();
    let shear = libm::hypot(a * mirror - d, c * mirror + b) / scale;
    let tolerance = params.scale_fraction + 0.02;
    (scale - 1.0).abs() <= tolerance
        && turn <= (params.rotation_deg + 0.5).to_radians()
        && shear <= 0.06
}

/// The map of the highest order that the stars bear, from a linear one.
pub(super) fn polish(lists: &Lists, start: &Match, params: &Params, trials: f64) -> Option<Match> {
    let unit = lists.half.0.max(lists.half.1);
    let (mut map, mut radius) = (start.polynomial.clone(), WIDER * start.radius_pix);
    let mut sigma = start.sigma_pix;
    for _ in 0..ROUNDS {
        let (_, samples) = lists.matched(&map, radius);
        // Where the linear map fails, in the corners, residuals are large for a good reason.
        let floor = (FLOOR_OF_RADIUS * (radius - LEAST_RADIUS)).max(params.floor_pix);
        let (fitted, scatter) = of_best_order(&samples, unit, (params, floor))?;
        map = fitted;
        sigma = scatter;
        let wanted = (1.25 * params.clip_sigma * scatter).max(SHRINK * radius);
        radius = wanted.clamp(LEAST_RADIUS, radius);
    }
    let mut found = describe(lists, map, radius, trials);
    found.sigma_pix = sigma;
    // Pairs beyond the clip are none of the fit.
    let limit = (params.clip_sigma * sigma).max(params.floor_pix);
    let (pairs, samples) = lists.matched(&found.polynomial, radius);
    let near = |(_, sample): &(_, &Sample)| residual(&found.polynomial, sample) <= limit;
    found.pairs = pairs.into_iter().zip(&samples).filter(near).map(|(pair, _)| pair).collect();
    Some(found)
}

/// The clipped fit whose order has the least information criterion (Schwarz's, as corrected for few stars
/// by McQuarrie 1999, Stat. Probab. Lett. 44, 79) of those for which there are enough stars.
fn of_best_order(
    samples: &[Sample],
    unit: f64,
    (params, floor): (&Params, f64),
) -> Option<(Polynomial, f64)> {
    let clip = (params.clip_sigma, floor);
    let bears = |order: &usize| params.stars_per_term * terms(*order) <= samples.len();
    let highest = (1..=params.max_order).rev().find(bears).unwrap_or(1);
    let (_, kept, _) = fit_clipped(samples, highest, unit, clip)?;
    let good: Vec<Sample> =
        samples.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(s, _)| *s).collect();
    let n = 2.0 * good.len() as f64;
    let mut best: Option<(f64, usize)> = None;
    for order in 1..=highest {
        let Some(map) = Polynomial::fit(&good, order, unit) else { continue };
        let squares: f64 =
            good.iter().map(|s| s.weight * residual(&map, s) * residual(&map, s)).sum();
        let k = 2.0 * terms(order) as f64;
        let free = n - k - 2.0;
        if free <= 0.0 {
            continue;
        }
        let criterion = libm::log(squares.max(1e-300) / n) + k * libm::log(n) / free;
        if best.is_none_or(|(least, _)| criterion < least) {
            best = Some((criterion, order));
        }
    }
    let (map, _, sigma) = fit_clipped(samples, best?.1, unit, clip)?;
    Some((map, sigma))
}
