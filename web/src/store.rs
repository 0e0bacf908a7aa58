//! A store over the `Uint8Array`s of the page: inputs stay there and are copied piece by piece.

use std::collections::BTreeMap;

use js_sys::{Map, Uint8Array};
use rawsky_core::error::{Error, Result};
use rawsky_core::store::{Key, Store};
use wasm_bindgen::{JsCast, JsValue};

/// Files of the page, and products.
pub(crate) struct MemoryStore {
    inputs: BTreeMap<Key, Uint8Array>,
    outputs: BTreeMap<Key, Vec<u8>>,
}

impl MemoryStore {
    /// A store over a `Map` from key to `Uint8Array`.
    ///
    /// # Errors
    /// [`Error::Store`] for an entry of another kind.
    pub(crate) fn new(files: &Map) -> Result<MemoryStore> {
        let mut inputs = BTreeMap::new();
        for entry in files.entries() {
            let entry = entry.map_err(|_| Error::store("files", "is not a Map"))?;
            let (key, value) = pair(entry);
            let key = key.as_string().ok_or_else(|| Error::store("files", "a key is not text"))?;
            let bytes = value
                .dyn_into::<Uint8Array>()
                .map_err(|_| Error::store(&key, "is not a Uint8Array"))?;
            inputs.insert(key, bytes);
        }
        Ok(MemoryStore { inputs, outputs: BTreeMap::new() })
    }

    /// What was written.
    pub(crate) fn products(self) -> BTreeMap<Key, Vec<u8>> {
        self.outputs
    }

    fn input(&self, key: &str) -> Result<&Uint8Array> {
        self.inputs.get(key).ok_or_else(|| Error::store(key, "there is no such input"))
    }
}

/// Key and value of an entry of a `Map`.
fn pair(entry: JsValue) -> (JsValue, JsValue) {
    let entry = js_sys::Array::from(&entry);
    (entry.get(0), entry.get(1))
}

impl Store for MemoryStore {
    fn list(&self) -> Vec<Key> {
        self.inputs.keys().cloned().collect()
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        Ok(u64::from(self.input(key)?.length()))
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let bytes = self.input(key)?;
        let (length, count) = (bytes.length(), buffer.len());
        let start = u32::try_from(offset).ok();
        let end = u32::try_from(offset.saturating_add(count as u64)).ok();
        match (start, end) {
            (Some(start), Some(end)) if end <= length => {
                bytes.subarray(start, end).copy_to(buffer);
                Ok(())
            }
            _ => {
                let reason = format!("{count} bytes asked at {offset}, but the end is at {length}");
                Err(Error::store(key, reason))
            }
        }
    }

    fn append(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        self.outputs.entry(key.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    }
}
