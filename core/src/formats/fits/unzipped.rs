//! In place of `gzip` and `inflate` in a build without the feature `gzip`: what is compressed as a whole
//! is refused.

use std::convert::Infallible;

use crate::error::{Error, Result};
use crate::store::{Key, Source, Store};

/// Bytes that begin a gzip member.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Longest content that is read (bytes).
pub(super) const LIMIT: u64 = 0;

/// The states of a gzip file, of which there is none.
#[derive(Debug)]
pub(super) struct Index(Infallible);

impl Index {
    /// Refuses the file.
    pub(super) fn new(
        source: &mut Source<'_>,
        _limit: u64,
        _check: impl Fn(&str, &[u8]) -> Result<()>,
    ) -> Result<Index> {
        let hint = "this build reads no gzip; use one with the feature gzip".to_owned();
        Err(Error::Unsupported { what: source.key().to_owned(), hint })
    }
}

/// The content of a gzip file, of which there is none.
pub(super) struct Content;

impl Content {
    /// Nothing can be asked for it.
    #[allow(clippy::new_ret_no_self, reason = "it stands for another type, and is never made")]
    pub(super) fn new(_source: &mut Source<'_>, index: &Index) -> Index {
        match index.0 {}
    }
}

impl Store for Index {
    fn list(&self) -> Vec<Key> {
        match self.0 {}
    }

    fn length(&mut self, _key: &str) -> Result<u64> {
        match self.0 {}
    }

    fn read_at(&mut self, _key: &str, _offset: u64, _buffer: &mut [u8]) -> Result<()> {
        match self.0 {}
    }

    fn append(&mut self, _key: &str, _bytes: &[u8]) -> Result<()> {
        match self.0 {}
    }
}
