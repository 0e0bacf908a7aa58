//! Values along a row or a column, averaged over some lines or over all of them.
//!
//! Each value is the mean of the finite unmasked pixels across the direction; NaN where there is
//! none.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Pixels;
use crate::error::{Error, Result};

/// Direction of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Along {
    /// One value per column, averaged over rows.
    Row,
    /// One value per row, averaged over columns.
    Column,
}

/// The profile along the row (or column) `index`, averaged over the lines up to `half_width` away as
/// far as the image has them, in the image's unit.
///
/// # Errors
/// If the image has no such row (or column).
pub fn profile(
    pixels: &Pixels<'_>,
    along: Along,
    index: usize,
    half_width: usize,
) -> Result<Vec<f64>> {
    let (rows, columns) = pixels.dim();
    let (name, lines) = match along {
        Along::Row => ("row", rows),
        Along::Column => ("column", columns),
    };
    if index >= lines {
        return Err(Error::parameter(name, index, format!("below {lines}")));
    }
    let end = index.saturating_add(half_width).saturating_add(1).min(lines);
    Ok(averaged(pixels, along, index.saturating_sub(half_width)..end))
}

/// The profile averaged over all rows (or columns), in the image's unit.
pub fn mean_profile(pixels: &Pixels<'_>, along: Along) -> Vec<f64> {
    let (rows, columns) = pixels.dim();
    let lines = match along {
        Along::Row => rows,
        Along::Column => columns,
    };
    averaged(pixels, along, 0..lines)
}

fn averaged(pixels: &Pixels<'_>, along: Along, lines: Range<usize>) -> Vec<f64> {
    let (rows, columns) = pixels.dim();
    match along {
        Along::Row => {
            let mut means = vec![Mean::default(); columns];
            for row in lines {
                means.iter_mut().zip(pixels.row(row).iter()).for_each(|(mean, &v)| mean.add(v));
            }
            means.iter().map(Mean::value).collect()
        }
        Along::Column => {
            let mean = |row: usize| {
                let mut mean = Mean::default();
                let values = pixels.row(row);
                values.get(lines.clone()).into_iter().flatten().for_each(|&v| mean.add(v));
                mean.value()
            };
            (0..rows).map(mean).collect()
        }
    }
}

/// The mean of finite values, in the order in which they come.
#[derive(Clone, Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f32) {
        if value.is_finite() {
            self.sum += f64::from(value);
            self.count += 1.0;
        }
    }

    fn value(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    const NAN: f32 = f32::NAN;

    fn image() -> Array2<f32> {
        array![[1.0, 2.0, 3.0, 4.0], [5.0, NAN, 7.0, 8.0], [9.0, NAN, f32::INFINITY, 12.0]]
    }

    #[test]
    fn a_single_line_is_the_image_itself() {
        let image = image();
        let pixels = Pixels::all(image.view());
        assert_eq!(profile(&pixels, Along::Row, 0, 0).unwrap(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(profile(&pixels, Along::Column, 3, 0).unwrap(), [4.0, 8.0, 12.0]);
        let column = profile(&pixels, Along::Column, 1, 0).unwrap();
        assert!(column[0] == 2.0 && column[1].is_nan() && column[2].is_nan());
    }

    #[test]
    fn lines_around_are_averaged_as_far_as_there_are_any() {
        let image = image();
        let pixels = Pixels::all(image.view());
        assert_eq!(profile(&pixels, Along::Row, 0, 1).unwrap(), [3.0, 2.0, 5.0, 6.0]);
        assert_eq!(profile(&pixels, Along::Column, 0, 1).unwrap(), [1.5, 5.0, 9.0]);
        let all = mean_profile(&pixels, Along::Row);
        assert_eq!(all, [5.0, 2.0, 5.0, 8.0]);
        assert_eq!(profile(&pixels, Along::Row, 1, usize::MAX).unwrap(), all);
        assert_eq!(mean_profile(&pixels, Along::Column), [2.5, 20.0 / 3.0, 10.5]);
    }

    #[test]
    fn masked_pixels_do_not_count() {
        let image = image();
        let mut mask = Array2::zeros(image.dim());
        mask[[0, 0]] = 2;
        let pixels = Pixels::unmasked(image.view(), mask.view(), 2).unwrap();
        assert_eq!(mean_profile(&pixels, Along::Row)[0], 7.0);
        assert!(profile(&pixels, Along::Row, 0, 0).unwrap()[0].is_nan());
    }

    #[test]
    fn a_profile_along_columns_is_that_along_rows_of_the_transposed_image() {
        let image = Array2::from_shape_fn((6, 9), |(row, column)| (row * row + 3 * column) as f32);
        let (upright, turned) = (Pixels::all(image.view()), Pixels::all(image.t()));
        for index in 0..6 {
            let row = profile(&upright, Along::Row, index, 2).unwrap();
            assert_eq!(row, profile(&turned, Along::Column, index, 2).unwrap());
        }
    }

    #[test]
    fn lines_outside_are_refused_and_an_empty_image_has_no_values() {
        let image = image();
        let pixels = Pixels::all(image.view());
        assert!(profile(&pixels, Along::Row, 3, 1).is_err());
        assert!(profile(&pixels, Along::Column, 4, 1).is_err());
        let empty = Array2::zeros((0, 2));
        let means = mean_profile(&Pixels::all(empty.view()), Along::Row);
        assert!(means.len() == 2 && means.iter().all(|mean| mean.is_nan()));
        assert!(mean_profile(&Pixels::all(empty.view()), Along::Column).is_empty());
    }
}
