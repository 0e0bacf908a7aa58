//! Interpolation: values for marked pixels from the good ones on both sides; only where it is asked for.
//!
//! With good pixels `v1` and `v2`, `a` pixels before and `b` pixels after a marked one in its row (or
//! column), neither farther than `reach_pix`,
//!
//! ```text
//! value    = (b v1 + a v2) / (a + b)
//! variance = (b² variance1 + a² variance2) / (a + b)²
//! ```
//!
//! and the value and variance of the one that there is, if there is only one. Without any the pixel stays
//! as it is.
//!
//! * Planes: all three, any order of pixels; of the neighbors only what was measured counts, never what was
//!   put in.
//! * Mask: `INTERPOLATED` is set; the bits that say why stay, so that no measurement takes the value for
//!   light. A pixel is good if it has none of [`mask::BAD`] and is a number.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::Planes;
use crate::mask;

/// Parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Names of the bits of the pixels that get a value.
    pub bits: Vec<String>,
    /// Where the neighbors are.
    #[serde(default)]
    pub along: Along,
    /// Farthest neighbor that counts (pixel).
    #[serde(default = "twenty")]
    pub reach_pix: usize,
}

/// The reach (pixel) where none is given.
fn twenty() -> usize {
    20
}

/// Where the neighbors of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Along {
    /// In its row: across bad columns and trails.
    #[default]
    Row,
    /// In its column.
    Column,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Pixels that got a value.
    pub filled: u64,
    /// Pixels without a good neighbor within reach.
    pub left: u64,
}

impl Params {
    /// The bits; refuses names that are none and a reach that reaches nothing.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<u32> {
        if !(1..=1000).contains(&self.reach_pix) {
            let name = "interpolation.reach_pix";
            return Err(Error::parameter(name, self.reach_pix, "1 to 1000"));
        }
        mask::named("interpolation.bits", self.bits.iter().map(String::as_str))
    }
}

/// A good pixel and how far it is (pixel).
type Neighbor = Option<(usize, f64, f64)>;

/// Puts values into the pixels of `planes` that have one of the bits.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range; then `planes` is unchanged.
pub fn fill(planes: &mut Planes, params: &Params) -> Result<Report> {
    let wanted = params.check()?;
    let mut report = Report { filled: 0, left: 0 };
    let marked: Vec<(usize, usize)> = planes
        .mask
        .indexed_iter()
        .filter(|(_, bits)| **bits & wanted != 0)
        .map(|(at, _)| at)
        .collect();
    let values: Vec<Option<(f64, f64)>> = marked
        .iter()
        .map(|&at| {
            let side = |step| neighbor(planes, params, at, step);
            between(side(-1), side(1))
        })
        .collect();
    for (at, value) in marked.into_iter().zip(values) {
        let Some((value, variance)) = value else {
            report.left += 1;
            continue;
        };
        planes.image[at] = value as f32;
        planes.variance[at] = variance as f32;
        planes.mask[at] |= mask::INTERPOLATED;
        report.filled += 1;
    }
    Ok(report)
}

/// The nearest good pixel in one direction.
fn neighbor(planes: &Planes, params: &Params, at: (usize, usize), step: isize) -> Neighbor {
    let one = |away: usize| {
        let step = step * away as isize;
        match params.along {
            Along::Row => Some((at.0, at.1.checked_add_signed(step)?)),
            Along::Column => Some((at.0.checked_add_signed(step)?, at.1)),
        }
    };
    let value = |plane: &Array2<f32>, at| plane.get(at).map(|&value| f64::from(value));
    for away in 1..=params.reach_pix {
        let at = one(away)?;
        let (value, variance) = (value(&planes.image, at)?, value(&planes.variance, at)?);
        if planes.mask.get(at)? & mask::BAD == 0 && value.is_finite() && variance.is_finite() {
            return Some((away, value, variance));
        }
    }
    None
}

/// Value and variance between two neighbors.
fn between(before: Neighbor, after: Neighbor) -> Option<(f64, f64)> {
    let (Some((a, first, first_variance)), Some((b, second, second_variance))) = (before, after)
    else {
        return before.or(after).map(|(_, value, variance)| (value, variance));
    };
    let (a, b) = (a as f64 / (a + b) as f64, b as f64 / (a + b) as f64);
    let variance = b * b * first_variance + a * a * second_variance;
    Some((b * first + a * second, variance))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(bits: &[&str], along: Along, reach_pix: usize) -> Params {
        Params { bits: bits.iter().map(|&name| name.to_owned()).collect(), along, reach_pix }
    }

    /// A plane that is linear along both axes.
    fn tilted() -> Planes {
        let image = Array2::from_shape_fn((6, 9), |(row, column)| {
            100.0 + 10.0 * row as f32 + 4.0 * column as f32
        });
        let mut planes = Planes::from_image(image);
        planes.variance.fill(9.0);
        planes
    }

    #[test]
    fn values_lie_on_the_line_between_good_neighbors_and_are_marked() {
        for along in [Along::Row, Along::Column] {
            let truth = tilted();
            let mut planes = truth.clone();
            for at in [(2, 3), (2, 4), (3, 3)] {
                planes.image[at] = f32::NAN;
                planes.mask[at] = mask::SATURATED;
            }
            // Bad, but not asked for: no neighbor, and left alone.
            planes.mask[[2, 5]] = mask::DEAD;
            planes.image[[2, 5]] = -1e6;
            let report = fill(&mut planes, &params(&["SATURATED"], along, 4)).unwrap();
            assert_eq!(report, Report { filled: 3, left: 0 });
            for at in [(2, 3), (2, 4), (3, 3)] {
                assert!((planes.image[at] - truth.image[at]).abs() < 1e-4, "{along:?} {at:?}");
                assert_eq!(planes.mask[at], mask::SATURATED | mask::INTERPOLATED);
            }
            assert_eq!((planes.image[[2, 5]], planes.mask[[2, 5]]), (-1e6, mask::DEAD));
        }
        let mut planes = tilted();
        planes.mask[[2, 3]] = mask::SPIKE;
        planes.mask[[2, 4]] = mask::SPIKE;
        fill(&mut planes, &params(&["SPIKE"], Along::Row, 2)).unwrap();
        // Weights 2/3 and 1/3 of variance 9.
        assert!((planes.variance[[2, 3]] - 5.0).abs() < 1e-5);
    }

    #[test]
    fn one_neighbor_gives_its_value_and_none_leaves_the_pixel() {
        let mut planes = tilted();
        for column in 5..9 {
            planes.mask[[1, column]] = mask::DEAD;
        }
        let before = planes.clone();
        let report = fill(&mut planes, &params(&["DEAD"], Along::Row, 3)).unwrap();
        assert_eq!(report, Report { filled: 3, left: 1 });
        for column in 5..8 {
            assert_eq!(planes.image[[1, column]], before.image[[1, 4]]);
        }
        assert_eq!(planes.image[[1, 8]], before.image[[1, 8]]);
        assert_eq!(planes.mask[[1, 8]], mask::DEAD);
    }

    #[test]
    fn wrong_parameters_are_refused_and_change_nothing() {
        let mut planes = tilted();
        planes.mask[[1, 1]] = mask::DEAD;
        let before = planes.clone();
        for wrong in [params(&["DEAF"], Along::Row, 3), params(&["DEAD"], Along::Row, 0)] {
            assert!(fill(&mut planes, &wrong).unwrap_err().to_string().contains("interpolation"));
        }
        assert_eq!(planes, before);
    }
}
