//! Pocket effect by a trap that is in equilibrium with each pixel it has passed.
//!
//! With `T(y)` what the trap holds after a measured pixel `y` (DN, [`crate::instrument`]), the pixels
//! of a row in the order of reading, and `T_(-1) = 0`,
//!
//! ```text
//! T_j = T(y_j)            x_j = y_j + T_j - T_(j-1)
//! ```
//!
//! in one pass: what the trap takes at one pixel it gives at the next ones. What a row gains in all is
//! what the trap holds at its end. The forward direction solves, for the true pixel `n` and what the
//! trap holds before it,
//!
//! ```text
//! T(n + d) + d = T_(j-1)          by Newton's steps          y = n + d,   T_j = T_(j-1) - d
//! ```
//!
//! * Planes: `image` in DN, shape `(row, column)`, readout order; the overscan columns follow the same
//!   rule. The `variance` follows the slope of a pixel's own correction, `variance <- variance (1 +
//!   dT/dy)²`.
//! * Order: after `linearity`, as the other model.
//! * A pixel that is not finite stays as it is, and the trap passes it unchanged. No mask bit is set:
//!   there is nothing to settle.
//! * Source: ztfsensors (repository of 2026-04); there the curve is read in single precision, here in
//!   double, and there a NaN spoils the next pixel too.

use ndarray::{Array2, ArrayViewMut1, Zip};
use serde::Serialize;

use super::imaging_of;
use crate::error::Result;
use crate::image::{AmpImage, Planes};
use crate::instrument::EquilibriumCurve;

/// Most of Newton's steps for one pixel.
const STEPS: usize = 60;
/// A step (DN) below which a pixel has settled.
const SETTLED_DN: f64 = 1e-12;

/// What the step did.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Report {
    /// Largest change of an imaging pixel (DN).
    pub largest_dn: f64,
    /// Mean over the rows of what they gained: what the trap holds at the end of a row (DN).
    pub gained_dn: f64,
}

/// Corrects `amp` in place by the curve of its trap.
///
/// # Errors
/// [`crate::Error::Input`] if the image is not in DN or its sections do not fit it; then `amp` is
/// unchanged.
pub fn correct(amp: &mut AmpImage, curve: &EquilibriumCurve) -> Result<Report> {
    let imaging = imaging_of(amp)?;
    let mut report = Report::default();
    let Planes { image, variance, .. } = &mut amp.planes;
    let rows = image.nrows().max(1) as f64;
    let lit = imaging.column_start..imaging.column_end;
    Zip::from(image.rows_mut()).and(variance.rows_mut()).for_each(|mut pixels, variances| {
        let before: Vec<f32> = pixels.iter().skip(lit.start).take(lit.len()).copied().collect();
        report.gained_dn += correct_row(pixels.view_mut(), variances, (curve, lit.start)) / rows;
        let changes = before.iter().zip(pixels.iter().skip(lit.start));
        let changes = changes.map(|(old, new)| (f64::from(*new) - f64::from(*old)).abs());
        report.largest_dn = changes.fold(report.largest_dn, f64::max);
    });
    Ok(report)
}

/// One row from the column `first` on; what it gained (DN).
fn correct_row(
    pixels: ArrayViewMut1<'_, f32>,
    variances: ArrayViewMut1<'_, f32>,
    (curve, first): (&EquilibriumCurve, usize),
) -> f64 {
    let mut content = 0.0;
    for (pixel, variance) in pixels.into_iter().zip(variances).skip(first) {
        if !pixel.is_finite() {
            continue;
        }
        let read = f64::from(*pixel);
        let (held, slope) = curve.at(read);
        *pixel = (read + held - content) as f32;
        *variance = (f64::from(*variance) * (1.0 + slope) * (1.0 + slope)) as f32;
        content = held;
    }
    content
}

/// What the trap makes of `pixels` (DN, rows of charge in the order of reading, with as many empty
/// columns at the end as the overscan has).
pub fn forward(pixels: &Array2<f64>, curve: &EquilibriumCurve) -> Array2<f64> {
    let mut read = pixels.clone();
    for mut row in read.rows_mut() {
        let mut content = 0.0;
        for pixel in &mut row {
            let freed = freed(*pixel, content, curve);
            *pixel += freed;
            content -= freed;
        }
    }
    read
}

