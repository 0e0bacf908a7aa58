//! A region over amplifiers that several benches hold: each gives its values, one takes the numbers.

use ndarray::ArrayView2;

use super::Bench;
use crate::display::{Pixels, Region, Statistics, statistics};
use crate::error::{Error, Result};
use crate::mask;

/// Values of the pixels of a region.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gathered {
    /// Of the pixels that are not bad, in the unit of the stage; NaN where there is none.
    pub values: Vec<f32>,
    /// Bad pixels (count).
    pub n_masked: u64,
}

impl Bench {
    /// The values of a region of the detector, as far as its amplifiers are here.
    ///
    /// # Errors
    /// If the region is impossible.
    pub fn gather(&self, region: &Region, stage: &str) -> Result<Gathered> {
        region.check()?;
        let mut gathered = Gathered::default();
        for view in self.chains.keys().filter_map(|&amp| self.view(amp, stage)) {
            let pixels = match view.mask {
                Some(mask) => Pixels::unmasked(view.image, mask, mask::BAD)?,
                None => Pixels::all(view.image),
            };
            let region = region.seen_from((view.origin.0 as f64, view.origin.1 as f64));
            let (rows, columns) = region.window(pixels.dim());
            for row in rows {
                let values = pixels.row(row);
                let inside = |column: &usize| region.contains(*column as f64, row as f64);
                for column in columns.clone().filter(inside) {
                    match pixels.is_masked(row, column) {
                        true => gathered.n_masked += 1,
                        false => gathered.values.extend(values.get(column)),
                    }
                }
            }
        }
        Ok(gathered)
    }
}

/// The statistics of what several benches gathered; the order of gathering does not matter.
///
/// # Errors
/// None that values in memory can have.
pub fn statistics_of(gathered: &Gathered) -> Result<Statistics> {
    let Gathered { values, n_masked } = gathered;
    let found = values.len();
    let image = ArrayView2::from_shape((1, found), values)
        .map_err(|_| Error::input("bench", "values", found, "a number of them"))?;
    let everywhere = Region::Rectangle { x0: 0.0, y0: 0.0, x1: found as f64, y1: 0.0 };
    let unmasked = statistics::statistics(&everywhere, &Pixels::all(image))?;
    let n_pixels = unmasked.n_pixels.saturating_add(*n_masked);
    Ok(Statistics { n_pixels, n_masked: *n_masked, ..unmasked })
}
