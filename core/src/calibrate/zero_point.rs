//! The photometric zero point of an image, with a color term.
//!
//! With the flux `f` (DN) of a star and its magnitude `m` and color `c` in the catalogue
//!
//! ```text
//! m = Z + k c - 2.5 log10 f
//! ```
//!
//! The start is the median of the slopes of all pairs (Theil 1950, Sen 1968), which bears 29 % of
//! outliers. Then stars are weighted by `1 / (e² + s²)`, with `e` the error of the flux and `s` the
//! scatter that it does not explain, those beyond the clip are left out, and the fit is repeated until
//! none changes. The covariance is that of the last fit, scaled to its residuals.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::numerics::least_squares::LeastSquares;
use crate::numerics::stats::{finite_median, median_and_sigma};

/// What counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Least flux over its error (ratio).
    pub min_signal_ratio: f64,
    /// Residuals beyond this are left out (sigma).
    pub clip_sigma: f64,
    /// Fewest stars (number).
    pub min_stars: usize,
}

impl Default for Params {
    /// Stars of 20 sigma and more, clipped at 3.5, five of them.
    fn default() -> Params {
        Params { min_signal_ratio: 20.0, clip_sigma: 3.5, min_stars: 5 }
    }
}

impl Params {
    /// Refuses what fits nothing.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value, low, high) in [
            ("min_signal_ratio", self.min_signal_ratio, 0.0, 1e6),
            ("clip_sigma", self.clip_sigma, 1.0, 100.0),
        ] {
            if !(low..=high).contains(&value) {
                return Err(Error::parameter(name, value, format!("{low} to {high}")));
            }
        }
        if !(3..=100_000).contains(&self.min_stars) {
            return Err(Error::parameter("min_stars", self.min_stars, "3 to 100000"));
        }
        Ok(())
    }
}

/// A star of image and catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Star {
    /// Flux (DN).
    pub flux: f64,
    /// Its error (DN).
    pub flux_err: f64,
    /// Magnitude in the catalogue (mag).
    pub magnitude: f64,
    /// Color in the catalogue (mag), if there is to be a color term.
    pub color: Option<f64>,
}

/// A zero point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ZeroPoint {
    /// Magnitude of 1 DN at color 0 (mag).
    pub zero_point_mag: f64,
    /// Magnitude per color; 0 if none was asked for (ratio).
    pub color_ratio: f64,
    /// Variance of the zero point, covariance, variance of the color term (mag²).
    pub covariance_mag: [f64; 3],
    /// The zero point at the median color of its stars (mag).
    pub at_median_color_mag: f64,
    /// That color (mag).
    pub median_color_mag: f64,
    /// Rms of the stars' residuals (mag).
    pub rms_mag: f64,
    /// Scatter that the errors of the fluxes do not explain (mag).
    pub scatter_mag: f64,
    /// Stars of both lists with usable numbers (number).
    pub n_matched: usize,
    /// Stars of the fit (number).
    pub n_used: usize,
    /// Of every star that was given, whether it is in the fit; no part of a report.
    #[serde(skip)]
    pub is_used: Vec<bool>,
}

/// Magnitudes over natural logarithm: 2.5 / ln 10.
const MAG: f64 = 1.085_736_204_758_129_6;
/// Most stars whose pairs give the start.
const START_STARS: usize = 500;
/// Least variance beyond that of the errors (mag²): catalogues are not better than 0.1 mmag.
const LEAST_VARIANCE: f64 = 1e-8;
/// Rounds of clipping.
const ROUNDS: usize = 40;

/// A star as the fit sees it.
struct Sample {
    /// Its place in the list that was given.
    star: usize,
    /// Magnitude plus 2.5 log10 of the flux.
    value: f64,
    /// Error of that.
    error: f64,
    /// Color from the median one.
    color: f64,
}

