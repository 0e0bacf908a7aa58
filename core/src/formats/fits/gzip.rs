//! Files that are gzip-compressed as a whole, read at any place without holding the whole.
//!
//! One pass over a file checks it and keeps the decoder's state about every [`SPACING`] bytes; a
//! read begins at the state before it. (The idea of `zran`, an example that comes with zlib 1.2.)

use std::ops::Range;

use super::inflate::{Cursor, State};
use crate::error::{Error, Result};
use crate::store::{Key, Source, Store};

/// Bytes of the content between two kept states.
const SPACING: u64 = 1 << 22;
/// Longest content that is read (bytes). Deflate packs up to 1032 bytes into one, so that a short
/// file may hold far more than it seems to.
pub(super) const LIMIT: u64 = 1 << 32;
/// Bytes of the content that tell what it is.
const HEAD: usize = 32;

/// The kept states of a gzip file.
pub(super) struct Index {
    points: Vec<State>,
    length: u64,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Index {
    /// Reads the whole file once. `check` sees the first bytes of the content as soon as they are
    /// there.
    ///
    /// # Errors
    /// [`Error::Format`] if the file is damaged or cut or its content is longer than `limit`; the
    /// error of `check`.
    pub(super) fn new(
        source: &mut Source<'_>,
        limit: u64,
        check: impl Fn(&str, &[u8]) -> Result<()>,
    ) -> Result<Index> {
        let mut cursor = Cursor::new();
        let mut points = vec![cursor.state.clone()];
        let mut head = Vec::new();
        let mut next_point = SPACING;
        while let Some(bytes) = cursor.next(source)? {
            if head.len() < HEAD {
                head.extend(bytes.iter().take(HEAD - head.len()));
                if head.len() == HEAD {
                    check(source.key(), &head)?;
                }
            }
            let plain = cursor.state.plain;
            if limit < plain {
                let reason = format!("its content is longer than {limit} bytes: decompress it");
                return Err(Error::format(source.key(), "gzip", reason));
            }
            if next_point <= plain {
                points.push(cursor.state.clone());
                next_point = plain + SPACING;
            }
        }
        if head.len() < HEAD {
            check(source.key(), &head)?;
        }
        Ok(Index { points, length: cursor.state.plain })
    }

    /// The last kept state that is not beyond a byte of the content; the first one is at byte 0.
    fn before(&self, offset: u64) -> Option<&State> {
        let after = self.points.partition_point(|point| point.plain <= offset);
        after.checked_sub(1).and_then(|index| self.points.get(index))
    }
}

/// The content of a gzip file as a store of one file.
pub(super) struct Content<'s, 'a> {
    source: &'s mut Source<'a>,
    index: &'s Index,
    cursor: Cursor,
    /// Bytes of the cursor's ring that lie before its place and have not been handed out.
    pending: Range<usize>,
}

impl<'s, 'a> Content<'s, 'a> {
    pub(super) fn new(source: &'s mut Source<'a>, index: &'s Index) -> Content<'s, 'a> {
        Content { source, index, cursor: Cursor::new(), pending: 0..0 }
    }

    /// Byte of the content that comes next.
    fn position(&self) -> u64 {
        self.cursor.state.plain - self.pending.len() as u64
    }

    /// Moves to a byte, at best from where it is.
    fn seek(&mut self, offset: u64) -> Result<()> {
        let behind =
            |point: &&State| offset < self.position() || self.cursor.state.plain < point.plain;
        if let Some(point) = self.index.before(offset).filter(behind) {
            self.cursor = Cursor::at(point.clone());
            self.pending = 0..0;
        }
        while self.position() < offset {
            let left = usize::try_from(offset - self.position()).unwrap_or(usize::MAX);
            self.refill()?;
            self.pending.start += left.min(self.pending.len());
        }
        Ok(())
    }

    fn refill(&mut self) -> Result<()> {
        if !self.pending.is_empty() {
            return Ok(());
        }
        match self.cursor.advance(self.source)? {
            Some(range) => self.pending = range,
            None => return Err(Error::store(self.source.key(), "beyond the end of its content")),
        }
        Ok(())
    }
}

impl Store for Content<'_, '_> {
    fn list(&self) -> Vec<Key> {
        vec![self.source.key().to_owned()]
    }

    fn length(&mut self, _key: &str) -> Result<u64> {
        Ok(self.index.length)
    }

    fn read_at(&mut self, _key: &str, offset: u64, mut buffer: &mut [u8]) -> Result<()> {
        self.seek(offset)?;
        while !buffer.is_empty() {
            self.refill()?;
            let bytes = self.cursor.window(self.pending.clone());
            let count = bytes.len().min(buffer.len());
            let (now, later) = buffer.split_at_mut(count);
            now.copy_from_slice(bytes.get(..count).unwrap_or_default());
            self.pending.start += count;
            buffer = later;
        }
        Ok(())
    }

    fn append(&mut self, key: &str, _bytes: &[u8]) -> Result<()> {
        Err(Error::store(key, "an input is not written to"))
    }
}
