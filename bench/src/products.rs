//! Products of the whole command as plain numbers, to be compared with a peer's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rawsky_core::formats::{fits::FitsFile, parquet};
use rawsky_core::numerics::sky::{ARCSECOND, Wcs};
use rawsky_core::store::Source;
use serde_json::json;

use crate::arrays::{bytes_f32, bytes_f64};
use crate::store::Folder;

/// Writes all images of a master, amplifier after amplifier.
///
/// # Errors
/// If it cannot be read.
pub fn images(master: &Path, answer: &Path) -> Result<String> {
    let mut store = Folder::new(".");
    let mut source = Source::open(&mut store, &master.to_string_lossy())?;
    let file = FitsFile::open(&mut source)?;
    let mut bytes = Vec::new();
    for hdu in file.hdus().iter().filter(|hdu| hdu.name.starts_with("IMAGE")) {
        bytes.extend(bytes_f32(&file.read_image(&mut source, hdu.index)?.values));
    }
    fs::write(answer, bytes)?;
    Ok(json!({ "product": master }).to_string())
}

/// Writes the fluxes of catalogues of ten radii, catalogue after catalogue, radius after radius.
///
/// # Errors
/// If one cannot be read.
pub fn fluxes(answer: &Path, catalogues: &[&str]) -> Result<String> {
    let mut bytes = Vec::new();
    for path in catalogues.iter().map(PathBuf::from) {
        let content = fs::read(&path).with_context(|| path.display().to_string())?;
        let (table, _) = parquet::read(&path.display().to_string(), content, None)?;
        for radius in 0..10 {
            let name = format!("f_{radius}");
            bytes.extend(bytes_f64(&table.f64(&name).with_context(|| format!("no {name}"))?));
        }
    }
    fs::write(answer, bytes)?;
    Ok(json!({ "product": catalogues }).to_string())
}

/// Writes, image after image, where its middle lies (arcsecond along both axes of the sky) and its zero point (mag).
///
/// # Errors
/// If one cannot be read, or is not calibrated.
pub fn calibrated(answer: &Path, images: &[&str]) -> Result<String> {
    let mut bytes = Vec::new();
    for path in images {
        let mut store = Folder::new(".");
        let mut source = Source::open(&mut store, path)?;
        let file = FitsFile::open(&mut source)?;
        let header = &file.hdus().first().context("no HDU")?.header;
        let values = file.read_image(&mut source, 0)?.values;
        let wcs = Wcs::from_header(header)?.with_context(|| format!("{path} has no WCS"))?;
        let (rows, columns) = values.dim();
        let middle = ((columns - 1) as f64 / 2.0, (rows - 1) as f64 / 2.0);
        let (ra, dec) = wcs.sky_from_pixel(middle.0, middle.1);
        let zero = header.real("MAGZP").with_context(|| format!("{path} has no MAGZP"))?;
        bytes.extend(bytes_f64(&[ra * dec.cos() / ARCSECOND, dec / ARCSECOND, zero]));
    }
    fs::write(answer, bytes)?;
    Ok(json!({ "product": images }).to_string())
}
