//! Single jobs for the single-step commands: run beside the target, then moved there by renames.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rawsky_core::job::{Survey, Task};
use rawsky_core::store::Key;

use crate::class::{Class, Failure};
use crate::context::{CAMERA, Context, absolute};
use crate::digests::Digests;
use crate::progress::Voice;
use crate::publish::sync_folder;
use crate::runner::{Done, Runner};
use crate::staging::private_folder;
use crate::survey;
use crate::warnings;
use crate::work::{Input, Work};

/// A place for jobs that leaves nothing behind.
pub struct Scratch<'a> {
    context: &'a Context,
    descriptions: Vec<(Key, PathBuf)>,
    folder: PathBuf,
    runner: Option<Runner>,
}

impl<'a> Scratch<'a> {
    /// A place on the same disk as a target file, so that renaming suffices.
    ///
    /// # Errors
    /// If the target is a folder, or its folder is missing or not writable.
    pub fn beside(target: &Path, context: &'a Context) -> Result<Scratch<'a>, Failure> {
        if target.is_dir() {
            let reason = format!("{} is a folder; needed the name of a file", target.display());
            return Err(Failure::new(Class::InputBad, reason));
        }
        let parent = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        Scratch::inside(parent, context)
    }

    /// A place in an existing folder.
    ///
    /// # Errors
    /// If the folder is missing or not writable.
    pub fn inside(parent: &Path, context: &'a Context) -> Result<Scratch<'a>, Failure> {
        let moment = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = moment.map_or(0, |time| time.subsec_nanos());
        let folder = parent.join(format!(".rawsky-{}-{nanos}", std::process::id()));
        private_folder(&folder)
            .map_err(|error| Failure::io(format!("output folder {}", parent.display()), &error))?;
        let descriptions = context.descriptions.files.clone();
        let mut scratch = Scratch { context, descriptions, folder, runner: None };
        let out = scratch.folder.join("out");
        scratch.runner = Some(Runner::new(context.settings.clone(), &out, Digests::default())?);
        Ok(scratch)
    }

    /// The folder itself; it goes away with all that is in it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The runner of this place.
    ///
    /// # Errors
    /// Never after construction.
    pub fn runner(&self) -> Result<&Runner, Failure> {
        self.runner.as_ref().ok_or_else(|| Failure::new(Class::Io, "no runner"))
    }

    /// Uses another text for the camera.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn replace_camera(&mut self, text: &str) -> Result<(), Failure> {
        let path = self.folder.join(CAMERA);
        fs::write(&path, text).map_err(|error| Failure::io(path.display(), &error))?;
        self.descriptions.push((CAMERA.to_owned(), path));
        Ok(())
    }

    /// Does one task on files given by key and path.
    ///
    /// # Errors
    /// Those of the files and of the task.
    pub fn job(
        &self,
        task: Task,
        files: &[(Key, PathBuf)],
        outputs: Vec<Key>,
    ) -> Result<Done, Failure> {
        let runner = self.runner()?;
        let mut inputs = Vec::new();
        for (key, path) in files.iter().chain(&self.descriptions) {
            let path = absolute(path)?;
            inputs.push(Input { key: key.clone(), sha256: runner.digests.of(&path)?, path });
        }
        let work = Work::new(self.context.descriptions.job(task), inputs, outputs);
        let done = runner.execute(&work)?;
        if self.context.voice != Voice::Quiet {
            warnings::tell(&warnings::of(&done));
        }
        Ok(done)
    }

    /// What the core says about raw files.
    ///
    /// # Errors
    /// Those of the job, and the core's own about the first file that it cannot use.
    pub fn survey(&self, files: &[(Key, PathBuf)]) -> Result<Survey, Failure> {
        let output = "survey.json".to_owned();
        let task = Task::Survey {
            files: files.iter().map(|(key, _)| key.clone()).collect(),
            masters: Vec::new(),
            output: output.clone(),
        };
        let done = self.job(task, files, vec![output.clone()])?;
        let survey = read_survey(&done.folder.join(output))?;
        let refused = survey::bad(&survey).next().map(|(_, error)| error.to_string());
        match refused {
            Some(error) => Err(Failure::new(Class::Refused, error)),
            None => Ok(survey),
        }
    }

    /// Moves a product to its place, replacing what is there.
    ///
    /// # Errors
    /// Those of the disk; then the place is as it was.
    pub fn deliver(&self, done: &Done, key: &str, target: &Path) -> Result<(), Failure> {
        let from = done.folder.join(key);
        let moved = fs::set_permissions(&from, Permissions::from_mode(0o644))
            .and_then(|()| fs::rename(&from, target))
            .and_then(|()| match target.parent() {
                Some(parent) if parent != Path::new("") => sync_folder(parent),
                _ => sync_folder(Path::new(".")),
            });
        moved.map_err(|error| Failure::io(target.display(), &error))
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        self.runner = None;
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Reads the product of a survey.
///
/// # Errors
/// [`Class::OutputRule`] if it is none.
pub fn read_survey(path: &Path) -> Result<Survey, Failure> {
    let bad = |error: String| Failure::new(Class::OutputRule, format!("survey: {error}"));
    let text = fs::read(path).map_err(|error| bad(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))
}
