//! Cameras and recipes of a user's own: TOML files of the store.

use crate::error::Result;
use crate::instrument::Instrument;
use crate::recipe::Recipe;
use crate::store::Store;

/// A camera file.
#[cfg(any(test, feature = "toml"))]
pub(super) fn camera(store: &mut dyn Store, key: &str) -> Result<Instrument> {
    Instrument::parse(&text(store, key)?)
}

/// A recipe file, for `camera`.
#[cfg(any(test, feature = "toml"))]
pub(super) fn recipe(store: &mut dyn Store, key: &str, camera: &Instrument) -> Result<Recipe> {
    Recipe::parse(&text(store, key)?, camera)
}

#[cfg(any(test, feature = "toml"))]
fn text(store: &mut dyn Store, key: &str) -> Result<String> {
    /// Longest description file that is read (bytes).
    const LIMIT: u64 = 4 << 20;
    String::from_utf8(crate::store::load(store, key, LIMIT)?)
        .map_err(|error| crate::error::Error::format(key, "text", format!("not UTF-8: {error}")))
}

#[cfg(not(any(test, feature = "toml")))]
pub(super) fn camera(_store: &mut dyn Store, key: &str) -> Result<Instrument> {
    Err(without_files(key))
}

#[cfg(not(any(test, feature = "toml")))]
pub(super) fn recipe(_store: &mut dyn Store, key: &str, _camera: &Instrument) -> Result<Recipe> {
    Err(without_files(key))
}

#[cfg(not(any(test, feature = "toml")))]
fn without_files(key: &str) -> crate::error::Error {
    crate::error::Error::Unsupported {
        what: format!("the description {key}"),
        hint: "this build knows built-in cameras and recipes; use one with the feature toml"
            .to_owned(),
    }
}
