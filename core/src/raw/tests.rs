//! Sections of headers, read from files made here; the pixels say where they were stored.

use ndarray::Array2;

use super::*;
use crate::formats::fits::{Encoding, FitsWriter, PixelData};
use crate::formats::memory::Memory;
use crate::geometry::{Flip, Section};
use crate::header::{Card, Value};
use crate::ids::{Band, DetectorId, Role};
use crate::image::PixelUnit;
use crate::steps::assemble::assemble;
use crate::store::Sink;

const KEY: &str = "b24.fits";

/// Stored pixels that say where they are: 1000 x row + column.
fn places(shape: (usize, usize)) -> Array2<f32> {
    Array2::from_shape_fn(shape, |(row, column)| (1000 * row + column) as f32)
}

/// Cards of an HDU, and its pixels.
type HduOf<'a> = (&'a [(&'a str, &'a str)], Option<&'a Array2<f32>>);

/// A file of HDUs with these cards; `None` is a header alone.
fn file(hdus: &[HduOf<'_>], encoding: Encoding) -> Memory {
    let mut store = Memory::default();
    let mut writer = FitsWriter::new(Sink::new(&mut store, KEY));
    for (cards, pixels) in hdus {
        let mut header = Header::new();
        for (key, text) in *cards {
            let value = text.parse().map_or_else(|_| Value::from(*text), Value::Real);
            header.cards.push(Card { key: (*key).to_owned(), value, comment: String::new() });
        }
        let (data, encoding) = match pixels {
            Some(pixels) => (PixelData::F32(pixels.view()), encoding),
            None => (PixelData::None, Encoding::Plain),
        };
        writer.write_hdu(&header, None, data, encoding).unwrap();
    }
    store
}

fn single(cards: &[(&str, &str)], shape: (usize, usize)) -> Memory {
    file(&[(cards, Some(&places(shape)))], Encoding::Plain)
}

fn camera(name: &str) -> Instrument {
    Instrument::built_in(name).unwrap()
}

/// The one amplifier of a file as the generic camera reads it, and its warnings.
fn generic(cards: &[(&str, &str)], shape: (usize, usize)) -> (AmpImage, Vec<Warning>) {
    let camera = camera("generic");
    let mut store = single(cards, shape);
    let raw = RawFile::open(&mut store, KEY, &camera).unwrap();
    let warnings = raw.warnings(&camera).unwrap();
    (raw.amplifier(&mut store, &camera, AmpId(1)).unwrap(), warnings)
}

#[test]
fn a_file_without_sections_is_all_light() {
    let (amp, warnings) = generic(&[("IMAGETYP", "Light Frame")], (4, 6));
    assert_eq!(amp.planes.image, places((4, 6)));
    assert_eq!((amp.geometry.overscan, warnings.len()), (None, 0));
    assert_eq!(amp.geometry.on_detector, Section::at((0, 0), (4, 6)));
}

#[test]
fn trim_and_bias_section_of_a_header_are_followed() {
    let cards = [
        ("IMAGETYP", "flat"),
        ("FILTER", "r/2"),
        ("TRIMSEC", "[4:9,2:5]"),
        ("BIASSEC", "[ 1: 2, 1: 6]"),
        ("EGAIN", "0"),
        ("GAIN", "2.5"),
        ("READNOIS", "5.0"),
        ("CRPIX1", "10.0"),
        ("CRPIX2", "20.0"),
        ("CRPIX1A", "7.0"),
    ];
    let (amp, warnings) = generic(&cards, (6, 9));
    assert_eq!((amp.gain, amp.read_noise, warnings.len()), (2.5, 5.0, 0));
    assert_eq!(amp.planes.image.dim(), (4, 8));
    assert_eq!((amp.planes.image[[0, 0]], amp.planes.image[[3, 5]]), (1003.0, 4008.0));
    // The overscan of the same rows comes after the light, wherever it is stored.
    assert_eq!((amp.planes.image[[0, 6]], amp.planes.image[[3, 7]]), (1000.0, 4001.0));
    let camera = camera("generic");
    let mut store = single(&cards, (6, 9));
    let raw = RawFile::open(&mut store, KEY, &camera).unwrap();
    assert_eq!((raw.visit.role, raw.visit.detector), (Role::Flat, DetectorId(1)));
    assert_eq!(raw.visit.band, Some(Band("r-2".to_owned())));
    let header = raw.image_header(&camera.amplifiers[0]).unwrap();
    assert_eq!((header.real("CRPIX1"), header.real("CRPIX2")), (Some(7.0), Some(19.0)));
    assert_eq!((header.real("CRPIX1A"), header.card("BIASSEC")), (Some(4.0), None));
}

#[test]
fn a_bias_section_alone_leaves_the_other_columns_to_the_light() {
    let (amp, _) = generic(&[("OBSTYPE", "zero"), ("BIASSEC", "[8:9,1:4]")], (4, 9));
    assert_eq!(amp.geometry.imaging, Section::at((0, 0), (4, 7)));
    assert_eq!(amp.geometry.overscan, Some(Section::at((0, 7), (4, 2))));
    assert_eq!((amp.planes.image[[3, 6]], amp.planes.image[[3, 7]]), (3006.0, 3007.0));
    let whole = [("OBSTYPE", "zero"), ("BIASSEC", "[1:2,1:4]"), ("DATASEC", "[1:9,1:4]")];
    let (amp, warnings) = generic(&whole, (4, 9));
    assert_eq!((amp.planes.image[[0, 0]], warnings.len()), (2.0, 1));
}

/// AspenCG16 (2018) after a cut-out of 200 x 200 pixels: its sections are those of the whole.
#[test]
fn sections_that_are_not_in_the_array_are_left_out_with_a_warning_or_refused() {
    let cards = [("IMAGETYP", "LIGHT"), ("BIASSEC", "[4096:4109]"), ("TRIMSEC", "[1:4096, :]")];
    let (amp, warnings) = generic(&cards, (20, 20));
    assert_eq!((amp.planes.image.dim(), amp.geometry.overscan), ((20, 20), None));
    let texts: Vec<&str> = warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("TRIMSEC is [1:4096, :]"), "{texts:?}");
    // Rows that were read after the light are no overscan of its rows, nor light.
    let rows_above = [("IMAGETYP", "LIGHT"), ("BIASSEC", "[1:20,19:20]")];
    let (amp, warnings) = generic(&rows_above, (20, 20));
    assert_eq!((amp.planes.image.dim(), amp.geometry.overscan), ((18, 20), None));
    assert_eq!(warnings.len(), 1);

    let strict = camera("saao");
    let cards = [("IMAGETYP", "object"), ("DATE-OBS", "2013-07-13"), ("TRIMSEC", "[17:528,1:520]")];
    let mut store = single(&cards, (20, 20));
    let raw = RawFile::open(&mut store, KEY, &strict).unwrap();
    let told = raw.amplifier(&mut store, &strict, AmpId(1)).unwrap_err().to_string();
    assert!(told.contains("b24.fits: HDU 0, TRIMSEC: [17:528,1:520]"), "{told}");
    assert!(told.contains("20 x 20"), "{told}");
}

