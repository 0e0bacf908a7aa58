//! A folder as the core's store; the last file stays open, as it does for the command.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use rawsky_core::store::{Key, Store};
use rawsky_core::{Error, Result};

/// A folder of inputs.
pub struct Folder {
    root: PathBuf,
    open: Option<(Key, File)>,
}

impl Folder {
    /// The folder `root`.
    pub fn new(root: impl Into<PathBuf>) -> Folder {
        Folder { root: root.into(), open: None }
    }

    fn file(&mut self, key: &str) -> std::io::Result<&mut File> {
        if self.open.as_ref().is_none_or(|(open, _)| open != key) {
            self.open = Some((key.to_owned(), File::open(self.root.join(key))?));
        }
        self.open.as_mut().map(|(_, file)| file).ok_or_else(|| std::io::Error::other("not open"))
    }
}

impl Store for Folder {
    fn list(&self) -> Vec<Key> {
        Vec::new()
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        let about = fs::metadata(self.root.join(key));
        about.map(|about| about.len()).map_err(|error| Error::store(key, error.to_string()))
    }

    fn read_at(&mut self, key: &str, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let read = self.file(key).and_then(|file| {
            file.seek(SeekFrom::Start(offset))?;
            file.read_exact(buffer)
        });
        read.map_err(|error| Error::store(key, error.to_string()))
    }

    fn append(&mut self, key: &str, _bytes: &[u8]) -> Result<()> {
        Err(Error::store(key, "inputs are only read"))
    }
}

/// A store that keeps what is appended, for writers.
#[derive(Default)]
pub struct Kept(pub Vec<u8>);

impl Store for Kept {
    fn list(&self) -> Vec<Key> {
        Vec::new()
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        Err(Error::store(key, "there are no inputs"))
    }

    fn read_at(&mut self, key: &str, _offset: u64, _buffer: &mut [u8]) -> Result<()> {
        Err(Error::store(key, "there are no inputs"))
    }

    fn append(&mut self, _key: &str, bytes: &[u8]) -> Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
