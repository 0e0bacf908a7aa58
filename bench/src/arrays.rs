//! Plain arrays in files, little-endian, as both sides read them without a format between.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ndarray::Array2;

/// The numbers of a file of f32.
///
/// # Errors
/// If it cannot be read.
pub fn read_f32(path: &Path) -> Result<Vec<f32>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

/// The numbers of a file of f64.
///
/// # Errors
/// If it cannot be read.
pub fn read_f64(path: &Path) -> Result<Vec<f64>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(bytes.as_chunks().0.iter().map(|eight| f64::from_le_bytes(*eight)).collect())
}

/// An image of f32 whose shape stands in `shape.json` beside it.
///
/// # Errors
/// If it cannot be read, or has another number of pixels.
pub fn read_image(folder: &Path, name: &str) -> Result<Array2<f32>> {
    let values = read_f32(&folder.join(name))?;
    let shape = shape(folder)?;
    ensure!(values.len() == shape.0 * shape.1, "{name} has {} pixels", values.len());
    Ok(Array2::from_shape_vec(shape, values)?)
}

/// Rows and columns of a quadrant.
///
/// # Errors
/// If `shape.json` is not there.
pub fn shape(folder: &Path) -> Result<(usize, usize)> {
    let path = folder.join("shape.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_str(&text)?)
}

/// Bytes of f32.
pub fn bytes_f32<'a>(values: impl IntoIterator<Item = &'a f32>) -> Vec<u8> {
    values.into_iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Bytes of f64.
pub fn bytes_f64<'a>(values: impl IntoIterator<Item = &'a f64>) -> Vec<u8> {
    values.into_iter().flat_map(|value| value.to_le_bytes()).collect()
}
