//! The single-step commands: one or few jobs each, their product moved to where the user wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::ids::{AmpId, Band};
use rawsky_core::job::{self, AmpFile, Electronics, Survey, Task};
use rawsky_core::store::Key;
use toml::{Table, Value};

use crate::args::{self, LayoutName};
use crate::class::{Class, Failure};
use crate::context::Context;
use crate::dag::{keyed, raw_key};
use crate::headers;
use crate::night::{self, MASKS};
use crate::scratch::Scratch;
use crate::sky;
use crate::survey::{self, Raw};
use crate::work::last;

/// A file of the user's under a key.
type File = (Key, PathBuf);

/// `rawsky master-bias`.
///
/// # Errors
/// Those of the files and of the core.
pub fn master_bias(context: &Context, raws: &[PathBuf], target: &Path) -> Result<(), Failure> {
    let scratch = Scratch::beside(target, context)?;
    let files = numbered("raw", raws)?;
    let survey = scratch.survey(&files)?;
    let output = "bias.fits".to_owned();
    let task = Task::MasterBias { raws: in_order(&survey::good(&survey)), output: output.clone() };
    make(&scratch, task, &files, (&output, target))?;
    context.print_written(&[target.to_owned()]);
    Ok(())
}

/// `rawsky master-dark`.
///
/// # Errors
/// Those of the files and of the core.
pub fn master_dark(
    context: &Context,
    raws: &[PathBuf],
    bias: &Path,
    target: &Path,
) -> Result<(), Failure> {
    let scratch = Scratch::beside(target, context)?;
    let mut files = numbered("raw", raws)?;
    let survey = scratch.survey(&files)?;
    let output = "dark.fits".to_owned();
    let bias = (keyed("made", bias), bias.to_owned());
    let (raws, key) = (in_order(&survey::good(&survey)), Some(bias.0.clone()));
    files.push(bias);
    let task = Task::MasterDark { raws, bias: key, output: output.clone() };
    make(&scratch, task, &files, (&output, target))?;
    context.print_written(&[target.to_owned()]);
    Ok(())
}

/// `rawsky master-flat`: a flat per lamp, then their mean.
///
/// # Errors
/// Those of the files and of the core.
pub fn master_flat(
    context: &Context,
    raws: &[PathBuf],
    (bias, dark): (&Path, Option<&Path>),
    target: &Path,
) -> Result<(), Failure> {
    let scratch = Scratch::beside(target, context)?;
    let files = numbered("raw", raws)?;
    let survey = scratch.survey(&files)?;
    let bias = (keyed("made", bias), bias.to_owned());
    let dark = dark.map(|path| (keyed("dark", path), path.to_owned()));
    let mut flats = Vec::new();
    for (lamp, group) in by_lamp(&survey) {
        let output = lamp_name(context, lamp, &group);
        let mut inputs: Vec<File> = chosen(&files, &in_order(&group));
        inputs.push(bias.clone());
        inputs.extend(dark.clone());
        let (raws, bias) = (in_order(&group), Some(bias.0.clone()));
        let dark = dark.as_ref().map(|(key, _)| key.clone());
        let task = Task::LampFlat { raws, bias, dark, output: output.clone() };
        let done = scratch.job(task, &inputs, vec![output.clone()])?;
        if lamp.is_none() {
            scratch.deliver(&done, &output, target)?;
            context.print_written(&[target.to_owned()]);
            return Ok(());
        }
        flats.push((format!("made/{output}"), done.folder.join(&output)));
    }
    let output = "flat.fits".to_owned();
    let task = Task::BandFlat { flats: keys(&flats), output: output.clone() };
    make(&scratch, task, &flats, (&output, target))?;
    context.print_written(&[target.to_owned()]);
    Ok(())
}

/// `rawsky focal-plane`.
///
/// # Errors
/// Those of the files and of the core.
pub fn focal_plane(context: &Context, flats: &[PathBuf], target: &Path) -> Result<(), Failure> {
    let scratch = Scratch::beside(target, context)?;
    let files = numbered("made", flats)?;
    let output = "level.json".to_owned();
    let task = Task::FocalPlane { flats: keys(&files), output: output.clone() };
    make(&scratch, task, &files, (&output, target))?;
    context.print_written(&[target.to_owned()]);
    Ok(())
}

