//! Detrend: one raw exposure of one detector to a science image per amplifier.
//!
//! ```text
//! HDU 0     image, f32, stored order, with its whole header (raw cards, science cards over them)
//! MASK      i32 (tile-compressed, lossless), bits named by MP_ cards
//! VARIANCE  f32 (DN²)
//! ```
//!
//! or, where masks are files of their own, as the archive of the Zwicky Transient Facility stores
//! them (Masci et al. 2019, PASP 131, 018003): the image alone in HDU 0, and in HDU 0 of the mask
//! file 16-bit whole numbers, bits numbered by the camera's `mask_bits`, with the same header. Marks
//! that have no bit there are counted and dropped; there is no variance.

use std::collections::BTreeMap;

use super::context::Context;
use super::focal_plane::read_level;
use super::headers::science_headers;
use super::{AmpFile, Detrend, quality};
use crate::error::{Error, Result};
use crate::formats::fits::{Content, Encoding, FitsFile, FitsWriter, PixelData};
use crate::header::Header;
use crate::ids::{AmpId, Band, Role};
use crate::image::ScienceImage;
use crate::instrument::Instrument;
use crate::mask;
use crate::master::{Kind, MasterFile, mask_cards};
use crate::pipeline::{self, Masters, calibration};
use crate::raw::RawFile;
use crate::recipe::Stage;
use crate::steps::dark::time_ratio;
use crate::store::{Key, Sink, Source, Store};
use crate::warning::Warning;

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
    let science = science_headers((context.store, &context.camera), &raw, &task.headers)?;
    for output in &task.outputs {
        let mut image = amplifier(context, &raw, &files, output.amp)?;
        image.header = header(context, &science, (&raw, &files), output.amp)?;
        join_mask((context.store, &context.camera), &task.masks, &mut image)?;
        let quality = quality::report(&context.camera, &image);
        context.note_of(output.amp, "quality", quality);
        let mask = task.mask_outputs.iter().find(|file| file.amp == output.amp);
        match mask {
            Some(mask) => write_pair(context, (&output.key, &mask.key), &image)?,
            None => write(context, &output.key, &image)?,
        }
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
    let input = raw.read(context.store, &context.camera, amp)?;
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
    pipeline::detrend(&input, raw.visit.detector, steps, (&known, &masters), &mut log)
}

/// Raw cards, science cards over them, and what was done.
fn header(
    context: &mut Context<'_>,
    science: &BTreeMap<AmpId, Header>,
    (raw, files): (&RawFile, &MasterFiles),
    amp: AmpId,
) -> Result<Header> {
    let cards = science.get(&amp);
    if cards.is_none() {
        context.warn(Warning::new(
            "split",
            "no-science-header",
            1,
            format!("amplifier {amp} has no science header: no WCS, photometry in pixels only"),
        ));
    }
    let flat = files.flat.as_ref().map(|flat| (flat, files.scale_ratio));
    let mut header = image_cards(&context.camera, (raw, cards), flat, amp)?;
    context.provenance_cards(&mut header);
    Ok(header)
}

/// Cards of a science image, without those of its provenance: raw cards, science cards over them, what
/// the image is, and the level of its flat with the focal plane's over it (a ratio).
pub(crate) fn image_cards(
    camera: &Instrument,
    (raw, science): (&RawFile, Option<&Header>),
    flat: Option<(&MasterFile, f64)>,
    amp: AmpId,
) -> Result<Header> {
    let mut header = match camera.amplifier(amp) {
        Some(amplifier) => raw.image_header(amplifier)?,
        None => Header::new(),
    };
    if let Some(cards) = science {
        header.merge(cards);
    }
    let electronics = camera.electronics_of(amp);
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
    if let Some((flat, scale_ratio)) = flat {
        header.set("FLTNORM", flat.real("FLTNORM")?, "DN, level of the flat");
        header.set("FLATSCAL", scale_ratio, "focal-plane level over FLTNORM");
    }
    Ok(header)
}

fn set_if_absent(header: &mut Header, key: &str, value: f64, comment: &str) {
    if header.card(key).is_none() {
        header.set(key, value, comment);
    }
}

/// Joins the bits of another pipeline's mask.
pub(crate) fn join_mask(
    (store, camera): (&mut dyn Store, &Instrument),
    masks: &[AmpFile],
    image: &mut ScienceImage,
) -> Result<()> {
    let Some(file) = masks.iter().find(|file| file.amp == image.amp) else { return Ok(()) };
    let mut bits = read_mask(store, &file.key)?;
    let own = camera.own_bits();
    bits.mapv_inplace(|bits| own.of(bits));
    if bits.dim() != image.planes.shape() {
        let (found, needed) = (format!("{:?}", bits.dim()), format!("{:?}", image.planes.shape()));
        return Err(Error::input("mask", &format!("shape of {}", file.key), found, needed));
    }
    image.planes.mask.zip_mut_with(&bits, |mine, theirs| *mine |= theirs);
    Ok(())
}

/// The first image of a mask file.
pub(crate) fn read_mask(store: &mut dyn Store, key: &str) -> Result<ndarray::Array2<u32>> {
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

/// Image and mask as two files.
fn write_pair(
    context: &mut Context<'_>,
    (key, mask_key): (&Key, &Key),
    image: &ScienceImage,
) -> Result<()> {
    let mut writer = FitsWriter::new(Sink::new(context.store, key));
    let pixels = PixelData::F32(image.planes.image.view());
    writer.write_hdu(&image.header, None, pixels, Encoding::Plain)?;
    context.wrote(key);
    let camera = &context.camera;
    let mut n_dropped: BTreeMap<u32, u64> = BTreeMap::new();
    let bits_of = camera.their_bits();
    let theirs = image.planes.mask.mapv(|ours| {
        let (theirs, dropped) = bits_of.of(ours);
        for bit in (0..32).filter(|bit| dropped & (1_u32 << bit) != 0) {
            *n_dropped.entry(bit).or_default() += 1;
        }
        theirs
    });
    let header = pair_header(camera, &image.header);
    let mut writer = FitsWriter::new(Sink::new(context.store, mask_key));
    writer.write_hdu(&header, None, PixelData::I16(theirs.view()), Encoding::Plain)?;
    context.wrote(mask_key);
    for (bit, count) in n_dropped {
        let entry = mask::REGISTRY.iter().find(|entry| entry.bit == bit);
        let name = entry.map_or_else(|| format!("bit {bit}"), |entry| entry.name.to_owned());
        let amp = image.amp;
        let text = format!("amplifier {amp}: {count} pixels are {name}, which 16 bits cannot say");
        context.warn(Warning::new("mask", "mark-dropped", count, text));
    }
    Ok(())
}

/// The image's header with the names of the bits instead of the unit.
fn pair_header(camera: &Instrument, image: &Header) -> Header {
    let mut header = image.clone();
    header.remove("BUNIT");
    header.set("PRODUCT", "mask", "what this file is");
    let mut names = Header::new();
    mask_cards(&mut names);
    let bits_of = camera.their_bits();
    for (card, entry) in names.cards.iter().zip(mask::REGISTRY) {
        let (theirs, _) = bits_of.of(entry.value());
        if theirs != 0 {
            header.set(&card.key, i64::from(theirs.trailing_zeros()), &card.comment);
        }
    }
    header
}
