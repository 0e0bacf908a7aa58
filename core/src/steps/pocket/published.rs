//! The four-parameter trap inverted as ztfimg's repository of October 2025 does it, slips included.
//!
//! With `f` the trap of [`super`] and `M` the median of the whole array, overscan included,
//!
//! ```text
//! x <- y;   the first two rows <- M
//! x <- x + (y - f(x));   every x < 0 <- M          so many times as there are passes (the peer: 4)
//! ```
//!
//! and in `f` a negative pixel enters the trap whole: `enter = n`, `read = leave`.
//!
//! * What is wrong with it: a negative pixel, which the noise about a low sky makes, jumps to the
//!   level of the sky, so that the noise is no longer even about its mean (never apply it to a bias);
//!   the first two rows begin at the median, which the passes mostly undo. There is no correction for
//!   the charge under the overscan's zero.
//! * Planes: `image` (DN) and `variance`, as in [`super`]; the overscan columns become 0. A pixel that
//!   is not finite stays as it is.
//! * Source: ztfsensors (repository of 2026-01) `correct_pixels`, whose matrix factors cancel.

use std::ops::Range;

use ndarray::{ArrayViewMut1, ArrayViewMut2, Axis};

use super::inverse::{Solved, minus};
use super::trap::{LANES, Lanes, NONE, Trap};
use super::{Report, gather, scatter, take_stock};
use crate::geometry::Section;
use crate::image::{AmpImage, Planes};
use crate::instrument::PocketParams;
use crate::numerics::stats::{CountingMedian, RADIX_PASSES};

/// Rows that begin at the median.
const MEDIAN_ROWS: usize = 2;

/// Corrects the columns of `imaging` in place by so many passes of a trap, both of which have been
/// checked.
pub(super) fn correct(
    amp: &mut AmpImage,
    imaging: Section,
    (iterations, trap): (u32, &PocketParams),
) -> Report {
    let start = Start { median: median(amp), lit: imaging.column_start..imaging.column_end };
    let mut report = Report::default();
    let Planes { image, variance, mask: bits } = &mut amp.planes;
    let variances = variance.axis_chunks_iter_mut(Axis(0), LANES);
    let images = image.axis_chunks_iter_mut(Axis(0), LANES).zip(variances);
    let blocks = images.zip(bits.axis_chunks_iter_mut(Axis(0), LANES));
    for (number, (planes, bits)) in blocks.enumerate() {
        let median_rows = MEDIAN_ROWS.saturating_sub(number * LANES);
        let passes = Passes::new(Trap::new(trap), iterations, median_rows);
        correct_block(planes, bits, (passes, &start), &mut report);
    }
    report
}

/// What the passes begin with.
struct Start {
    median: f64,
    lit: Range<usize>,
}

fn median(amp: &AmpImage) -> f64 {
    let mut median = CountingMedian::new();
    for pass in 0..RADIX_PASSES {
        if pass == 1 {
            median.begin_second_pass();
        }
        median.offer(amp.planes.image.iter().copied());
    }
    median.finish().unwrap_or(0.0)
}

fn correct_block(
    (mut image, mut variance): (ArrayViewMut2<'_, f32>, ArrayViewMut2<'_, f32>),
    mut bits: ArrayViewMut2<'_, u32>,
    (mut passes, start): (Passes, &Start),
    report: &mut Report,
) {
    let columns = image.columns_mut().into_iter().zip(bits.columns_mut());
    for (column, (mut pixels, bits)) in columns.enumerate() {
        if !start.lit.contains(&column) {
            scatter(&mut pixels, &NONE);
            continue;
        }
        let read = gather(pixels.view());
        let solved = passes.solve(&read, start.median);
        scatter(&mut pixels, &solved.charge);
        amplify(variance.column_mut(column), &solved.slope);
        take_stock(bits, &read, &solved, report);
    }
}

fn amplify(variances: ArrayViewMut1<'_, f32>, slope: &Lanes) {
    for (variance, slope) in variances.into_iter().zip(slope.as_flattened()) {
        *variance = (f64::from(*variance) * slope * slope) as f32;
    }
}

