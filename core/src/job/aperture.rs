//! Aperture: the catalogue of one science image.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::detrend::read_mask;
use super::{Aperture, Context, Electronics, tables};
use crate::error::{Error, Result};
use crate::formats::fits::{Content, FitsFile, ImageInfo};
use crate::geometry::Flip;
use crate::header::Header;
use crate::ids::AmpId;
use crate::image::Planes;
use crate::instrument::Instrument;
use crate::mask;
use crate::measure::aperture::{Frame, Params, Variance};
use crate::measure::catalogue::pixels::{pixel_of_name, pixels};
use crate::measure::{Scene, photometer_scene};
use crate::numerics::sky::Wcs;
use crate::store::{Key, Source, Store};
use crate::table::Table;
use crate::time::Mjd;
use crate::warning::Warning;

/// Measures the stars of the catalogues on a science image.
pub(super) fn aperture(context: &mut Context<'_>, task: &Aperture) -> Result<()> {
    let files = (&task.science, task.mask.as_ref());
    let image = open_image((context.store, &context.camera), files)?;
    let params = params(&context.recipe.aperture, &task.detector, image.known())?;
    let wcs = Wcs::from_header(&image.header)?;
    let needed = wcs.map(|wcs| pixels(&wcs, image.planes.shape()));
    let sources = catalogue(context, &task.catalogue, needed.as_deref())?;
    let date = date(&image.header);
    let sky_from_stored = frame_from_stored(params.frame, &context.camera, &image.header)?;
    let scene = Scene { planes: &image.planes, header: &image.header, date, sky_from_stored };
    let (table, warnings) = photometer_scene(&scene, &sources, &params)?;
    warnings.into_iter().for_each(|warning| context.warn(warning));
    write(context, &task.output, (&sources, table))
}

/// Start of the exposure.
pub(crate) fn date(header: &Header) -> Option<Mjd> {
    header.real("OBSMJD").or(header.real("MJD-OBS")).map(Mjd)
}

/// The catalogues that are needed, as one.
pub(super) fn catalogue(
    context: &mut Context<'_>,
    keys: &[Key],
    needed: Option<&[u64]>,
) -> Result<Table> {
    let (chosen, warning) = choose(keys, needed)?;
    warning.into_iter().for_each(|warning| context.warn(warning));
    let mut catalogues = Vec::with_capacity(chosen.len());
    for key in chosen {
        let (table, warnings) = tables::read(context.store, key)?;
        warnings.into_iter().for_each(|warning| context.warn(warning));
        catalogues.push((key.clone(), table));
    }
    let (catalogue, warning) = tables::concatenate(catalogues)?;
    warning.into_iter().for_each(|warning| context.warn(warning));
    Ok(catalogue)
}

/// Writes what was measured, with what made it.
pub(super) fn write(
    context: &mut Context<'_>,
    output: &Key,
    (sources, mut table): (&Table, Table),
) -> Result<()> {
    context
        .note("aperture", serde_json::json!({ "sources": sources.rows(), "kept": table.rows() }));
    table.metadata.push(("creator".to_owned(), format!("rawsky {}", context.record.core)));
    table.metadata.push(("recipe_sha256".to_owned(), context.record.recipe_sha256.clone()));
    for input in &context.job.inputs {
        table.metadata.push((format!("input {}", input.name), input.sha256.clone()));
    }
    tables::write(context, output, &table)
}

/// The catalogues to read. Those that hold one HEALPix pixel each are taken if the image needs the
/// pixel, in ascending order, and pixels without a file are counted; an image without a WCS takes
/// all that it is given.
fn choose<'a>(keys: &'a [Key], needed: Option<&[u64]>) -> Result<(Vec<&'a Key>, Option<Warning>)> {
    let by_pixel: BTreeMap<u64, &Key> =
        keys.iter().filter_map(|key| Some((pixel_of_name(key)?, key))).collect();
    let Some(needed) = needed.filter(|_| !by_pixel.is_empty()) else {
        return Ok((keys.iter().collect(), None));
    };
    let mut chosen: Vec<&Key> = keys.iter().filter(|key| pixel_of_name(key).is_none()).collect();
    let there: Vec<&Key> = needed.iter().filter_map(|pixel| by_pixel.get(pixel).copied()).collect();
    let missing = needed.len() - there.len();
    if there.is_empty() && chosen.is_empty() {
        let numbers: Vec<String> = needed.iter().map(u64::to_string).collect();
        let found = format!("{} files of other pixels", by_pixel.len());
        let needed = format!("one of the pixels {} (nside 64, nested)", numbers.join(", "));
        return Err(Error::input("aperture", "catalogue", found, needed));
    }
    chosen.extend(there);
    let text = format!("{missing} of {} pixels of the catalogue have no file", needed.len());
    let warning = Warning::new("catalogue", "no-pixel-file", missing as u64, text);
    Ok((chosen, (missing > 0).then_some(warning)))
}

