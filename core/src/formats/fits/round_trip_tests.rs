//! What is written comes back, and files of other programs are read as those programs read them.

use std::path::PathBuf;

use ndarray::{Array2, array};

use super::fixture::{by_hand, noise, opened, packed_file, written};
use super::scan::BLOCK;
use super::{Content, Encoding, FitsFile, FitsWriter, PixelData, Pixels};
use crate::error::{Error, Result};
use crate::header::{Card, Header, Value};
use crate::image::CANONICAL_NAN;
use crate::store::Source;

/// A folder of the shared test material, or `None` with a line that says so.
#[expect(clippy::disallowed_methods, reason = "a test finds its material by the environment")]
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
pub(super) fn data(folder: &str) -> Option<PathBuf> {
    let root = std::env::var("FIRSTLIGHT_DATA").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(folder);
    if !path.is_dir() {
        eprintln!("not tested: {} is absent (set FIRSTLIGHT_DATA)", path.display());
        return None;
    }
    Some(path)
}

fn one(pixels: PixelData<'_>, encoding: Encoding, header: &Header) -> Result<Vec<u8>> {
    written(|writer| writer.write_hdu(header, Some("X"), pixels, encoding))
}

fn image(bytes: Vec<u8>, index: usize) -> Result<Pixels> {
    opened(bytes, |file, source| file.read_image(source, index))
}

fn header_of(bytes: Vec<u8>, index: usize) -> Header {
    opened(bytes, |file, _| Ok(file.hdus()[index].header.clone())).unwrap()
}

