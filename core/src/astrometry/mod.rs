//! Astrometry: the map from the pixels of an image to the sky, from the stars of a catalogue.
//!
//! ```text
//! start (rough WCS or pointing) ▸ references to its tangent plane
//! ▸ votes for rotation, scale and shift (vote) ▸ nearest neighbors, shrinking radius (refine)
//! ▸ chance? (sure) ▸ TAN-SIP (solution)
//! ```
//!
//! * Positions are zero-based pixels `(x = column, y = row)` of the stored array; angles are radians.
//! * The same lists give the same bits: ties are decided by the order of the lists.
//! * A map is refused unless chance would give as many matches with a probability below
//!   [`Params::log10_chance`], all maps tried counted.
//! * References: Calabretta & Greisen 2002, A&A 395, 1077 (TAN); Shupe et al. 2005, ASPC 347, 491
//!   (SIP).

mod catalogue;
mod near;
mod params;
mod plane;
mod polynomial;
mod refine;
mod solution;
mod sure;
mod vote;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::numerics::sky::{ARCSECOND, DEGREE};

pub use catalogue::{Reference, magnitude_column, references};
pub use params::Params;
pub use plane::Start;
pub use solution::{Cell, Matched, Solution};

use plane::{Point, middle_pixel};
use refine::{Lists, Match};
use vote::Reach;

const STEP: &str = "astrometry";

/// Most stars of either list.
const MAX_STARS: usize = 200_000;
/// Guesses that are tried, unless one is beyond doubt.
const GUESSES: usize = 250;
/// Decimal logarithm of a chance below which no other guess is tried.
const BEYOND_DOUBT: f64 = -15.0;
/// Most references that vote.
const MAX_VOTERS: f64 = 2500.0;

/// A star found on an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Column (pixel).
    pub x: f64,
    /// Row (pixel).
    pub y: f64,
    /// Anything that is larger for brighter stars (relative).
    pub brightness: f64,
    /// Error of the position along an axis (pixel); NaN if it is not known.
    pub error_pix: f64,
}

/// Finds the map of an image of `shape` (rows, columns).
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, [`Error::Input`] for lists too long,
/// [`Error::NoMatch`] for an image whose stars are not those of the catalogue, or too few to tell.
pub fn solve(
    spots: &[Spot],
    references: &[Reference],
    start: &Start,
    shape: (usize, usize),
    params: &Params,
) -> Result<Solution> {
    params.check()?;
    check_lists(spots, references, shape)?;
    let field = Field::new(spots, references, start, (shape, params));
    let (few_spots, few_references) = (field.spots.len(), field.references.len());
    if few_spots.min(few_references) < params.min_matched {
        let found = format!("{few_spots} stars and {few_references} of the catalogue near");
        let needed = format!("{} of both for the map to the sky", params.min_matched);
        return Err(Error::NoMatch { found, needed });
    }
    let (guess, trials) = field.search(params);
    let best = guess.ok_or_else(|| refused(0, (few_spots, few_references), 0.0))?;
    let found = field.polish(&best, params, trials).unwrap_or(best);
    let rarer = few_spots.min(found.n_references);
    let fraction = found.pairs.len() as f64 / rarer.max(1) as f64;
    let sure = found.log10_chance <= params.log10_chance
        && params.min_matched <= found.pairs.len()
        && params.min_matched_fraction <= fraction;
    if !sure {
        let lists = (few_spots, found.n_references);
        return Err(refused(found.pairs.len(), lists, found.log10_chance));
    }
    solution::solution(&field, &found, params)
        .ok_or_else(|| refused(found.pairs.len(), (few_spots, found.n_references), 0.0))
}

fn check_lists(spots: &[Spot], references: &[Reference], shape: (usize, usize)) -> Result<()> {
    for (what, length) in
        [("stars of the image", spots.len()), ("stars of the catalogue", references.len())]
    {
        if MAX_STARS < length {
            return Err(Error::input(STEP, what, length, format!("at most {MAX_STARS}")));
        }
    }
    if shape.0 < 8 || shape.1 < 8 || 1 << 20 < shape.0.max(shape.1) {
        let found = format!("{shape:?}");
        return Err(Error::input(STEP, "shape of the image", found, "8 to 2^20 rows, columns"));
    }
    Ok(())
}

fn refused(matched: usize, (spots, references): (usize, usize), log10_chance: f64) -> Error {
    let found = format!(
        "{matched} pairs of {spots} stars and {references} of the catalogue on the image, \
         log10 of their chance {log10_chance:.1}"
    );
    let needed = "a match that chance does not give: another start, a wider search, or the \
                  catalogue of this field";
    Error::NoMatch { found, needed: needed.to_owned() }
}

/// An image with its stars and the references near it, both brightest first.
pub(crate) struct Field<'a> {
    pub(crate) spots: Vec<(usize, Spot)>,
    pub(crate) references: Vec<&'a Reference>,
    pub(crate) start: &'a Start,
    pub(crate) shape: (usize, usize),
    params: &'a Params,
}

