//! A store of byte strings in memory, for the tests of this layer.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::store::{Key, Store};

/// Byte strings by key; what was appended can be read.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    files: BTreeMap<Key, Vec<u8>>,
}

impl Memory {
    /// A store with one file.
    #[cfg(feature = "fits")]
    pub(crate) fn with(key: &str, bytes: Vec<u8>) -> Memory {
        Memory { files: [(key.to_owned(), bytes)].into() }
    }

    /// A file's bytes, or none.
    pub(crate) fn bytes(&self, key: &str) -> Vec<u8> {
        self.files.get(key).cloned().unwrap_or_default()
    }
}

impl Store for Memory {
    fn list(&self) -> Vec<Key> {
        self.files.keys().cloned().collect()
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        let file = self.files.get(key).ok_or_else(|| Error::store(key, "no such file"))?;
        Ok(file.len() as u64)
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let file = self.files.get(key).ok_or_else(|| Error::store(key, "no such file"))?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = start.checked_add(buffer.len()).and_then(|end| file.get(start..end));
        buffer.copy_from_slice(bytes.ok_or_else(|| Error::store(key, "beyond the end"))?);
        Ok(())
    }

    fn append(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        self.files.entry(key.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    }
}
