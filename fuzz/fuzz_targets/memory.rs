//! One file in memory.

use rawsky_core::Error;
use rawsky_core::store::{Key, Store};

/// Key of the file.
pub const KEY: &str = "fuzz";

/// Its bytes.
pub struct Memory(pub Vec<u8>);

impl Store for Memory {
    fn list(&self) -> Vec<Key> {
        vec![KEY.to_owned()]
    }

    fn length(&mut self, _key: &str) -> Result<u64, Error> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = start.checked_add(buffer.len()).and_then(|end| self.0.get(start..end));
        buffer.copy_from_slice(bytes.ok_or_else(|| Error::store(key, "beyond the end"))?);
        Ok(())
    }

    fn append(&mut self, _key: &str, bytes: &[u8]) -> Result<(), Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
