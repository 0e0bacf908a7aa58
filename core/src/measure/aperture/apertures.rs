//! What was measured of all stars through one circle.

use super::sums::{Local, Sums};

/// The sums of all stars through one radius.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Apertures {
    /// Radius (pixel).
    pub radius_pix: f64,
    /// Flux (DN); NaN where there is none.
    pub flux: Vec<f64>,
    /// Standard deviation of the flux (DN); NaN where there is none.
    pub flux_err: Vec<f64>,
    /// Bits of [`crate::measure::flags::REGISTRY`].
    pub flags: Vec<i32>,
    /// Pixels of the aperture that were left out.
    pub n_masked: Vec<i32>,
    /// Area of the unmasked part (pixel²).
    pub area_pix2: Vec<f64>,
}

impl Apertures {
    /// Room for the sums of so many stars.
    pub(super) fn new(radius_pix: f64, count: usize) -> Apertures {
        Apertures {
            radius_pix,
            flux: vec![f64::NAN; count],
            flux_err: vec![f64::NAN; count],
            flags: vec![0; count],
            n_masked: vec![0; count],
            area_pix2: vec![0.0; count],
        }
    }

    /// Writes one star's sums, its local background subtracted.
    pub(super) fn put(
        &mut self,
        star: usize,
        sums: &Sums,
        local: Option<Option<Local>>,
        bits: i32,
    ) {
        let empty = sums.area <= 0.0;
        let (mean, mean_variance) = local.flatten().map_or((0.0, 0.0), |l| (l.mean, l.variance));
        let flux = sums.flux - sums.area * mean;
        let variance = sums.variance + sums.area * sums.area * mean_variance;
        let error = variance.max(0.0).sqrt();
        // One NaN for all engines, whatever made it.
        put(&mut self.flux, star, if empty || flux.is_nan() { f64::NAN } else { flux });
        put(&mut self.flux_err, star, if empty { f64::NAN } else { error });
        put(&mut self.flags, star, bits);
        put(&mut self.n_masked, star, sums.n_masked);
        put(&mut self.area_pix2, star, sums.area);
    }
}

fn put<T>(column: &mut [T], row: usize, value: T) {
    if let Some(place) = column.get_mut(row) {
        *place = value;
    }
}
