//! Clipped medians of a row of pixels, four at a time: bit for bit what [`super::combine`] says of each pixel.
//!
//! With `d = x - c` about the median `c` of the `n` values of a pixel,
//!
//! ```text
//! s² = mean(d²) - mean(d)²,   nothing is clipped  if  max |d| < clip s
//! ```
//!
//! in single precision and with room for its rounding: most pixels end there. The others are clipped on their sorted
//! values with sums from either end, again with room; what lies within it, or holds a NaN, is left to the plain
//! form.

use super::combine::{Params, merge};
use crate::numerics::lanes::Lanes;
use crate::numerics::sorting;

/// Largest stack that is sorted by a network.
const LARGEST: usize = 40;
/// Room for the rounding of sums of 40 numbers of 32 bits.
const ROOM: f32 = 1e-5;
/// Below it the half of a sum may be rounded.
const TINY: f32 = f32::from_bits((127 - 100) << 23);

/// What became of a row of pixels.
pub(super) struct Merged {
    /// The merged values.
    pub(super) values: Vec<f32>,
    /// The pixels that not all frames gave or kept, or that have only one value.
    pub(super) odd: Vec<Odd>,
}

/// A pixel that not all frames gave or kept, or that has only one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Odd {
    pub(super) column: usize,
    /// Values that are not NaN.
    pub(super) given: usize,
    /// Those that were not clipped.
    pub(super) kept: usize,
}

impl Merged {
    pub(super) fn new(columns: usize) -> Merged {
        Merged { values: vec![0.0; columns], odd: Vec::new() }
    }

    fn put(&mut self, column: usize, value: f32, (frames, given, kept): (usize, usize, usize)) {
        if let Some(place) = self.values.get_mut(column) {
            *place = value;
        }
        if kept < frames.max(2) {
            self.odd.push(Odd { column, given, kept });
        }
    }
}

/// Clipped medians of the columns of `rows`, of which each belongs to a frame.
pub(super) fn medians(rows: &[&[f32]], params: &Params, merged: &mut Merged) {
    merged.odd.clear();
    let columns = merged.values.len();
    let blocks = if (3..=LARGEST).contains(&rows.len()) { columns / 4 } else { 0 };
    match rows.len() {
        0..=10 => by_network(rows, blocks, (params, sorting::ten), merged),
        11..=20 => by_network(rows, blocks, (params, sorting::twenty), merged),
        _ => by_network(rows, blocks, (params, sorting::forty), merged),
    }
    plain_from(4 * blocks, rows, params, merged);
}

/// The first `blocks` fours of pixels. Each network is a function of its own, so that the browser loads the large ones
/// when there are many frames.
#[inline(never)]
fn by_network<const N: usize>(
    rows: &[&[f32]],
    blocks: usize,
    (params, sort): (&Params, impl Fn([Lanes; N]) -> [Lanes; N]),
    merged: &mut Merged,
) {
    let fours: Vec<&[[f32; 4]]> = rows.iter().map(|row| row.as_chunks().0).collect();
    for block in 0..blocks {
        four((rows, &fours), block, (params, &sort), merged);
    }
}

/// The same, and other ways to merge, by the plain form.
pub(super) fn plainly(rows: &[&[f32]], params: &Params, merged: &mut Merged) {
    merged.odd.clear();
    plain_from(0, rows, params, merged);
}

/// The columns of `rows` from one on by the plain form.
fn plain_from(start: usize, rows: &[&[f32]], params: &Params, merged: &mut Merged) {
    let mut values = Vec::with_capacity(rows.len());
    for column in start..merged.values.len() {
        plain(rows, column, (params, &mut values), merged);
    }
}

/// One pixel by the plain form.
fn plain(
    rows: &[&[f32]],
    column: usize,
    (params, values): (&Params, &mut Vec<f32>),
    merged: &mut Merged,
) {
    values.clear();
    values.extend(rows.iter().filter_map(|row| row.get(column)).filter(|value| !value.is_nan()));
    let given = values.len();
    let (value, kept) = merge(values, params);
    merged.put(column, value, (rows.len(), given, kept));
}

