//! The files of a session: those of the page, read piece by piece, and those that were made.

use std::collections::BTreeMap;

use js_sys::Uint8Array;
use rawsky_core::error::{Error, Result};
use rawsky_core::store::{Key, Store};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A file of the page: `{ size, read(offset, length) }`, which a worker can do without waiting.
    pub type Reader;

    #[wasm_bindgen(method, getter, structural)]
    fn size(this: &Reader) -> f64;

    #[wasm_bindgen(method, structural, catch)]
    fn read(this: &Reader, offset: f64, length: f64) -> std::result::Result<Uint8Array, JsValue>;
}

/// Files by key.
#[derive(Default)]
pub(crate) struct Files {
    given: BTreeMap<Key, Reader>,
    made: BTreeMap<Key, Vec<u8>>,
}

impl Files {
    /// Adds a file of the page.
    #[cfg(feature = "files")]
    pub(crate) fn add(&mut self, key: Key, reader: Reader) {
        self.given.insert(key, reader);
    }

    /// Puts bytes under a key, in place of what was made under it.
    #[cfg(feature = "files")]
    pub(crate) fn put(&mut self, key: &str, bytes: Vec<u8>) {
        self.made.insert(key.to_owned(), bytes);
    }

    /// Takes what was made out of the store.
    #[cfg(feature = "files")]
    pub(crate) fn take(&mut self, key: &str) -> Option<Vec<u8>> {
        self.made.remove(key)
    }

    /// What was given and what was made is gone.
    pub(crate) fn clear(&mut self) {
        *self = Files::default();
    }
}

impl Store for Files {
    fn list(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.given.keys().chain(self.made.keys()).cloned().collect();
        keys.sort();
        keys.dedup();
        keys
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        match (self.made.get(key), self.given.get(key)) {
            (Some(bytes), _) => Ok(bytes.len() as u64),
            (None, Some(reader)) => Ok(reader.size() as u64),
            (None, None) => Err(Error::store(key, "there is no such file")),
        }
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let short = || Error::store(key, format!("{} bytes asked at {offset}", buffer.len()));
        if let Some(bytes) = self.made.get(key) {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let piece = bytes.get(start..).and_then(|rest| rest.get(..buffer.len()));
            let piece = piece.ok_or_else(short)?;
            buffer.copy_from_slice(piece);
            return Ok(());
        }
        let reader =
            self.given.get(key).ok_or_else(|| Error::store(key, "there is no such file"))?;
        let piece = reader.read(offset as f64, buffer.len() as f64);
        let piece = piece.map_err(|_| Error::store(key, "cannot be read; has it changed?"))?;
        if piece.length() as usize != buffer.len() {
            return Err(short());
        }
        piece.copy_to(buffer);
        Ok(())
    }

    fn append(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        self.made.entry(key.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    }
}
