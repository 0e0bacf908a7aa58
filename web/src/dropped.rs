//! What a session does with a person's own files.

use rawsky_core::bench::{self, Bench};
use rawsky_core::error::{Error, Result};
use rawsky_core::job::{self, Job, Survey, Task, Text};
use rawsky_core::store::load;
use wasm_bindgen::prelude::*;

use crate::dto;
use crate::files::Reader;
use crate::session::{Js, Session};

/// The product of the job that looks at dropped files.
const SURVEY: &str = "survey.json";
/// Largest survey (byte).
const LARGEST_SURVEY: u64 = 1 << 26;

#[wasm_bindgen]
impl Session {
    /// Adds a dropped file: `{ size, read(offset, length) }`.
    pub fn add(&mut self, name: String, reader: Reader) {
        self.names.push(name.clone());
        self.files.add(name, reader);
    }

    /// Sorts the dropped files by what they are: `{ leftOut }`.
    pub fn sort(&mut self) -> Js<JsValue> {
        let prepared = self.survey();
        let left_out = self.take(prepared)?;
        Ok(dto::plain(&serde_json::json!({ "leftOut": left_out })))
    }

    /// Takes the first image among the dropped files as it is, with the reason why nothing is reduced:
    /// `{ leftOut }`. Without the name of a camera, that of the image is taken, or the likeliest.
    pub fn look(&mut self, camera: &str, hdu: Option<usize>, why: &str) -> Js<JsValue> {
        let prepared = self.prepare_look(camera, (hdu, why));
        let left_out = self.take(prepared)?;
        Ok(dto::plain(&serde_json::json!({ "leftOut": left_out })))
    }
}

impl Session {
    fn prepare_look(
        &mut self,
        camera: &str,
        look: (Option<usize>, &str),
    ) -> Result<bench::Preparation> {
        let found = match camera {
            "" => bench::camera_of_image(&mut self.files, &self.names),
            given => given,
        };
        self.bench = Bench::new(found)?;
        bench::looked_at(&mut self.files, &self.names, look)
    }

    /// What the core says of the dropped files, as raw files and as masters.
    fn survey(&mut self) -> Result<bench::Preparation> {
        let is_fits = |name: &&String| {
            let name = name.to_ascii_lowercase();
            [".fits", ".fit", ".fts", ".fz", ".gz"].iter().any(|end| name.ends_with(end))
        };
        let beside = |name: &String| name.contains("sciimg") || name.contains("mskimg");
        let (mut files, mut masters) = (Vec::new(), Vec::new());
        for name in &self.names {
            if name.to_ascii_lowercase().ends_with("level.json") {
                masters.push(name.clone());
            } else if is_fits(&name) && !beside(name) {
                files.push(name.clone());
            }
        }
        let asked = self.ask(files, masters)?;
        // What is no raw file may be a master.
        let other = asked.files.iter().filter(|file| file.visit.is_none() && file.master.is_none());
        let other: Vec<String> = other.map(|file| file.key.clone()).collect();
        let again = if other.is_empty() { None } else { Some(self.ask(Vec::new(), other)?) };
        let survey = with_masters(asked, again);
        bench::dropped(self.bench.camera(), &survey, &self.names)
    }

    fn ask(&mut self, files: Vec<String>, masters: Vec<String>) -> Result<Survey> {
        self.files.take(SURVEY);
        let job = Job {
            version: job::VERSION,
            camera: Text::BuiltIn(self.bench.camera().name.clone()),
            recipe: Text::BuiltIn("default".to_owned()),
            inputs: Vec::new(),
            task: Task::Survey { files, masters, output: SURVEY.to_owned() },
        };
        job::execute(&job, &mut self.files, &mut ())?;
        let text = load(&mut self.files, SURVEY, LARGEST_SURVEY)?;
        serde_json::from_slice(&text).map_err(|error| Error::format(SURVEY, "JSON", error))
    }
}

/// A survey in which a file that turned out to be a master is one.
fn with_masters(mut survey: Survey, again: Option<Survey>) -> Survey {
    for file in again.into_iter().flat_map(|survey| survey.files) {
        let known = survey.files.iter_mut().find(|known| known.key == file.key);
        if let Some(known) = known.filter(|_| file.master.is_some()) {
            *known = file;
        }
    }
    survey
}
