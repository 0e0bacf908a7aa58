//! The inputs of all cases, made of a simulated night and its reduction.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ndarray::Array2;
use rawsky_core::formats::fits::{FitsFile, Hdu};
use rawsky_core::formats::parquet;
use rawsky_core::image::Planes;
use rawsky_core::mask;
use rawsky_core::numerics::sky::Wcs;
use rawsky_core::store::{Sink, Source};
use rawsky_core::table::{Table, Values};

use crate::arrays::{bytes_f32, bytes_f64};
use crate::cases::bits::Bits;
use crate::cases::detrend::{in_readout_order, load};
use crate::cases::stack::frame;
use crate::store::{Folder, Kept};

/// Stars of the list.
const STARS: usize = 100_000;
/// Pixels between a star and the border, so that no aperture leaves the image.
const MARGIN: f64 = 15.0;
/// Stars of a catalogue, and columns and rows of a quadrant of the camera.
const CATALOGUE: usize = 10_000;
const SIZE: (f64, f64) = (3072.0, 3080.0);
/// Frames of the largest stack.
const FRAMES: usize = 40;

/// Writes all inputs into `out`: of a night with its reduction, and of a night in 16-bit numbers.
///
/// # Errors
/// If a file is missing.
pub fn make([night, reduced, night16]: [&Path; 3], out: &Path) -> Result<String> {
    fs::create_dir_all(out)?;
    for (folder, ending, name) in [
        (night, "_o.fits.fz", "float.fits.fz"),
        (night16, "_o.fits.fz", "16.fits.fz"),
        (&night.join("headers"), "_q1_sciimg.fits", "header.fits"),
        (reduced, "_bias.fits", "bias.fits"),
        (reduced, "_l00_flat.fits", "flat.fits"),
        (reduced, "_q1_sciimg.fits", "science.fits"),
    ] {
        let found = files(folder, ending)?;
        let first = found.first().with_context(|| format!("{}: no …{ending}", folder.display()))?;
        fs::copy(first, out.join(name)).with_context(|| first.display().to_string())?;
    }
    catalogues(night, out)?;
    frames(night, out)?;
    quadrant(out)?;
    amplifiers(out)?;
    Ok(serde_json::json!({ "inputs": out }).to_string())
}

/// Files below a folder whose names end so, sorted.
///
/// # Errors
/// If a folder cannot be read.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Frames for the stack: the first quadrant of every bias, in the order of the night; those after the
/// last are the first ones again, mirrored.
fn frames(night: &Path, out: &Path) -> Result<()> {
    let biases = files(night, "_b.fits.fz")?;
    ensure!(!biases.is_empty(), "{} has no bias", night.display());
    for index in 0..FRAMES {
        let path = &biases[index % biases.len()];
        let mut image = read(path, |hdus| hdus.get(1))?;
        if index >= biases.len() {
            image.invert_axis(ndarray::Axis(1));
        }
        fs::write(out.join(frame(index)), bytes_f32(&image))?;
    }
    Ok(())
}

/// One image of a file.
fn read(path: &Path, which: impl Fn(&[Hdu]) -> Option<&Hdu>) -> Result<Array2<f32>> {
    let (folder, name) = (path.parent(), path.file_name());
    let mut store = Folder::new(folder.context("no folder")?);
    let mut source = Source::open(&mut store, &name.context("no name")?.to_string_lossy())?;
    let file = FitsFile::open(&mut source)?;
    let index = which(file.hdus()).with_context(|| path.display().to_string())?.index;
    Ok(file.read_image(&mut source, index)?.values)
}

/// The science quadrant for apertures and background: image, error and mask without NaN; stars; and
/// their directions.
fn quadrant(out: &Path) -> Result<()> {
    let mut store = Folder::new(out);
    let mut source = Source::open(&mut store, "science.fits")?;
    let file = FitsFile::open(&mut source)?;
    let index = |name: &str| file.named(name).map(|hdu| hdu.index).context("no such plane");
    let image = file.read_image(&mut source, 0)?.values;
    let variance = file.read_image(&mut source, index("VARIANCE")?)?.values;
    let bits = file.read_mask(&mut source, index("MASK")?)?;
    let planes = without_nan(Planes::new(image, variance, bits)?);
    let shape = planes.shape();
    fs::write(out.join("shape.json"), serde_json::to_string(&shape)?)?;
    fs::write(out.join("image.f32"), bytes_f32(&planes.image))?;
    fs::write(out.join("error.f32"), bytes_f32(&planes.variance.mapv(f32::sqrt)))?;
    fs::write(out.join("mask.f32"), bytes_f32(&planes.mask.mapv(|bits| bits as f32)))?;
    let mut bits = Bits(2);
    let mut along = |length: usize| MARGIN + bits.unit() * (length as f64 - 1.0 - 2.0 * MARGIN);
    let stars: Vec<[f64; 2]> = (0..STARS).map(|_| [along(shape.1), along(shape.0)]).collect();
    fs::write(out.join("stars.f64"), bytes_f64(stars.iter().flatten()))?;
    let header = FitsFile::open(&mut Source::open(&mut store, "header.fits")?)?;
    let header = &header.hdus().first().context("header.fits is empty")?.header;
    let wcs = Wcs::from_header(header)?.context("header.fits has no sky")?;
    let sky = stars.iter().map(|[x, y]| wcs.sky_from_pixel(*x, *y));
    let sky: Vec<_> = sky.flat_map(|(ra, dec)| [ra.to_degrees(), dec.to_degrees()]).collect();
    fs::write(out.join("sky.f64"), bytes_f64(&sky))?;
    Ok(())
}

