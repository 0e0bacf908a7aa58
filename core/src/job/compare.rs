//! Compare: a science image and its catalogue against the truth of a simulated exposure.
//!
//! With `light` the noise-free light times response, `f_l` the noise-free flats of the band's lamps,
//! each over the median `L_l` of its detector, and `w_l` their weights,
//!
//! ```text
//! flat   = Σ w_l f_l / Σ w_l, over the median of the detector
//! truth  = light / flat × (focal-plane level over flat level, as in the product)
//! ```
//!
//! so that gradients of the lamps are not taken for errors. This is written apart from the
//! reduction: medians here are by sorting, not by counting. Pixels that are masked or near an
//! injected cosmic ray are left out.

use ndarray::{Array2, Zip};
use serde::{Deserialize, Serialize};

use super::aperture::{OpenedImage, frame_from_stored, read_image};
use super::{Compare, Context, tables};
use crate::error::{Error, Result};
use crate::formats::fits::FitsFile;
use crate::ids::{AmpId, DetectorId};
use crate::instrument::Instrument;
use crate::mask;
use crate::measure::aperture::{Params, Pixels, photometer};
use crate::store::{Key, Source, Store};
use crate::table::Values;
use crate::validate::pulls::{Pulls, pulls};
use crate::validate::residuals::{Residuals, residuals};

/// Radius of the aperture whose fluxes are compared (pixel), unless the catalogue lacks it.
const PULL_RADIUS_PIX: f64 = 6.0;
/// Pixels around an injected cosmic ray that are left out.
const COSMIC_MARGIN_PIX: usize = 1;

/// The product of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Version of this format: 1.
    pub version: u32,
    /// The science image.
    pub science: Key,
    /// Its detector.
    pub detector: DetectorId,
    /// Its amplifier.
    pub amp: AmpId,
    /// Image minus truth.
    pub residuals: Residuals,
    /// Fluxes against truth, if there is a catalogue with enough stars.
    pub pulls: Option<Pulls>,
    /// Radius of those fluxes (pixel).
    pub pull_radius_pix: Option<f64>,
}

/// What is true of one amplifier, stored order.
pub(crate) struct Truth {
    /// Light (DN, detrended).
    pub(crate) image: Array2<f32>,
    /// Charge that arrived, photon noise included (DN, detrended).
    charge: Array2<f32>,
    /// Light of the stars alone (DN, detrended).
    stars: Array2<f32>,
    /// An injected cosmic ray is near.
    pub(crate) near_cosmic: Array2<bool>,
}

/// Compares one science image and its catalogue with the truth.
pub(super) fn compare(context: &mut Context<'_>, task: &Compare) -> Result<()> {
    let science = read_image(context.store, &task.science)?;
    let number = |key: &str| science.header.integer(key).and_then(|id| u32::try_from(id).ok());
    let needed = |key: &str| Error::format(&task.science, key, "missing; needed a number");
    let amp = AmpId(number("AMP").ok_or_else(|| needed("AMP"))?);
    let detector = DetectorId(number("DETECTOR").ok_or_else(|| needed("DETECTOR"))?);
    let scale = science.header.real("FLATSCAL").unwrap_or(1.0);
    let about = (context.store as &mut dyn Store, &context.camera);
    let truth = read_truth(about, (&task.truth, &task.lamps, scale), amp)?;
    let mut skip = truth.near_cosmic.clone();
    skip.zip_mut_with(&science.planes.mask, |skip, bits| *skip |= bits & mask::BAD != 0);
    let flip =
        context.camera.amplifier(amp).map_or_else(Default::default, |a| a.readout_from_stored);
    let residuals = residuals(&science.planes, (&truth.image, &truth.charge), &skip, flip)?;
    let (pulls, pull_radius_pix) = match &task.catalogue {
        Some(key) => compare_fluxes(context, key, &science, &truth)?,
        None => (None, None),
    };
    let science = task.science.clone();
    let product =
        Comparison { version: 1, science, detector, amp, residuals, pulls, pull_radius_pix };
    context.write_json(&task.output, &product)
}

