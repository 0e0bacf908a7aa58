//! The described real cameras against the headers of public raw files (read 2026-11).

use super::*;
use crate::header::{Header, Value};
use crate::ids::Role;

/// A header of cards; numbers are numbers.
fn header(cards: &[(&str, &str)]) -> Header {
    let mut header = Header::new();
    for (key, text) in cards {
        match text.parse::<f64>() {
            Ok(number) => header.set(key, Value::Real(number), ""),
            Err(_) => header.set(key, *text, ""),
        }
    }
    header
}

fn visit(camera: &str, cards: &[(&str, &str)]) -> VisitInfo {
    Instrument::built_in(camera).unwrap().visit(&header(cards)).unwrap()
}

/// b1, b11, b21, b24 and b27 of 2015-05-20.
#[test]
fn kast_tells_roles_by_shutter_time_and_lamps() {
    let of = |kind: &str, seconds: &str, lamps: [&str; 2]| {
        let cards = [
            ("OBSTYPE", kind),
            ("EXPTIME", seconds),
            ("LAMPSTA1", "off"),
            ("LAMPSTA5", lamps[0]),
            ("LAMPSTAG", lamps[1]),
            ("DATE-BEG", "2015-05-20T04:12:16.53"),
            ("GRISM_N", "600/4310          "),
        ];
        visit("kast_blue", &cards)
    };
    let arc = of("OBJECT", "30", ["off", "on"]);
    let flat = of("OBJECT", "15", ["on ", "off"]);
    let bias = of("DARK", "0", ["off", "off"]);
    let star = of("OBJECT", "1200", ["off", "off"]);
    let roles = [&arc, &flat, &bias, &star].map(|visit| visit.role);
    assert_eq!(roles, [Role::Science, Role::Flat, Role::Bias, Role::Science]);
    assert_eq!(of("DARK", "300", ["off", "off"]).role, Role::Dark);
    assert_eq!(star.band, Some(Band("g600".to_owned())));
    assert_eq!((star.detector, star.exposure_s), (DetectorId(1), Some(1200.0)));
    // astropy: Time("2015-05-20T04:12:16.53").mjd
    assert!((star.mjd.0 - 57_162.175_191_319_446).abs() < 1e-9);
}

/// a8280271.fits.
#[test]
fn saao_puts_day_and_time_together() {
    let cards = [
        ("IMAGETYP", "object    "),
        ("DATE-OBS", "2013-07-13"),
        ("UT", "00:57:33"),
        ("MJD-OBS", "56486.0"),
        ("FILTERS", "48"),
        ("EXPTIME", "150.040"),
    ];
    let visit = visit("saao", &cards);
    // astropy: Time("2013-07-13T00:57:33").mjd
    assert!((visit.mjd.0 - 56_486.039_965_277_78).abs() < 1e-9);
    assert_eq!((visit.role, visit.exposure_s), (Role::Science, Some(150.04)));
    assert_eq!(visit.band, Some(Band("48".to_owned())));
}

/// Three raw files of the test data of obs_lsst: number, raft, sensor, role.
#[test]
fn lsst_detectors_are_known_by_raft_and_sensor() {
    for (raft, sensor, number, word, role) in [
        ("R10", "S02", 29, "BIAS", Role::Bias),
        ("R22", "S11", 94, "SKYEXP", Role::Science),
        ("R43", "S22", 188, "FLAT", Role::Flat),
    ] {
        let cards = [
            ("RAFTBAY", raft),
            ("CCDSLOT", sensor),
            ("IMGTYPE", word),
            ("MJD-OBS", "60390.74605494318"),
            ("DATE-OBS", "2024-03-21T17:54:19.147"),
            ("FILTER", "r_57"),
        ];
        let visit = visit("lsst", &cards);
        assert_eq!((visit.detector, visit.role), (DetectorId(number), role));
        assert_eq!(visit.band, Some(Band("r".to_owned())));
    }
    let lsst = Instrument::built_in("lsst").unwrap();
    let told = lsst.visit(&header(&[("IMGTYPE", "BIAS"), ("RAFTBAY", "R00")])).unwrap_err();
    assert!(told.to_string().contains("RAFTBAY and CCDSLOT: found R00_?"), "{told}");
    assert_eq!((lsst.detectors.len(), lsst.amplifiers.len()), (189, 16));
}

