//! Aperture: the catalogue of one science image.

use ndarray::Array2;

use super::detrend::read_mask;
use super::{Aperture, Context, tables};
use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile, ImageInfo};
use crate::geometry::Flip;
use crate::header::Header;
use crate::ids::AmpId;
use crate::image::Planes;
use crate::instrument::Instrument;
use crate::mask;
use crate::measure::aperture::{Frame, Params, Variance};
use crate::measure::{Scene, photometer_scene};
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
    let sky_from_stored = frame_from_stored(params.frame, &context.camera, &image.header)?;
    let scene = Scene { planes: &image.planes, header: &image.header, date, sky_from_stored };
    let (mut table, warnings) = photometer_scene(&scene, &sources, &params)?;
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

/// How the pixels of a science image turn into the order in which stars are measured: into sky order
/// as its amplifier's do, or, in an image that does not name one, as those of all amplifiers.
pub(super) fn frame_from_stored(
    frame: Frame,
    camera: &Instrument,
    header: &Header,
) -> Result<Flip> {
    if frame == Frame::Stored {
        return Ok(Flip::NONE);
    }
    let named = header.integer("AMP").and_then(|amp| u32::try_from(amp).ok()).map(AmpId);
    let mut flips = camera.amplifiers.iter().map(|amplifier| amplifier.sky_from_stored);
    let own = match named {
        Some(amp) => camera.amplifier(amp).map(|amplifier| amplifier.sky_from_stored),
        None => flips.next().filter(|first| flips.all(|flip| flip == *first)),
    };
    let found = || header.integer("AMP").map_or("nothing".to_owned(), |amp| amp.to_string());
    own.ok_or_else(|| {
        let needed = format!("an amplifier of the camera {}", camera.name);
        Error::input("aperture", "AMP, for the order of the sky", found(), needed)
    })
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