/// `rawsky detrend`.
///
/// # Errors
/// Those of the files and of the core.
pub fn detrend(context: &Context, args: &args::Detrend) -> Result<(), Failure> {
    let there = args.output.exists();
    fs::create_dir_all(&args.output).map_err(|error| Failure::io(args.output.display(), &error))?;
    let result = detrend_into(context, args);
    if result.is_err() && !there {
        // Goes only if it is empty.
        let _ = fs::remove_dir(&args.output);
    }
    result
}

fn detrend_into(context: &Context, args: &args::Detrend) -> Result<(), Failure> {
    let scratch = Scratch::inside(&args.output, context)?;
    let mut files = vec![(raw_key(&args.raw), args.raw.clone())];
    let survey = scratch.survey(&files)?;
    let raws = survey::good(&survey);
    let raw: &Raw = raws.first().ok_or_else(|| missing(&args.raw, "a raw exposure"))?;
    let mut add = |folder: &str, path: &Path| {
        let key = keyed(folder, path);
        files.push((key.clone(), path.to_owned()));
        key
    };
    let bias = Some(add("bias", &args.bias));
    let dark = args.dark.as_ref().map(|path| add("dark", path));
    let flat = Some(add("flat", &args.flat));
    let focal_plane = args.focal_plane.as_ref().map(|path| add("level", path));
    let headers = headers_of(&args.raw, args.headers.as_deref(), raw, &mut files)?;
    let masks = beside(&args.raw, (args.masks.as_deref(), "masks", MASKS), raw, &mut files)?;
    let image = |&amp: &AmpId| AmpFile {
        amp,
        key: context.names.of_amplifier(&night::name(&args.raw), amp, "sciimg.fits"),
    };
    let outputs: Vec<AmpFile> = raw.amps.iter().map(image).collect();
    let names = context.names.clone().with_masks_apart(args.layout == LayoutName::Ipac);
    let mask_outputs = names.masks(&night::name(&args.raw), &raw.amps);
    let written = outputs.iter().chain(&mask_outputs);
    let keys: Vec<Key> = written.map(|output| output.key.clone()).collect();
    let task = job::Detrend {
        raw: raw.key.clone(),
        bias,
        dark,
        flat,
        focal_plane,
        headers,
        masks,
        outputs,
        mask_outputs,
    };
    let done = scratch.job(Task::Detrend(task), &files, keys.clone())?;
    let targets: Vec<PathBuf> = keys.iter().map(|key| args.output.join(key)).collect();
    for (key, target) in keys.iter().zip(&targets) {
        scratch.deliver(&done, key, target)?;
    }
    context.print_written(&targets);
    Ok(())
}

/// The science headers of an exposure: FITS files, or the table that holds them.
fn headers_of(
    path: &Path,
    folder: Option<&Path>,
    raw: &Raw,
    files: &mut Vec<File>,
) -> Result<Vec<AmpFile>, Failure> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let candidates = night::files_of(folder)?;
    let name = night::name(path);
    let mut found = Vec::new();
    for (header, path) in headers::of_exposure(&candidates, night::stem(&name), raw) {
        // Amplifiers share a table.
        if files.iter().all(|(key, _)| *key != header.key) {
            files.push((header.key.clone(), path.clone()));
        }
        found.push(header);
    }
    if found.is_empty() {
        let stem = night::stem(&name);
        let needed =
            format!("files named {stem}_q<amplifier>_*.fits, or a table metaheader_YYYYMM.parquet");
        return Err(missing(folder, &needed));
    }
    Ok(found)
}

/// The files of a folder that belong to the amplifiers of an exposure.
fn beside(
    path: &Path,
    (folder, role, endings): (Option<&Path>, &str, (&str, &str)),
    raw: &Raw,
    files: &mut Vec<File>,
) -> Result<Vec<AmpFile>, Failure> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let candidates = night::files_of(folder)?;
    let name = night::name(path);
    let mut found = Vec::new();
    for &amp in &raw.amps {
        if let Some(file) = night::of_amplifier(&candidates, night::stem(&name), amp.0, endings) {
            let key = keyed(role, file);
            files.push((key.clone(), file.clone()));
            found.push(AmpFile { amp, key });
        }
    }
    if found.is_empty() {
        let needed = format!("files named {}_q<amplifier>_*.fits", night::stem(&name));
        return Err(missing(folder, &needed));
    }
    Ok(found)
}