#[test]
fn two_amplifiers_share_an_array_and_are_read_from_its_two_ends() {
    let camera = camera("kast_blue");
    // The second card of that name, as the camera writes it, must not count.
    let cards = [("OBSTYPE", "OBJECT"), ("DATE-BEG", "2015-05-20T04:12:16.53"), ("OBSTYPE", "1")];
    let pixels = places((350, 2112));
    let plain = file(&[(&cards, Some(&pixels))], Encoding::Plain);
    // As a program that compresses files would store it: behind an empty primary HDU.
    let packed = file(&[(&[], None), (&cards, Some(&pixels))], Encoding::Plain);
    for mut store in [plain, packed] {
        let raw = RawFile::open(&mut store, KEY, &camera).unwrap();
        let mut amp = |id| raw.amplifier(&mut store, &camera, AmpId(id)).unwrap();
        let (left, right) = (amp(1), amp(2));
        let row = |amp: &AmpImage, columns: [usize; 4]| columns.map(|c| amp.planes.image[[2, c]]);
        let ends = [0, 1023, 1024, 1055];
        assert_eq!(row(&left, ends), [2000.0, 3023.0, 4048.0, 4079.0]);
        assert_eq!(row(&right, ends), [4047.0, 3024.0, 4111.0, 4080.0]);
        let in_dn = |mut amp: AmpImage| {
            amp.unit = PixelUnit::Dn;
            amp
        };
        let ccd = assemble(vec![in_dn(left), in_dn(right)], DetectorId(1)).unwrap();
        assert_eq!(ccd.planes.image, pixels.slice(ndarray::s![.., ..2048]));
    }
}