/// Four pixels: number `block` of the fours of all rows.
#[inline(always)]
fn four<const N: usize>(
    (rows, fours): (&[&[f32]], &[&[[f32; 4]]]),
    block: usize,
    (params, sort): (&Params, impl Fn([Lanes; N]) -> [Lanes; N]),
    merged: &mut Merged,
) {
    let (n, column) = (rows.len(), 4 * block);
    let load = |frame: usize| {
        let values = fours.get(frame).and_then(|row| row.get(block));
        values.map_or(Lanes::splat(f32::INFINITY), |values| {
            // Zeros get one sign: of equal values either may be the median.
            Lanes::new(*values).plus(Lanes::splat(0.0))
        })
    };
    let sorted = sort(std::array::from_fn(load));
    let values = sorted.get(..n).unwrap_or(&sorted);
    let (center, clean) = unclipped(values, params);
    if let Some(places) = merged.values.as_chunks_mut().0.get_mut(block) {
        *places = center.to_array();
    }
    if clean == 0b1111 {
        return;
    }
    let mut scratch = [0.0; N];
    for lane in (0..4).filter(|lane| clean >> lane & 1 == 0) {
        for (place, four) in scratch.iter_mut().zip(values) {
            *place = four.to_array()[lane];
        }
        match clipped(scratch.get(..n).unwrap_or(&scratch), params) {
            Some((value, kept)) => merged.put(column + lane, value, (n, n, kept)),
            None => plain(rows, column + lane, (params, &mut Vec::with_capacity(n)), merged),
        }
    }
}

/// The medians of sorted values, and the lanes (a bit each) of which it is sure that nothing is clipped.
#[inline(always)]
fn unclipped(sorted: &[Lanes], params: &Params) -> (Lanes, u8) {
    let (n, zero) = (sorted.len(), Lanes::splat(0.0));
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return (zero, 0) };
    let center = match sorted.get((n - 1) / 2..=n / 2) {
        Some(&[low, high]) => low.plus(high).times(Lanes::splat(0.5)),
        Some(&[middle]) => middle,
        _ => return (zero, 0),
    };
    let (mut sum, mut squares) = (zero, zero);
    for value in sorted {
        let d = value.minus(center);
        sum = sum.plus(d);
        squares = squares.plus(d.times(d));
    }
    let size = center.ordered(zero.minus(center)).1;
    let known = squares.less(Lanes::splat(f32::MAX)) & Lanes::splat(TINY).less(size);
    if params.maximum_passes == 0 {
        return (center, known);
    }
    let per_value = Lanes::splat(1.0 / n as f32);
    let (mean, square) = (sum.times(per_value), squares.times(per_value));
    let room = Lanes::splat(1.0 - ROOM);
    let variance = square.times(room).minus(mean.times(mean).times(Lanes::splat(1.0 + ROOM)));
    let clip = Lanes::splat(params.clip_sigma as f32);
    let limit = variance.times(room).times(clip).times(clip);
    let worst = last.minus(center).ordered(center.minus(first)).1;
    let worst = worst.plus(size.times(Lanes::splat(2.0 * f32::EPSILON)));
    (center, known & worst.times(worst).less(limit))
}

/// Clips sorted values about their median: the merged value and how many were kept; `None` if a value is too near
/// a limit for quick sums, or not finite.
fn clipped(sorted: &[f32], params: &Params) -> Option<(f32, usize)> {
    let reference = f64::from(*sorted.get(sorted.len() / 2)?);
    let mut sums = [(0.0, 0.0); LARGEST + 1];
    let mut total = (0.0, 0.0);
    for (value, place) in sorted.iter().zip(sums.get_mut(1..)?) {
        let d = f64::from(*value) - reference;
        total = (total.0 + d, total.1 + d * d);
        *place = total;
    }
    // Rounding of the sums, of which the largest decides.
    let noise = 1e-13 * params.clip_sigma * params.clip_sigma * total.1;
    if !(noise.is_finite() && sorted.len() <= LARGEST) {
        return None;
    }
    let mut kept = 0..sorted.len();
    for _ in 0..params.maximum_passes {
        if kept.len() < 3 {
            break;
        }
        let (low, high) = (sums.get(kept.start)?, sums.get(kept.end)?);
        let n = kept.len() as f64;
        let (mean, square) = ((high.0 - low.0) / n, (high.1 - low.1) / n);
        let limit = params.clip_sigma * params.clip_sigma * (square - mean * mean);
        let center = median(sorted.get(kept.clone())?)?;
        let smaller = within(sorted, kept.clone(), center, (limit, 1e-9 * limit.abs() + noise))?;
        if smaller == kept || smaller.len() < 2 {
            break;
        }
        kept = smaller;
    }
    Some((median(sorted.get(kept.clone())?)? as f32, kept.len()))
}