/// `rawsky aperture`.
///
/// # Errors
/// Those of the files and of the core.
pub fn aperture(context: &mut Context, args: &args::Aperture) -> Result<(), Failure> {
    let wishes = Table::from_iter(wishes(args));
    let changed = context.lay_over_aperture(wishes)?;
    let context = &*context;
    let mut scratch = Scratch::beside(&args.output, context)?;
    if let Some(camera) = changed {
        scratch.replace_camera(&camera)?;
    }
    let sciences = numbered("made", &args.science)?;
    if !args.ccd && sciences.len() > 1 {
        let reason = format!("found {} science images; needed one, or --ccd", sciences.len());
        return Err(Failure::new(Class::InputBad, reason));
    }
    if args.ccd && args.masks.as_ref().is_some_and(|masks| masks.is_file()) {
        let reason = "found one mask; needed the folder of the masks of a detector";
        return Err(Failure::new(Class::InputBad, reason));
    }
    let mut files = catalogues(&scratch, args, &sciences)?;
    let catalogue = keys(&files);
    let mut masks = Vec::new();
    for path in args.science.iter().filter(|_| args.masks.is_some()) {
        let mask = mask_of(path, args.masks.as_deref().unwrap_or(path))?;
        masks.push((keyed("masks", &mask), mask));
    }
    let output = "apcat.parquet".to_owned();
    let detector =
        Electronics { gain_electron_per_dn: args.gain, read_noise_electron: args.read_noise };
    let task = if args.ccd {
        let (sciences, masks) = (of_amplifiers(&sciences)?, of_amplifiers(&masks)?);
        let output = output.clone();
        let task = job::ApertureDetector { sciences, masks, catalogue, detector, output };
        Task::ApertureDetector(task)
    } else {
        let science = keys(&sciences).into_iter().next().unwrap_or_default();
        let mask = keys(&masks).into_iter().next();
        let output = output.clone();
        Task::Aperture(job::Aperture { science, mask, catalogue, detector, output })
    };
    files.extend(sciences);
    files.extend(masks);
    make(&scratch, task, &files, (&output, &args.output))?;
    context.print_written(std::slice::from_ref(&args.output));
    Ok(())
}

/// The catalogues that the science images need.
fn catalogues(
    scratch: &Scratch<'_>,
    args: &args::Aperture,
    sciences: &[File],
) -> Result<Vec<File>, Failure> {
    let all: Vec<PathBuf> = night::files_of(&args.catalogue)?
        .into_iter()
        .filter(|path| args.catalogue.is_file() || night::is_catalogue(&night::name(path)))
        .collect();
    if all.is_empty() {
        return Err(missing(&args.catalogue, "a catalogue, .parquet or .csv"));
    }
    let mut needed: BTreeSet<PathBuf> = BTreeSet::new();
    for science in sciences {
        needed.extend(sky::of_image(scratch, science, all.clone())?);
    }
    numbered("catalogue", &needed.into_iter().collect::<Vec<_>>())
}

/// The files with the amplifiers that their names tell.
fn of_amplifiers(files: &[File]) -> Result<Vec<AmpFile>, Failure> {
    let file = |(key, path): &File| match night::amplifier_of(&night::name(path)) {
        Some(amp) => Ok(AmpFile { amp: AmpId(amp), key: key.clone() }),
        None => {
            let reason = format!("{}: needed a name with _q<amplifier>_", path.display());
            Err(Failure::new(Class::InputBad, reason))
        }
    };
    files.iter().map(file).collect()
}

/// The parameters of the recipe that the command line changes.
fn wishes(args: &args::Aperture) -> Vec<(String, Value)> {
    let mut wishes = Vec::new();
    if !args.radii.is_empty() {
        wishes.push(("radii_pix".to_owned(), Value::from(args.radii.clone())));
    }
    if let Some((inner, outer)) = args.annulus {
        wishes.push(("annulus_pix".to_owned(), Value::from(vec![inner, outer])));
    }
    if let Some(epoch) = args.epoch {
        wishes.push(("epoch_year".to_owned(), Value::from(epoch)));
    }
    wishes
}

