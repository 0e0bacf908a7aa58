//! Bands of rows against the whole image, bit for bit, damaged files included.

use super::corpus_tests::{bytes, folder};
use super::fixture::{Dice, by_hand, opened, packed_file, plain_file};
use super::gzip_tests::unpacked;
use super::scan::BLOCK;
use super::{Content, FitsFile, Pixels};
use crate::error::Result;
use crate::store::Source;

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// All rows in bands of a height, the last band first if `backwards`; `None` if the image wants to be whole.
fn in_bands(
    file: &FitsFile,
    source: &mut Source<'_>,
    (index, height, backwards): (usize, usize, bool),
) -> Result<Option<(Vec<f32>, Vec<f64>)>> {
    let Some(mut bands) = file.bands(source, index)? else { return Ok(None) };
    let rows = bands.shape().0;
    let mut starts: Vec<usize> = (0..rows).step_by(height).collect();
    if backwards {
        starts.reverse();
    }
    let mut pieces = Vec::new();
    for start in starts {
        let mut values = Vec::new();
        bands.read(source, start..rows.min(start + height), &mut values)?;
        pieces.push((start, values));
    }
    pieces.sort_by_key(|(start, _)| *start);
    let values = pieces.into_iter().flat_map(|(_, values)| values).collect();
    Ok(Some((values, bands.quantum)))
}

/// How many of the images of a file could be read in bands.
fn compare(bytes: Vec<u8>, heights: &[usize]) -> usize {
    let mut count = 0;
    let compared = opened(bytes, |file, source| {
        for (index, hdu) in file.hdus().iter().enumerate() {
            if !matches!(&hdu.content, Content::Image(info) if info.shape.len() == 2) {
                continue;
            }
            let whole = file.read_image(source, index);
            for (&height, backwards) in heights.iter().zip([false, true].into_iter().cycle()) {
                let bands = in_bands(file, source, (index, height, backwards));
                match (&whole, bands) {
                    (_, Ok(None)) => continue,
                    (Ok(Pixels { values, quantum }), Ok(Some((banded, steps)))) => {
                        assert_eq!(bits(values.as_slice().unwrap()), bits(&banded), "{height}");
                        assert_eq!(*quantum, steps);
                        count += 1;
                    }
                    (Err(_), Err(_)) => {}
                    (whole, bands) => {
                        panic!("whole {}, in bands {}", whole.is_ok(), bands.is_ok());
                    }
                }
            }
        }
        Ok(())
    });
    compared.map_or(0, |()| count)
}

#[test]
fn rows_are_those_of_the_whole_image() {
    assert_eq!(compare(plain_file(), &[1, 7, 16, 100]), 12);
    assert_eq!(compare(packed_file(), &[1, 7, 16, 100]), 12);
}

#[test]
fn rows_of_files_of_other_programs_are_those_of_the_whole_image() {
    let mut found = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            continue;
        }
        let bytes = bytes(&folder().join(&name));
        let inner = if name.ends_with(".gz") { unpacked(bytes, 1 << 24).unwrap() } else { bytes };
        found += compare(inner, &[3, 64]);
    }
    assert!(20 < found, "{found}");
}

#[test]
fn a_damaged_file_is_refused_in_bands_where_it_is_refused_as_a_whole() {
    let mut dice = Dice::new(20_261_121);
    for round in 0..2000 {
        let mut bytes = if round % 4 == 0 { plain_file() } else { packed_file() };
        let at = BLOCK + dice.below(bytes.len() - BLOCK);
        match dice.below(4) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => bytes[at..].iter_mut().take(8).for_each(|byte| *byte = 0),
            _ => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
        }
        compare(bytes, &[5, 16]);
    }
}

#[test]
fn a_packed_file_has_no_bands_and_rows_beyond_the_end_are_refused() {
    let plain =
        by_hand(&["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 3", "NAXIS2  = 4"], 24);
    let checked = opened(plain, |file, source| {
        let mut bands = file.bands(source, 0)?.unwrap();
        assert!(bands.read(source, 3..5, &mut Vec::new()).is_err());
        bands.read(source, 3..4, &mut Vec::new())
    });
    checked.unwrap();
}
