//! Master biases and flats: raw exposures of one detector to a master file.

use super::detrend::open_dark;
use super::master_header::{level_cards, product_header, span_cards};
use super::{Context, streamed};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::ids::{AmpId, Role};
use crate::image::{CcdImage, RawAmp};
use crate::instrument::{Instrument, VisitInfo};
use crate::masks::defects;
use crate::master::{self, Kind, MasterFile};
use crate::numerics::stats::{CountingMedian, RADIX_PASSES};
use crate::pipeline::{AmpCalibration, Frames, Masters, calibration, pedestal_dn, stack};
use crate::raw::{RawFile, in_file};
use crate::recipe::{Stage, Step};
use crate::stack::combine::Params;
use crate::stack::lamps::{mean_level, mean_of_lamps};
use crate::stack::normalize::{normalize, scale};
use crate::stack::select::select;
use crate::store::{Key, Store};

/// One amplifier of raw exposures, loaded one after the other.
struct RawFrames<'a> {
    store: &'a mut dyn Store,
    camera: &'a Instrument,
    raws: &'a [(Key, RawFile)],
    amp: AmpId,
    steps: &'a [Step],
    given: Given<'a>,
    /// Level (DN) of the master bias, which stays in images without overscan.
    pedestal_dn: f64,
}

/// The masters that the steps after a stack subtract.
#[derive(Clone, Copy, Default)]
struct Given<'a> {
    bias: Option<&'a MasterFile>,
    /// With the exposure time of the stack over that of the dark (a ratio).
    dark: Option<&'a (MasterFile, f64)>,
}

impl Frames for RawFrames<'_> {
    fn count(&self) -> usize {
        self.raws.len()
    }

    fn load(&mut self, index: usize) -> Result<(RawAmp, AmpCalibration)> {
        let (key, raw) = self
            .raws
            .get(index)
            .ok_or_else(|| Error::input("stack", "frame", index, self.raws.len()))?;
        let amp = raw.read(self.store, self.camera, self.amp)?;
        let mut known = calibration(self.camera, &raw.visit, self.amp, self.steps)?;
        if amp.geometry.overscan.is_none() {
            known.pedestal_dn = self.pedestal_dn;
        }
        Ok((amp, known)).map_err(|error| in_file(key, error))
    }

    fn masters(&mut self) -> Result<Masters> {
        let bias = self.given.bias.map(|file| file.part(self.store, self.amp)).transpose()?;
        let dark = match self.given.dark {
            Some((file, ratio)) => Some((file.part(self.store, self.amp)?, *ratio)),
            None => None,
        };
        Ok(Masters { bias, dark, flat: None, scale_ratio: 1.0 })
    }
}

/// The master bias of one detector.
pub(super) fn master_bias(context: &mut Context<'_>, raws: &[Key], output: &Key) -> Result<()> {
    let params = context.recipe.bias_master;
    let raws = open_raws(context, raws, Role::Bias, &params)?;
    let mut header = product_header(context, Kind::Bias, &raws)?;
    header.set("BUNIT", "DN", "unit of the image");
    write_stacks(context, (&raws, Stage::Bias, Given::default()), &header, output)
}

/// The master dark of one detector and exposure time.
pub(super) fn master_dark(
    context: &mut Context<'_>,
    raws: &[Key],
    bias: Option<&str>,
    output: &Key,
) -> Result<()> {
    if context.recipe.dark.is_empty() {
        let needed = "the steps of a dark exposure; the recipe with-darks has them";
        return Err(Error::parameter("[[dark]] of the recipe", "empty", needed));
    }
    let params = context.recipe.dark_master;
    let raws = open_raws(context, raws, Role::Dark, &params)?;
    let exposure_s = common_exposure(&raws)?;
    let bias = open_bias(context, bias)?;
    let mut header = product_header(context, Kind::Dark, &raws)?;
    header.set("BUNIT", "DN", "unit of the image");
    header.set("EXPTIME", exposure_s, "s, exposure time of the darks");
    let given = Given { bias: bias.as_ref(), dark: None };
    write_stacks(context, (&raws, Stage::Dark, given), &header, output)
}

