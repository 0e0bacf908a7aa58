//! Aperture: the catalogue of one science image.

use ndarray::Array2;

use super::detrend::read_mask;
use super::{Aperture, Context, tables};
use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile, ImageInfo};
use crate::header::Header;
use crate::image::Planes;
use crate::instrument::Instrument;
use crate::mask;
use crate::measure::aperture::{Params, Variance};
use crate::measure::photometer_catalogue;
use crate::store::{Source, Store};
use crate::time::Mjd;

/// Measures the stars of the catalogues on a science image.
pub(super) fn aperture(context: &mut Context<'_>, task: &Aperture) -> Result<()> {
    let image = open_image((context.store, &context.camera), task)?;
    let params = params(&context.recipe.aperture, task, &image)?;
    let mut catalogues = Vec::with_capacity(task.catalogue.len());
    for key in &task.catalogue {
        let (table, warnings) = tables::read(context.store, key)?;
        warnings.into_iter().for_each(|warning| context.warn(warning));
        catalogues.push((key.clone(), table));
    }
    let sources = tables::concatenate(catalogues)?;
    let date = image.header.real("OBSMJD").or(image.header.real("MJD-OBS")).map(Mjd);
    let (mut table, warnings) =
        photometer_catalogue(&image.planes, &image.header, date, &sources, &params)?;
    warnings.into_iter().for_each(|warning| context.warn(warning));
    context
        .note("aperture", serde_json::json!({ "sources": sources.rows(), "kept": table.rows() }));
    table.metadata.push(("creator".to_owned(), format!("rawsky {}", context.record.core)));
    table.metadata.push(("recipe_sha256".to_owned(), context.record.recipe_sha256.clone()));
    for input in &context.job.inputs {
        table.metadata.push((format!("input {}", input.name), input.sha256.clone()));
    }
    tables::write(context, &task.output, &table)
}

/// A science image as read from a file.
pub(super) struct OpenedImage {
    pub(super) planes: Planes,
    pub(super) header: Header,
    has_variance: bool,
}

/// The first image of the file, its VARIANCE and MASK if it has them, and the mask given beside it.
fn open_image(
    (store, camera): (&mut dyn Store, &Instrument),
    task: &Aperture,
) -> Result<OpenedImage> {
    let mut image = read_image(store, &task.science)?;
    if let Some(key) = &task.mask {
        let mut bits = read_mask(store, key)?;
        bits.mapv_inplace(|bits| camera.own_mask_bits(bits));
        if bits.dim() != image.planes.shape() {
            let (found, needed) = (bits.dim(), image.planes.shape());
            let (found, needed) = (format!("{found:?}"), format!("{needed:?}"));
            return Err(Error::input("aperture", &format!("shape of {key}"), found, needed));
        }
        image.planes.mask.zip_mut_with(&bits, |mine, theirs| *mine |= theirs);
    }
    let planes = &mut image.planes;
    planes.mask.zip_mut_with(&planes.image, |bits, pixel| {
        if pixel.is_nan() {
            *bits |= mask::NO_DATA;
        }
    });
    Ok(image)
}

/// The planes of a science image file.
pub(super) fn read_image(store: &mut dyn Store, key: &str) -> Result<OpenedImage> {
    let mut source = Source::open(store, key)?;
    let file = FitsFile::open(&mut source)?;
    let plane = |content: &Content| matches!(content, Content::Image(ImageInfo { shape, .. }) if shape.len() == 2);
    let first = file.hdus().iter().find(|hdu| plane(&hdu.content));
    let first = first.ok_or_else(|| Error::format(key, "file", "no image; needed one"))?;
    let product = first.header.text("PRODUCT").unwrap_or("science image");
    if product != "science image" {
        let what = format!("kind of {key}");
        return Err(Error::input("aperture", &what, product, "a science image"));
    }
    let mut header = file.hdus().first().map(|hdu| hdu.header.clone()).unwrap_or_default();
    header.merge(&first.header);
    let image = file.read_image(&mut source, first.index)?.values;
    let shape = image.dim();
    let variance = match file.named("VARIANCE") {
        Some(hdu) => Some(file.read_image(&mut source, hdu.index)?.values),
        None => None,
    };
    let bits = match file.named("MASK") {
        Some(hdu) => file.read_mask(&mut source, hdu.index)?,
        None => Array2::zeros(shape),
    };
    let has_variance = variance.is_some();
    let planes = Planes::new(image, variance.unwrap_or_else(|| Array2::zeros(shape)), bits)?;
    Ok(OpenedImage { planes, header, has_variance })
}

/// The recipe's parameters; an image without a variance plane takes its errors from the background
/// and the gain.
fn params(recipe: &Params, task: &Aperture, image: &OpenedImage) -> Result<Params> {
    let mut params = recipe.clone();
    if image.has_variance || params.variance != Variance::Plane {
        return Ok(params);
    }
    let gain = task.detector.gain_electron_per_dn.or(image.header.real("GAIN"));
    params.variance = match gain {
        Some(gain_electron_per_dn) => Variance::BackgroundRmsAndGain { gain_electron_per_dn },
        None => Variance::BackgroundRms,
    };
    params.check()?;
    Ok(params)
}
