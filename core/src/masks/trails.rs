//! Trails: charge that left the full pixels of a star along their columns.
//!
//! A full pixel gives what it cannot hold to the pixels above and below it, never to those beside it. The
//! connected saturated pixels of a star are its core, from column `c1` to `c2`; its middle `(r0, c0)` is
//! the middle of its widest row. From both ends of the core in each of its columns the pixels are followed
//! outward. A round star is as bright at the place that lies as far from its middle along the row, and any
//! other light goes on to both sides of the column. So a pixel `(r, c)` of value `p` and noise `d` belongs
//! to the trail if
//!
//! ```text
//! p - b > threshold_sigma sqrt(d² + e²)  and  p - b > contrast b     for both levels b of noise e:
//! the lower of the pixels (r0 + across, c0 ± along),   |across| = |c - c0| - 1, |along| = |r - r0| - 1
//! the mean of the pixels (r, c1 - 2) and (r, c2 + 2)
//! ```
//!
//! The 1 taken off, and the contrast, leave room for a middle that lies between pixels and for stars that
//! are not quite round. A trail ends where more than `gap_pix` pixels in a row fail; what lies between is
//! part of it. The spikes of a spider's vanes lie along the row as they do along the column, and make no
//! trail.
//!
//! * Planes: `image` without its sky, `variance`, `mask`; columns are those along which the charge moves, as
//!   in every order of pixels here.
//! * Mask: the core is what has [`mask::SATURATED`]. A pixel without a sound value is no part of a level; a
//!   level without any is 0, the sky.
//! * Source: pixels above a threshold, connected to a saturated core along its columns, as in the masks of
//!   the Dark Energy Survey (Morganson et al. 2018, PASP 130, 074501); the two levels are ours.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::detect::regions::regions;
use crate::error::{Error, Result};
use crate::mask;
use crate::measure::aperture::Pixels;

const STEP: &str = "trails";

/// Bits of pixels whose value is light all the same.
const LIGHT: u32 = mask::TRACK
    | mask::GHOST
    | mask::HALO
    | mask::NONLINEAR
    | mask::EDGE
    | mask::LOW_RESPONSE
    | mask::HIGH_RESPONSE;

/// Parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Least height above either level (sigma of the difference).
    pub threshold_sigma: f64,
    /// Least height above either level (fraction of it).
    pub contrast: f64,
    /// Most pixels in a row that fail within a trail (pixel).
    pub gap_pix: usize,
    /// Fewest pixels of a core (pixel): a cosmic ray that fills a pixel has no trail.
    pub least_core_pix: usize,
}

impl Default for Params {
    /// 3 sigma, half as bright again as the levels, gaps of 4 pixels, cores of 2.
    fn default() -> Params {
        Params { threshold_sigma: 3.0, contrast: 0.5, gap_pix: 4, least_core_pix: 2 }
    }
}

impl Params {
    /// Refuses what finds nothing or everything.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value, least, most) in [
            ("threshold_sigma", self.threshold_sigma, 0.1, 1e6),
            ("contrast", self.contrast, 0.0, 1e6),
        ] {
            if !(least..=most).contains(&value) {
                let needed = format!("{least} to {most}");
                return Err(Error::parameter(&format!("trails.{name}"), value, needed));
            }
        }
        if self.gap_pix > 100 {
            return Err(Error::parameter("trails.gap_pix", self.gap_pix, "0 to 100"));
        }
        if self.least_core_pix == 0 {
            return Err(Error::parameter("trails.least_core_pix", 0, "at least 1"));
        }
        Ok(())
    }
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Saturated cores that were followed.
    pub cores: u64,
    /// Pixels of their trails.
    pub pixels: u64,
}

/// Finds the trails of saturated stars; the caller marks them ([`mask::SPILLAGE`]).
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, [`Error::Input`] for planes of different shapes.
pub fn find(pixels: Pixels<'_>, params: &Params) -> Result<(Array2<bool>, Report)> {
    params.check()?;
    let shape = pixels.shape(STEP)?;
    let full = pixels.mask.indexed_iter().filter(|(_, bits)| **bits & mask::SATURATED != 0);
    let places: Vec<(u32, u32)> =
        full.map(|((row, column), _)| (row as u32, column as u32)).collect();
    let mut found = Array2::from_elem(shape, false);
    let mut report = Report::default();
    for region in regions(&places).iter().filter(|region| params.least_core_pix <= region.len()) {
        let of = region.iter().filter_map(|&index| places.get(index));
        let core = Core::of(of.map(|at| (at.0 as usize, at.1 as usize)).collect());
        report.cores += 1;
        for &(column, first, last) in &core.columns {
            for (row, step) in [(first, -1), (last, 1)] {
                for at in follow(pixels, params, &core, ((row, column), step)) {
                    report.pixels += u64::from(!std::mem::replace(&mut found[at], true));
                }
            }
        }
    }
    Ok((found, report))
}

