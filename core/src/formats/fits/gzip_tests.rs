//! Whole-file gzip: any place of the content can be read, and a damaged stream is an error.

use super::fixture::{Dice, KEY};
use super::gzip::{Content, Index, LIMIT};
use super::inflate::{InMemory, content_length};
use crate::error::{Error, Result};
use crate::formats::memory::Memory;
use crate::store::{Source, Store};

/// A gzip member, with checksum and length.
pub(super) fn packed(content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    bytes.extend(miniz_oxide::deflate::compress_to_vec(content, 6));
    bytes.extend(crc32fast::hash(content).to_le_bytes());
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes
}

/// The content of a gzip file, by way of an index.
pub(super) fn unpacked(bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>> {
    let mut store = Memory::with(KEY, bytes);
    let mut source = Source::open(&mut store, KEY)?;
    let index = Index::new(&mut source, limit, |_, _| Ok(()))?;
    let mut content = Content::new(&mut source, &index);
    crate::store::load(&mut content, KEY, limit)
}

/// Bytes that deflate shortens a little.
fn content(length: usize) -> Vec<u8> {
    let mut dice = Dice::new(length as u64);
    (0..length).map(|at| (dice.below(40) + at % 3) as u8).collect()
}

#[test]
fn any_place_can_be_read_in_any_order() {
    // Three kept states in the second member.
    let (first, second) = (content(300_001), content(9_500_000));
    let whole = [first.clone(), second.clone()].concat();
    let mut store = Memory::with(KEY, [packed(&first), packed(&second), vec![0; 77]].concat());
    let mut source = Source::open(&mut store, KEY).unwrap();
    let index = Index::new(&mut source, LIMIT, |_, _| Ok(())).unwrap();
    let mut content = Content::new(&mut source, &index);
    assert_eq!(content.length(KEY), Ok(whole.len() as u64));
    let mut dice = Dice::new(5);
    let ends = [(0, 0), (0, 9), (299_990, 30), (whole.len() - 10, 10), (whole.len(), 0), (3, 1)];
    let random: Vec<_> =
        (0..30).map(|_| (dice.below(whole.len() - 100_000), dice.below(100_000))).collect();
    for (start, length) in ends.into_iter().chain(random) {
        let mut buffer = vec![0; length];
        content.read_at(KEY, start as u64, &mut buffer).unwrap();
        assert!(buffer == whole[start..start + length], "{length} bytes from {start} on");
    }
    let beyond = content.read_at(KEY, whole.len() as u64 - 5, &mut [0; 6]);
    assert!(matches!(beyond, Err(Error::Store { .. })));
}

#[test]
fn a_stream_that_is_cut_or_changed_is_refused_wherever_it_matters() {
    let whole = packed(&content(3000));
    assert_eq!(unpacked(whole.clone(), LIMIT).unwrap(), content(3000));
    for length in 0..whole.len() {
        let error = unpacked(whole[..length].to_vec(), LIMIT).unwrap_err().to_string();
        assert!(error.contains("the file ends inside the gzip stream"), "{length}: {error}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x15;
        // Time, level and system of the header mean nothing to the content.
        let means_nothing = (4..10).contains(&at);
        match unpacked(bytes, LIMIT) {
            Ok(found) => assert!(means_nothing && found == content(3000), "byte {at}"),
            Err(error) => assert!(!means_nothing && error.to_string().contains("gzip"), "{error}"),
        }
    }
    let followed = [whole, b"more of another kind".to_vec()].concat();
    let error = unpacked(followed, LIMIT).unwrap_err().to_string();
    assert!(error.contains("what is there is no gzip header"), "{error}");
}

#[test]
fn a_bomb_is_refused_at_its_limit_and_at_its_first_bytes() {
    let bomb = packed(&vec![0; 3 << 20]);
    assert!(bomb.len() < 4000);
    let error = unpacked(bomb.clone(), 1 << 20).unwrap_err().to_string();
    assert!(error.contains("its content is longer than 1048576 bytes"), "{error}");
    let mut tile = InMemory { name: "tile 3", bytes: &bomb };
    let error = content_length(&mut tile, 1000).unwrap_err().to_string();
    assert!(error.contains("tile 3") && error.contains("longer than 1000 bytes"), "{error}");
    let mut source = Memory::with(KEY, bomb);
    let file = super::FitsFile::open(&mut Source::open(&mut source, KEY).unwrap());
    assert!(file.unwrap_err().to_string().contains("not a FITS file"));
}
