//! Detrend: one raw exposure of one detector to a science image per amplifier.
//!
//! ```text
//! HDU 0     image, f32, stored order, with its whole header (raw cards, science cards over them)
//! MASK      i32 (tile-compressed, lossless), bits named by MP_ cards
//! VARIANCE  f32 (DN²)
//! ```

use super::context::Context;
use super::focal_plane::read_level;
use super::{AmpFile, Detrend};
use crate::error::{Error, Result};
use crate::formats::fits::{Content, Encoding, FitsFile, FitsWriter, PixelData};
use crate::header::Header;
use crate::ids::{AmpId, Band, Role};
use crate::image::ScienceImage;
use crate::instrument::Instrument;
use crate::master::{Kind, MasterFile, mask_cards};
use crate::pipeline::{self, Masters, calibration};
use crate::raw::RawFile;
use crate::recipe::Stage;
use crate::steps::dark::time_ratio;
use crate::store::{Key, Sink, Source, Store};
use crate::warning::Warning;

/// Cards of a science header that belong to the other pipeline's product, not to the sky or the
/// exposure (ztfin2p3 0.4.1 leaves out the same).
const FOREIGN: &[&str] = &[
    "CID", "CAL", "CLRC", "APCOR", "FIXAPERS", "NMATCHES", "BIT", "HISTORY", "COMMENT", "CHECKSUM",
    "DATASUM", "SCAMPPTH", "STATUS", "EXTNAME", "XTENSION",
];

/// The masters of the exposure, opened.
struct MasterFiles {
    bias: Option<MasterFile>,
    dark: Option<(MasterFile, f64)>,
    flat: Option<MasterFile>,
    scale_ratio: f64,
}

/// Reduces `task.raw` to `task.outputs`.
pub(super) fn detrend(context: &mut Context<'_>, task: &Detrend) -> Result<()> {
    let raw = RawFile::open(context.store, &task.raw, &context.camera)?;
    if raw.visit.role != Role::Science {
        let what = format!("exposure {}", task.raw);
        return Err(Error::input("detrend", &what, raw.visit.role, Role::Science));
    }
    for warning in raw.warnings(&context.camera)? {
        context.warn(warning);
    }
    let files = open_masters(context, task, &raw)?;
    for output in &task.outputs {
        let mut image = amplifier(context, &raw, &files, output.amp)?;
        image.header = header(context, task, (&raw, &files), output.amp)?;
        join_mask((context.store, &context.camera), &task.masks, &mut image)?;
        write(context, &output.key, &image)?;
    }
    Ok(())
}

fn open_masters(context: &mut Context<'_>, task: &Detrend, raw: &RawFile) -> Result<MasterFiles> {
    let needs = |step: &str| context.recipe.has(Stage::Science, step);
    let (needs_bias, needs_dark, needs_flat) = (needs("bias"), needs("dark"), needs("flat"));
    let open = |store: &mut dyn Store, key: &Option<Key>, kind| match key {
        Some(key) => MasterFile::open(store, key, &[kind]).map(Some),
        None => Ok(None),
    };
    let bias = if needs_bias { open(context.store, &task.bias, Kind::Bias)? } else { None };
    let dark = match task.dark.as_deref().filter(|_| needs_dark) {
        Some(key) => Some(open_dark(context.store, key, raw.visit.exposure_s)?),
        None => None,
    };
    let flat = if needs_flat { open(context.store, &task.flat, Kind::BandFlat)? } else { None };
    let odd = |file: &&MasterFile| file.detector != raw.visit.detector;
    let dark_file = dark.as_ref().map(|(file, _)| file);
    if let Some(master) = bias.iter().chain(dark_file).chain(&flat).find(odd) {
        let what = format!("detector of the {}", master.kind.word());
        return Err(Error::input("detrend", &what, master.detector, raw.visit.detector));
    }
    let mut scale_ratio = 1.0;
    if let Some(flat) = &flat {
        let band = raw.visit.band.as_ref();
        same_band("flat", flat.header.text("BAND"), band)?;
        if let Some(key) = &task.focal_plane {
            let level = read_level(context.store, key)?;
            same_band("focal-plane level", level.band.as_ref().map(|band| band.0.as_str()), band)?;
            scale_ratio = level.level_dn / flat.real("FLTNORM")?;
        }
    }
    Ok(MasterFiles { bias, dark, flat, scale_ratio })
}

fn same_band(what: &str, found: Option<&str>, needed: Option<&Band>) -> Result<()> {
    let needed = needed.map(|band| band.0.as_str());
    if found == needed {
        return Ok(());
    }
    let (found, needed) = (found.unwrap_or("no band"), needed.unwrap_or("no band"));
    Err(Error::input("detrend", &format!("band of the {what}"), found, needed))
}

/// A master dark, and an exposure time over its own (a ratio).
pub(super) fn open_dark(
    store: &mut dyn Store,
    key: &str,
    exposure_s: Option<f64>,
) -> Result<(MasterFile, f64)> {
    let file = MasterFile::open(store, key, &[Kind::Dark])?;
    let ratio = time_ratio(exposure_s, file.header.real("EXPTIME"))?;
    Ok((file, ratio))
}