/// The zero point of `stars`; with a color term if every usable star has a color.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, [`Error::Undetermined`] if too few stars are
/// usable, or left.
pub fn zero_point(stars: &[Star], with_color: bool, params: &Params) -> Result<ZeroPoint> {
    params.check()?;
    let few = |used: usize| Error::Undetermined {
        quantity: "the photometric zero point".to_owned(),
        used,
        given: stars.len(),
    };
    let (samples, middle) = samples(stars, with_color, params);
    if samples.len() < params.min_stars {
        return Err(few(samples.len()));
    }
    let terms = if with_color { 2 } else { 1 };
    let mut line = start(&samples, with_color);
    let mut kept = vec![true; samples.len()];
    let mut fitted = None;
    for round in 0..ROUNDS {
        let residuals: Vec<f64> = samples.iter().map(|one| one.residual(line)).collect();
        let extra = unexplained(&samples, &residuals, &kept);
        let near = |(one, residual): (&Sample, &f64)| {
            residual.abs() <= params.clip_sigma * (one.error * one.error + extra).sqrt()
        };
        let now: Vec<bool> = samples.iter().zip(&residuals).map(near).collect();
        let used = now.iter().filter(|kept| **kept).count();
        if used < params.min_stars.max(terms + 1) {
            return Err(few(used));
        }
        let same = now == kept && round > 0;
        kept = now;
        let (found, covariance) = fit(&samples, &kept, (extra, terms)).ok_or_else(|| few(used))?;
        line = found;
        fitted = Some((covariance, extra));
        if same {
            break;
        }
    }
    let (covariance, extra) = fitted.ok_or_else(|| few(0))?;
    let mut is_used = vec![false; stars.len()];
    for (sample, kept) in samples.iter().zip(&kept) {
        if let Some(used) = is_used.get_mut(sample.star) {
            *used = *kept;
        }
    }
    let found = described(&samples, &kept, (line, covariance), (middle, extra));
    Ok(ZeroPoint { is_used, ..found })
}

impl Sample {
    fn residual(&self, (zero, color): (f64, f64)) -> f64 {
        self.value - zero - color * self.color
    }
}

/// The usable stars, and their median color.
fn samples(stars: &[Star], with_color: bool, params: &Params) -> (Vec<Sample>, f64) {
    let color = |star: &Star| if with_color { star.color.unwrap_or(f64::NAN) } else { 0.0 };
    let usable = |(_, star): &(usize, &Star)| {
        let known = star.magnitude.is_finite() && color(star).is_finite();
        known
            && star.flux > 0.0
            && star.flux_err > 0.0
            && star.flux.is_finite()
            && params.min_signal_ratio * star.flux_err <= star.flux
    };
    let usable: Vec<(usize, &Star)> = stars.iter().enumerate().filter(usable).collect();
    let middle = finite_median(usable.iter().map(|(_, star)| color(star))).unwrap_or(0.0);
    let sample = |&(place, star): &(usize, &Star)| Sample {
        star: place,
        value: star.magnitude + MAG * libm::log(star.flux),
        error: MAG * star.flux_err / star.flux,
        color: color(star) - middle,
    };
    (usable.iter().map(sample).collect(), middle)
}

/// The start: zero point at the median color, and slope.
fn start(samples: &[Sample], with_color: bool) -> (f64, f64) {
    let mut slope = 0.0;
    if with_color {
        let every = samples.len().div_ceil(START_STARS);
        let chosen: Vec<&Sample> = samples.iter().step_by(every).collect();
        let mut slopes = Vec::with_capacity(chosen.len() * chosen.len() / 2);
        for (at, one) in chosen.iter().enumerate() {
            for other in chosen.iter().skip(at + 1) {
                let apart = other.color - one.color;
                if apart.abs() > 1e-6 {
                    slopes.push((other.value - one.value) / apart);
                }
            }
        }
        slope = finite_median(slopes.into_iter()).unwrap_or(0.0);
    }
    let zero = finite_median(samples.iter().map(|one| one.residual((0.0, slope))));
    (zero.unwrap_or(0.0), slope)
}

/// Halvings in the search of the scatter.
const HALVINGS: usize = 40;

