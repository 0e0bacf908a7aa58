//! The science images of a detector photometered at once.

use std::collections::BTreeSet;

use super::aperture::{catalogue, date, open_image, params, write};
use super::sky::of_file;
use super::{ApertureDetector, Context};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::instrument::Amplifier;
use crate::measure::catalogue::pixels::pixels;
use crate::measure::detector::{Detector, Part};
use crate::numerics::sky::Wcs;
use crate::store::Key;

const STEP: &str = "aperture";

/// Measures the stars of the catalogues on all amplifiers of a detector.
pub(super) fn aperture(context: &mut Context<'_>, task: &ApertureDetector) -> Result<()> {
    let placed = places(context, task)?;
    let mut needed = BTreeSet::new();
    for image in &placed {
        let wcs = Wcs::from_header(&image.header)?;
        needed.extend(wcs.iter().flat_map(|wcs| pixels(wcs, image.shape)));
    }
    let needed: Vec<u64> = needed.into_iter().collect();
    let sources = catalogue(context, &task.catalogue, Some(&needed))?;
    let first = placed.first().map(|image| (image.shape, date(&image.header)));
    let (shape, date) = first.unwrap_or(((1, 1), None));
    let mut detector = Detector::new(context.camera.detector_shape(shape), &sources, date);
    let mut recipe = context.recipe.aperture.clone();
    for image in &placed {
        let amp = image.amplifier.id;
        let mask = task.masks.iter().find(|mask| mask.amp == amp).map(|mask| &mask.key);
        let opened = open_image((context.store, &context.camera), (image.key, mask))?;
        let params = params(&context.recipe.aperture, &task.detector, opened.known())?;
        let (row, column) = (image.amplifier.row, image.amplifier.column);
        let part = Part {
            amp,
            planes: opened.planes,
            header: opened.header,
            origin: (row * shape.0, column * shape.1),
            sky_from_stored: image.amplifier.sky_from_stored,
        };
        detector.add(part, &params)?;
        recipe = params;
    }
    let (table, warnings) = detector.photometer(&recipe)?;
    warnings.into_iter().for_each(|warning| context.warn(warning));
    write(context, &task.output, (&sources, table))
}

/// An image before its pixels are read.
struct Placed<'a> {
    key: &'a Key,
    amplifier: Amplifier,
    header: Header,
    shape: (usize, usize),
}

/// The headers of the images, which must be of one shape, exposure and detector.
fn places<'a>(context: &mut Context<'_>, task: &'a ApertureDetector) -> Result<Vec<Placed<'a>>> {
    let mut placed: Vec<Placed<'a>> = Vec::new();
    for file in &task.sciences {
        let amplifier = context.camera.amplifier(file.amp).cloned().ok_or_else(|| {
            let needed = format!("one of the camera {}", context.camera.name);
            Error::input(STEP, &format!("amplifier of {}", file.key), file.amp, needed)
        })?;
        let (header, shape) = of_file(context, &file.key)?;
        let image = Placed { key: &file.key, amplifier, header, shape };
        if let Some(first) = placed.first() {
            one_detector(first, &image)?;
        }
        if placed.iter().any(|other| other.amplifier.id == file.amp) {
            return Err(Error::input(STEP, &file.key, file.amp, "each amplifier once"));
        }
        placed.push(image);
    }
    if placed.is_empty() {
        return Err(Error::input(STEP, "science images", "none", "those of a detector"));
    }
    Ok(placed)
}

fn one_detector(first: &Placed<'_>, image: &Placed<'_>) -> Result<()> {
    let refuse = |what: &str, found: String, needed: String| {
        Err(Error::input(STEP, &format!("{what} of {}", image.key), found, needed))
    };
    if image.shape != first.shape {
        let (found, needed) = (format!("{:?}", image.shape), format!("{:?}", first.shape));
        return refuse("shape", found, needed);
    }
    let (found, needed) = (image.header.integer("DETECTOR"), first.header.integer("DETECTOR"));
    if found != needed {
        return refuse("detector", format!("{found:?}"), format!("{needed:?}"));
    }
    let (found, needed) = (date(&image.header), date(&first.header));
    if found != needed {
        return refuse("date", format!("{found:?}"), format!("{needed:?}"));
    }
    Ok(())
}
