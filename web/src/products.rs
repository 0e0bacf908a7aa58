//! What a person takes away from a session, as files.

use js_sys::Uint8Array;
use rawsky_core::bench;
use rawsky_core::error::Result;
use rawsky_core::ids::AmpId;
use rawsky_core::job;
use wasm_bindgen::prelude::*;

use crate::dto;
use crate::session::{Js, Session};

#[wasm_bindgen]
impl Session {
    /// The recipe as it is set now, as TOML.
    pub fn recipe(&self) -> Js<String> {
        self.bench.recipe_text().map_err(|error| dto::error(&error))
    }

    /// The science images as a batch writes them: their keys. [`Session::product`] gives the bytes.
    pub fn make_images(&mut self) -> Js<Vec<String>> {
        self.images().map_err(|error| dto::error(&error))
    }

    /// The catalogue of an amplifier as a batch writes it; `science` is a key of
    /// [`Session::make_images`].
    pub fn make_catalogue(&mut self, science: String, amp: u32) -> Js<String> {
        let made = self.bench.catalogue_job(&mut self.files, (&science, AmpId(amp)));
        let made = made.and_then(|(job, key)| {
            self.files.take(&key);
            job::execute(&job, &mut self.files, &mut ()).map(|_| key)
        });
        made.map_err(|error| dto::error(&error))
    }

    /// The catalogue of an image that is looked at, as the command writes it.
    pub fn make_image_catalogue(&mut self, amp: u32) -> Js<String> {
        let science = self.wanted.raw.clone();
        let recipe = self.bench.recipe_text().map_err(|error| dto::error(&error))?;
        self.files.put(bench::RECIPE, recipe.into_bytes());
        self.make_catalogue(science, amp)
    }

    /// Takes a product out of the session.
    pub fn product(&mut self, key: &str) -> Option<Uint8Array> {
        self.files.take(key).map(|bytes| Uint8Array::from(bytes.as_slice()))
    }
}

impl Session {
    fn images(&mut self) -> Result<Vec<String>> {
        let recipe = self.bench.recipe_text()?;
        self.files.put(bench::RECIPE, recipe.into_bytes());
        let (job, outputs) = self.bench.image_job(&mut self.files)?;
        for output in &outputs {
            self.files.take(&output.key);
        }
        job::execute(&job, &mut self.files, &mut ())?;
        Ok(outputs.into_iter().map(|output| output.key).collect())
    }
}
