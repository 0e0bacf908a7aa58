//! A recipe as a TOML file.

use super::Recipe;
use crate::error::{Error, Result};
use crate::instrument::Instrument;

impl Recipe {
    /// Reads a recipe and lays the defaults of `camera` over it.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the line and reason if the text is no recipe, or a value or the
    /// order is impossible.
    pub fn parse(text: &str, camera: &Instrument) -> Result<Recipe> {
        // Read once for its own sake: an error of the file must name a line of the file.
        toml::from_str::<Recipe>(text).map_err(|error| unreadable(text, &error))?;
        let recipe = toml::from_str(text).map_err(|error| unreadable(text, &error))?;
        Recipe::with_defaults(recipe, camera)
    }

    /// The recipe as a file, with the camera's values in it.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it cannot be written, which no recipe that was read is.
    pub fn to_text(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::parameter("recipe", error, "plain values"))
    }
}

fn unreadable(text: &str, error: &toml::de::Error) -> Error {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let (found, needed) =
        error.message().split_once(", expected ").unwrap_or((error.message(), "a readable recipe"));
    Error::parameter(&format!("recipe line {line}"), found, needed)
}
