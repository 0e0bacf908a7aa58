//! What a person takes away: the recipe, the jobs that make the products of a batch, the command line.

use crate::error::{Error, Result};
use crate::ids::AmpId;
use crate::job::{self, AmpFile, Detrend, Electronics, Job, Task, Text};
use crate::store::{Key, Store};

use super::inputs::identify;
use super::subject::Subject;
use super::{Bench, Files, command};

/// Key under which the recipe stands in the store while products are made.
pub const RECIPE: &str = "recipe.toml";

impl Bench {
    /// The recipe as it is set now, as a file for `--recipe`, without the steps for which the master
    /// is missing: it makes what is shown.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it cannot be written, which no recipe is.
    #[cfg(any(test, feature = "toml"))]
    pub fn recipe_text(&self) -> Result<String> {
        let mut recipe = self.recipe()?;
        if let Some(exposure) = self.subject.as_ref().and_then(Subject::exposure) {
            recipe.science = exposure.possible(&recipe.science);
        }
        recipe.to_text()
    }

    /// The job that writes the science images of all amplifiers as a batch does, and the key of each.
    /// The recipe is to stand in the store under [`RECIPE`].
    ///
    /// # Errors
    /// Those of reading the inputs.
    pub fn image_job(&self, store: &mut dyn Store) -> Result<(Job, Vec<AmpFile>)> {
        let files = self.files()?.clone();
        if files.look.is_some() {
            return Err(Error::input("bench", "exposure", "an image as it is", "a raw exposure"));
        }
        let name = |amp: &AmpId| format!("{}_q{amp}_sciimg.fits", self.product(&files.raw));
        let outputs: Vec<AmpFile> =
            self.chains.keys().map(|amp| AmpFile { amp: *amp, key: name(amp) }).collect();
        let beside = |all: &[AmpFile]| all.iter().map(|file| file.key.clone()).collect::<Vec<_>>();
        let single = [Some(&files.raw), files.bias.as_ref(), files.dark.as_ref()];
        let more = [files.flat.as_ref(), files.level.as_ref()];
        let mut inputs: Vec<Key> = single.into_iter().chain(more).flatten().cloned().collect();
        inputs.extend(beside(&files.headers).into_iter().chain(beside(&files.masks)));
        let task = Task::Detrend(Detrend {
            raw: files.raw.clone(),
            bias: files.bias.clone(),
            dark: files.dark.clone(),
            flat: files.flat.clone(),
            focal_plane: files.level.clone(),
            headers: files.headers.clone(),
            masks: files.masks.clone(),
            outputs: outputs.clone(),
            mask_outputs: Vec::new(),
        });
        Ok((self.job(store, task, inputs)?, outputs))
    }

    /// The job that measures the catalogue on a science image of the store, and its key.
    ///
    /// # Errors
    /// Those of reading the inputs.
    pub fn catalogue_job(
        &self,
        store: &mut dyn Store,
        (science, amp): (&Key, AmpId),
    ) -> Result<(Job, Key)> {
        let files = self.files()?;
        let mask = files.look.as_ref().and_then(|look| look.mask.clone());
        let output = match files.look {
            Some(_) => format!("{}_apcat.parquet", stem(science)),
            None => format!("{}_q{amp}_apcat.parquet", self.product(&files.raw)),
        };
        let inputs = files.catalogue.iter().chain([science]).chain(&mask).cloned().collect();
        let task = Task::Aperture(job::Aperture {
            science: science.clone(),
            mask,
            catalogue: files.catalogue.clone(),
            detector: Electronics::default(),
            output: output.clone(),
        });
        Ok((self.job(store, task, inputs)?, output))
    }

    /// The commands that do the same, one a line, for the folder in which the dropped files are.
    ///
    /// # Errors
    /// If nothing is open.
    pub fn command(&self) -> Result<String> {
        let files = self.files()?;
        let product = self.product(&files.raw);
        let images: Vec<String> =
            self.chains.keys().map(|amp| format!("{product}_q{amp}")).collect();
        let camera = &self.camera().name;
        Ok(match &files.look {
            Some(look) => command::of_image((files, look), camera),
            None => command::lines((files, &images), camera).join("\n"),
        })
    }

    fn files(&self) -> Result<&Files> {
        self.subject.as_ref().map(Subject::files).ok_or_else(super::nothing_open)
    }

    /// What the names of products begin with: the raw file's, with our prefix for the camera's.
    fn product(&self, raw: &str) -> String {
        let stem = stem(raw);
        let rest = stem.strip_prefix(&self.camera().names.prefix).unwrap_or(stem);
        format!("rawsky_{}", rest.trim_start_matches('_'))
    }

    fn job(&self, store: &mut dyn Store, task: Task, mut keys: Vec<Key>) -> Result<Job> {
        keys.push(RECIPE.to_owned());
        Ok(Job {
            version: job::VERSION,
            camera: Text::BuiltIn(self.camera().name.clone()),
            recipe: Text::File(RECIPE.to_owned()),
            inputs: identify(store, &keys)?,
            task,
        })
    }
}

/// The name of a file without its folders and its ending.
fn stem(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default()
}
