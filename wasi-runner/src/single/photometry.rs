//! `aperture`: the stars of a catalogue on one science image, or on those of a detector.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rawsky_core::ids::AmpId;
use rawsky_core::job::{self, AmpFile, Electronics, Task};
use toml::{Table, Value};

use super::{File, keys, make, missing, numbered};
use crate::args;
use crate::class::{Class, Failure};
use crate::context::Context;
use crate::dag::keyed;
use crate::night;
use crate::scratch::Scratch;
use crate::sky;

/// `rawsky aperture`.
///
/// # Errors
/// Those of the files and of the core.
pub fn aperture(context: &mut Context, args: &args::Aperture) -> Result<(), Failure> {
    are_numbers(args)?;
    let wishes = Table::from_iter(wishes(args));
    let changed = context.lay_over("aperture", wishes)?;
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
    let all = catalogue_files(&args.catalogue)?;
    if all.is_empty() {
        return Err(missing(&args.catalogue, "a catalogue, .parquet or .csv"));
    }
    let mut needed: BTreeSet<PathBuf> = BTreeSet::new();
    for science in sciences {
        needed.extend(sky::of_image(scratch, science, all.clone())?);
    }
    numbered("catalogue", &needed.into_iter().collect::<Vec<_>>())
}

/// A catalogue, or those of a folder.
pub(super) fn catalogue_files(given: &Path) -> Result<Vec<PathBuf>, Failure> {
    let all = night::files_of(given)?.into_iter();
    Ok(all.filter(|path| given.is_file() || night::is_catalogue(&night::name(path))).collect())
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

/// That what the command line gives are numbers: the core reads JSON, which has no NaN and would tell
/// of a null.
fn are_numbers(args: &args::Aperture) -> Result<(), Failure> {
    let annulus = args.annulus.into_iter().flat_map(|(inner, outer)| [inner, outer]);
    let mut given = args.radii.iter().copied().chain(annulus).chain(args.epoch);
    match given.find(|number| !number.is_finite()) {
        Some(number) => {
            let reason =
                format!("radii, annulus and epoch: found {number}, needed numbers above 0");
            Err(Failure::new(Class::InputBad, reason))
        }
        None => Ok(()),
    }
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
pub(super) fn mask_of(science: &Path, given: &Path) -> Result<PathBuf, Failure> {
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