/// How the pixels of a science image turn into the order in which stars are measured: into sky order
/// as its amplifier's do, or, in an image that does not name one, as those of all amplifiers.
pub(crate) fn frame_from_stored(
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

impl OpenedImage {
    /// What decides where errors come from: its header, and whether it has a variance plane.
    pub(super) fn known(&self) -> (&Header, bool) {
        (&self.header, self.has_variance)
    }
}

/// The first image of the file, its VARIANCE and MASK if it has them, and the mask given beside it.
pub(super) fn open_image(
    (store, camera): (&mut dyn Store, &Instrument),
    (science, mask): (&Key, Option<&Key>),
) -> Result<OpenedImage> {
    let mut image = read_image(store, science)?;
    if let Some(key) = mask {
        let mut bits = read_mask(store, key)?;
        let own = camera.own_bits();
        bits.mapv_inplace(|bits| own.of(bits));
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

/// The planes of a science image file, for tests of other modules.
#[cfg(test)]
pub(crate) fn read_science(store: &mut dyn Store, key: &str) -> Result<Planes> {
    read_image(store, key).map(|image| image.planes)
}

/// The planes of a science image file.
pub(super) fn read_image(store: &mut dyn Store, key: &str) -> Result<OpenedImage> {
    let mut source = Source::open(store, key)?;
    let file = FitsFile::open(&mut source)?;
    let plane = |content: &Content| matches!(content, Content::Image(ImageInfo { shape, .. }) if shape.len() == 2);
    let first = file.hdus().iter().find(|hdu| plane(&hdu.content));
    let first = first.ok_or_else(|| Error::format(key, "file", "no image; needed one"))?;
    let mut header = first.header.clone();
    if let Some(primary) = file.hdus().first().filter(|primary| primary.index != first.index) {
        header = primary.header.clone();
        header.merge(&first.header);
    }
    let product = header.text("PRODUCT").unwrap_or("science image");
    if product != "science image" {
        let what = format!("kind of {key}");
        return Err(Error::input("aperture", &what, product, "a science image"));
    }
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
pub(crate) fn params(
    recipe: &Params,
    detector: &Electronics,
    (header, has_variance): (&Header, bool),
) -> Result<Params> {
    let mut params = recipe.clone();
    if has_variance || params.variance != Variance::Plane {
        return Ok(params);
    }
    let gain = detector.gain_electron_per_dn.or(header.real("GAIN"));
    params.variance = match gain {
        Some(gain_electron_per_dn) => Variance::BackgroundRmsAndGain { gain_electron_per_dn },
        None => Variance::BackgroundRms,
    };
    params.check()?;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<Key> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn files_of_pixels_are_taken_in_their_order_and_missing_ones_counted() {
        let keys = keys(&["c/a_pix64_12.parquet", "c/a_pix64_7.parquet", "c/a_pix64_9.parquet"]);
        let (chosen, warning) = choose(&keys, Some(&[7, 8, 12])).unwrap();
        assert_eq!(chosen, [&keys[1], &keys[0]]);
        assert_eq!(warning.map(|warning| warning.count), Some(1));
        let error = choose(&keys, Some(&[1, 2])).unwrap_err().to_string();
        assert!(error.contains("3 files of other pixels") && error.contains("1, 2"), "{error}");
        assert_eq!(choose(&keys, None).unwrap().0.len(), 3);
    }

    #[test]
    fn other_catalogues_are_always_read() {
        let keys = keys(&["c/stars.csv", "c/a_pix64_9.parquet"]);
        let (chosen, warning) = choose(&keys, Some(&[1])).unwrap();
        assert_eq!((chosen, warning.is_some()), (vec![&keys[0]], true));
        assert_eq!(choose(&keys[..1], Some(&[1])).unwrap(), (vec![&keys[0]], None));
    }
}
