//! `master-bias`, `master-dark`, `master-flat`, `focal-plane`: one master from files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rawsky_core::ids::Band;
use rawsky_core::job::{Survey, Task};
use rawsky_core::store::Key;

use super::{File, chosen, in_order, keys, make, numbered};
use crate::class::Failure;
use crate::context::Context;
use crate::dag::{Sharing, keyed};
use crate::scratch::Scratch;
use crate::survey::{self, Raw};

/// `rawsky master-bias`.
///
/// # Errors
/// Those of the files and of the core.
pub fn master_bias(context: &Context, raws: &[PathBuf], target: &Path) -> Result<(), Failure> {
    let scratch = Scratch::beside(target, context)?;
    let files = numbered("raw", raws)?;
    let survey = scratch.survey(&files)?;
    let output = "bias.fits".to_owned();
    let task = Task::MasterBias {
        raws: in_order(&survey::good(&survey, Sharing::Folder)),
        output: output.clone(),
    };
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
    let (raws, key) = (in_order(&survey::good(&survey, Sharing::Folder)), Some(bias.0.clone()));
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

/// The name that the batch gives to a lamp flat; it is noted in what is made of it.
fn lamp_name(context: &Context, lamp: Option<i64>, group: &[Raw]) -> Key {
    let Some(first) = group.first() else { return "flat.fits".to_owned() };
    let band = first.band.clone().unwrap_or_else(|| Band("none".to_owned()));
    context.names.flat(&first.label, &band, first.detector, lamp.unwrap_or(0))
}

fn by_lamp(survey: &Survey) -> BTreeMap<Option<i64>, Vec<Raw>> {
    let mut groups: BTreeMap<Option<i64>, Vec<Raw>> = BTreeMap::new();
    for raw in survey::good(survey, Sharing::Folder) {
        groups.entry(raw.lamp).or_default().push(raw);
    }
    groups
}
