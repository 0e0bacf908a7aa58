//! Stack: the clipped median of a quadrant's frames, one pass of 3 standard deviations.

use std::path::Path;

use anyhow::Result;
use ndarray::Array2;
use rawsky_core::numerics::precision::Precision;
use rawsky_core::stack::combine::{Merge, Params, combine};

use super::{Answer, Work};
use crate::arrays::{read_image, shape};

/// The rule that `sigma_clip(maxiters=1)` and `nanmedian` follow.
const PARAMS: Params = Params {
    skip_first: None,
    use_last: None,
    minimum_frames: 1,
    clip_sigma: 3.0,
    maximum_passes: 1,
    merge: Merge::Median,
    sums: Precision::F64,
    noisy_factor: None,
};

/// `count` frames in memory.
pub(super) fn prepare(inputs: &Path, count: usize) -> Result<Work> {
    let shape = shape(inputs)?;
    let frames = (0..count).map(|index| read_image(inputs, &frame(index)));
    let frames = frames.collect::<Result<Vec<_>>>()?;
    Ok(Box::new(move || {
        let (planes, _) = combine(&frames, Array2::zeros(shape), &PARAMS)?;
        Ok(Answer::Images(vec![planes.image]))
    }))
}

/// Name of a frame's file.
pub fn frame(index: usize) -> String {
    format!("frame_{index:02}.f32")
}