/// Two amplifiers that meet at the middle, with the sections that an LSST header would have.
const TWO: &str = r#"
version = 1
name = "two"
description = "for a test"
sizes_from_file = true
amp_shape = [6, 4]
detectors = [{ id = 7, name = "R22_S11", row = 0, column = 0 }]
amplifiers = [
  { id = 1, row = 0, column = 0, place_keys = "DETSEC", overscan_columns = 3, imaging = { hdu = 1, section_keys = "DATASEC" }, overscan = { hdu = 1, rest = true, section = { row_start = 0, row_end = 6, column_start = 4, column_end = 7 } } },
  { id = 2, row = 0, column = 1, place_keys = "DETSEC", overscan_columns = 3, imaging = { hdu = 2, section_keys = "DATASEC" }, overscan = { hdu = 2, rest = true, section = { row_start = 0, row_end = 6, column_start = 4, column_end = 7 } } },
]
electronics = { gain_electron_per_dn = 1.0, read_noise_electron = 5.0, saturation_dn = 1e5, full_scale_dn = 1e5 }
names = { raw = "x{date}{fraction}{kind}.fits", prefix = "", kinds = { bias = "b", dark = "d", flat = "f", science = "o" }, bias_band = "none" }

[dialect]
role = "IMGTYPE"
roles = { bias = ["bias"], flat = ["flat"], science = ["skyexp"] }
detector_name = ["RAFTBAY", "CCDSLOT"]
mjd = "MJD-OBS"
exposure_s = "EXPTIME"
filter = "FILTER"
"#;

fn two(detsec: [&str; 2]) -> (Instrument, Memory) {
    let visit =
        [("IMGTYPE", "SKYEXP"), ("RAFTBAY", "R22"), ("CCDSLOT", "S11"), ("MJD-OBS", "60390.5")];
    let first = [("DATASEC", "[2:4,1:5]"), ("DETSEC", detsec[0])];
    let second = [("DATASEC", "[2:4,1:5]"), ("DETSEC", detsec[1])];
    let pixels = places((7, 6));
    let hdus: [(&[(&str, &str)], _); 3] =
        [(&visit, None), (&first, Some(&pixels)), (&second, Some(&pixels))];
    (Instrument::parse(TWO).unwrap(), file(&hdus, Encoding::Plain))
}

