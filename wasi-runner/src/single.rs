//! The single-step commands: one or few jobs each, their product moved to where the user wants it.

mod calibration;
mod exposure;
mod masks;
mod masters;
mod photometry;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::job::Task;
use rawsky_core::store::Key;

use crate::class::{Class, Failure};
use crate::context::Context;
use crate::dag::keyed;
use crate::scratch::Scratch;
use crate::survey::Raw;
use crate::work::last;

pub use calibration::calibrate;
pub use exposure::detrend;
pub use masters::{focal_plane, master_bias, master_dark, master_flat};
pub use photometry::aperture;

/// A file of the user's under a key.
type File = (Key, PathBuf);

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
