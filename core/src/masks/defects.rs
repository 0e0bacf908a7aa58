//! Defects: pixels that answer light too weakly or too strongly, as a master flat shows them.
//!
//! With `f` the flat, `s` the square root of its variance and `l` its level around the pixel (of a mesh, so
//! that lamps, vignetting and dust that spreads over many pixels are no defects),
//!
//! ```text
//! r = f / l
//! DEAD            r < dead_ratio
//! LOW_RESPONSE    r < low_ratio,  not dead        each only if |r - 1| > threshold_sigma s / l
//! HIGH_RESPONSE   r > high_ratio
//! ```
//!
//! * Planes: `image` (relative), `variance`, `mask` of one amplifier of a flat, any order of pixels. Only the
//!   mask changes.
//! * Mask: pixels with one of [`mask::BAD`] are not judged.
//! * Source: a cut of the flat over its local level, as in the defects of LSST's calibration products (cp_pipe,
//!   `fracThresholdFlat`); the threshold in sigma is ours, so that a dim flat gives no defects of noise.
//!   Pixels whose reading scatters are marked where exposures are stacked ([`crate::stack::noisy`]).

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::image::Planes;
use crate::mask;
use crate::measure::background::{self, Background, Estimator};

/// Parameters of the recipe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Below this response a pixel is dead (fraction of its surroundings').
    pub dead_ratio: f64,
    /// Below this it is one of low response (fraction of its surroundings').
    pub low_ratio: f64,
    /// Above this it is one of high response (fraction of its surroundings').
    pub high_ratio: f64,
    /// Least distance from the surroundings (sigma of the flat).
    pub threshold_sigma: f64,
    /// Side of a cell of the mesh (pixel).
    pub mesh_pix: usize,
}

impl Default for Params {
    /// 0.1, 0.8, 1.2, 5 sigma, cells of 64 pixels.
    fn default() -> Params {
        Params {
            dead_ratio: 0.1,
            low_ratio: 0.8,
            high_ratio: 1.2,
            threshold_sigma: 5.0,
            mesh_pix: 64,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Dead pixels.
    pub dead: u64,
    /// Pixels of low response.
    pub low_response: u64,
    /// Pixels of high response.
    pub high_response: u64,
}

impl Params {
    /// Refuses ratios out of order.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        for (name, value, least, most) in [
            ("low_ratio", self.low_ratio, 0.0, 1.0),
            ("dead_ratio", self.dead_ratio, 0.0, self.low_ratio),
            ("high_ratio", self.high_ratio, 1.0, 1e6),
            ("threshold_sigma", self.threshold_sigma, 0.0, 1e6),
        ] {
            if !(least..=most).contains(&value) {
                let needed = format!("{least} to {most}");
                return Err(Error::parameter(&format!("defects.{name}"), value, needed));
            }
        }
        self.mesh().check()
    }

    fn mesh(&self) -> background::Params {
        background::Params {
            mesh_width_pix: self.mesh_pix,
            mesh_height_pix: self.mesh_pix,
            // Cells are clipped; a filter would flatten the light at the borders.
            filter_width: 1,
            filter_height: 1,
            estimator: Estimator::Mode,
        }
    }
}