/// The mask of a science image: the file given, or the one of the same name in a folder.
fn mask_of(science: &Path, given: &Path) -> Result<PathBuf, Failure> {
    if given.is_file() {
        return Ok(given.to_owned());
    }
    let name = night::name(science);
    let stem = night::stem(&name).trim_end_matches("sciimg").to_owned();
    let rest = stem.strip_prefix(crate::names::PREFIX).unwrap_or(&stem).to_owned();
    let named = |path: &PathBuf| {
        let name = night::name(path);
        name.ends_with(".fits") | name.ends_with(".fz")
            && name.contains(&rest)
            && night::stem(&name).ends_with("mskimg")
    };
    let found = night::files_of(given)?.into_iter().find(named);
    found.ok_or_else(|| missing(given, &format!("a mask named {stem}mskimg.fits")))
}

/// `rawsky inspect`.
///
/// # Errors
/// Those of the file and of the core.
pub fn inspect(context: &Context, file: &Path) -> Result<(), Failure> {
    let scratch = Scratch::inside(&std::env::temp_dir(), context)?;
    let files = vec![(made_key(file), file.to_owned())];
    let output = "inspect.json".to_owned();
    let task = Task::Inspect { file: files[0].0.clone(), output: output.clone() };
    let done = scratch.job(task, &files, vec![output.clone()])?;
    let bad = |error: String| Failure::new(Class::OutputRule, error);
    let text = fs::read(done.folder.join(&output)).map_err(|error| bad(error.to_string()))?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
    context.print(crate::show::text(&value).trim_end(), &value);
    Ok(())
}

fn made_key(path: &Path) -> Key {
    last(&keyed("file", path)).to_owned()
}

fn make(
    scratch: &Scratch<'_>,
    task: Task,
    files: &[File],
    (output, target): (&str, &Path),
) -> Result<(), Failure> {
    let done = scratch.job(task, files, vec![output.to_owned()])?;
    scratch.deliver(&done, output, target)
}

/// Keys for files in the order in which they were given; names may repeat in different folders.
fn numbered(folder: &str, paths: &[PathBuf]) -> Result<Vec<File>, Failure> {
    let files: Vec<File> = paths.iter().map(|path| (keyed(folder, path), path.clone())).collect();
    let mut seen = BTreeMap::new();
    for (key, path) in &files {
        if let Some(other) = seen.insert(key, path) {
            let reason = format!("{} and {} have the same name", other.display(), path.display());
            return Err(Failure::new(Class::InputBad, reason));
        }
    }
    Ok(files)
}

/// The name that the batch gives to a lamp flat; it is noted in what is made of it.
fn lamp_name(context: &Context, lamp: Option<i64>, group: &[Raw]) -> Key {
    let Some(first) = group.first() else { return "flat.fits".to_owned() };
    let band = first.band.clone().unwrap_or_else(|| Band("none".to_owned()));
    context.names.flat(first.mjd, &band, first.detector, lamp.unwrap_or(0))
}

fn by_lamp(survey: &Survey) -> BTreeMap<Option<i64>, Vec<Raw>> {
    let mut groups: BTreeMap<Option<i64>, Vec<Raw>> = BTreeMap::new();
    for raw in survey::good(survey) {
        groups.entry(raw.lamp).or_default().push(raw);
    }
    groups
}

fn in_order(raws: &[Raw]) -> Vec<Key> {
    raws.iter().map(|raw| raw.key.clone()).collect()
}

fn chosen(files: &[File], keys: &[Key]) -> Vec<File> {
    files.iter().filter(|(key, _)| keys.contains(key)).cloned().collect()
}

fn keys(files: &[File]) -> Vec<Key> {
    files.iter().map(|(key, _)| key.clone()).collect()
}

fn missing(path: &Path, needed: &str) -> Failure {
    Failure::new(Class::InputBad, format!("{}: found nothing; needed {needed}", path.display()))
}
