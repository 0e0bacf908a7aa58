//! Damaged files: one clear error, no panic, nothing large allocated first.

use super::corpus_tests::bytes;
use super::fixture::{Dice, KEY, by_hand, opened, packed_file, plain_file};
use super::pixels::{Masking, plane_shape};
use super::scan::BLOCK;
use super::{Content, FitsFile};
use crate::error::{Error, Result};
use crate::store::Source;

/// Reads everything there is; the first error of any image counts.
pub(super) fn read_all(file: &FitsFile, source: &mut Source<'_>) -> Result<usize> {
    let mut images = 0;
    for hdu in file.hdus() {
        if let Content::Image(info) = &hdu.content {
            file.for_each_value(source, hdu.index, |_| ())?;
            if plane_shape(&info.shape).is_some() {
                file.read_image(source, hdu.index)?;
            }
            let mask = info.bitpix < 64 && Masking::of(KEY, hdu.index, info).is_ok();
            if plane_shape(&info.shape).is_some() && mask {
                file.read_mask(source, hdu.index)?;
            }
            images += 1;
        }
    }
    Ok(images)
}

fn reason(bytes: Vec<u8>) -> String {
    match opened(bytes, read_all) {
        Ok(images) => panic!("{images} images were read"),
        Err(error @ (Error::Format { .. } | Error::Unsupported { .. })) => error.to_string(),
        Err(error) => panic!("not an error of the file: {error}"),
    }
}

#[test]
fn a_file_cut_anywhere_inside_its_last_data_is_refused_with_its_name() {
    for whole in [plain_file(), packed_file()] {
        assert_eq!(opened(whole.clone(), read_all).unwrap(), 3);
        // Beyond this the cut takes only padding.
        let needed = whole.iter().rposition(|&byte| byte != 0).unwrap();
        let mut hdu_ends = 0;
        for length in (0..=needed).step_by(BLOCK / 3).chain([1, needed]) {
            match opened(whole[..length].to_vec(), read_all) {
                // A cut in the padding between two HDUs leaves a shorter sound file.
                Ok(images) => {
                    hdu_ends += 1;
                    let lost = &whole[length..length.next_multiple_of(BLOCK)];
                    assert!(images < 3 && lost.iter().all(|&byte| byte == 0), "{length}");
                }
                Err(error) => assert!(error.to_string().contains(KEY), "{length}: {error}"),
            }
        }
        assert!(hdu_ends <= 9, "{hdu_ends}");
    }
}

#[test]
fn a_thousand_seeded_mutations_end_in_pixels_or_an_error_of_the_file() {
    let mut dice = Dice::new(20_261_120);
    for whole in [plain_file(), packed_file()] {
        let (mut sound, mut refused) = (0, 0);
        for round in 0..500 {
            let mut bytes = whole.clone();
            let reach = if round % 2 == 0 { 2 * BLOCK } else { bytes.len() };
            for _ in 0..1 + dice.below(6) {
                let at = dice.below(reach);
                bytes[at] = match round % 3 {
                    0 => b" 0123456789'/=-TF&"[dice.below(18)],
                    1 => dice.below(256) as u8,
                    _ => bytes[at] ^ 1 << dice.below(8),
                };
            }
            match opened(bytes, read_all) {
                Ok(_) => sound += 1,
                Err(Error::Format { .. } | Error::Unsupported { .. }) => refused += 1,
                Err(error) => panic!("round {round}: {error}"),
            }
        }
        assert!(sound > 20 && refused > 20, "{sound} sound, {refused} refused");
    }
}

#[test]
fn strangers_are_named() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "0 bytes"),
        (b"S", "1 bytes"),
        (b"\x1f\x8b\x08\x00", "the file ends inside the gzip stream"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (&[b'x'; 4000], "not a FITS file"),
    ];
    for (bytes, needed) in cases {
        let reason = reason(bytes.to_vec());
        assert!(reason.contains(needed), "{reason}");
    }
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_allocated() {
    let head = "SIMPLE  =                    T";
    let cases: [(&[&str], &str); 9] = [
        (&[head, "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = -3", "NAXIS2  = 3"], "NAXIS1 is -3"),
        (&[head, "BITPIX  = 16", "NAXIS   = 1", "NAXIS1  = 99999999999"], "data need 199999999998"),
        (
            &[head, "BITPIX  = 64", "NAXIS   = 2", "NAXIS1  = 9999999999", "NAXIS2  = 9999999999"],
            "overflow",
        ),
        (&[head, "BITPIX  = 16", "NAXIS   = 1000000000"], "NAXIS is 1000000000"),
        (&[head, "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 3"], "NAXIS2 is missing"),
        (&[head, "BITPIX  = 17", "NAXIS   = 0"], "BITPIX is 17"),
        (&[head, "BITPIX  = 8.0", "NAXIS   = 0"], "needed a whole number"),
        (&["SIMPLE  =                    F", "BITPIX  = 8", "NAXIS   = 0"], "SIMPLE is F"),
        (&[head, "BITPIX  = 8", "BITPIX  = 16", "NAXIS   = 0"], "more than once"),
    ];
    for (cards, needed) in cases {
        let reason = reason(by_hand(cards, 0));
        assert!(reason.contains(needed), "{cards:?}: {reason}");
    }
}