#[test]
fn an_amplifier_lies_where_its_header_says_mirrored_as_it_says() {
    let (camera, mut store) = two(["[3:1,10:6]", "[4:6,10:6]"]);
    let raw = RawFile::open(&mut store, KEY, &camera).unwrap();
    assert_eq!(raw.visit.detector, DetectorId(7));
    let mut amp = |id| {
        let mut amp = raw.amplifier(&mut store, &camera, AmpId(id)).unwrap();
        amp.unit = PixelUnit::Dn;
        amp
    };
    let (first, second) = (amp(1), amp(2));
    assert_eq!(first.geometry.on_detector, Section::at((5, 0), (5, 3)));
    assert_eq!(first.geometry.sky_from_stored, Flip { rows: true, columns: true });
    assert_eq!(second.geometry.sky_from_stored, Flip { rows: true, columns: false });
    // Overscan is what stands beside the light, for its rows.
    assert_eq!((first.planes.image.dim(), first.planes.image[[4, 3]]), ((5, 5), 4004.0));
    let ccd = assemble(vec![first, second], DetectorId(7)).unwrap();
    assert_eq!(ccd.on_detector, Section::at((5, 0), (5, 6)));
    // DETSEC [3:1,10:6]: the first pixel of DATASEC, stored at (0, 1), is at x = 3, y = 10.
    assert_eq!(ccd.planes.image[[4, 2]], 1.0);
    assert_eq!(ccd.planes.image.row(0).to_vec(), [4003.0, 4002.0, 4001.0, 4001.0, 4002.0, 4003.0]);
}

#[test]
fn a_file_is_described_without_its_pixels() {
    let (camera, mut store) = two(["[3:1,10:6]", "[4:6,10:6]"]);
    let raw = RawFile::open(&mut store, KEY, &camera).unwrap();
    let first = raw.describe(&camera).unwrap().remove(0);
    assert_eq!(
        (first.imaging.as_str(), first.overscan.as_deref()),
        ("[2:4,1:5]", Some("[5:6,1:5]"))
    );
    assert_eq!((first.on_detector.as_str(), first.hdu), ("[1:3,6:10]", 1));
    assert_eq!(first.mirrored, Flip { rows: true, columns: true });
    let camera = Instrument::built_in("stl1001").unwrap();
    let mut store = single(&[("IMAGETYP", "Light Frame"), ("DATE-OBS", "2004-02-03")], (8, 9));
    let raw = RawFile::open(&mut store, KEY, &camera).unwrap();
    let only = raw.describe(&camera).unwrap().remove(0);
    assert_eq!((only.imaging.as_str(), only.overscan, only.hdu), ("[1:9,1:8]", None, 0));
    assert_eq!((only.gain_electron_per_dn, only.read_noise_electron), (2.06, 15.0));
}

#[test]
fn a_place_of_another_size_is_refused() {
    let (camera, mut store) = two(["[4:1,10:6]", "[5:7,10:6]"]);
    let raw = RawFile::open(&mut store, KEY, &camera).unwrap();
    let told = raw.amplifier(&mut store, &camera, AmpId(1)).unwrap_err().to_string();
    assert!(told.contains("HDU 1, DETSEC: [4:1,10:6]") && told.contains("3 x 5"), "{told}");
}

#[test]
fn a_product_is_no_raw_exposure() {
    let cards = [("IMAGETYP", "bias"), ("PRODUCT", "master bias"), ("CREATOR", "rawsky 0.1.0")];
    let told = RawFile::open(&mut single(&cards, (4, 4)), KEY, &camera("generic")).err().unwrap();
    assert!(told.to_string().contains("found master bias, needed a raw exposure"), "{told}");
}

#[test]
fn an_impossible_gain_is_refused_and_an_unknown_one_is_the_cameras() {
    let camera = camera("generic");
    let gain = |value: &str| {
        let mut store = single(&[("IMAGETYP", "bias"), ("GAIN", value)], (4, 4));
        let raw = RawFile::open(&mut store, KEY, &camera).unwrap();
        raw.amplifier(&mut store, &camera, AmpId(1)).map(|amp| amp.gain)
    };
    assert_eq!((gain("0"), gain("high"), gain("1.7")), (Ok(1.0), Ok(1.0), Ok(1.7)));
    assert!(gain("-2").unwrap_err().to_string().contains("gain (electron/DN) of b24.fits"));
}