fn amplifier(
    context: &mut Context<'_>,
    raw: &RawFile,
    files: &MasterFiles,
    amp: AmpId,
) -> Result<ScienceImage> {
    let input = raw.amplifier(context.store, &context.camera, amp)?;
    let steps = context.recipe.steps(Stage::Science);
    let known = calibration(&context.camera, &raw.visit, amp, steps)?;
    let part = |store: &mut dyn Store, file: &Option<MasterFile>| match file {
        Some(file) => file.part(store, amp).map(Some),
        None => Ok(None),
    };
    let masters = Masters {
        bias: part(context.store, &files.bias)?,
        dark: match &files.dark {
            Some((file, ratio)) => Some((file.part(context.store, amp)?, *ratio)),
            None => None,
        },
        flat: part(context.store, &files.flat)?,
        scale_ratio: files.scale_ratio,
    };
    let recipe = context.recipe.clone();
    let (_, mut log) = context.split();
    let steps = recipe.steps(Stage::Science);
    pipeline::detrend(input, raw.visit.detector, steps, (&known, &masters), &mut log)
}

/// Raw cards, science cards over them, and what was done.
fn header(
    context: &mut Context<'_>,
    task: &Detrend,
    input: (&RawFile, &MasterFiles),
    amp: AmpId,
) -> Result<Header> {
    let (raw, files) = input;
    let amplifier = context.camera.amplifier(amp).cloned();
    let mut header = match &amplifier {
        Some(amplifier) => raw.image_header(amplifier)?,
        None => Header::new(),
    };
    match task.headers.iter().find(|file| file.amp == amp) {
        Some(file) => header.merge(&science_cards(context.store, &file.key)?),
        None => context.warn(Warning::new(
            "split",
            "no-science-header",
            1,
            format!("amplifier {amp} has no science header: no WCS, photometry in pixels only"),
        )),
    }
    let electronics = context.camera.electronics_of(amp);
    let gain = electronics.gain_electron_per_dn;
    set_if_absent(&mut header, "GAIN", gain, "electron/DN");
    set_if_absent(&mut header, "READNOI", electronics.read_noise_electron, "electron");
    header.set("BUNIT", "DN", "unit of the image");
    header.set("PRODUCT", "science image", "what this file is");
    header.set("DETECTOR", i64::from(raw.visit.detector.0), "number of the detector");
    header.set("AMP", i64::from(amp.0), "number of the amplifier");
    header.set("OBSMJD", raw.visit.mjd.0, "start of the exposure (UTC, MJD)");
    if let Some(band) = &raw.visit.band {
        header.set("BAND", band.0.as_str(), "band code");
    }
    if let Some(flat) = &files.flat {
        header.set("FLTNORM", flat.real("FLTNORM")?, "DN, level of the flat");
        header.set("FLATSCAL", files.scale_ratio, "focal-plane level over FLTNORM");
    }
    context.provenance_cards(&mut header);
    Ok(header)
}

fn set_if_absent(header: &mut Header, key: &str, value: f64, comment: &str) {
    if header.card(key).is_none() {
        header.set(key, value, comment);
    }
}

/// The cards of a science header file: of its first HDU that has a WCS, else of the first.
fn science_cards(store: &mut dyn Store, key: &str) -> Result<Header> {
    let file = FitsFile::open(&mut Source::open(store, key)?)?;
    let with_wcs = file.hdus().iter().find(|hdu| hdu.header.card("CRVAL1").is_some());
    let mut header = with_wcs.or(file.hdus().first()).map(|hdu| hdu.header.clone());
    let cards = header.get_or_insert_with(Header::new);
    cards.cards.retain(|card| !FOREIGN.iter().any(|start| card.key.starts_with(start)));
    Ok(header.unwrap_or_default())
}

/// Joins the bits of another pipeline's mask.
fn join_mask(
    (store, camera): (&mut dyn Store, &Instrument),
    masks: &[AmpFile],
    image: &mut ScienceImage,
) -> Result<()> {
    let Some(file) = masks.iter().find(|file| file.amp == image.amp) else { return Ok(()) };
    let mut bits = read_mask(store, &file.key)?;
    bits.mapv_inplace(|bits| camera.own_mask_bits(bits));
    if bits.dim() != image.planes.shape() {
        let (found, needed) = (format!("{:?}", bits.dim()), format!("{:?}", image.planes.shape()));
        return Err(Error::input("mask", &format!("shape of {}", file.key), found, needed));
    }
    image.planes.mask.zip_mut_with(&bits, |mine, theirs| *mine |= theirs);
    Ok(())
}

/// The first image of a mask file.
pub(super) fn read_mask(store: &mut dyn Store, key: &str) -> Result<ndarray::Array2<u32>> {
    let mut source = Source::open(store, key)?;
    let file = FitsFile::open(&mut source)?;
    let image = file.hdus().iter().find(|hdu| matches!(hdu.content, Content::Image(_)));
    let image = image.ok_or_else(|| Error::format(key, "file", "no image; needed a mask"))?;
    file.read_mask(&mut source, image.index)
}

fn write(context: &mut Context<'_>, key: &Key, image: &ScienceImage) -> Result<()> {
    let mut writer = FitsWriter::new(Sink::new(context.store, key));
    let planes = &image.planes;
    let pixels = PixelData::F32(planes.image.view());
    writer.write_hdu(&image.header, None, pixels, Encoding::Plain)?;
    let mut bits = Header::new();
    mask_cards(&mut bits);
    let mask = PixelData::Mask(planes.mask.view());
    writer.write_hdu(&bits, Some("MASK"), mask, Encoding::RiceInteger32)?;
    let mut unit = Header::new();
    unit.set("BUNIT", "DN2", "unit of the variance");
    let variance = PixelData::F32(planes.variance.view());
    writer.write_hdu(&unit, Some("VARIANCE"), variance, Encoding::Plain)?;
    context.wrote(key);
    Ok(())
}