/// Marks the defects of one amplifier's flat.
///
/// # Errors
/// [`Error::Parameter`] for parameters out of range, and those of the mesh; then the mask is unchanged.
pub fn mark(flat: &mut Planes, params: &Params) -> Result<Report> {
    params.check()?;
    let (image, bits) = (flat.image.view(), flat.mask.view());
    let level = Background::estimate(image, bits, mask::BAD, &params.mesh())?.level();
    let mut report = Report::default();
    let pixels = flat.image.iter().zip(&flat.variance).zip(&level);
    for (((&value, &variance), &level), bits) in pixels.zip(flat.mask.iter_mut()) {
        let (value, level) = (f64::from(value), f64::from(level));
        let noise = f64::from(variance).max(0.0).sqrt();
        let sure = params.threshold_sigma * noise < (value - level).abs();
        if *bits & mask::BAD != 0 || !sure || level <= 0.0 {
            continue;
        }
        let ratio = value / level;
        let (bit, count) = if ratio < params.dead_ratio {
            (mask::DEAD, &mut report.dead)
        } else if ratio < params.low_ratio {
            (mask::LOW_RESPONSE, &mut report.low_response)
        } else if params.high_ratio < ratio {
            (mask::HIGH_RESPONSE, &mut report.high_response)
        } else {
            continue;
        };
        *bits |= bit;
        *count += 1;
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::masks::fixture::normals;

    /// A flat with a gradient, a vignette, 1 % of noise and 1 % of response.
    fn flat(seed: u64) -> Planes {
        let mut normal = normals(seed);
        let light = |row: f64, column: f64| {
            let (x, y) = (column / 150.0 - 1.0, row / 100.0 - 1.0);
            (1.0 + 0.1 * x) * (1.0 - 0.2 * (x * x + y * y))
        };
        let image = Array2::from_shape_fn((200, 300), |(row, column)| {
            (light(row as f64, column as f64) * (1.0 + 0.014 * normal())) as f32
        });
        let mut planes = Planes::from_image(image);
        planes.variance.fill(1e-4);
        planes
    }

    #[test]
    fn injected_defects_are_found_and_nothing_else() {
        for seed in 1..=4 {
            let mut planes = flat(seed);
            let mut truth = Array2::<u32>::zeros(planes.shape());
            let mut spoil = |at: (usize, usize), factor: f32, bit| {
                planes.image[at] *= factor;
                truth[at] = bit;
            };
            for row in 0..200 {
                spoil((row, 40), 0.6, mask::LOW_RESPONSE);
                spoil((row, 41), 0.65, mask::LOW_RESPONSE);
                spoil((row, 299), 0.5, mask::LOW_RESPONSE);
            }
            for number in 0..30 {
                spoil((3 + 6 * number, 7 + 9 * number), 0.02, mask::DEAD);
                spoil((199 - 6 * number, 60 + 7 * number), 1.4, mask::HIGH_RESPONSE);
            }
            planes.image[[100, 100]] = f32::NAN;
            planes.mask[[100, 100]] = mask::NO_DATA;
            truth[[100, 100]] = mask::NO_DATA;
            let report = mark(&mut planes, &Params::default()).unwrap();
            assert_eq!(planes.mask, truth);
            let counts = [mask::DEAD, mask::LOW_RESPONSE, mask::HIGH_RESPONSE];
            let [dead, low_response, high_response] = counts.map(|bit| mask::count(&truth, bit));
            assert_eq!(report, Report { dead, low_response, high_response });
        }
    }

    #[test]
    fn noise_makes_no_defect_of_a_dim_flat() {
        let mut planes = flat(1);
        let mut normal = normals(9);
        planes.image.mapv_inplace(|pixel| pixel * (1.0 + 0.2 * normal()) as f32);
        planes.variance.fill(0.04);
        let mut eager = planes.clone();
        assert_eq!(mark(&mut planes, &Params::default()).unwrap(), Report::default());
        let params = Params { threshold_sigma: 0.0, ..Params::default() };
        assert!(mark(&mut eager, &params).unwrap().low_response > 1000);
    }

    #[test]
    fn ratios_out_of_order_are_refused_by_name() {
        let base = Params::default();
        let before = flat(1);
        for (wrong, name) in [
            (Params { dead_ratio: 0.9, ..base }, "defects.dead_ratio"),
            (Params { low_ratio: f64::NAN, ..base }, "defects.low_ratio"),
            (Params { low_ratio: 1.5, ..base }, "defects.low_ratio"),
            (Params { high_ratio: 0.9, ..base }, "defects.high_ratio"),
            (Params { threshold_sigma: -1.0, ..base }, "defects.threshold_sigma"),
            (Params { mesh_pix: 0, ..base }, "mesh_width_pix"),
        ] {
            let mut planes = before.clone();
            let text = mark(&mut planes, &wrong).unwrap_err().to_string();
            assert!(text.contains(name) && planes == before, "{text}");
        }
    }
}
