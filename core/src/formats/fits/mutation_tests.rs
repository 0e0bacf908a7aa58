//! Thousands of changed files of every encoding end in pixels or in one error of the file.
//!
//! The changes come from a seed, so that each run is the same; longer campaigns with other seeds
//! were run outside the tests.

use super::corpus_tests::{bytes, folder};
use super::damage_tests::read_all;
use super::fixture::{Dice, opened, packed_file, plain_file};
use super::gzip_tests::unpacked;
use super::scan::{BLOCK, CARD};
use crate::error::Error;

/// Changed copies of each file.
const ROUNDS: usize = 60;
/// Values that a changed card gets.
const VALUES: [&str; 24] = [
    "0",
    "-1",
    "1",
    "3",
    "8",
    "16",
    "-32",
    "-64",
    "64",
    "999",
    "65536",
    "2147483647",
    "4294967296",
    "9223372036854775807",
    "1.5E300",
    "T",
    "F",
    "'",
    "'RICE_1'",
    "'GZIP_2'",
    "'HCOMPRESS_1'",
    "'PLIO_1'",
    "'1PB(9)'",
    "'SUBTRACTIVE_DITHER_2'",
];

/// The corpus, without the outer gzip of most of its files, and our own files.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".json"))
        .collect();
    names.sort();
    let mut files: Vec<_> = names.into_iter().map(|name| (name.clone(), inner(&name))).collect();
    files.push(("plain".to_owned(), plain_file()));
    files.push(("packed".to_owned(), packed_file()));
    files
}

fn inner(name: &str) -> Vec<u8> {
    let bytes = bytes(&folder().join(name));
    if name.ends_with(".gz") { unpacked(bytes, 1 << 24).unwrap() } else { bytes }
}

/// Where the headers' cards begin.
fn cards(bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut inside = false;
    for at in (0..bytes.len().saturating_sub(CARD)).step_by(CARD) {
        let starts = bytes[at..].starts_with(b"SIMPLE") || bytes[at..].starts_with(b"XTENSION");
        inside = inside && !bytes[at..].starts_with(b"END ") || starts && at % BLOCK == 0;
        if inside {
            found.push(at);
        }
    }
    found
}

fn change(bytes: &mut Vec<u8>, cards: &[usize], dice: &mut Dice) {
    let at = dice.below(bytes.len());
    match dice.below(8) {
        0 => bytes.truncate(at),
        1 => bytes[at] = dice.below(256) as u8,
        2 => bytes[at] ^= 1 << dice.below(8),
        3 => {
            let value = [0, 0xff, 0x7f, 0x80][dice.below(4)];
            let length = 1 + dice.below(12);
            bytes.iter_mut().skip(at).take(length).for_each(|byte| *byte = value);
        }
        _ if cards.is_empty() => {}
        4 => {
            let place = cards[dice.below(cards.len())] + dice.below(30);
            if let Some(byte) = bytes.get_mut(place) {
                *byte = b" 0123456789'/=-TFE."[dice.below(19)];
            }
        }
        _ => {
            let start = cards[dice.below(cards.len())] + 10;
            let value = format!("{:70}", VALUES[dice.below(VALUES.len())]);
            let places = bytes.iter_mut().skip(start).take(CARD - 10);
            places.zip(value.bytes()).for_each(|(byte, value)| *byte = value);
        }
    }
}

#[test]
fn thousands_of_changed_files_end_in_pixels_or_an_error_of_the_file() {
    let mut dice = Dice::new(20_261_121);
    let (mut sound, mut refused) = (0, 0);
    for (name, whole) in files() {
        assert!(opened(whole.clone(), read_all).is_ok(), "{name}");
        let cards = cards(&whole);
        for round in 0..ROUNDS {
            let mut bytes = whole.clone();
            for _ in 0..1 + dice.below(3) {
                if !bytes.is_empty() {
                    change(&mut bytes, &cards, &mut dice);
                }
            }
            match opened(bytes, read_all) {
                Ok(_) => sound += 1,
                Err(Error::Format { .. } | Error::Unsupported { .. }) => refused += 1,
                Err(error) => panic!("{name}, round {round}: {error}"),
            }
        }
    }
    assert!(sound > 500 && refused > 500, "{sound} sound, {refused} refused");
}