/// The variance (mag²) which, added to that of the errors, gives the residuals the spread of one sigma.
fn unexplained(samples: &[Sample], residuals: &[f64], kept: &[bool]) -> f64 {
    let used: Vec<(f64, f64)> = samples
        .iter()
        .zip(residuals)
        .zip(kept)
        .filter(|(_, kept)| **kept)
        .map(|((one, &residual), _)| (one.error * one.error, residual))
        .collect();
    let spread = |extra: f64| {
        let pulls: Vec<f64> = used.iter().map(|(own, r)| r / (own + extra).sqrt()).collect();
        median_and_sigma(&pulls).map_or(0.0, |(_, sigma)| sigma)
    };
    let all: Vec<f64> = used.iter().map(|(_, residual)| *residual).collect();
    let widest = median_and_sigma(&all).map_or(0.0, |(_, sigma)| sigma * sigma);
    let (mut low, mut high) = (LEAST_VARIANCE, 4.0 * widest + LEAST_VARIANCE);
    if spread(low) <= 1.0 {
        return low;
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if spread(middle) > 1.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

type Line = (f64, f64);

/// The weighted line through the kept stars, with variances and covariance.
fn fit(
    samples: &[Sample],
    kept: &[bool],
    (extra, terms): (f64, usize),
) -> Option<(Line, [f64; 3])> {
    let mut sums = LeastSquares::new(terms, 1);
    let used = || samples.iter().zip(kept).filter(|(_, kept)| **kept).map(|(one, _)| one);
    let weight = |one: &Sample| 1.0 / (one.error * one.error + extra);
    for one in used() {
        let basis = [1.0, one.color];
        sums.add(basis.get(..terms)?, weight(one), &[one.value]);
    }
    let found = sums.solve()?.into_iter().next()?;
    let line = (*found.first()?, found.get(1).copied().unwrap_or(0.0));
    let covariance = sums.covariance()?;
    let n = used().count();
    let squares: f64 =
        used().map(|one| weight(one) * one.residual(line) * one.residual(line)).sum();
    let scale = squares / (n - terms) as f64;
    let of = |i: usize, j: usize| covariance.get(i).and_then(|row| row.get(j)).copied();
    let terms = [of(0, 0)?, of(0, 1).unwrap_or(0.0), of(1, 1).unwrap_or(0.0)];
    Some((line, terms.map(|term| term * scale)))
}

fn described(
    samples: &[Sample],
    kept: &[bool],
    (line, [zero, mixed, color]): (Line, [f64; 3]),
    (middle, extra): (f64, f64),
) -> ZeroPoint {
    let used = || samples.iter().zip(kept).filter(|(_, kept)| **kept).map(|(one, _)| one);
    let n_used = used().count();
    let squares: f64 = used().map(|one| one.residual(line) * one.residual(line)).sum();
    ZeroPoint {
        zero_point_mag: line.0 - line.1 * middle,
        color_ratio: line.1,
        // From the median color to color 0.
        covariance_mag: [
            zero - 2.0 * middle * mixed + middle * middle * color,
            mixed - middle * color,
            color,
        ],
        at_median_color_mag: line.0,
        median_color_mag: middle,
        rms_mag: (squares / n_used.max(1) as f64).sqrt(),
        scatter_mag: extra.sqrt(),
        n_matched: samples.len(),
        n_used,
        is_used: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uniform in [0, 1).
    fn uniform(state: &mut u64) -> f64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = *state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(state: &mut u64) -> f64 {
        (0..12).map(|_| uniform(state)).sum::<f64>() - 6.0
    }

    const TRUTH: (f64, f64) = (26.3, 0.08);
    const SCATTER: f64 = 0.015;

    /// Stars of 15 to 20 mag with photon noise and 15 mmag of scatter.
    fn stars(seed: u64, n: usize) -> Vec<Star> {
        let mut state = seed * 1_000_003;
        let star = |_| {
            let magnitude = 15.0 + 5.0 * uniform(&mut state).sqrt();
            let color = 0.2 + 1.3 * uniform(&mut state);
            let instrumental = magnitude - TRUTH.0 - TRUTH.1 * color;
            let flux = libm::pow(10.0, -0.4 * (instrumental + SCATTER * normal(&mut state)));
            let flux_err = (flux / 6.0 + 900.0).sqrt();
            let flux = flux + flux_err * normal(&mut state);
            Star { flux, flux_err, magnitude, color: Some(color) }
        };
        (0..n).map(star).collect()
    }

    #[test]
    fn the_truth_lies_within_the_errors() {
        let (mut pulls, fields) = ([0.0; 3], 40);
        for seed in 1..=fields {
            let found = zero_point(&stars(seed, 300), true, &Params::default()).unwrap();
            let truth = TRUTH.0 + TRUTH.1 * found.median_color_mag;
            let off = found.at_median_color_mag - truth;
            let limit = 3.0 * found.rms_mag / (found.n_used as f64).sqrt();
            assert!(off.abs() < limit, "{seed}: {off} {limit}");
            let [zero, mixed, color] = found.covariance_mag;
            assert!(mixed < 0.0 && mixed * mixed < zero * color);
            let pull = [
                (found.zero_point_mag - TRUTH.0) / zero.sqrt(),
                (found.color_ratio - TRUTH.1) / color.sqrt(),
                off / found.rms_mag * (found.n_used as f64).sqrt(),
            ];
            pulls.iter_mut().zip(pull).for_each(|(sum, pull)| *sum += pull * pull);
            assert!(found.n_used > 180 && found.n_matched <= 300);
        }
        let of_two = pulls.map(|sum| (sum / fields as f64).sqrt());
        assert!(of_two[..2].iter().all(|pull| (0.75..1.25).contains(pull)), "{of_two:?}");
    }

    #[test]
    fn a_fifth_of_outliers_moves_it_by_less_than_two_millimagnitudes() {
        for seed in 1..=40 {
            for (with_color, sign) in [(true, 1.0), (true, -1.0), (false, 1.0)] {
                let clean = stars(seed, 400);
                let mut dirty = clean.clone();
                // A hundred more whose flux is 0.5 mag off, always to the same side.
                let factor = libm::pow(10.0, 0.2 * sign);
                dirty.extend(stars(seed + 1000, 100));
                dirty.iter_mut().skip(400).for_each(|star| star.flux *= factor);
                // Both at the same color, since the outliers change the median one.
                let of = |stars: &[Star]| {
                    let found = zero_point(stars, with_color, &Params::default()).unwrap();
                    found.zero_point_mag + 0.85 * found.color_ratio
                };
                let moved = of(&dirty) - of(&clean);
                assert!(moved.abs() < 0.002, "{seed} {with_color} {sign}: {moved}");
            }
        }
    }

    #[test]
    fn which_stars_are_in_the_fit_is_told_in_their_order() {
        let mut field = stars(3, 60);
        field[7].flux *= 10.0;
        field[11].flux_err = field[11].flux;
        field[13].magnitude = f64::NAN;
        let found = zero_point(&field, true, &Params::default()).unwrap();
        assert_eq!(found.is_used.len(), 60);
        assert!([7, 11, 13].iter().all(|&left_out| !found.is_used[left_out]));
        assert_eq!(found.is_used.iter().filter(|used| **used).count(), found.n_used);
        assert!(serde_json::to_value(&found).unwrap().get("is_used").is_none());
    }

    #[test]
    fn too_few_stars_give_no_zero_point() {
        let error = zero_point(&stars(1, 4), false, &Params::default()).unwrap_err();
        assert!(error.to_string().contains("zero point"), "{error}");
        let faint = Params { min_signal_ratio: 1e5, ..Params::default() };
        assert!(zero_point(&stars(1, 400), true, &faint).is_err());
        let mut same = stars(1, 50);
        same.iter_mut().for_each(|star| star.color = Some(0.5));
        assert!(zero_point(&same, true, &Params::default()).is_err());
        assert!(zero_point(&same, false, &Params::default()).is_ok());
    }
}
