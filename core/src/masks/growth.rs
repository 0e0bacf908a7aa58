//! Growth: the pixels around those that have a bit get it too.
//!
//! ```text
//! (r, c) gets the bit   if some (r', c') has it and (r - r')² + (c - c')² <= by_pix²
//! ```
//!
//! * Planes: `mask`, any order of pixels. Only the bit itself is set, so that growing tells the same of a
//!   pixel as the search did.
//! * Source: dilation by a disc, as LSST's `growMasks` (ip_isr) does it; here a disc is one run of pixels in
//!   each of its rows.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::mask;

/// Largest radius (pixel): every row of the disc costs a pass over the image.
const MOST_PIX: usize = 100;

/// One bit and how far it grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Name of the bit, as in the registry.
    pub bit: String,
    /// Radius of the disc (pixel).
    pub by_pix: usize,
}

impl Params {
    /// The bit; refuses a name that is none and a radius that is too large.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<u32> {
        if MOST_PIX < self.by_pix {
            let needed = format!("0 to {MOST_PIX}");
            return Err(Error::parameter("growth.by_pix", self.by_pix, needed));
        }
        mask::named("growth.bit", [self.bit.as_str()])
    }
}

/// Grows one bit of a mask; how many pixels got it.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range; then the mask is unchanged.
pub fn grow(bits: &mut Array2<u32>, params: &Params) -> Result<u64> {
    let bit = params.check()?;
    let (rows, columns) = bits.dim();
    let before = mask::count(bits, bit);
    let mut grown = Array2::from_elem(bits.dim(), false);
    let mut distance = vec![usize::MAX; columns];
    for row in 0..rows {
        if !nearest(bits.row(row).iter().map(|pixel| pixel & bit != 0), &mut distance) {
            continue;
        }
        let reached = row.saturating_sub(params.by_pix)..(row + params.by_pix + 1).min(rows);
        for reached in reached {
            let half = half_width(params.by_pix, reached.abs_diff(row));
            for (pixel, &distance) in grown.row_mut(reached).iter_mut().zip(&distance) {
                *pixel |= distance <= half;
            }
        }
    }
    bits.zip_mut_with(&grown, |pixel, &near| *pixel |= if near { bit } else { 0 });
    Ok(mask::count(bits, bit) - before)
}

/// How far (pixel) the nearest set pixel of a row is from each of its pixels; whether there is any.
fn nearest(set: impl Iterator<Item = bool>, distance: &mut [usize]) -> bool {
    let mut last = usize::MAX;
    for (here, set) in distance.iter_mut().zip(set) {
        last = if set { 0 } else { last.saturating_add(1) };
        *here = last;
    }
    let any = last != usize::MAX;
    let mut next = usize::MAX;
    for here in distance.iter_mut().rev() {
        next = if *here == 0 { 0 } else { next.saturating_add(1) };
        *here = next.min(*here);
    }
    any
}

/// Half the width (pixel) of a disc's row `away` rows from its middle.
fn half_width(radius: usize, away: usize) -> usize {
    let square = radius * radius - away * away;
    let mut half = 0;
    while (half + 1) * (half + 1) <= square {
        half += 1;
    }
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masks::fixture::draws;

    fn params(bit: &str, by_pix: usize) -> Params {
        Params { bit: bit.to_owned(), by_pix }
    }

    #[test]
    fn a_bit_grows_to_the_pixels_of_a_disc_about_each() {
        let mut draw = draws(7);
        for (shape, by_pix) in
            [((40, 33), 3), ((17, 60), 7), ((5, 5), 2), ((20, 1), 4), ((9, 9), 0)]
        {
            let before = Array2::from_shape_simple_fn(shape, || match draw() {
                low if low < 0.02 => mask::SATURATED | mask::DEAD,
                high if high > 0.97 => mask::SPIKE,
                _ => 0,
            });
            let mut after = before.clone();
            let added = grow(&mut after, &params("SATURATED", by_pix)).unwrap();
            let near = |row: usize, column: usize| {
                before.indexed_iter().any(|((r, c), pixel)| {
                    let (dr, dc) = (r.abs_diff(row), c.abs_diff(column));
                    pixel & mask::SATURATED != 0 && dr * dr + dc * dc <= by_pix * by_pix
                })
            };
            let expected = Array2::from_shape_fn(shape, |(row, column)| {
                before[[row, column]] | if near(row, column) { mask::SATURATED } else { 0 }
            });
            assert_eq!(after, expected);
            let counts = [&after, &before].map(|bits| mask::count(bits, mask::SATURATED));
            assert_eq!(added, counts[0] - counts[1]);
        }
    }

    #[test]
    fn a_bit_that_is_none_and_a_giant_disc_are_refused() {
        let mut bits = Array2::from_elem((3, 3), mask::DEAD);
        for (wrong, name) in [(params("dead", 1), "growth.bit"), (params("DEAD", 101), "by_pix")] {
            assert!(grow(&mut bits, &wrong).unwrap_err().to_string().contains(name));
        }
        assert_eq!(grow(&mut Array2::zeros((0, 4)), &params("DEAD", 100)).unwrap(), 0);
    }
}