/// The connected saturated pixels of a star.
struct Core {
    /// Row and column of its middle.
    middle: (usize, usize),
    /// Its columns in order, each with its first and last row.
    columns: Vec<(usize, usize, usize)>,
}

impl Core {
    /// Of pixels (row, column) in the order of rows and columns.
    fn of(pixels: Vec<(usize, usize)>) -> Core {
        let middle = middle(&pixels);
        let mut by_column = pixels;
        by_column.sort_unstable_by_key(|&(row, column)| (column, row));
        let columns = by_column.chunk_by(|one, next| one.1 == next.1);
        let ends = |own: &[(usize, usize)]| Some((own.first()?.1, own.first()?.0, own.last()?.0));
        Core { middle, columns: columns.filter_map(ends).collect() }
    }

    /// The pixels of the two levels at a place: mirrored at the middle, and beside the columns.
    fn levels(&self, (row, column): (usize, usize)) -> [[Place; 2]; 2] {
        let nearer = |from: usize, to: usize| {
            let step = from as isize - to as isize;
            step - step.signum()
        };
        let (along, across) = (nearer(row, self.middle.0), nearer(column, self.middle.1));
        let mirrored = |along: isize| {
            let row = self.middle.0.checked_add_signed(across)?;
            Some((row, self.middle.1.checked_add_signed(along)?))
        };
        let first = self.columns.first().and_then(|first| first.0.checked_sub(2));
        let last = self.columns.last().map(|last| last.0 + 2);
        let beside = |column: Option<usize>| Some((row, column?));
        [[mirrored(-along), mirrored(along)], [beside(first), beside(last)]]
    }
}

/// A pixel, unless it would lie before the first row or column.
type Place = Option<(usize, usize)>;

/// The middle of the widest row of a core; of equal ones that between the first and the last.
fn middle(core: &[(usize, usize)]) -> (usize, usize) {
    let mut widest = (0, 0, 0);
    let mut middle = (0, 0);
    for row in core.chunk_by(|one, next| one.0 == next.0) {
        let (Some(first), Some(last)) = (row.first(), row.last()) else { continue };
        if widest.0 < row.len() {
            widest = (row.len(), first.0, (first.1 + last.1) / 2);
        }
        if widest.0 == row.len() {
            middle = ((widest.1 + first.0) / 2, widest.2);
        }
    }
    middle
}

/// The pixels of the trail that begins beyond a pixel in one direction.
fn follow(
    pixels: Pixels<'_>,
    params: &Params,
    core: &Core,
    ((row, column), step): ((usize, usize), isize),
) -> Vec<(usize, usize)> {
    let (mut trail, mut length, mut failed) = (Vec::new(), 0, 0);
    let mut next = row.checked_add_signed(step);
    while let Some(row) = next.filter(|row| *row < pixels.mask.nrows()) {
        let at = (row, column);
        // Another core is followed on its own.
        if failed > params.gap_pix || pixels.mask[at] & mask::SATURATED != 0 {
            break;
        }
        trail.push(at);
        if stands_out(pixels, params, core, at) {
            (length, failed) = (trail.len(), 0);
        } else {
            failed += 1;
        }
        next = row.checked_add_signed(step);
    }
    trail.truncate(length);
    trail
}

/// Whether a pixel is brighter than the star and what lies around make it.
fn stands_out(pixels: Pixels<'_>, params: &Params, core: &Core, at: (usize, usize)) -> bool {
    let sound = |place: Place| sound(pixels, place?);
    let Some((value, variance)) = sound(Some(at)) else { return false };
    let [mirrored, beside] = core.levels(at);
    let lower =
        mirrored.into_iter().filter_map(sound).min_by(|one, other| one.0.total_cmp(&other.0));
    let mean = match beside.map(sound) {
        [Some(one), Some(other)] => Some((0.5 * (one.0 + other.0), 0.25 * (one.1 + other.1))),
        [one, other] => one.or(other),
    };
    [lower, mean].into_iter().all(|level| {
        let (level, noise) = level.unwrap_or((0.0, 0.0));
        let excess = value - level;
        params.threshold_sigma * (variance + noise).sqrt() < excess
            && params.contrast * level < excess
    })
}

/// Value and variance of a pixel, if its value is light.
fn sound(pixels: Pixels<'_>, at: (usize, usize)) -> Option<(f64, f64)> {
    let value = f64::from(*pixels.image.get(at)?);
    let variance = f64::from(*pixels.variance.get(at)?);
    let light = pixels.mask.get(at)? & mask::BAD & !LIGHT == 0;
    (light && value.is_finite() && 0.0 <= variance).then_some((value, variance))
}

#[cfg(test)]
mod tests;
