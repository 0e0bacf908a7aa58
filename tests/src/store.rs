//! A store in memory: inputs are given before the job, outputs are read after it.

use std::collections::BTreeMap;

use rawsky_core::error::{Error, Result};
use rawsky_core::store::{Key, Store};

/// Byte strings by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryStore {
    /// What the job may read.
    pub inputs: BTreeMap<Key, Vec<u8>>,
    /// What the job wrote.
    pub outputs: BTreeMap<Key, Vec<u8>>,
}

impl MemoryStore {
    /// Moves what was written to what may be read, as the store of the next job.
    pub fn into_next(mut self) -> MemoryStore {
        self.inputs.append(&mut self.outputs);
        self
    }

    fn input(&self, key: &str) -> Result<&[u8]> {
        let missing = || Error::store(key, "there is no such input");
        self.inputs.get(key).map(Vec::as_slice).ok_or_else(missing)
    }
}

impl Store for MemoryStore {
    fn list(&self) -> Vec<Key> {
        self.inputs.keys().cloned().collect()
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        Ok(self.input(key)?.len() as u64)
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let bytes = self.input(key)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let wanted = bytes.get(start..).and_then(|rest| rest.get(..buffer.len()));
        let short = || {
            let (length, count) = (bytes.len(), buffer.len());
            Error::store(
                key,
                format!("{count} bytes asked at {offset}, but the end is at {length}"),
            )
        };
        let wanted = wanted.ok_or_else(short)?;
        buffer.copy_from_slice(wanted);
        Ok(())
    }

    fn append(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        self.outputs.entry(key.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_over_the_end_is_refused_and_an_output_becomes_the_next_input() {
        let mut store = MemoryStore::default();
        store.append("a", b"four").unwrap();
        assert!(store.length("a").is_err(), "an output is no input of the same job");
        let mut store = store.into_next();
        let mut buffer = [0; 2];
        store.read_at("a", 2, &mut buffer).unwrap();
        assert_eq!(&buffer, b"ur");
        assert!(store.read_at("a", 3, &mut buffer).is_err());
        assert!(store.read_at("a", u64::MAX, &mut buffer).is_err());
    }
}
