//! A gzip stream (RFC 1951, RFC 1952), unpacked piece by piece by `miniz_oxide` 0.9.1.
//!
//! Members follow one another, zeros may follow the last; the CRC-32 and the length of every member
//! are checked.

use std::ops::Range;

use crc32fast::Hasher;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::error::{Error, Result};
use crate::store::Source;

/// Bytes that begin a gzip member.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Bytes that deflate looks back over (RFC 1951, sec. 2).
const WINDOW: usize = 1 << 15;
/// Bytes read from the file at a time.
const PIECE: u64 = 1 << 16;

/// Where packed bytes come from: a file, or a part of memory.
pub(super) trait Packed {
    /// Name for messages.
    fn name(&self) -> String;
    /// Number of bytes.
    fn length(&self) -> u64;
    /// Fills `buffer` from `offset` on.
    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<()>;
}

impl Packed for Source<'_> {
    fn name(&self) -> String {
        self.key().to_owned()
    }

    fn length(&self) -> u64 {
        Source::length(self)
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.read_at(offset, buffer)
    }
}

/// A gzip stream in memory.
#[cfg(feature = "tiles")]
pub(super) struct InMemory<'a> {
    /// Name for messages.
    pub(super) name: &'a str,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
}

#[cfg(feature = "tiles")]
impl Packed for InMemory<'_> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let bytes = self.bytes.get(offset as usize..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or_else(|| Error::store(self.name, "beyond the end"))?);
        Ok(())
    }
}

/// Length of a stream's content, if it is sound and not longer than `most`; else what is wrong.
#[cfg(feature = "tiles")]
pub(super) fn content_length(packed: &mut impl Packed, most: u64) -> Result<u64> {
    let mut cursor = Cursor::new();
    while cursor.next(packed)?.is_some() {
        if most < cursor.state.plain {
            return Err(cursor.wrong(packed, &format!("its content is longer than {most} bytes")));
        }
    }
    Ok(cursor.state.plain)
}

/// What the decoder reads next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    /// The header of a member, or the end.
    Header,
    /// Deflated bytes.
    Body,
    /// Checksum and length.
    Trailer,
}

/// The decoder between two bytes of the content; about 44 kB.
#[derive(Clone)]
pub(super) struct State {
    decoder: Box<DecompressorOxide>,
    /// The last bytes of the content, a ring.
    window: Box<[u8]>,
    /// Place in the ring.
    at: usize,
    part: Part,
    /// Bytes of the file that have been consumed.
    packed: u64,
    /// Bytes of the content that have been delivered.
    pub(super) plain: u64,
    /// Checksum of this member's content, and its length modulo 2^32.
    checksum: Hasher,
    length: u32,
}

impl State {
    fn new() -> State {
        State {
            decoder: Box::default(),
            window: vec![0; WINDOW].into_boxed_slice(),
            at: 0,
            part: Part::Header,
            packed: 0,
            plain: 0,
            checksum: Hasher::new(),
            length: 0,
        }
    }
}

/// A decoder under way.
pub(super) struct Cursor {
    pub(super) state: State,
    /// Bytes of the file from `state.packed - taken` on.
    input: Vec<u8>,
    taken: usize,
}

impl Cursor {
    /// At the first byte.
    pub(super) fn new() -> Cursor {
        Cursor::at(State::new())
    }

    /// Where a state was kept.
    pub(super) fn at(state: State) -> Cursor {
        Cursor { state, input: Vec::new(), taken: 0 }
    }

    /// The next bytes of the content, at least one; `None` after the last.
    ///
    /// # Errors
    /// [`Error::Format`] if the stream is damaged or cut.
    pub(super) fn next(&mut self, packed: &mut impl Packed) -> Result<Option<&[u8]>> {
        Ok(self.advance(packed)?.map(|range| self.window(range)))
    }

    /// Bytes of the content that [`Cursor::advance`] has told of.
    pub(super) fn window(&self, range: Range<usize>) -> &[u8] {
        self.state.window.get(range).unwrap_or_default()
    }

    /// As [`Cursor::next`], with the place of the bytes in the window.
    pub(super) fn advance(&mut self, packed: &mut impl Packed) -> Result<Option<Range<usize>>> {
        loop {
            match self.state.part {
                Part::Header => {
                    if !self.header(packed)? {
                        return Ok(None);
                    }
                    *self.state.decoder = DecompressorOxide::new();
                    (self.state.checksum, self.state.length) = (Hasher::new(), 0);
                    self.state.part = Part::Body;
                }
                Part::Body => {
                    let range = self.body(packed)?;
                    if !range.is_empty() {
                        return Ok(Some(range));
                    }
                }
                Part::Trailer => {
                    self.trailer(packed)?;
                    self.state.part = Part::Header;
                }
            }
        }
    }