fn bits(plane: &Array2<f32>) -> Vec<u32> {
    plane.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn plain_floats_come_back_bit_for_bit_with_one_nan() {
    let foreign = f32::from_bits(0xffc0_1234);
    let plane = array![[1.5_f32, -0.0, foreign], [f32::INFINITY, f32::MIN_POSITIVE, 1e-40]];
    let bytes = one(PixelData::F32(plane.view()), Encoding::Plain, &Header::new()).unwrap();
    assert_eq!(bytes.len(), 2 * BLOCK);
    let back = image(bytes, 0).unwrap();
    assert_eq!(back.quantum, [0.0, 0.0]);
    let expected = plane.mapv(|value| if value.is_nan() { CANONICAL_NAN } else { value });
    assert_eq!(bits(&back.values), bits(&expected));
}

#[test]
fn a_view_that_is_not_contiguous_is_written_as_it_is_seen() {
    let plane = noise((12, 9));
    let seen = plane.t();
    for encoding in [Encoding::Plain, Encoding::RiceInteger16] {
        let bytes = one(PixelData::F32(seen), encoding, &Header::new()).unwrap();
        let index = usize::from(encoding != Encoding::Plain);
        assert_eq!(image(bytes, index).unwrap().values, seen);
    }
}

#[test]
fn masks_keep_all_thirty_two_bits_plain_and_packed() {
    let mask = array![[0_u32, 1, u32::MAX], [1 << 31, 0x7fff_ffff, 12]];
    for encoding in [Encoding::Plain, Encoding::RiceInteger32] {
        let bytes = one(PixelData::Mask(mask.view()), encoding, &Header::new()).unwrap();
        let index = usize::from(encoding != Encoding::Plain);
        let back = opened(bytes, |file, source| file.read_mask(source, index)).unwrap();
        assert_eq!(back, mask);
    }
}

#[test]
fn sixteen_bit_numbers_are_exact_over_their_whole_range() {
    let unsigned = array![[0_u16, 1, 32_767], [32_768, 40_000, 65_535]];
    let signed = array![[i16::MIN, -1, 0], [1, 5, i16::MAX]];
    for encoding in [Encoding::Plain, Encoding::RiceInteger16] {
        let index = usize::from(encoding != Encoding::Plain);
        let bytes = one(PixelData::U16(unsigned.view()), encoding, &Header::new()).unwrap();
        let back = image(bytes, index).unwrap();
        assert_eq!(back.values, unsigned.mapv(f32::from));
        assert_eq!(back.quantum, [1.0, 1.0]);
        let bytes = one(PixelData::I16(signed.view()), encoding, &Header::new()).unwrap();
        assert_eq!(image(bytes, index).unwrap().values, signed.mapv(f32::from));
    }
}

#[test]
fn floats_that_are_no_sixteen_bit_numbers_are_not_packed_as_such_and_nothing_is_written() {
    for value in [0.5, -40_000.0, 70_000.0, f32::NAN] {
        let plane = array![[value, 1.0]];
        let mut refused = None;
        let bytes = written(|writer| {
            let pixels = PixelData::F32(plane.view());
            let result = writer.write_hdu(&Header::new(), None, pixels, Encoding::RiceInteger16);
            refused = result.err();
            Ok(())
        });
        assert!(matches!(refused, Some(Error::Input { .. })), "{value}");
        assert_eq!(bytes.unwrap(), Vec::<u8>::new());
    }
}

#[test]
fn quantized_floats_stay_within_half_a_step_and_the_step_is_the_rows_own() {
    let mut plane = noise((30, 200));
    plane.row_mut(7).fill(3.25);
    plane[[5, 6]] = f32::NAN;
    let encoding = Encoding::RiceFloat { quantize_level: 16.0 };
    let bytes = one(PixelData::F32(plane.view()), encoding, &Header::new()).unwrap();
    let back = image(bytes, 1).unwrap();
    assert_eq!(back.quantum[7].to_bits(), 0, "a constant row is kept exactly");
    for (row, step) in back.quantum.iter().enumerate() {
        for (value, original) in back.values.row(row).iter().zip(plane.row(row)) {
            assert_eq!(value.is_nan(), original.is_nan());
            // Half a step, and the rounding of a number near 1000 to f32.
            let error = f64::from(value - original).abs();
            assert!(original.is_nan() || error <= step / 2.0 + 4e-5, "row {row}: {error}, {step}");
        }
    }
    // Noise of the sum of two even distributions over 41 numbers: sqrt(2 x (41^2 - 1) / 12).
    let mean = back.quantum.iter().sum::<f64>() / 29.0;
    assert!((mean / (16.733 / 16.0) - 1.0).abs() < 0.1, "{mean}");
}

#[test]
fn equal_input_gives_equal_bytes() {
    assert_eq!(packed_file(), packed_file());
}

#[test]
fn the_first_packed_image_gets_an_empty_primary_before_it() {
    let contents = |file: &FitsFile, _: &mut Source<'_>| {
        Ok(file
            .hdus()
            .iter()
            .map(|hdu| (hdu.name.clone(), hdu.content.clone()))
            .collect::<Vec<_>>())
    };
    let contents = opened(packed_file(), contents).unwrap();
    assert_eq!(contents[0], (String::new(), Content::Empty));
    let (name, Content::Image(info)) = &contents[1] else { panic!("{contents:?}") };
    assert_eq!((name.as_str(), info.shape.as_slice(), info.bitpix), ("A", &[30, 40][..], -32));
    assert_eq!(info.compression.as_deref(), Some("RICE_1"));
    assert_eq!(contents.len(), 4);
}

fn card(key: &str, value: impl Into<Value>, comment: &str) -> Card {
    Card { key: key.to_owned(), value: value.into(), comment: comment.to_owned() }
}

