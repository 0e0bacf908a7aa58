//! `detrend`: the science images of one exposure.

use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::ids::AmpId;
use rawsky_core::job::{self, AmpFile, Task};
use rawsky_core::store::Key;

use super::{File, missing};
use crate::args::{self, LayoutName};
use crate::class::Failure;
use crate::context::Context;
use crate::dag::{Sharing, keyed, raw_key};
use crate::headers;
use crate::night::{self, MASKS};
use crate::scratch::Scratch;
use crate::survey::{self, Raw};

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
    let raws = survey::good(&survey, Sharing::Folder);
    let raw: &Raw = raws.first().ok_or_else(|| missing(&args.raw, "a raw exposure"))?;
    let mut add = |folder: &str, path: &Path| {
        let key = keyed(folder, path);
        files.push((key.clone(), path.to_owned()));
        key
    };
    let bias = args.bias.as_ref().map(|path| add("bias", path));
    let dark = args.dark.as_ref().map(|path| add("dark", path));
    let flat = args.flat.as_ref().map(|path| add("flat", path));
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
    let candidates = night::in_order_of_name(night::files_of(folder)?);
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