/// What is true of an amplifier, over the noise-free flat of `lamps` (none: light times response),
/// times `scale`.
pub(crate) fn read_truth(
    (store, camera): (&mut dyn Store, &Instrument),
    (key, lamps, scale): (&Key, &[Key], f64),
    amp: AmpId,
) -> Result<Truth> {
    let flat = true_flat((store, camera), lamps, amp)?;
    let mut image = plane(store, key, "LIGHT")?;
    let sky = plane(store, key, "SKY")?;
    if image.dim() != sky.dim() || flat.as_ref().is_some_and(|flat| flat.dim() != sky.dim()) {
        let (found, needed) = (format!("{:?}", sky.dim()), format!("{:?}", image.dim()));
        return Err(Error::input("compare", "shape of the truth", found, needed));
    }
    let mut charge = plane(store, key, "SIGNAL").unwrap_or_else(|_| image.clone());
    let mut stars = image.clone();
    stars.zip_mut_with(&sky, |star, sky| *star -= sky);
    if let Some(flat) = flat {
        let divide = |pixel: &mut f32, &flat: &f32| {
            *pixel = (f64::from(*pixel) / f64::from(flat) * scale) as f32;
        };
        image.zip_mut_with(&flat, divide);
        stars.zip_mut_with(&flat, divide);
        if charge.dim() == flat.dim() {
            charge.zip_mut_with(&flat, divide);
        }
    }
    let mut source = Source::open(store, key)?;
    let file = FitsFile::open(&mut source)?;
    let bits = match file.named("MASK") {
        Some(hdu) => file.read_mask(&mut source, hdu.index)?,
        None => Array2::zeros(image.dim()),
    };
    Ok(Truth { image, charge, stars, near_cosmic: near(&bits, mask::SPIKE, COSMIC_MARGIN_PIX) })
}

/// The noise-free flat of the band for one amplifier; `None` if no lamp is given.
fn true_flat(
    (store, camera): (&mut dyn Store, &Instrument),
    lamps: &[Key],
    amp: AmpId,
) -> Result<Option<Array2<f32>>> {
    let Some(first) = lamps.first() else { return Ok(None) };
    let mut weights = Vec::with_capacity(lamps.len());
    for key in lamps {
        weights.push(lamp_weight((&mut *store, camera), key)?);
    }
    let total: f64 = weights.iter().sum();
    let mut means: Vec<(String, Array2<f32>)> = Vec::new();
    for (key, weight) in lamps.iter().zip(&weights) {
        let mut lamp = planes(store, key)?;
        let share = weight / (lamp_level(key, &lamp)? * total);
        if means.is_empty() {
            // The first lamp becomes the sum where it is.
            let begun = |pixel| (0.0 + share * f64::from(pixel)) as f32;
            lamp.iter_mut().for_each(|(_, plane)| plane.mapv_inplace(begun));
            means = lamp;
            continue;
        }
        for (name, mean) in &mut means {
            add(mean, share, of_name(key, &lamp, name)?)?;
        }
    }
    let mut all: Vec<f32> = means.iter().flat_map(|(_, mean)| mean.iter().copied()).collect();
    let missing = || Error::format(first, format!("IMAGE{amp}"), "no such HDU; needed the flat");
    let median = sorted_median(&mut all).ok_or_else(missing)?;
    let own = means.into_iter().rfind(|(name, _)| *name == format!("IMAGE{amp}"));
    let (_, mut flat) = own.ok_or_else(missing)?;
    flat.mapv_inplace(|pixel| (f64::from(pixel) / median) as f32);
    Ok(Some(flat))
}

/// Adds a share of a lamp's pixels.
fn add(mean: &mut Array2<f32>, share: f64, lamp: &Array2<f32>) -> Result<()> {
    if mean.dim() != lamp.dim() {
        let (found, needed) = (format!("{:?}", lamp.dim()), format!("{:?}", mean.dim()));
        return Err(Error::input("compare", "shape of a lamp's flat", found, needed));
    }
    Zip::from(mean).and(lamp).for_each(|sum, &pixel| {
        *sum = (f64::from(*sum) + share * f64::from(pixel)) as f32;
    });
    Ok(())
}

/// All amplifiers' planes of a truth file with their names.
fn planes(store: &mut dyn Store, key: &str) -> Result<Vec<(String, Array2<f32>)>> {
    let names = images(store, key)?;
    let read = |name: String| {
        let plane = plane(store, key, &name)?;
        Ok((name, plane))
    };
    names.into_iter().map(read).collect()
}

fn of_name<'p>(
    key: &str,
    planes: &'p [(String, Array2<f32>)],
    name: &str,
) -> Result<&'p Array2<f32>> {
    let found = planes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, plane)| plane).ok_or_else(|| Error::format(key, name, "no such HDU"))
}

/// Median of a lamp's noise-free flat over the detector (DN).
fn lamp_level(key: &Key, planes: &[(String, Array2<f32>)]) -> Result<f64> {
    let mut all: Vec<f32> = planes.iter().flat_map(|(_, plane)| plane.iter().copied()).collect();
    let level = sorted_median(&mut all);
    level.ok_or_else(|| Error::format(key, "IMAGE", "no pixel; needed a flat"))
}