/// A catalogue of each quadrant for the whole chain: 10,000 stars at random places.
fn catalogues(night: &Path, out: &Path) -> Result<()> {
    let mut bits = Bits(3);
    for (number, path) in (1..).zip(files(&night.join("headers"), "_sciimg.fits")?) {
        let name = format!("header_{number}.fits");
        fs::copy(&path, out.join(&name))?;
        let mut store = Folder::new(out);
        let file = FitsFile::open(&mut Source::open(&mut store, &name)?)?;
        let header = &file.hdus().first().context("no header")?.header;
        let wcs = Wcs::from_header(header)?.context("no sky")?;
        let mut along = |length: f64| MARGIN + bits.unit() * (length - 1.0 - 2.0 * MARGIN);
        let places = (0..CATALOGUE).map(|_| wcs.sky_from_pixel(along(SIZE.0), along(SIZE.1)));
        let sky: Vec<_> = places.collect();
        let mut table = Table::new();
        let identifiers = (0..CATALOGUE as i64).map(|star| star + 1);
        table.set("source_id", "", Values::I64(identifiers.collect()))?;
        table.set("ra", "deg", Values::F64(sky.iter().map(|at| at.0.to_degrees()).collect()))?;
        table.set("dec", "deg", Values::F64(sky.iter().map(|at| at.1.to_degrees()).collect()))?;
        for band in ["g", "bp", "rp"] {
            let name = format!("phot_{band}_mean_mag");
            table.set(&name, "mag", Values::F64(vec![15.0; CATALOGUE]))?;
        }
        let mut kept = Kept::default();
        parquet::write(&table, &mut Sink::new(&mut kept, "stars"))?;
        fs::write(out.join(format!("stars_{number}.parquet")), kept.0)?;
    }
    Ok(())
}

/// Bad pixels as 0 with variance 1 and the mask 1; the others 0.
fn without_nan(mut planes: Planes) -> Planes {
    for ((pixel, variance), bits) in
        planes.image.iter_mut().zip(&mut planes.variance).zip(&mut planes.mask)
    {
        let good = pixel.is_finite() && variance.is_finite() && *variance > 0.0;
        *bits = u32::from(!good || *bits & mask::BAD != 0);
        if !good {
            (*pixel, *variance) = (0.0, 1.0);
        }
    }
    planes
}

/// The decoded amplifiers of the exposure in the order of reading, and their masters in the same
/// order: `raw_1.f32`, `overscan_1.f32`, `bias_1.f32`, `flat_1.f32`, and what the camera knows.
fn amplifiers(out: &Path) -> Result<()> {
    let (_, ready) = load(out)?;
    let mut known = Vec::new();
    for (number, one) in (1..).zip(&ready) {
        let geometry = one.raw.geometry;
        let part = |section: rawsky_core::geometry::Section| {
            section.view(&one.raw.image).map(|view| view.to_owned())
        };
        let overscan = geometry.overscan.and_then(part).context("no overscan")?;
        let imaging = part(geometry.imaging).context("no imaging pixels")?;
        let bias = one.masters.bias.as_ref().context("no bias")?.planes.image.clone();
        let flat = one.masters.flat.as_ref().context("no flat")?.planes.image.clone();
        let write = |name: &str, image: &Array2<f32>| {
            fs::write(out.join(format!("{name}_{number}.f32")), bytes_f32(image))
        };
        write("raw", &imaging)?;
        write("overscan", &overscan)?;
        write("bias", &in_readout_order(bias, one))?;
        write("flat", &in_readout_order(flat, one))?;
        let relation = serde_json::to_value(one.known.linearity)?;
        let flip = geometry.readout_from_stored;
        known.push(serde_json::json!({
            "linearity": relation, "scale": one.masters.scale_ratio,
            "stored_rows_flipped": flip.rows, "stored_columns_flipped": flip.columns,
        }));
    }
    fs::write(out.join("amplifiers.json"), serde_json::to_string(&known)?)?;
    Ok(())
}
