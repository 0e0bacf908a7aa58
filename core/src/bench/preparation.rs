//! What must be done before an exposure lies on the bench: simulate it with its calibration, or stack
//! the raw frames that were dropped beside it. Each unit of the work is a job.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::ids::{Band, DetectorId, Role};
use crate::instrument::{Instrument, built_in_names};
use crate::job::{
    self, AmpFile, Finished, FinishedKind, Job, RawEncoding, Survey, Task, Text, VERSION,
    flat_name, simulation_parts,
};
use crate::recipe::{Recipe, Stage};
use crate::simulate::{self, NightParams};
use crate::store::{Key, Store};
use crate::time::Day;

use super::files::Files;
use super::inputs::identify;

/// One unit of the work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unit {
    /// What it is, for a person.
    pub label: String,
    /// The job; its products go into the store.
    job: Job,
    /// The files that it reads.
    reads: Vec<Key>,
}

impl Unit {
    /// Does the work.
    ///
    /// # Errors
    /// Those of the files and of the job.
    pub fn run(&self, store: &mut dyn Store) -> Result<()> {
        let job = Job { inputs: identify(store, &self.reads)?, ..self.job.clone() };
        job::execute_preparation(&job, store).map(|_| ())
    }
}

/// Units to be done in order, and the exposure that is there after the first of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preparation {
    /// The work that the exposure needs.
    pub units: Vec<Unit>,
    /// The work that its masters need.
    pub of_masters: Vec<Unit>,
    /// What belongs to the exposure.
    pub files: Files,
    /// What could not be used, with the reason.
    pub left_out: Vec<String>,
}

/// What masters are made for.
struct Of {
    detector: DetectorId,
    band: Option<Band>,
    /// The camera's day of the first flat.
    day: Day,
}

/// Raw flats by their lamp.
type ByLamp = Vec<(Option<i64>, Vec<Key>)>;

pub(super) fn unit(
    camera: &str,
    label: impl Into<String>,
    (task, reads): (Task, Vec<Key>),
) -> Unit {
    let job = Job {
        version: VERSION,
        camera: Text::BuiltIn(camera.to_owned()),
        recipe: Text::BuiltIn("default".to_owned()),
        inputs: Vec::new(),
        task,
    };
    Unit { label: label.into(), job, reads }
}

