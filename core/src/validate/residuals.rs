//! Residuals: a science image minus the noise-free truth.
//!
//! With `r = image - truth` and `v` the variance plane over the pixels that are not masked,
//!
//! ```text
//! median             of r
//! variance ratio     mean(r²/v)         1 if the variance plane is right
//! robust ratio       (1.4826 MAD(r/√v))²
//! profile            mean of image - charge along each of the first columns in the order of
//!                    reading, where a serial trap leaves its mark; the largest absolute value, and
//!                    its own noise
//! ```
//!
//! The charge is what arrived: the truth with the photon noise of the exposure, which is no error of
//! the reduction and would hide a mark below 0.1 DN.

use ndarray::{Array2, ArrayView1, Zip};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::geometry::Flip;
use crate::image::Planes;
use crate::numerics::stats::{CountingMedian, SIGMA_FROM_MAD};

/// Columns of the profile, in the order of reading.
pub const PROFILE_COLUMNS: usize = 32;

/// How a science image differs from the truth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    /// Pixels compared.
    pub pixels: u64,
    /// Median of image minus truth (DN).
    pub median_dn: f64,
    /// Mean of the squared residual over the variance plane (a ratio; 1 is right).
    pub variance_ratio: f64,
    /// The same from the MAD, which outliers do not move (a ratio).
    pub robust_variance_ratio: f64,
    /// Residuals beyond 6 sigma over all (a fraction).
    pub outlier_fraction: f64,
    /// Largest absolute mean of image minus charge of the first columns read (DN).
    pub profile_peak_dn: f64,
    /// Standard error of such a mean (DN).
    pub profile_noise_dn: f64,
    /// Mean of image minus charge of the first columns read (DN).
    pub profile_dn: Vec<f64>,
}

/// Compares `science` with the truth and the charge (DN, stored order) where `skip` is false;
/// `readout_from_stored` says which columns were read first.
///
/// # Errors
/// [`Error::Input`] if shapes differ, [`Error::Undetermined`] if no pixel is left.
pub fn residuals(
    science: &Planes,
    (truth, charge): (&Array2<f32>, &Array2<f32>),
    skip: &Array2<bool>,
    readout_from_stored: Flip,
) -> Result<Residuals> {
    let shape = science.shape();
    if [truth.dim(), charge.dim(), skip.dim()] != [shape; 3] {
        let found = format!("{:?}, {:?}, {:?}", truth.dim(), charge.dim(), skip.dim());
        return Err(Error::input("compare", "shapes of the truth", found, format!("{shape:?}")));
    }
    let residual = difference(&science.image, truth, skip);
    let mut pull = residual.clone();
    Zip::from(&mut pull).and(&residual).and(&science.variance).for_each(|out, &r, &v| {
        if 0.0 < v {
            *out = (f64::from(r) / f64::from(v).sqrt()) as f32;
        }
    });
    let arrived = readout_from_stored.apply(difference(&science.image, charge, skip));
    summarize(&residual, &pull, &arrived)
}

/// Image minus truth; NaN where `skip` is true.
fn difference(image: &Array2<f32>, truth: &Array2<f32>, skip: &Array2<bool>) -> Array2<f32> {
    let mut out = Array2::from_elem(image.dim(), f32::NAN);
    Zip::from(&mut out).and(image).and(truth).and(skip).for_each(|out, &pixel, &wanted, &skip| {
        if !skip {
            *out = (f64::from(pixel) - f64::from(wanted)) as f32;
        }
    });
    out
}

fn summarize(
    residual: &Array2<f32>,
    pull: &Array2<f32>,
    arrived: &Array2<f32>,
) -> Result<Residuals> {
    let none = || Error::Undetermined {
        quantity: "residual to the truth".to_owned(),
        used: 0,
        given: residual.len(),
    };
    let finite = pull.iter().filter(|value| value.is_finite()).map(|&value| f64::from(value));
    let (mut count, mut squares, mut outliers) = (0_u64, 0.0, 0_u64);
    for value in finite {
        count += 1;
        squares += value * value;
        outliers += u64::from(6.0 < value.abs());
    }
    let pull_median = median(pull.iter().copied()).ok_or_else(none)?;
    let deviation = median(pull.iter().map(|&value| (f64::from(value) - pull_median).abs() as f32));
    let sigma = SIGMA_FROM_MAD * deviation.ok_or_else(none)?;
    let (profile_dn, errors): (Vec<f64>, Vec<f64>) =
        arrived.columns().into_iter().take(PROFILE_COLUMNS).map(mean_and_error).unzip();
    Ok(Residuals {
        pixels: count,
        median_dn: median(residual.iter().copied()).ok_or_else(none)?,
        variance_ratio: squares / count as f64,
        robust_variance_ratio: sigma * sigma,
        outlier_fraction: outliers as f64 / count as f64,
        profile_peak_dn: profile_dn.iter().fold(0.0, |peak, value| value.abs().max(peak)),
        profile_noise_dn: errors.iter().sum::<f64>() / errors.len().max(1) as f64,
        profile_dn,
    })
}

/// The exact median of a stream that can be started again.
fn median(values: impl Iterator<Item = f32> + Clone) -> Option<f64> {
    let mut median = CountingMedian::new();
    median.offer(values.clone());
    median.begin_second_pass();
    median.offer(values);
    median.finish()
}

/// Mean of the finite values within five robust sigmas, and its standard error; zeros for none.
fn mean_and_error(column: ArrayView1<'_, f32>) -> (f64, f64) {
    let values: Vec<f64> = column.iter().map(|&value| f64::from(value)).collect();
    let Some((center, sigma)) = crate::numerics::stats::median_and_sigma(&values) else {
        return (0.0, 0.0);
    };
    let near = |value: &&f64| value.is_finite() && (**value - center).abs() <= 5.0 * sigma;
    let count = values.iter().filter(near).count().max(1) as f64;
    let mean = values.iter().filter(near).sum::<f64>() / count;
    (mean, sigma / count.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_a_wrong_variance_and_a_bad_column_are_told_apart() {
        let shape = (200, 100);
        // Plus and minus one around 10.25: variance 1, offset 0.25 from the truth.
        let noise = |row: usize, column: usize| [1.0, -1.0][(row + column) % 2];
        let mut image = Array2::from_shape_fn(shape, |(r, c)| 10.25 + noise(r, c));
        image.column_mut(99).mapv_inplace(|pixel| pixel + 3.0);
        let planes =
            Planes::new(image, Array2::from_elem(shape, 1.0), Array2::zeros(shape)).unwrap();
        let (truth, skip) = (Array2::from_elem(shape, 10.0), Array2::from_elem(shape, false));
        let flip = Flip { rows: false, columns: true };
        let mut charge = truth.clone();
        charge.column_mut(97).fill(9.5);
        let report = residuals(&planes, (&truth, &charge), &skip, flip).unwrap();
        assert!((report.profile_peak_dn - 3.25).abs() < 1e-5, "{report:?}");
        assert!((report.profile_dn[1] - 0.25).abs() < 1e-5);
        assert!((report.profile_dn[2] - 0.75).abs() < 1e-5);
        let expected = (0.99 * (1.0 + 0.0625)) + 0.01 * (1.0 + 3.25 * 3.25);
        assert!((report.variance_ratio - expected).abs() < 1e-5);
    }

    #[test]
    fn nothing_to_compare_is_said() {
        let planes = Planes::from_image(Array2::zeros((2, 2)));
        let skip = Array2::from_elem((2, 2), true);
        let truth = Array2::zeros((2, 2));
        assert!(residuals(&planes, (&truth, &truth), &skip, Flip::NONE).is_err());
    }
}
