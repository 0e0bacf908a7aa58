//! The core's only window on the world: named byte strings with positioned reads and appends.

use std::io;

use crate::error::{Error, Result};

/// Name of a byte string: a relative path with `/`.
pub type Key = String;

/// What a front-end must bring. Inputs never change while a job runs; outputs are only appended to.
pub trait Store {
    /// Keys of the inputs, sorted.
    fn list(&self) -> Vec<Key>;

    /// Length in bytes.
    ///
    /// # Errors
    /// [`Error::Store`] if there is no such input.
    fn length(&mut self, key: &str) -> Result<u64>;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// [`Error::Store`] if there are fewer bytes, or the host cannot read them.
    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<()>;

    /// Appends to an output, which begins empty.
    ///
    /// # Errors
    /// [`Error::Store`] if the host cannot take them.
    fn append(&mut self, key: &str, bytes: &[u8]) -> Result<()>;
}

/// The whole of an input.
///
/// # Errors
/// [`Error::Store`] if it cannot be read, or is longer than `limit` bytes.
pub fn load(store: &mut dyn Store, key: &str, limit: u64) -> Result<Vec<u8>> {
    let length = store.length(key)?;
    if length > limit {
        return Err(Error::store(key, format!("{length} bytes, more than the {limit} allowed")));
    }
    let mut bytes = vec![0; length as usize];
    store.read_at(key, 0, &mut bytes)?;
    Ok(bytes)
}

/// An input as a seekable reader.
pub struct Source<'a> {
    store: &'a mut dyn Store,
    key: Key,
    length: u64,
    position: u64,
}

impl<'a> Source<'a> {
    /// Opens an input.
    ///
    /// # Errors
    /// [`Error::Store`] if there is no such input.
    pub fn open(store: &'a mut dyn Store, key: &str) -> Result<Source<'a>> {
        let length = store.length(key)?;
        Ok(Source { store, key: key.to_owned(), length, position: 0 })
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// [`Error::Store`] if there are fewer bytes.
    pub fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.store.read_at(&self.key, offset, buffer)
    }
}

impl io::Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let key = &self.key;
        self.store
            .read_at(key, self.position, &mut buffer[..count])
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.position += count as u64;
        Ok(count)
    }
}

impl io::Seek for Source<'_> {
    fn seek(&mut self, target: io::SeekFrom) -> io::Result<u64> {
        let (base, step) = match target {
            io::SeekFrom::Start(offset) => (offset, 0),
            io::SeekFrom::End(step) => (self.length, step),
            io::SeekFrom::Current(step) => (self.position, step),
        };
        self.position = base
            .checked_add_signed(step)
            .ok_or_else(|| io::Error::other("seek before the start"))?;
        Ok(self.position)
    }
}

/// An output as a writer.
pub struct Sink<'a> {
    store: &'a mut dyn Store,
    key: Key,
}

impl<'a> Sink<'a> {
    /// Opens an output.
    pub fn new(store: &'a mut dyn Store, key: &str) -> Sink<'a> {
        Sink { store, key: key.to_owned() }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`Error::Store`] if the host cannot take them.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.store.append(&self.key, bytes)
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl io::Write for Sink<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.append(buffer).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