/// The traps of all passes over sixteen rows, of which the first `median_rows` begin at the median.
struct Passes {
    trap: Trap,
    contents: Vec<Lanes>,
    last: Lanes,
    median_rows: usize,
}

impl Passes {
    fn new(trap: Trap, iterations: u32, median_rows: usize) -> Passes {
        let contents = vec![NONE; iterations as usize];
        Passes { trap, contents, last: NONE, median_rows }
    }

    fn solve(&mut self, read: &Lanes, median: f64) -> Solved {
        let (mut charge, mut update) = (*read, NONE);
        charge.as_flattened_mut().iter_mut().take(self.median_rows).for_each(|lane| *lane = median);
        for content in &mut self.contents {
            update = minus(read, &released(self.trap, &charge, content));
            let lanes = charge.as_flattened_mut().iter_mut();
            for (charge, update) in lanes.zip(update.as_flattened()) {
                *charge += update;
                *charge = if *charge < 0.0 { median } else { *charge };
            }
        }
        let (mut left, mut slope) = (NONE, NONE);
        let lanes = left.iter_mut().zip(&mut slope).zip(&mut self.last).zip(&charge);
        for (((left, slope), content), charge) in lanes {
            let passed = self.trap.pass(charge, content, &self.trap.before(content));
            (*left, *content) = (passed.read, passed.content);
            *slope = self.trap.slope(charge, &passed.entered);
        }
        Solved { charge, update, residual: minus(read, &left), slope }
    }
}

/// One column of all lanes; a negative pixel enters the trap whole.
fn released(trap: Trap, charge: &Lanes, content: &mut Lanes) -> Lanes {
    let mut read = NONE;
    for ((read, content), charge) in read.iter_mut().zip(content).zip(charge) {
        let before = trap.before(content);
        let passed = trap.pass(charge, content, &before);
        for (lane, &charge) in charge.iter().enumerate() {
            let negative = charge < 0.0;
            let rest = content[lane] - before.leave[lane] + charge;
            let whole = if rest > 0.0 { rest } else { 0.0 };
            read[lane] = if negative { before.leave[lane] } else { passed.read[lane] };
            content[lane] = if negative { whole } else { passed.content[lane] };
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use serde::Deserialize;

    use super::*;
    use crate::image::PixelUnit;
    use crate::steps::fixture::flat_amp;
    use crate::steps::pocket::{Params, Solver};

    /// Made by `tests/oracles/peers/published.py` in plain numpy.
    #[derive(Deserialize)]
    struct Case {
        trap: PocketParams,
        passes: u32,
        overscan: usize,
        read: Vec<Vec<f64>>,
        corrected: Vec<Vec<f64>>,
        negative: usize,
    }

    #[test]
    fn negative_pixels_jump_to_the_median_as_in_the_plain_statement() {
        let text = include_str!("../../../../tests/cases/peers/pocket_published.json");
        let case: Case = serde_json::from_str(text).unwrap();
        let shape = (case.read.len(), case.read[0].len());
        let mut amp = flat_amp(0.0, 1.0, PixelUnit::Dn);
        let image = Array2::from_shape_fn(shape, |(row, column)| case.read[row][column] as f32);
        amp.planes = Planes::from_image(image);
        amp.geometry.imaging = Section::at((0, 0), (shape.0, shape.1 - case.overscan));
        let params =
            Params { iterations: case.passes, solver: Solver::Published, ..Params::default() };
        crate::steps::pocket::correct(&mut amp, &params, &case.trap).unwrap();
        let mut jumped = 0;
        for (row, wanted) in case.corrected.iter().enumerate() {
            for (column, wanted) in wanted.iter().enumerate() {
                let ours = f64::from(amp.planes.image[[row, column]]);
                assert!((ours - wanted).abs() <= 1e-6 * wanted.max(10.0), "{row} {column}: {ours}");
                jumped += usize::from(case.read[row][column] < 0.0 && ours > 40.0);
            }
        }
        assert!(case.negative > 15 && jumped > 15, "{jumped} of {}", case.negative);
        assert!(amp.planes.image.column(shape.1 - 1).iter().all(|pixel| *pixel == 0.0));
    }
}