/// The one exposure time (s) of a stack: the mean of times that differ by less than a hundredth.
fn common_exposure(raws: &[(Key, RawFile)]) -> Result<f64> {
    let mut sum = 0.0;
    for (key, raw) in raws {
        let time = raw.visit.exposure_s.filter(|time| 0.0 < *time);
        sum += time.ok_or_else(|| {
            let found = raw.visit.exposure_s.map_or("none".to_owned(), |time| time.to_string());
            let what = format!("exposure time (s) of {key}");
            Error::input("stack", &what, found, "a time above zero, to which darks are scaled")
        })?;
    }
    let mean = sum / raws.len().max(1) as f64;
    let odd = |(_, raw): &&(Key, RawFile)| {
        raw.visit.exposure_s.is_none_or(|time| 0.01 * mean < (time - mean).abs())
    };
    match raws.iter().find(odd) {
        Some((key, raw)) => {
            let found = raw.visit.exposure_s.unwrap_or(0.0);
            let what = format!("exposure time (s) of {key}");
            Err(Error::input("stack", &what, found, format!("that of all ({mean})")))
        }
        None => Ok(mean),
    }
}

fn open_bias(context: &mut Context<'_>, key: Option<&str>) -> Result<Option<MasterFile>> {
    key.map(|key| MasterFile::open(context.store, key, &[Kind::Bias])).transpose()
}