    /// Inflates until the ring is full or the input at hand is used up.
    fn body(&mut self, packed: &mut impl Packed) -> Result<Range<usize>> {
        let more = self.fill(packed)?;
        let state = &mut self.state;
        let input = self.input.get(self.taken..).unwrap_or_default();
        let (status, read, written) = decompress(
            &mut state.decoder,
            input,
            &mut state.window,
            state.at,
            inflate_flags::TINFL_FLAG_HAS_MORE_INPUT,
        );
        self.taken += read;
        state.packed += read as u64;
        let range = state.at..state.at + written;
        let bytes = state.window.get(range.clone()).unwrap_or_default();
        state.checksum.update(bytes);
        state.length = state.length.wrapping_add(written as u32);
        state.plain += written as u64;
        state.at = range.end % WINDOW;
        match status {
            TINFLStatus::Done => state.part = Part::Trailer,
            TINFLStatus::HasMoreOutput => {}
            TINFLStatus::NeedsMoreInput if more || 0 < written => {}
            TINFLStatus::NeedsMoreInput => return Err(self.cut(packed)),
            _ => return Err(self.wrong(packed, "what is there is no deflate stream")),
        }
        Ok(range)
    }

    /// Reads the header of a member; whether there is one. Zeros may follow the last member.
    fn header(&mut self, packed: &mut impl Packed) -> Result<bool> {
        let first = self.state.packed == 0;
        let Some(byte) = self.byte(packed)? else {
            return if first { Err(self.cut(packed)) } else { Ok(false) };
        };
        if byte == 0 && !first {
            return self.only_zeros_follow(packed).map(|()| false);
        }
        let head: [u8; 9] = self.bytes(packed)?;
        let [second, method, flags, ..] = head;
        if [byte, second] != MAGIC || method != 8 || flags & 0xe0 != 0 {
            return Err(self.wrong(packed, "what is there is no gzip header"));
        }
        if flags & 4 != 0 {
            let extra = u16::from_le_bytes(self.bytes(packed)?);
            (0..extra).try_for_each(|_| self.bytes::<1>(packed).map(|_| ()))?;
        }
        // File name and comment end with a zero.
        for flag in [8, 16] {
            while flags & flag != 0 && self.bytes(packed)? != [0] {}
        }
        if flags & 2 != 0 {
            self.bytes::<2>(packed)?;
        }
        Ok(true)
    }

    fn only_zeros_follow(&mut self, packed: &mut impl Packed) -> Result<()> {
        while self.fill(packed)? {
            let rest = self.input.get(self.taken..).unwrap_or_default();
            if rest.iter().any(|&byte| byte != 0) {
                return Err(self.wrong(packed, "what follows is neither gzip nor padding"));
            }
            self.state.packed += rest.len() as u64;
            self.taken = self.input.len();
        }
        Ok(())
    }

    fn trailer(&mut self, packed: &mut impl Packed) -> Result<()> {
        let checksum = u32::from_le_bytes(self.bytes(packed)?);
        let length = u32::from_le_bytes(self.bytes(packed)?);
        let found = self.state.checksum.clone().finalize();
        if (found, self.state.length) == (checksum, length) {
            return Ok(());
        }
        let own = self.state.length;
        let reason = format!(
            "its content has checksum {found:08x} and length {own}, needed {checksum:08x} and \
             {length}"
        );
        Err(self.wrong(packed, &reason))
    }

    /// Makes sure that a byte of input is at hand; whether there is one.
    fn fill(&mut self, packed: &mut impl Packed) -> Result<bool> {
        if self.taken < self.input.len() {
            return Ok(true);
        }
        let left = packed.length().saturating_sub(self.state.packed).min(PIECE);
        self.input.resize(left as usize, 0);
        self.taken = 0;
        packed.read(self.state.packed, &mut self.input)?;
        Ok(left != 0)
    }

    fn byte(&mut self, packed: &mut impl Packed) -> Result<Option<u8>> {
        self.fill(packed)?;
        let byte = self.input.get(self.taken).copied();
        if byte.is_some() {
            self.taken += 1;
            self.state.packed += 1;
        }
        Ok(byte)
    }

    fn bytes<const N: usize>(&mut self, packed: &mut impl Packed) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte(packed)?.ok_or_else(|| self.cut(packed))?;
        }
        Ok(bytes)
    }

    fn cut(&self, packed: &impl Packed) -> Error {
        self.wrong(packed, "the file ends inside the gzip stream")
    }

    fn wrong(&self, packed: &impl Packed, reason: &str) -> Error {
        Error::format(&packed.name(), format!("gzip, byte {}", self.state.packed), reason)
    }
}