/// Values of MaxIm, CCDOPS, IRAF, ESO and INDI headers.
#[test]
fn the_generic_camera_knows_the_words_of_many() {
    let role = |cards: &[(&str, &str)]| {
        Instrument::built_in("generic").unwrap().visit(&header(cards)).map(|visit| visit.role)
    };
    for (key, word, expected) in [
        ("IMAGETYP", "Bias Frame", Role::Bias),
        ("IMAGETYP", "zero", Role::Bias),
        ("IMAGETYP", "Dark Frame", Role::Dark),
        ("IMAGETYP", "FLAT", Role::Flat),
        ("OBSTYPE", "OBJECT", Role::Science),
        ("FRAME", "Light", Role::Science),
        ("ESO DPR TYPE", "FLAT,SKY", Role::Flat),
        ("OBJECT", "Dome Flats V", Role::Flat),
        ("OBJECT", "bias 3", Role::Bias),
        ("(FILE NAME)", "Flat_V_003.FIT", Role::Flat),
        ("(FILE NAME)", "bias12.fits", Role::Bias),
        ("EXPTIME", "0", Role::Bias),
        ("EXPTIME", "30", Role::Science),
    ] {
        assert_eq!(role(&[(key, word)]), Ok(expected), "{key} = {word}");
    }
    // The first known word counts, wherever it stands.
    assert_eq!(role(&[("IMAGETYP", "calib"), ("OBSTYPE", "dark")]), Ok(Role::Dark));
    let told = role(&[("IMAGETYP", "COMP"), ("EXPTIME", "30")]).unwrap_err().to_string();
    assert!(told.contains("COMP") && told.contains("a rule of the camera"), "{told}");
    let told = role(&[("OBJECT", "M 42")]).unwrap_err().to_string();
    assert!(told.contains("IMAGETYP or OBSTYPE") && told.contains("found nothing"), "{told}");
}

#[test]
fn dates_are_taken_from_what_a_header_has() {
    let generic = Instrument::built_in("generic").unwrap();
    let day = |cards: &[(&str, &str)]| {
        let mut header = header(cards);
        header.set("IMAGETYP", "bias", "");
        generic.visit(&header).unwrap().mjd.0
    };
    assert_eq!(day(&[("DATE-OBS", "2013-07-13"), ("MJD-OBS", "56486.5")]), 56_486.5);
    assert_eq!(day(&[("DATE-OBS", "2013-07-13T18:00:00"), ("MJD-OBS", "56486.5")]), 56_486.75);
    assert_eq!(day(&[("DATE-OBS", "2013-07-13"), ("TIME-OBS", "06:00:00")]), 56_486.25);
    assert_eq!(day(&[("JD", "2456487.0")]), 56_486.5);
    assert_eq!(day(&[("DATE-OBS", "13/07/99")]), 51_372.0);
    assert_eq!(day(&[("DATE-OBS", "summer")]), 51_544.0);
}

#[test]
fn a_filter_without_an_entry_is_a_band_of_its_own_name_or_none() {
    let band = |camera: &str, filter: &str| {
        let cards = [
            ("IMAGETYP", "object"),
            ("DATE-OBS", "2013-07-13"),
            ("FILTER", filter),
            ("FILTERS", filter),
        ];
        visit(camera, &cards).band.map(|band| band.0)
    };
    assert_eq!(band("generic", "Johnson V").as_deref(), Some("Johnson-V"));
    assert_eq!(band("generic", " ").as_deref(), Some("none"));
    assert_eq!(band("stl1001", "../x").as_deref(), Some("x"));
    assert_eq!(band("saao", "??").as_deref(), Some("unnamed"));
    let stl1001 = Instrument::built_in("stl1001").unwrap();
    assert_eq!((stl1001.amp_shape, stl1001.electronics.gain_electron_per_dn), ((1024, 1024), 2.06));
}
