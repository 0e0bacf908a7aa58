//! What counts as an object: threshold, filter, deblending, cleaning.

use serde::{Deserialize, Serialize};

use super::filter::Kernel;
use crate::error::{Error, Result};
use crate::json::switch;
use crate::mask;

/// Most rows or columns of a filter.
pub(super) const MAX_KERNEL: usize = 99;

/// Parameters of the detection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Least height above the background (sigma of the noise).
    pub threshold_sigma: f64,
    /// Where the noise comes from.
    pub noise: Noise,
    /// What the threshold is compared with.
    pub filter: Filter,
    /// Weights of the filter (relative), rows of equal length, both odd; their sum does not matter.
    pub kernel: Vec<Vec<f32>>,
    /// Fewest connected pixels of an object.
    pub minimum_area_pix: usize,
    /// Thresholds from the detection's to the peak at which a region may fall apart; 1 for none.
    pub deblend_levels: usize,
    /// Least part of a region's light that a branch must hold to be an object (fraction).
    pub deblend_contrast_fraction: f64,
    /// Exponent of the wings that a bright object is credited with when its false neighbors are
    /// removed (dimensionless); `false` (`None`) to keep all.
    #[serde(with = "switch")]
    pub clean_exponent: Option<f64>,
    /// What cleaning takes for the threshold.
    pub clean_threshold: CleanThreshold,
    /// Bits of the mask whose pixels count as empty.
    pub mask_bits: u32,
    /// Gain (electron/DN), if the errors of the moments are to hold the object's photon noise because
    /// the noise does not; without it, or with `false`, they are those of the noise.
    #[serde(deserialize_with = "switch::deserialize")]
    pub gain_electron_per_dn: Option<f64>,
}

/// Where the noise of a pixel comes from.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from", deny_unknown_fields)]
pub enum Noise {
    /// The variance plane; a pixel without a positive variance counts as masked.
    #[default]
    Plane,
    /// One rms for all pixels.
    Constant {
        /// The rms (DN).
        rms_dn: f64,
    },
}

/// What the threshold is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// The pixel itself.
    None,
    /// The filtered pixel, against the noise of the unfiltered one.
    Convolve,
    /// The significance of the filter's shape at the pixel, each pixel weighted by its variance; with
    /// a constant noise the same as `Convolve`, as in sep.
    #[default]
    Matched,
}

/// What cleaning takes for the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CleanThreshold {
    /// That of a pixel, as sep does.
    #[default]
    Pixel,
    /// With the matched filter that of the filtered image.
    Filtered,
}

impl Default for Params {
    /// Five sigma of the variance plane, the filter 1 2 1 / 2 4 2 / 1 2 1, five pixels, 32 levels with a
    /// contrast of 0.005, cleaning with exponent 1.
    fn default() -> Params {
        Params {
            threshold_sigma: 5.0,
            noise: Noise::Plane,
            filter: Filter::Matched,
            kernel: vec![vec![1.0, 2.0, 1.0], vec![2.0, 4.0, 2.0], vec![1.0, 2.0, 1.0]],
            minimum_area_pix: 5,
            deblend_levels: 32,
            deblend_contrast_fraction: 0.005,
            clean_exponent: Some(1.0),
            clean_threshold: CleanThreshold::Pixel,
            mask_bits: mask::BAD,
            gain_electron_per_dn: None,
        }
    }
}

impl Params {
    /// Threshold of the filtered image over that of a pixel (ratio), where neighboring pixels have the same
    /// noise: 1 unless the filter is the matched one.
    pub fn filtered_threshold_ratio(&self) -> f64 {
        let weighted = self.filter == Filter::Matched && self.noise == Noise::Plane;
        if weighted { Kernel::new(&self.kernel).noise() } else { 1.0 }
    }

    /// Refuses what detects nothing, or everything.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        let refuse = |name, found: String, needed| Err(Error::parameter(name, found, needed));
        let positive = |value: f64| value.is_finite() && 0.0 < value;
        if !positive(self.threshold_sigma) {
            return refuse("threshold_sigma", self.threshold_sigma.to_string(), "above 0");
        }
        if let Noise::Constant { rms_dn } = self.noise
            && !positive(rms_dn)
        {
            return refuse("noise.rms_dn", rms_dn.to_string(), "above 0");
        }
        if self.minimum_area_pix == 0 {
            return refuse("minimum_area_pix", "0".to_owned(), "1 or more");
        }
        if !(1..=1000).contains(&self.deblend_levels) {
            return refuse("deblend_levels", self.deblend_levels.to_string(), "1 to 1000");
        }
        if !(0.0..=1.0).contains(&self.deblend_contrast_fraction) {
            let found = self.deblend_contrast_fraction.to_string();
            return refuse("deblend_contrast_fraction", found, "0 to 1");
        }
        if let Some(exponent) = self.clean_exponent.filter(|&value| !positive(value)) {
            return refuse("clean_exponent", exponent.to_string(), "above 0");
        }
        if let Some(gain) = self.gain_electron_per_dn.filter(|&value| !positive(value)) {
            return refuse("gain_electron_per_dn", gain.to_string(), "above 0");
        }
        self.check_kernel()
    }

    fn check_kernel(&self) -> Result<()> {
        if self.filter == Filter::None {
            return Ok(());
        }
        let (rows, columns) = (self.kernel.len(), self.kernel.first().map_or(0, Vec::len));
        let odd = |length: usize| length % 2 == 1 && length <= MAX_KERNEL;
        let even = self.kernel.iter().all(|row| row.len() == columns);
        if !(odd(rows) && odd(columns) && even) {
            let needed = format!("rows of equal length, both odd and at most {MAX_KERNEL}");
            return Err(Error::parameter("kernel", format!("{rows} x {columns}"), needed));
        }
        let sum: f32 = self.kernel.iter().flatten().map(|weight| weight.abs()).sum();
        if !(sum.is_finite() && 0.0 < sum) {
            return Err(Error::parameter("kernel", sum, "finite weights that are not all 0"));
        }
        Ok(())
    }
}