/// The weight of the lamp of a noise-free flat.
fn lamp_weight((store, camera): (&mut dyn Store, &Instrument), key: &Key) -> Result<f64> {
    let file = FitsFile::open(&mut Source::open(store, key)?)?;
    let lamp = file.hdus().first().and_then(|hdu| hdu.header.integer("LAMP"));
    let known = camera.lamps.iter().find(|known| Some(known.lamp) == lamp);
    Ok(known.map_or(1.0, |lamp| lamp.weight))
}

/// Names of the amplifiers' planes in a truth file.
fn images(store: &mut dyn Store, key: &str) -> Result<Vec<String>> {
    let file = FitsFile::open(&mut Source::open(store, key)?)?;
    let names = file.hdus().iter().map(|hdu| hdu.name.clone());
    Ok(names.filter(|name| name.starts_with("IMAGE")).collect())
}

fn sorted_median(values: &mut [f32]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (_, median, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    Some(f64::from(*median))
}

fn plane(store: &mut dyn Store, key: &str, name: &str) -> Result<Array2<f32>> {
    let mut source = Source::open(store, key)?;
    let file = FitsFile::open(&mut source)?;
    let hdu = file.named(name).ok_or_else(|| Error::format(key, name, "no such HDU"))?;
    Ok(file.read_image(&mut source, hdu.index)?.values)
}

/// Pixels with any of `bits`, grown by `margin` to all sides.
fn near(mask: &Array2<u32>, bits: u32, margin: usize) -> Array2<bool> {
    let (rows, columns) = mask.dim();
    let mut out = Array2::from_elem((rows, columns), false);
    for ((row, column), _) in mask.indexed_iter().filter(|(_, pixel)| **pixel & bits != 0) {
        let (to_row, to_column) =
            ((row + margin + 1).min(rows), (column + margin + 1).min(columns));
        let (from_row, from_column) = (row.saturating_sub(margin), column.saturating_sub(margin));
        out.slice_mut(ndarray::s![from_row..to_row, from_column..to_column]).fill(true);
    }
    out
}

/// Pulls of the isolated stars whose aperture is whole and clean.
fn compare_fluxes(
    context: &mut Context<'_>,
    catalogue: &Key,
    science: &OpenedImage,
    truth: &Truth,
) -> Result<(Option<Pulls>, Option<f64>)> {
    let (table, _) = tables::read(context.store, catalogue)?;
    let radii = (0..).map_while(|i| Some((i, table.f64(&format!("r_{i}"))?.first().copied()?)));
    let nearest = radii
        .min_by(|a, b| (a.1 - PULL_RADIUS_PIX).abs().total_cmp(&(b.1 - PULL_RADIUS_PIX).abs()));
    let Some((index, radius)) = nearest else { return Ok((None, None)) };
    let column = |name: &str| {
        table.f64(name).ok_or_else(|| Error::format(catalogue, name, "no such column"))
    };
    let (x, y) = (column("x")?, column("y")?);
    let (flux, error) = (column(&format!("f_{index}"))?, column(&format!("f_{index}_e"))?);
    let flags = column(&format!("f_{index}_f"))?;
    let isolated = match table.get("isolated") {
        Some(Values::Bool(isolated)) => isolated.clone(),
        _ => vec![true; x.len()],
    };
    // A recipe may measure in the order of the sky; the truth is in stored order.
    let frame = context.recipe.aperture.frame;
    let flip = frame_from_stored(frame, &context.camera, &science.header)?;
    let stored = |(x, y): (f64, f64)| {
        let (row, column) = flip.position((y, x), science.planes.shape());
        (column, row)
    };
    let positions: Vec<(f64, f64)> = x.into_iter().zip(y).map(stored).collect();
    let params = Params { radii_pix: vec![radius], background: None, ..Params::default() };
    let mut bits = science.planes.mask.clone();
    bits.zip_mut_with(&truth.near_cosmic, |bits, &near| {
        *bits |= if near { mask::SPIKE } else { 0 }
    });
    let variance = science.planes.variance.view();
    let pixels = Pixels { image: truth.stars.view(), variance, mask: bits.view() };
    let wanted = photometer(pixels, &positions, &params)?;
    let Some(wanted) = wanted.first() else { return Ok((None, None)) };
    let stars = (0..positions.len())
        .filter(|&i| isolated[i] && flags[i] == 0.0 && wanted.flags[i] == 0)
        .map(|i| (flux[i], wanted.flux[i], error[i]));
    match pulls(stars) {
        Ok(pulls) => Ok((Some(pulls), Some(radius))),
        Err(Error::Undetermined { .. }) => Ok((None, Some(radius))),
        Err(error) => Err(error),
    }
}

#[cfg(all(feature = "parquet", feature = "tiles"))]
#[cfg(test)]
mod tests;