/// The built-in cameras to which files of these names can belong, the likeliest first: those whose
/// names of raw files begin as these do, then those whose names say nothing, the general one last.
pub fn cameras_for(names: &[String]) -> Vec<&'static str> {
    let last = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
    let begins = |prefix: &str| names.iter().any(|name| last(name).starts_with(prefix));
    let mut ranked: Vec<(u8, &'static str)> = Vec::new();
    for name in built_in_names() {
        let Ok(camera) = Instrument::built_in(name) else { continue };
        let prefix = camera.names.prefix.as_str();
        let rank = match (prefix, camera.amplifiers.as_slice()) {
            // A camera of one amplifier that its headers describe takes nearly everything.
            ("", [_]) => 2,
            ("", _) => 1,
            (prefix, _) if begins(prefix) => 0,
            _ => continue,
        };
        ranked.push((rank, name));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// Names of the masters that a preparation makes.
const BIAS: &str = "bench_bias.fits";
const FLAT: &str = "bench_flat.fits";
pub(super) const LEVEL: &str = "bench_level.json";

/// A simulated exposure (the first of the night) with its biases, flats, headers, stars and truth.
///
/// # Errors
/// [`Error::Parameter`] if a parameter is impossible.
pub fn simulated(camera: &Instrument, params: &NightParams) -> Result<Preparation> {
    let night = simulate::night(camera, params)?;
    let parts = simulation_parts(camera, params, RawEncoding::None)?;
    let science = night.exposures.iter().find(|exposure| exposure.role == Role::Science);
    let science = science.ok_or_else(|| Error::parameter("exposures", 0, "at least 1"))?;
    let raw = science.name.clone();
    let mut files = Files { raw, night: Some(params.clone()), ..Files::default() };
    let (mut units, mut of_masters) = (Vec::new(), Vec::new());
    for part in &parts {
        let name = part.outputs.first().map(|(key, _)| key.clone()).unwrap_or_default();
        // What masters are made of comes when the exposure can be seen.
        let is_of_masters =
            name != files.raw && part.outputs.iter().any(|(_, path)| is_frame(path));
        let label = format!("simulating {name}");
        let made = unit(&camera.name, label, (part.task.clone(), Vec::new()));
        if is_of_masters { &mut of_masters } else { &mut units }.push(made);
        for (key, path) in &part.outputs {
            sort_in(camera, &mut files, key, path);
        }
    }
    let of = |role: Role, lamp: Option<i64>| -> Vec<Key> {
        let wanted = night.exposures.iter().filter(|exposure| {
            exposure.role == role
                && exposure.detector == science.detector
                && (role == Role::Bias || exposure.lamp == lamp)
                && (role == Role::Bias || exposure.band == science.band)
        });
        wanted.map(|exposure| exposure.name.clone()).collect()
    };
    let lamps: Vec<Option<i64>> = night
        .lamps
        .iter()
        .filter(|(_, band)| *band == science.band)
        .map(|(lamp, _)| *lamp)
        .collect();
    let flats: ByLamp = lamps.iter().map(|lamp| (*lamp, of(Role::Flat, *lamp))).collect();
    let (biases, day) = (of(Role::Bias, None), camera.day_of(science.mjd));
    let of = Of { detector: science.detector, band: science.band.clone(), day };
    masters((&camera.name, &of), (biases, flats), (&mut of_masters, &mut files));
    Ok(Preparation { units, of_masters, files, left_out: Vec::new() })
}

/// Whether a simulated file is a raw frame, or the truth of one that is no science exposure.
fn is_frame(path: &str) -> bool {
    path.starts_with("raw/") || path.starts_with("truth/bias_")
}

/// Where a simulated file belongs, by its folder.
fn sort_in(camera: &Instrument, files: &mut Files, key: &Key, path: &str) {
    let amp = camera.amplifiers.iter().find(|amp| key.contains(&format!("_q{}_", amp.id)));
    let file = amp.map(|amp| AmpFile { amp: amp.id, key: key.clone() });
    match (path.split('/').next(), file) {
        (Some("headers"), Some(file)) => files.headers.push(file),
        (Some("masks"), Some(file)) => files.masks.push(file),
        (Some("truth"), Some(file)) if key.ends_with("truth.fits") => files.truth.push(file),
        (Some("truth"), None) if key.starts_with("lamp_") => files.lamps.push(key.clone()),
        (Some("catalogue"), _) => files.catalogue.push(key.clone()),
        _ => {}
    }
}

/// Masters of these biases and flats, as far as there are any; a finished master comes before raw
/// frames.
fn masters(
    (camera, of): (&str, &Of),
    (biases, flats): (Vec<Key>, ByLamp),
    (units, files): (&mut Vec<Unit>, &mut Files),
) {
    if files.bias.is_none() && !biases.is_empty() {
        let label = format!("stacking {} biases", biases.len());
        files.biases.clone_from(&biases);
        let task = Task::MasterBias { raws: biases.clone(), output: BIAS.to_owned() };
        units.push(unit(camera, label, (task, biases)));
        files.bias = Some(BIAS.to_owned());
    }
    if files.flat.is_some() {
        return;
    }
    let bias = files.bias.clone();
    let mut made = Vec::new();
    for (lamp, raws) in flats.into_iter().filter(|(_, raws)| !raws.is_empty()) {
        let label = format!("stacking {} flats", raws.len());
        files.flats.extend_from_slice(&raws);
        // Without lamps the stack is the flat of the band.
        let output = lamp.map_or(FLAT.to_owned(), |lamp| {
            let band = of.band.as_ref().map_or("none", |band| &band.0);
            flat_name(&of.day.compact(), band, of.detector, lamp)
        });
        let reads = raws.iter().chain(&bias).cloned().collect();
        let task = Task::LampFlat { raws, bias: bias.clone(), dark: None, output: output.clone() };
        units.push(unit(camera, label, (task, reads)));
        made.push((lamp, output));
    }
    if made.is_empty() {
        return;
    }
    if made.iter().any(|(lamp, _)| lamp.is_some()) {
        let lamps = made.into_iter().filter(|(lamp, _)| lamp.is_some());
        let flats: Vec<Key> = lamps.map(|(_, key)| key).collect();
        let task = Task::BandFlat { flats: flats.clone(), output: FLAT.to_owned() };
        units.push(unit(camera, "averaging the lamps", (task, flats)));
    }
    files.flat = Some(FLAT.to_owned());
    if files.level.is_some() {
        return;
    }
    let task = Task::FocalPlane { flats: vec![FLAT.to_owned()], output: LEVEL.to_owned() };
    units.push(unit(camera, "level of the focal plane", (task, vec![FLAT.to_owned()])));
    files.level = Some(LEVEL.to_owned());
}

/// Sorts dropped files: the first science exposure, with the biases and flats of its detector and
/// band, masters, headers, masks and catalogues that belong to it.
///
/// `survey` is what the core says of every FITS file, as raw file and as master; `others` are the
/// names of all files.
///
/// # Errors
/// [`Error::Input`] if there is no raw science exposure among them.
pub fn dropped(camera: &Instrument, survey: &Survey, others: &[Key]) -> Result<Preparation> {
    let mut left_out = Vec::new();
    let visits = || survey.files.iter().filter_map(|file| Some((&file.key, file.visit.as_ref()?)));
    let science = visits().find(|(_, visit)| visit.role == Role::Science);
    let Some((raw, science)) = science else {
        let reasons = survey.files.iter().filter_map(|file| Some(file.error.as_ref()?.to_string()));
        let found = reasons.take(1).collect::<String>();
        let found = if found.is_empty() { "none".to_owned() } else { found };
        return Err(Error::input("bench", "raw science exposure", found, "one"));
    };
    let mut files = Files { raw: raw.clone(), ..Files::default() };
    let same = |detector: DetectorId| detector == science.detector;
    let mut frames: Vec<_> = visits().filter(|(_, visit)| same(visit.detector)).collect();
    frames.sort_by(|a, b| a.1.mjd.0.total_cmp(&b.1.mjd.0).then_with(|| a.0.cmp(b.0)));
    let biases = frames.iter().filter(|(_, visit)| visit.role == Role::Bias);
    let biases: Vec<Key> = biases.map(|(key, _)| (*key).clone()).collect();
    let mut flats = ByLamp::new();
    for (key, visit) in &frames {
        if visit.role == Role::Flat && visit.band == science.band {
            match flats.iter_mut().find(|(lamp, _)| *lamp == visit.lamp) {
                Some((_, group)) => group.push((*key).clone()),
                None => flats.push((visit.lamp, vec![(*key).clone()])),
            }
        }
    }
    for file in &survey.files {
        match &file.master {
            Some(master) => take_master(&mut files, &file.key, (master, science.detector)),
            None if file.visit.is_none() => {
                let reason = file.error.as_ref().map(ToString::to_string).unwrap_or_default();
                left_out.push(format!("{}: {reason}", file.key));
            }
            None => {}
        }
    }
    beside(camera, &mut files, others);
    if !flats.is_empty() && biases_are_missing(camera, &biases, &files)? {
        let count: usize = flats.iter().map(|(_, raws)| raws.len()).sum();
        left_out.push(format!(
            "{count} raw flats: to stack them, drop raw biases or a master bias too"
        ));
        flats.clear();
    }
    let mut of_masters = Vec::new();
    let first = frames.iter().find(|(_, visit)| visit.role == Role::Flat);
    let day = first.map_or(science.day, |(_, visit)| visit.day);
    let of = Of { detector: science.detector, band: science.band.clone(), day };
    masters((&camera.name, &of), (biases, flats), (&mut of_masters, &mut files));
    Ok(Preparation { units: Vec::new(), of_masters, files, left_out })
}

/// Whether flats cannot be stacked for want of a master bias.
fn biases_are_missing(camera: &Instrument, biases: &[Key], files: &Files) -> Result<bool> {
    let needed = Recipe::built_in("default", camera)?.has(Stage::Flat, "bias");
    Ok(needed && biases.is_empty() && files.bias.is_none())
}

fn take_master(files: &mut Files, key: &Key, (master, detector): (&Finished, DetectorId)) {
    if master.detector.is_some_and(|own| own != detector) {
        return;
    }
    let place = match master.kind {
        FinishedKind::Bias => &mut files.bias,
        FinishedKind::Dark => &mut files.dark,
        FinishedKind::Flat => &mut files.flat,
        FinishedKind::Level => &mut files.level,
    };
    place.get_or_insert_with(|| key.clone());
}

/// Headers, masks and catalogues by their names: `<raw name>_q<amplifier>_sciimg…`, `…_mskimg…`.
fn beside(camera: &Instrument, files: &mut Files, others: &[Key]) {
    let name = files.raw.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default().to_owned();
    for key in others {
        let lower = key.to_ascii_lowercase();
        if lower.ends_with(".parquet") || lower.ends_with(".csv") {
            files.catalogue.push(key.clone());
        }
        for amp in &camera.amplifiers {
            if !key.contains(&format!("{stem}_q{}_", amp.id)) {
                continue;
            }
            let file = AmpFile { amp: amp.id, key: key.clone() };
            if key.contains("sciimg") {
                files.headers.push(file);
            } else if key.contains("mskimg") {
                files.masks.push(file);
            }
        }
    }
    // In the order of the amplifiers, as a batch lists them.
    files.headers.sort_by_key(|file| file.amp);
    files.masks.sort_by_key(|file| file.amp);
}