/// A file whose only image is a tile table with these cards and `data` bytes.
fn tile_table(changed: &[(&str, &str)], data: usize) -> Vec<u8> {
    let mut cards = vec![
        ("XTENSION", "'BINTABLE'"),
        ("BITPIX", "8"),
        ("NAXIS", "2"),
        ("NAXIS1", "8"),
        ("NAXIS2", "4"),
        ("PCOUNT", "64"),
        ("GCOUNT", "1"),
        ("TFIELDS", "1"),
        ("TTYPE1", "'COMPRESSED_DATA'"),
        ("TFORM1", "'1PB(16)'"),
        ("ZIMAGE", "T"),
        ("ZBITPIX", "16"),
        ("ZNAXIS", "2"),
        ("ZNAXIS1", "10"),
        ("ZNAXIS2", "4"),
        ("ZCMPTYPE", "'RICE_1'"),
        ("ZNAME1", "'BLOCKSIZE'"),
        ("ZVAL1", "32"),
        ("ZNAME2", "'BYTEPIX'"),
        ("ZVAL2", "2"),
    ];
    for (key, value) in changed {
        match cards.iter_mut().find(|(old, _)| old == key) {
            Some(card) => card.1 = value,
            None => cards.push((key, value)),
        }
    }
    let cards: Vec<String> = cards.iter().map(|(key, value)| format!("{key:8}= {value}")).collect();
    let cards: Vec<&str> = cards.iter().map(String::as_str).collect();
    let primary = ["SIMPLE  =                    T", "BITPIX  = 8", "NAXIS   = 0"];
    [by_hand(&primary, 0), by_hand(&cards, data)].concat()
}

#[test]
fn a_tile_table_that_lies_is_refused_with_what_it_says() {
    let cases: [(&[(&str, &str)], &str); 16] = [
        (&[], "tile 0 has no data"),
        (&[("ZNAXIS1", "2000000000")], "needed at most"),
        (&[("ZNAXIS1", "200000"), ("ZTILE1", "200000")], "needed at most 105600"),
        (&[("ZCMPTYPE", "'HCOMPRESS_1'"), ("ZNAXIS1", "4194305")], "needed at most 16777216"),
        (&[("ZQUANTIZ", "'DITHER_3'")], "quantization \"DITHER_3\" is not supported"),
        (&[("ZTILE1", "3")], "the table has 4 rows"),
        (&[("ZTILE2", "0")], "ZTILE2 is 0"),
        (&[("ZCMPTYPE", "'LZMA_9'")], "compression \"LZMA_9\" is not supported"),
        (&[("ZBITPIX", "12")], "ZBITPIX is 12"),
        (&[("ZVAL1", "0")], "Rice blocks of 0"),
        (&[("ZVAL2", "3")], "of 3 bytes"),
        (&[("ZDITHER0", "9223372036854775807")], "ZDITHER0"),
        (&[("TFORM1", "'(3)'")], "TFORM1 is \"(3)\""),
        (&[("TFORM1", "'2PB(3)'")], "TFORM1"),
        (&[("TTYPE1", "'DATA'")], "no column COMPRESSED_DATA"),
        (&[("THEAP", "400")], "THEAP is outside its data, needed 32 to 96"),
    ];
    for (changed, needed) in cases {
        let reason = reason(tile_table(changed, 96));
        assert!(reason.contains(needed), "{changed:?}: {reason}");
        assert!(reason.contains(KEY), "{reason}");
    }
    let mut bytes = tile_table(&[], 96);
    let table = bytes.len() - BLOCK;
    bytes[table..table + 8].copy_from_slice(&[0, 0, 0, 60, 0, 0, 0, 5]);
    let refused = reason(bytes);
    assert!(refused.contains("60 x 1 bytes at 5 of a heap of 64"), "{refused}");
    // Four rows of ten pixels; two bytes for the first pixel and four bits for the only block.
    let mut bytes = tile_table(&[], 96);
    bytes[table..table + 8].copy_from_slice(&[0, 0, 0, 2, 0, 0, 0, 5]);
    let refused = reason(bytes);
    assert!(refused.contains("tile 0: 2 bytes, needed 3 or more for 10 pixels"), "{refused}");
}

#[test]
fn what_follows_the_last_hdu_is_padding_or_an_error() {
    let whole = plain_file();
    let padded = [whole.clone(), vec![0; BLOCK]].concat();
    assert_eq!(opened(padded, read_all).unwrap(), 3);
    // The keyword of an extension, damaged, must not hide it.
    let mut bytes = whole;
    let at = bytes.windows(8).rposition(|window| window == b"XTENSION").unwrap();
    bytes[at] = b'Y';
    assert!(reason(bytes).contains("found \"YTENSION\""));
}

#[test]
fn a_lone_quote_is_no_value() {
    let cards = ["SIMPLE  =                    T", "BITPIX  = 8", "NAXIS   = 0", "OBJECT  = '"];
    let header = |file: &FitsFile, _: &mut Source<'_>| Ok(file.hdus()[0].header.clone());
    let header = opened(by_hand(&cards, 0), header).unwrap();
    assert_eq!(header.text("OBJECT"), None);
    assert_eq!(header.cards.len(), 1);
}

/// Real damaged files, where they are at hand.
#[test]
fn the_collection_of_damaged_files_is_refused_file_by_file() {
    let Some(folder) = super::round_trip_tests::data("fits_odd/damaged") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let result = opened(bytes(&path), read_all);
        if name == "m13_no_padding.fits" {
            assert_eq!(result.unwrap(), 1, "{name}: only its padding is missing");
        } else {
            let error = result.expect_err(&name);
            let of_the_file = matches!(error, Error::Format { .. } | Error::Unsupported { .. });
            assert!(of_the_file, "{name}: {error}");
        }
    }
}