#[test]
fn every_kind_of_card_comes_back_through_both_parsers() {
    let mut header = Header::new();
    header.cards = vec![
        card("FILTER", "ZTF_r", "the band"),
        card("LONG", "a'b ".repeat(60) + "end", "a comment that is kept"),
        card("ODD", "x".repeat(66) + "&" + &"y".repeat(80), ""),
        card("ESO DET CHIP1 GAIN", 1.25, "electron/DN"),
        card("A_LONG_KEYWORD", 3_i64, ""),
        card("ESO TEXT", "w".repeat(200), ""),
        card("TINY", 5e-324, ""),
        card("HUGE", f64::MAX, ""),
        card("TENTH", 0.1, "read back as the same number"),
        card("WHOLE", 1e16, ""),
        card("LEAST", i64::MIN, ""),
        card("TRUE", true, ""),
        card("NOTHING", Value::Undefined, "no value"),
        card("QUOTE", "''", ""),
        card("SLASH", "a / b", "c"),
        card("COMMENT", Value::Undefined, "hello"),
        card("HISTORY", Value::Undefined, "made by hand"),
        card("", Value::Undefined, "text without a keyword"),
        card("DUP", 1_i64, ""),
        card("DUP", 2_i64, ""),
    ];
    let plane = noise((3, 20));
    let pixels = PixelData::F32(plane.view());
    for (encoding, index) in [(Encoding::Plain, 0), (Encoding::RiceInteger16, 1)] {
        let back = header_of(one(pixels, encoding, &header).unwrap(), index);
        for (found, needed) in back.cards.iter().zip(&header.cards) {
            assert_eq!(found, needed, "{encoding:?}");
        }
        assert_eq!(back.cards.len(), header.cards.len());
    }
}

#[test]
fn cards_of_another_encoding_are_not_taken_over_and_wrong_ones_are_refused() {
    let mut header = Header::new();
    for key in ["BSCALE", "BZERO", "NAXIS1", "BITPIX", "ZCMPTYPE", "TFORM1", "CHECKSUM", "EXTNAME"]
    {
        header.set(key, 99_i64, "");
    }
    let plane = noise((3, 20));
    let bytes = one(PixelData::F32(plane.view()), Encoding::Plain, &header).unwrap();
    assert_eq!(header_of(bytes.clone(), 0), Header::new());
    assert_eq!(image(bytes, 0).unwrap().values, plane);
    for key in ["A=B", "CONTINUE", " LEAD", "NON-ÄSCII"] {
        let mut header = Header::new();
        header.set(key, 1_i64, "");
        let result = one(PixelData::F32(plane.view()), Encoding::Plain, &header);
        assert!(matches!(result, Err(Error::Parameter { .. })), "{key}");
    }
}

#[test]
fn scaled_numbers_become_physical_and_blank_becomes_nan() {
    let cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                   16",
        "NAXIS   =                    1",
        "NAXIS1  =                    3",
        "BSCALE  =                  0.5",
        "BZERO   =                  -7.",
        "BLANK   =                    5",
    ];
    let mut bytes = by_hand(&cards, 6);
    bytes[BLOCK..BLOCK + 6].copy_from_slice(&[0, 5, 0, 4, 0xff, 0xff]);
    let back = image(bytes.clone(), 0).unwrap();
    assert_eq!(bits(&back.values), bits(&array![[CANONICAL_NAN, -5.0, -7.5]]));
    assert_eq!(back.quantum, [0.5]);
    let mask = opened(bytes, |file, source| file.read_mask(source, 0));
    assert!(mask.unwrap_err().to_string().contains("a mask needs whole numbers"));
}

#[test]
fn another_file_behind_the_same_headers_is_refused() {
    let plane = noise((3, 4));
    let first = one(PixelData::F32(plane.view()), Encoding::Plain, &Header::new()).unwrap();
    let other = [first.clone(), vec![0; BLOCK]].concat();
    let mut store = crate::formats::memory::Memory::with("test.fits", first);
    let file = FitsFile::open(&mut Source::open(&mut store, "test.fits").unwrap()).unwrap();
    let mut store = crate::formats::memory::Memory::with("test.fits", other);
    let mut source = Source::open(&mut store, "test.fits").unwrap();
    assert!(matches!(file.read_image(&mut source, 0), Err(Error::Input { .. })));
}

#[test]
fn nothing_depends_on_the_length_of_an_hdu_that_is_not_read() {
    let write = |writer: &mut FitsWriter<'_>| {
        writer.write_hdu(&Header::new(), None, PixelData::None, Encoding::Plain)?;
        let plane = noise((3, 4));
        writer.write_hdu(&Header::new(), Some("a"), PixelData::F32(plane.view()), Encoding::Plain)
    };
    let bytes = written(write).unwrap();
    let found = opened(bytes, |file, _| Ok(file.named("A").map(|hdu| hdu.index))).unwrap();
    assert_eq!(found, Some(1));
}
