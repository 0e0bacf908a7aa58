//! What is true of a simulated exposure, in sky order.
//!
//! ```text
//! light      noise-free light × response                        (before the step `flat`)
//! flattened  light / noise-free flat × (focal-plane level over the flat's)      (after it)
//! ```
//!
//! the same quantities with which a batch compares its science images ([`crate::job`]).

use ndarray::Array2;

use crate::error::Result;
use crate::ids::AmpId;
use crate::instrument::Instrument;
use crate::job::read_truth;
use crate::store::Store;

use super::files::Files;

/// The truth of one amplifier, sky order.
pub(super) struct Truth {
    /// Light times response (DN).
    pub(super) light: Array2<f32>,
    /// Light (DN), as the flat makes it.
    pub(super) flattened: Array2<f32>,
    /// An injected cosmic ray is near.
    pub(super) near_cosmic: Array2<bool>,
}

/// Reads it, if the files have it.
pub(super) fn read(
    store: &mut dyn Store,
    camera: &Instrument,
    (files, amp): (&Files, AmpId),
    scale_ratio: f64,
) -> Result<Option<Truth>> {
    let Some(file) = files.truth.iter().find(|file| file.amp == amp) else { return Ok(None) };
    let flip = camera.amplifier(amp).map_or_else(Default::default, |known| known.sky_from_stored);
    let plain = read_truth((store, camera), (&file.key, &[], 1.0), amp)?;
    let flat = read_truth((store, camera), (&file.key, &files.lamps, scale_ratio), amp)?;
    Ok(Some(Truth {
        light: flip.apply(plain.image),
        flattened: flip.apply(flat.image),
        near_cosmic: flip.apply(plain.near_cosmic),
    }))
}
