//! The cases: each makes its inputs ready, untimed, and then does its work as often as it is called.

mod aperture;
mod background;
pub mod bits;
mod decode;
pub mod detrend;
mod parquet;
mod pocket;
mod sky;
pub mod stack;

use std::path::Path;

use anyhow::{Result, bail};
use ndarray::Array2;

use crate::arrays::{bytes_f32, bytes_f64};

/// One run of a case.
pub type Work = Box<dyn FnMut() -> Result<Answer>>;

/// What a case computed, as it left the core: bytes are made of it when the clock has stopped.
pub enum Answer {
    /// Images (single precision).
    Images(Vec<Array2<f32>>),
    /// Numbers in double precision.
    Numbers(Vec<Vec<f64>>),
    /// A file.
    File(Vec<u8>),
}

impl Answer {
    /// The numbers one after the other, little-endian; or the file.
    ///
    /// # Errors
    /// Never so far.
    pub fn bytes(self) -> Result<Vec<u8>> {
        Ok(match self {
            Answer::Images(images) => images.iter().flat_map(bytes_f32).collect(),
            Answer::Numbers(numbers) => numbers.iter().flat_map(bytes_f64).collect(),
            Answer::File(bytes) => bytes,
        })
    }
}

/// Makes a case ready. `size` is the number of frames, stars or rows, where a case has one.
///
/// # Errors
/// If there is no such case, or its inputs cannot be read.
pub fn prepare(case: &str, inputs: &Path, size: usize) -> Result<Work> {
    match case {
        "decode-float" => decode::prepare(inputs, "float.fits.fz"),
        "decode-16" => decode::prepare(inputs, "16.fits.fz"),
        "detrend" => detrend::prepare(inputs),
        "pocket" => pocket::prepare(inputs),
        "stack" => stack::prepare(inputs, size),
        "aperture" => aperture::prepare(inputs, size),
        "sky" => sky::prepare(inputs, size),
        "background" => background::prepare(inputs),
        "parquet" => parquet::prepare(size),
        other => bail!("there is no case {other}"),
    }
}