/// The stacks of all amplifiers as one product.
fn write_stacks(
    context: &mut Context<'_>,
    (raws, stage, given): (&[(Key, RawFile)], Stage, Given<'_>),
    header: &Header,
    output: &Key,
) -> Result<()> {
    let amps: Vec<AmpId> = context.camera.amplifiers.iter().map(|amp| amp.id).collect();
    drop(master::begin(context.store, output, header)?);
    let mut room = Vec::new();
    for amp in amps {
        // A build without tiles is one that is to stay small; a pedestal belongs to whole frames.
        let streamed = match cfg!(feature = "tiles") && given.bias.is_none() {
            true => streamed::append(context, raws, (stage, amp), output, &mut room),
            false => Ok(false),
        };
        match streamed {
            Ok(true) => {}
            Ok(false) => {
                let part = stack_amplifier(context, raws, amp, (stage, given))?;
                master::append(&mut master::resume(context.store, output), &part, amp)?;
            }
            // Of several damaged frames whole ones tell the first.
            Err(error) => {
                let whole = stack_amplifier(context, raws, amp, (stage, given));
                return Err(whole.err().unwrap_or(error));
            }
        }
    }
    context.wrote(output);
    Ok(())
}

/// The master flat of one detector and lamp; where the exposures name no lamp, of the band.
pub(super) fn lamp_flat(
    context: &mut Context<'_>,
    raws: &[Key],
    (bias, dark): (Option<&str>, Option<&str>),
    output: &Key,
) -> Result<()> {
    let params = context.recipe.flat_master;
    let raws = open_raws(context, raws, Role::Flat, &params)?;
    let bias = open_bias(context, bias)?;
    let dark = match dark.filter(|_| context.recipe.has(Stage::Flat, "dark")) {
        Some(key) => Some(open_dark(context.store, key, mean_exposure(&raws))?),
        None => None,
    };
    let given = Given { bias: bias.as_ref(), dark: dark.as_ref() };
    let mut parts = Vec::new();
    for amp in context.camera.amplifiers.iter().map(|amp| amp.id).collect::<Vec<_>>() {
        parts.push(stack_amplifier(context, &raws, amp, (Stage::Flat, given))?);
    }
    let level_dn = normalize(&mut parts, params.sums)?;
    context.note("normalize", serde_json::json!({ "level_dn": level_dn }));
    let lamp = raws.first().and_then(|(_, raw)| raw.visit.lamp);
    let kind = if lamp.is_some() { Kind::LampFlat } else { Kind::BandFlat };
    let mut header = product_header(context, kind, &raws)?;
    level_cards(&mut header, level_dn);
    if kind == Kind::BandFlat {
        let amps: Vec<AmpId> = context.camera.amplifiers.iter().map(|amp| amp.id).collect();
        for (amp, part) in amps.into_iter().zip(&mut parts) {
            mark_defects(context, amp, part)?;
        }
    }
    write_flat(context, output, &header, parts)
}

/// Marks what a band's flat shows of an amplifier, if the recipe asks for it.
fn mark_defects(context: &mut Context<'_>, amp: AmpId, part: &mut CcdImage) -> Result<()> {
    if let Some(params) = &context.recipe.defects {
        let report = defects::mark(&mut part.planes, params)?;
        context.note_of(amp, "defects", report);
    }
    Ok(())
}

/// Mean exposure time (s) of a stack; none if one of them has none.
fn mean_exposure(raws: &[(Key, RawFile)]) -> Option<f64> {
    let times: Option<Vec<f64>> = raws.iter().map(|(_, raw)| raw.visit.exposure_s).collect();
    times.map(|times| times.iter().sum::<f64>() / times.len().max(1) as f64)
}

/// The master flat of one detector and band.
pub(super) fn band_flat(context: &mut Context<'_>, flats: &[Key], output: &Key) -> Result<()> {
    let files = open_lamp_flats(context, flats)?;
    let first = files.first().ok_or_else(|| Error::input("band flat", "lamp flats", 0, "one"))?;
    let (amps, mut header) = (first.0.amps(), first.0.header.clone());
    let levels = files
        .iter()
        .map(|(file, weight)| Ok((file.real("FLTNORM")?, *weight)))
        .collect::<Result<Vec<_>>>()?;
    // The mean of normalized flats has a median near one; it is made one, the product of flat and
    // level staying the same. One amplifier is held at a time: the median takes two passes.
    let mut counts = CountingMedian::new();
    for pass in 0..RADIX_PASSES {
        if pass == 1 {
            counts.begin_second_pass();
        }
        for &amp in &amps {
            counts.offer(mean_part(context, &files, amp)?.planes.image.iter().copied());
        }
    }
    let median = counts.finish().filter(|median| 0.0 < *median).ok_or_else(|| {
        let quantity = "level of the band flat".to_owned();
        Error::Undetermined { quantity, used: 0, given: files.len() }
    })?;
    let level_dn = median * mean_level(&levels, context.recipe.flat_master.sums);
    header.set("PRODUCT", Kind::BandFlat.word(), "what this file is");
    header.remove("LAMP");
    header.remove("NFRAMES");
    header.cards.retain(|card| card.key != "HISTORY");
    let lamps: Vec<String> = files
        .iter()
        .filter_map(|(file, _)| file.header.integer("LAMP").map(|lamp| lamp.to_string()))
        .collect();
    header.set("LAMPS", lamps.join(","), "lamps averaged");
    let times =
        |card: &str| files.iter().map(|(file, _)| file.real(card)).collect::<Result<Vec<_>>>();
    span_cards(&mut header, times("MJD-BEG")?.into_iter().chain(times("MJD-END")?));
    level_cards(&mut header, level_dn);
    context.provenance_cards(&mut header);
    context.note("normalize", serde_json::json!({ "level_dn": level_dn }));
    drop(master::begin(context.store, output, &header)?);
    for amp in amps {
        let mut part = mean_part(context, &files, amp)?;
        scale(&mut part, 1.0 / median);
        mark_defects(context, amp, &mut part)?;
        master::append(&mut master::resume(context.store, output), &part, amp)?;
    }
    context.wrote(output);
    Ok(())
}

/// One amplifier's mean over the lamps.
fn mean_part(
    context: &mut Context<'_>,
    files: &[(MasterFile, f64)],
    amp: AmpId,
) -> Result<CcdImage> {
    let mut lamps = Vec::with_capacity(files.len());
    for (file, weight) in files {
        lamps.push((file.part(context.store, amp)?, *weight));
    }
    mean_of_lamps(&lamps, context.recipe.flat_master.sums)
}

/// Lamp flats of one detector and band, with the weights of their lamps.
fn open_lamp_flats(context: &mut Context<'_>, keys: &[Key]) -> Result<Vec<(MasterFile, f64)>> {
    let mut files: Vec<(MasterFile, f64)> = Vec::with_capacity(keys.len());
    for key in keys {
        let file = MasterFile::open(context.store, key, &[Kind::LampFlat])?;
        let lamp = file.header.integer("LAMP");
        if let Some((first, _)) = files.first() {
            let of = |file: &MasterFile| {
                let band = file.header.text("BAND").unwrap_or("none").to_owned();
                format!("detector {} band {band}", file.detector)
            };
            same("band flat", key, of(&file), of(first))?;
        }
        let known = context.camera.lamps.iter().find(|known| Some(known.lamp) == lamp);
        files.push((file, known.map_or(1.0, |lamp| lamp.weight)));
    }
    Ok(files)
}

fn write_flat(
    context: &mut Context<'_>,
    output: &Key,
    header: &Header,
    parts: Vec<CcdImage>,
) -> Result<()> {
    let mut writer = master::begin(context.store, output, header)?;
    for part in &parts {
        let amp = part.amps.first().map_or(AmpId(0), |part| part.amp);
        master::append(&mut writer, part, amp)?;
    }
    context.wrote(output);
    Ok(())
}

fn stack_amplifier(
    context: &mut Context<'_>,
    raws: &[(Key, RawFile)],
    amp: AmpId,
    (stage, given): (Stage, Given<'_>),
) -> Result<CcdImage> {
    let (camera, recipe) = (context.camera.clone(), context.recipe.clone());
    let (steps, params) = (recipe.steps(stage), recipe.stack(stage));
    let detector = raws.first().map(|(_, raw)| raw.visit.detector);
    let detector = detector.ok_or_else(|| Error::input("stack", "exposures", 0, "one or more"))?;
    let (store, mut log) = context.split();
    let always_overscan = camera.amplifier(amp).is_some_and(|known| 0 < known.overscan_columns);
    let pedestal_dn = match given.bias {
        Some(file) if !always_overscan => pedestal_dn(&file.part(store, amp)?),
        _ => 0.0,
    };
    let mut frames = RawFrames { store, camera: &camera, raws, amp, steps, given, pedestal_dn };
    stack(&mut frames, detector, (steps, params), &mut log)
}

/// Opens the raw files of one stack and chooses those that enter it.
fn open_raws(
    context: &mut Context<'_>,
    keys: &[Key],
    role: Role,
    params: &Params,
) -> Result<Vec<(Key, RawFile)>> {
    let chosen = select(&format!("master {role}"), keys.len(), params)?;
    let mut raws: Vec<(Key, RawFile)> = Vec::with_capacity(chosen.len());
    for key in keys.get(chosen).unwrap_or_default() {
        let raw = RawFile::open(context.store, key, &context.camera)?;
        let what = |visit: &VisitInfo, role: Role| {
            let lamp = visit.lamp.map_or("none".to_owned(), |lamp| lamp.to_string());
            let band = visit.band.as_ref().map_or("none".to_owned(), ToString::to_string);
            match role {
                Role::Flat => format!(
                    "{} of detector {}, band {band}, lamp {lamp}",
                    visit.role, visit.detector
                ),
                _ => format!("{} of detector {}", visit.role, visit.detector),
            }
        };
        same("stack", key, raw.visit.role, role)?;
        if let Some((_, first)) = raws.first() {
            same("stack", key, what(&raw.visit, role), what(&first.visit, role))?;
        }
        for warning in raw.warnings(&context.camera)? {
            context.warn(warning);
        }
        raws.push((key.clone(), raw));
    }
    Ok(raws)
}

fn same<T: PartialEq + std::fmt::Display>(
    step: &str,
    key: &str,
    found: T,
    needed: T,
) -> Result<()> {
    if found == needed {
        return Ok(());
    }
    Err(Error::input(step, &format!("exposure {key}"), found, needed))
}
