//! From charge to raw numbers: pocket, linearity, bias, read noise, converter; readout order inside.
//!
//! ```text
//! charge, overscan columns appended -> pocket -> inverse linearity
//! -> + level(row) + pattern + read noise -> end of the converter -> f32
//! ```
//!
//! Everything in DN of the amplifier. The formulas of pocket and linearity are in their steps.

use ndarray::{Array2, ArrayViewMut1};

use crate::geometry::Flip;
use crate::instrument::Linearity;
use crate::mask;
use crate::steps::linearity::measured_from_linear;
use crate::steps::pocket::forward;

use super::detector::{AmpParams, Pattern, level_per_row};
use super::generator::{Generator, Normal, Purpose, rounded};
use super::site::Site;

/// Rows that are read out at a time, so that double precision stays in the cache.
const BLOCK_ROWS: usize = 32;

/// What the file holds, and the level of each row (DN); stored order.
pub(crate) struct Raw {
    pub(crate) imaging: Array2<f32>,
    pub(crate) overscan: Option<Array2<f32>>,
    pub(crate) level: Vec<f64>,
}

/// The amplifier and its converter.
struct Chain<'a> {
    amp: &'a AmpParams,
    columns: usize,
    table: Normal,
    noise: Generator,
    /// Read noise (DN), none without the effect.
    noise_dn: Option<f64>,
    pattern: Option<Pattern>,
    /// End of the converter's range (DN), none without saturation.
    full_scale: Option<f64>,
    whole_numbers: bool,
}

/// Reads out `charge` and marks in `bits` what went beyond the converter's range.
pub(crate) fn read_out(
    site: &Site<'_>,
    amp: &AmpParams,
    visit: u64,
    (charge, bits): (&Array2<f32>, &mut Array2<u32>),
) -> Raw {
    let (rows, columns) = site.shape;
    let flip = site.readout_from_stored();
    let width = columns + site.overscan;
    let stored = |row: usize| if flip.rows { rows - 1 - row } else { row };
    let mut level = level_per_row(site, amp, Some(visit));
    let mut chain = Chain::new(site, amp, visit);
    let mut imaging = Array2::zeros(site.shape);
    let mut overscan = Array2::zeros((rows, site.overscan));
    for first in (0..rows).step_by(BLOCK_ROWS) {
        let count = BLOCK_ROWS.min(rows - first);
        let mut block = Array2::zeros((count, width));
        for (row, out) in (first..).zip(block.rows_mut()) {
            load_row(charge.row(stored(row)).iter().copied(), flip, out);
        }
        chain.distort(&mut block);
        for (row, values) in (first..).zip(block.rows_mut()) {
            let values = values.into_slice().unwrap_or_default();
            let clipped = chain.add_bias(values, level.get(row).copied().unwrap_or(0.0));
            let (image, over) = values.split_at(columns.min(values.len()));
            store_row(image, flip, imaging.row_mut(stored(row)));
            store_row(over, flip, overscan.row_mut(stored(row)));
            if clipped {
                chain.mark_saturated(image, flip, bits.row_mut(stored(row)));
            }
        }
    }
    if flip.rows {
        level.reverse();
    }
    Raw { imaging, overscan: (site.overscan > 0).then_some(overscan), level }
}

/// Puts a stored row into readout order; the columns beyond it stay empty.
fn load_row(
    stored: impl DoubleEndedIterator<Item = f32>,
    flip: Flip,
    mut out: ArrayViewMut1<'_, f64>,
) {
    if flip.columns {
        out.iter_mut().zip(stored.rev()).for_each(|(out, value)| *out = f64::from(value));
    } else {
        out.iter_mut().zip(stored).for_each(|(out, value)| *out = f64::from(value));
    }
}

/// Puts a row in readout order back into stored order.
fn store_row(values: &[f64], flip: Flip, mut out: ArrayViewMut1<'_, f32>) {
    if flip.columns {
        out.iter_mut().zip(values.iter().rev()).for_each(|(out, value)| *out = *value as f32);
    } else {
        out.iter_mut().zip(values).for_each(|(out, value)| *out = *value as f32);
    }
}

impl Chain<'_> {
    fn new<'a>(site: &Site<'_>, amp: &'a AmpParams, visit: u64) -> Chain<'a> {
        let effects = site.params.effects;
        Chain {
            amp,
            columns: site.shape.1,
            table: Normal::new(),
            noise: Generator::new(site.params.seed, Purpose::ReadNoise, site.key(visit)),
            noise_dn: effects.read_noise.then(|| amp.read_noise_dn()),
            pattern: Pattern::new(site, amp),
            full_scale: effects.saturation.then_some(site.camera.electronics.full_scale_dn),
            whole_numbers: site.params.integer_raws,
        }
    }

    /// Pocket and inverse linearity; without charge there is nothing to do.
    fn distort(&self, block: &mut Array2<f64>) {
        if block.iter().all(|&value| value <= 0.0) {
            return;
        }
        if let Some(pocket) = &self.amp.pocket {
            *block = forward(block, pocket);
        }
        let relation = self.amp.linearity;
        if relation != Linearity::Identity {
            block.map_inplace(|value| *value = measured_from_linear(*value, &relation));
        }
    }

    /// Adds level, pattern and noise to a row and converts it; whether a pixel was clipped.
    fn add_bias(&mut self, values: &mut [f64], level: f64) -> bool {
        let (image, _) = values.split_at_mut(self.columns.min(values.len()));
        if let Some(pattern) = &mut self.pattern {
            pattern.add_next_row(image);
        }
        match self.noise_dn {
            Some(noise) => {
                for value in values.iter_mut() {
                    *value += level + noise * self.table.draw(&mut self.noise);
                }
            }
            None => values.iter_mut().for_each(|value| *value += level),
        }
        if self.whole_numbers {
            values.iter_mut().for_each(|value| *value = rounded(*value).max(0.0));
        }
        let Some(most) = self.full_scale else { return false };
        let mut clipped = false;
        for value in values {
            clipped |= *value > most;
            *value = value.min(most);
        }
        clipped
    }

    fn mark_saturated(&self, values: &[f64], flip: Flip, mut bits: ArrayViewMut1<'_, u32>) {
        let most = self.full_scale.unwrap_or(f64::INFINITY);
        let last = values.len().saturating_sub(1);
        for (column, _) in values.iter().enumerate().filter(|(_, value)| **value >= most) {
            let stored = if flip.columns { last - column } else { column };
            if let Some(pixel) = bits.get_mut(stored) {
                *pixel |= mask::SATURATED;
            }
        }
    }
}