impl<'a> Field<'a> {
    fn new(
        spots: &[Spot],
        references: &'a [Reference],
        start: &'a Start,
        (shape, params): ((usize, usize), &'a Params),
    ) -> Field<'a> {
        let good = |(_, spot): &(usize, Spot)| spot.x.is_finite() && spot.y.is_finite();
        let mut spots: Vec<(usize, Spot)> =
            spots.iter().copied().enumerate().filter(good).collect();
        spots.sort_by(|a, b| falling(a.1.brightness, b.1.brightness));
        let mut field = Field { spots, references: Vec::new(), start, shape, params };
        let (width, height) = field.reach();
        let near = |star: &&Reference| {
            let place = start.place(start.middle, star.sky);
            place.is_some_and(|(x, y)| x.abs() <= width && y.abs() <= height)
        };
        let mut near: Vec<&Reference> = references.iter().filter(near).collect();
        near.sort_by(|a, b| falling(-a.magnitude, -b.magnitude));
        field.references = near;
        field
    }

    /// Half width and half height of the image (pixel).
    pub(crate) fn half(&self) -> Point {
        (0.5 * self.shape.1 as f64, 0.5 * self.shape.0 as f64)
    }

    /// Largest shift along an axis of the image (pixel): an error along the axes of the sky lies askew
    /// to them.
    fn shift_pix(&self) -> f64 {
        let turned = self.start.cd.iter().flatten().map(|value| value.abs()).fold(0.0, f64::max);
        let scale = self.start.scale_arcsec();
        let cos = (turned * 3600.0 / scale).clamp(0.0, 1.0);
        let askew = cos + (1.0 - cos * cos).sqrt();
        self.params.shift_arcsec / scale * askew * (1.0 + self.params.scale_fraction)
    }

    /// How far from the middle of the start a star of the image can be (pixel).
    fn reach(&self) -> Point {
        let half = self.half();
        let turn = libm::sin(self.params.rotation_deg.min(90.0) * DEGREE);
        let grown = 1.0 + self.params.scale_fraction;
        let reach = |own: f64, other: f64| grown * (own + turn * other) + self.shift_pix();
        (reach(half.0, half.1), reach(half.1, half.0))
    }

    /// The lists in pixels about `center`, cut to the brightest.
    fn lists(&self, center: Point, (spots, references): (usize, usize)) -> Lists {
        let (x, y) = middle_pixel(self.shape);
        let floor = self.params.floor_pix * self.params.floor_pix;
        let chosen = || self.spots.iter().take(spots).map(|(_, spot)| spot);
        let weight = |spot: &Spot| {
            let error = if spot.error_pix.is_finite() { spot.error_pix } else { 0.0 };
            1.0 / (error * error + floor)
        };
        let far = (f64::INFINITY, f64::INFINITY);
        let place = |star: &&Reference| self.start.place(center, star.sky).unwrap_or(far);
        Lists {
            spots: chosen().map(|spot| (spot.x - x, spot.y - y)).collect(),
            weights: chosen().map(weight).collect(),
            references: self.references.iter().take(references).map(place).collect(),
            half: self.half(),
        }
    }

    /// The best linear map, and how many were tried.
    fn search(&self, params: &Params) -> (Option<Match>, f64) {
        let (half, reach) = (self.half(), self.reach());
        let ratio = reach.0 * reach.1 / (half.0 * half.1);
        let (mut best, mut tried): (Option<Match>, f64) = (None, 0.0);
        for (voters, deeper) in [(params.voters / 4, 2.0), (params.voters, 1.0)] {
            let voters = self.spots.len().min(voters);
            let references = (voters as f64 * deeper * ratio).ceil().min(MAX_VOTERS) as usize;
            let lists = self.lists(self.start.middle, (voters, references));
            let reach = Reach {
                shift_pix: self.shift_pix(),
                rotation_rad: params.rotation_deg * DEGREE,
                scale_fraction: params.scale_fraction,
                either_parity: params.either_parity,
                half_diagonal_pix: lists.half_diagonal(),
            };
            let (guesses, trials) = vote::guesses(&lists.spots, &lists.references, &reach, GUESSES);
            // Each guess is refined with ten radii.
            tried += trials * 10.0;
            for guess in &guesses {
                let Some(next) = refine::linear(&lists, guess, params, tried) else { continue };
                if best.as_ref().is_none_or(|best| next.log10_chance < best.log10_chance) {
                    best = Some(next);
                }
                if best.as_ref().is_some_and(|best| best.log10_chance < BEYOND_DOUBT) {
                    return (best, tried);
                }
            }
        }
        (best, tried)
    }

    fn polish(&self, best: &Match, params: &Params, trials: f64) -> Option<Match> {
        let lists = self.lists(self.start.middle, (usize::MAX, usize::MAX));
        refine::polish(&lists, best, params, trials)
    }
}

/// Larger first; what is no number last.
fn falling(a: f64, b: f64) -> std::cmp::Ordering {
    let key = |value: f64| if value.is_nan() { f64::NEG_INFINITY } else { value };
    key(b).total_cmp(&key(a))
}

/// An angle in seconds of arc.
pub(crate) fn arcsec(angle: f64) -> f64 {
    angle / ARCSECOND
}