/// The part of the sorted `values[kept]` whose squared distance from the center is at most a limit, which is
/// known to some room.
fn within(
    values: &[f32],
    mut kept: std::ops::Range<usize>,
    center: f64,
    (limit, room): (f64, f64),
) -> Option<std::ops::Range<usize>> {
    let outside = |value: &f32| {
        let d = f64::from(*value) - center;
        let over = d * d - limit;
        (room < over.abs()).then_some(0.0 < over)
    };
    while kept.start < kept.end {
        let value = values.get(kept.start)?;
        if center <= f64::from(*value) || !outside(value)? {
            break;
        }
        kept.start += 1;
    }
    while kept.start < kept.end && outside(values.get(kept.end - 1)?)? {
        kept.end -= 1;
    }
    Some(kept)
}

fn median(sorted: &[f32]) -> Option<f64> {
    let upper = f64::from(*sorted.get(sorted.len() / 2)?);
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(0.5 * (f64::from(*sorted.get(sorted.len() / 2 - 1)?) + upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: Params = Params::OF_TESTS;

    /// A plain generator of numbers between 0 and 1.
    struct Draw(u64);

    impl Draw {
        fn next(&mut self) -> f32 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 40) as f32 / (1_u64 << 24) as f32
        }
    }

    /// Rows of each kind that a night has, and of kinds that it should not have.
    fn value(kind: usize, draw: &mut Draw) -> f32 {
        let noise = draw.next() + draw.next() + draw.next() + draw.next() - 2.0;
        match kind {
            0 => 1000.0 + 10.0 * noise,
            1 => (3.0 * noise).round(),
            2 if draw.next() < 0.1 => 1e4 * draw.next(),
            2 => 300.0 + noise,
            3 if draw.next() < 0.05 => f32::NAN,
            3 => -5.0 + noise,
            4 => [1e-40, -1e-40, 3e-39, 0.0, -0.0][(5.0 * draw.next()) as usize % 5],
            5 => [3e38, -3e38, f32::INFINITY, 1.0][(4.0 * draw.next()) as usize % 4],
            6 => 1e7 + noise,
            _ => 7.25,
        }
    }

    fn sorted(merged: &Merged) -> Vec<Odd> {
        let mut odd = merged.odd.clone();
        odd.sort();
        odd
    }

    #[test]
    fn blocks_say_bit_for_bit_what_the_plain_form_says() {
        let mut draw = Draw(20_261_121);
        for frames in [1, 2, 3, 4, 5, 7, 9, 10, 11, 15, 20, 21, 33, 40, 41, 60] {
            for (kind, clip_sigma, maximum_passes) in (0..8).flat_map(|kind| {
                [(3.0, 50), (3.0, 1), (1.5, 50), (2.0, 0)].map(|(s, passes)| (kind, s, passes))
            }) {
                let params = Params { clip_sigma, maximum_passes, ..PARAMS };
                let rows: Vec<Vec<f32>> = (0..frames)
                    .map(|_| (0..203).map(|_| value(kind, &mut draw)).collect())
                    .collect();
                let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
                let (mut quick, mut slow) = (Merged::new(203), Merged::new(203));
                medians(&rows, &params, &mut quick);
                plainly(&rows, &params, &mut slow);
                assert_eq!(sorted(&quick), sorted(&slow), "{frames} frames of kind {kind}");
                let bits = |merged: &Merged| -> Vec<u32> {
                    merged.values.iter().map(|value| value.to_bits()).collect()
                };
                assert_eq!(bits(&quick), bits(&slow), "{frames} frames of kind {kind}");
            }
        }
    }

    #[test]
    fn values_at_a_limit_of_clipping_are_judged_as_the_plain_form_judges() {
        // Of n - 1 zeros and a one the distance is sqrt(n - 1) standard deviations: steps of one unit in the
        // last place about that are below what quick sums can tell.
        let n = 17_u16;
        let exact = f64::from(n - 1) / f64::from(n - 1).sqrt();
        let rows: Vec<Vec<f32>> =
            (0..n).map(|frame| vec![if frame == 3 { 1.0 } else { 0.0 }; 8]).collect();
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        for step in -40..=40 {
            let clip_sigma = exact * (1.0 + f64::from(step) * f64::EPSILON);
            let params = Params { clip_sigma, ..PARAMS };
            let (mut quick, mut slow) = (Merged::new(8), Merged::new(8));
            medians(&rows, &params, &mut quick);
            plainly(&rows, &params, &mut slow);
            assert_eq!(sorted(&quick), sorted(&slow), "{step}");
        }
    }
}
