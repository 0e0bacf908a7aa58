//! The cameras that come with the core, read when it is built: no TOML has to be read to use one.

use super::Instrument;
use super::files::BUILT_IN;
use crate::error::{Error, Result};
use crate::json;

/// Name, JSON of the description file (a long one: empty without the feature `toml`), SHA-256 of that file, and the camera in a few words.
const COMPILED: &[(&str, &str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/cameras.rs"));

/// Names of the cameras that come with the core.
pub fn built_in_names() -> impl Iterator<Item = &'static str> {
    COMPILED.iter().map(|(name, ..)| *name)
}

/// Names of those cameras, each with a few words.
pub fn built_in_descriptions() -> impl Iterator<Item = (&'static str, &'static str)> {
    COMPILED.iter().map(|(name, _, _, description)| (*name, *description))
}

/// The description file of a built-in camera.
pub fn built_in_text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Whether this build has the description of a camera.
pub fn has_built_in(name: &str) -> bool {
    COMPILED.iter().any(|(known, text, ..)| *known == name && !text.is_empty())
}

impl Instrument {
    /// A camera that comes with the core.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is none of this name.
    pub fn built_in(name: &str) -> Result<Instrument> {
        let compiled = COMPILED.iter().find(|(known, ..)| *known == name);
        let (_, text, sha256, _) = compiled.ok_or_else(|| unknown(name))?;
        if text.is_empty() {
            let what = format!("camera {name}");
            let hint = "its description is long; use a build with the feature toml".to_owned();
            return Err(Error::Unsupported { what, hint });
        }
        // That it is a camera that can be, a test says of every one of them.
        let mut camera: Instrument = json::read(text.as_bytes())
            .map_err(|error| Error::parameter("camera", error, "a camera description"))?;
        camera.digest = (*sha256).to_owned();
        Ok(camera)
    }

    /// The complete description file of a camera that comes with the core.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is none of this name.
    pub fn built_in_text(name: &str) -> Result<&'static str> {
        built_in_text(name).ok_or_else(|| unknown(name))
    }
}

fn unknown(name: &str) -> Error {
    let names = built_in_names().collect::<Vec<_>>().join(", ");
    Error::parameter("camera", name, format!("one of {names}, or a camera file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_camera_is_what_its_file_says() {
        assert_eq!(BUILT_IN.len(), COMPILED.len());
        for (name, text) in BUILT_IN {
            let compiled = Instrument::built_in(name).unwrap();
            assert_eq!(compiled, Instrument::parse(text).unwrap(), "{name}");
            assert!(
                built_in_descriptions().any(|one| one == (*name, compiled.description.as_str()))
            );
            assert_eq!(compiled.digest, crate::provenance::digest(text.as_bytes()), "{name}");
        }
    }
}