/// The `d` with `T(n + d) + d = content`.
fn freed(charge: f64, content: f64, curve: &EquilibriumCurve) -> f64 {
    let mut freed = content - curve.at(charge).0;
    for _ in 0..STEPS {
        let (held, slope) = curve.at(charge + freed);
        let step = (held + freed - content) / (1.0 + slope);
        freed -= step;
        if step.abs() < SETTLED_DN {
            break;
        }
    }
    freed
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;
    use serde::Deserialize;

    use super::*;
    use crate::image::PixelUnit;
    use crate::instrument::EquilibriumModel;
    use crate::steps::fixture::flat_amp;

    /// Made by `tests/oracles/peers/equilibrium.py` in plain numpy.
    #[derive(Deserialize)]
    struct Case {
        models: Vec<Model>,
        pixels: Vec<Vec<f64>>,
    }

    #[derive(Deserialize)]
    struct Model {
        curve: EquilibriumModel,
        temperature_k: f64,
        pixel_dn: Vec<f64>,
        content_dn: Vec<f64>,
        corrected: Vec<Vec<f64>>,
    }

    fn case() -> Case {
        let text = include_str!("../../../../tests/cases/peers/equilibrium.json");
        serde_json::from_str(text).unwrap()
    }

    fn array(rows: &[Vec<f64>]) -> Array2<f64> {
        Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| rows[row][column])
    }

    #[test]
    fn the_curves_are_those_of_the_plain_statement() {
        for model in &case().models {
            let curve = model.curve.tabulated(model.temperature_k).unwrap();
            for (&x, &content) in model.pixel_dn.iter().zip(&model.content_dn) {
                let ours = curve.at(x).0;
                assert!((ours - content).abs() <= 1e-9 * content.abs().max(1.0), "{x}: {ours}");
            }
        }
    }

    #[test]
    fn one_pass_gives_the_numbers_of_the_plain_statement() {
        let case = case();
        for model in &case.models {
            let curve = model.curve.tabulated(model.temperature_k).unwrap();
            let mut amp = flat_amp(0.0, 1.0, PixelUnit::Dn);
            amp.planes.image = array(&case.pixels).mapv(|pixel| pixel as f32);
            assert_eq!(amp.planes.shape(), (6, 7), "rows and columns of the fixture");
            correct(&mut amp, &curve).unwrap();
            for (ours, wanted) in amp.planes.image.iter().zip(&array(&model.corrected)) {
                let close = 1e-6 * wanted.abs().max(10.0);
                assert!((f64::from(*ours) - wanted).abs() < close, "{ours} {wanted}");
            }
        }
    }

    #[test]
    fn what_the_trap_did_is_undone() {
        for model in &case().models {
            let curve = model.curve.tabulated(model.temperature_k).unwrap();
            let charge = Array2::from_shape_fn((6, 7), |(row, column)| match column {
                0..4 => 60.0 + 900.0 * ((row * 5 + column * 3) % 7) as f64,
                _ => 0.0,
            });
            let read = forward(&charge, &curve);
            let mut amp = flat_amp(0.0, 1.0, PixelUnit::Dn);
            amp.planes.image = read.mapv(|pixel| pixel as f32);
            let report = correct(&mut amp, &curve).unwrap();
            for (ours, wanted) in amp.planes.image.iter().zip(&charge) {
                assert!((f64::from(*ours) - wanted).abs() < 2e-3, "{ours} {wanted}");
            }
            assert!(report.largest_dn > 1.0, "{report:?}");
        }
    }

    #[test]
    fn charge_that_leaves_one_pixel_enters_others_or_the_trap() {
        let model = &case().models[0];
        let curve = model.curve.tabulated(model.temperature_k).unwrap();
        let charge = Array2::from_shape_fn((6, 7), |(row, column)| (row * column * 97) as f64);
        let read = forward(&charge, &curve);
        let lost = charge.sum_axis(Axis(1)) - read.sum_axis(Axis(1));
        for (row, lost) in lost.iter().enumerate() {
            let held = curve.at(read[[row, 6]]).0;
            assert!((lost - held).abs() < 1e-9, "{lost} {held}");
        }
    }

    #[test]
    fn a_pixel_without_a_value_stays_alone() {
        let model = &case().models[0];
        let curve = model.curve.tabulated(model.temperature_k).unwrap();
        let mut amp = flat_amp(300.0, 1.0, PixelUnit::Dn);
        amp.planes.image[[0, 1]] = f32::NAN;
        correct(&mut amp, &curve).unwrap();
        assert!(amp.planes.image[[0, 1]].is_nan());
        assert_eq!(amp.planes.image[[0, 2]], 300.0);
        let mut raw = flat_amp(300.0, 1.0, PixelUnit::RawDn);
        assert!(correct(&mut raw, &curve).is_err());
    }
}
