//! The built-in cameras against published numbers, and what a wrong camera file is told.

#![allow(clippy::float_cmp, reason = "numbers of a file must be taken over exactly")]

use std::collections::BTreeSet;

use ndarray::{Array2, array, concatenate, s};

use super::*;
use crate::error::Error;
use crate::header::{Card, Header, Value};
use crate::ids::Role;
use crate::time::{Day, Mjd};

fn camera(name: &str) -> Instrument {
    Instrument::built_in(name).unwrap()
}

/// The refusal of the toy camera with `from` replaced by `to`, as a person reads it.
fn refusal_of(from: &str, to: &str) -> String {
    let text = Instrument::built_in_text("toy").unwrap();
    assert!(text.contains(from), "the toy camera has no `{from}`");
    let error = Instrument::parse(&text.replacen(from, to, 1)).unwrap_err();
    assert!(matches!(error, Error::Parameter { .. }), "{error:?}");
    error.to_string()
}

/// Line of the first occurrence of `part` in the toy camera, counted from 1.
fn line_of(part: &str) -> usize {
    let text = Instrument::built_in_text("toy").unwrap();
    text.split(part).next().unwrap().matches('\n').count() + 1
}

#[test]
fn every_built_in_camera_is_sound_and_one_complete_text() {
    for (name, text) in BUILT_IN {
        let camera = Instrument::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(camera.name, *name);
        assert_eq!(camera.digest, crate::provenance::digest(text.as_bytes()));
    }
    let unknown = Instrument::built_in("kodak").unwrap_err().to_string();
    assert!(
        unknown.contains("kodak") && unknown.contains("ztf, toy, teaching, generic"),
        "{unknown}"
    );
}

#[test]
fn text_that_is_no_camera_is_refused_with_its_line() {
    let broken = refusal_of("version = 1", "version = = 1");
    assert!(broken.contains(&format!("line {}", line_of("version = 1"))), "{broken}");
    let unknown = refusal_of("gap_pix = [0, 5]", "gap_pix = [0, 5]\ncolour = 3");
    let line = line_of("gap_pix") + 1;
    assert!(unknown.contains(&format!("line {line}")), "{unknown}");
    assert!(unknown.contains("unknown field `colour`"), "{unknown}");
    let nested = refusal_of("beta = 0.46,", "beta = 0.46, gamma = 1.0,");
    assert!(nested.contains(&format!("line {}", line_of("beta = 0.46,"))), "{nested}");
    assert!(nested.contains("unknown field `gamma`"), "{nested}");
    let missing = refusal_of("gain_electron_per_dn = 1.5\nread_noise_electron = 5.0", "");
    assert!(missing.contains("missing field `gain_electron_per_dn`"), "{missing}");
    let negative = refusal_of("gap_pix = [0, 5]", "gap_pix = [0, -5]");
    assert!(negative.contains(&format!("line {}", line_of("gap_pix"))), "{negative}");
}

#[test]
fn another_version_is_refused_before_anything_else() {
    let newer = refusal_of("version = 1", "version = 2\ncolour = 3");
    assert!(newer.contains("version is 2: needed 1"), "{newer}");
    let text = refusal_of("version = 1", "version = \"1\"");
    assert!(text.contains("version is a string"), "{text}");
    assert!(refusal_of("version = 1\n", "").contains("version is not given"));
}

#[test]
fn impossible_values_are_refused_with_key_and_line() {
    for (from, to, key, reason) in [
        ("name = \"toy\"", "name = \"../toy\"", "name", "characters A-Z"),
        ("name = \"toy\"", "name = \".toy\"", "name", "in front"),
        ("amp_shape = [24, 32]", "amp_shape = [0, 32]", "amp_shape[0]", "1 to 100000"),
        ("amp_shape = [24, 32]", "amp_shape = [24, 100001]", "amp_shape[1]", "1 to 100000"),
        (
            "{ id = 2, row = 0, column = 0 }",
            "{ id = 1, row = 0, column = 0 }",
            "detectors[1].id",
            "used once",
        ),
        (
            "{ id = 2, row = 0, column = 0 }",
            "{ id = 2, row = 0, column = 1 }",
            "detectors[1].row",
            "place of its own",
        ),
        ("id = 2\nrow = 0", "id = 1\nrow = 0", "amplifiers[1].id", "used once"),
        ("id = 2\nrow = 0", "id = 0\nrow = 0", "amplifiers[1].id", "above 0"),
        ("row = 1\ncolumn = 1", "row = 1\ncolumn = 0", "amplifiers[3].row", "place of its own"),
        ("row = 1\ncolumn = 1", "row = 1\ncolumn = 2", "amplifiers", "there is a hole"),
        ("row = 1\ncolumn = 1", "row = 99999999\ncolumn = 1", "amplifiers", "there is a hole"),
        ("column_end = 42", "column_end = 43", "amplifiers[1].imaging.section", "(24, 32)"),
        (
            "overscan_columns = 6",
            "overscan_columns = 7",
            "amplifiers[2].overscan.section",
            "(24, 7)",
        ),
        (
            "overscan_columns = 6",
            "overscan_columns = 0",
            "amplifiers[2].overscan_columns",
            "at least 1",
        ),
        (
            "column_start = 32, column_end = 40",
            "column_start = 31, column_end = 39",
            "amplifiers[0].overscan",
            "pixels of its own",
        ),
        (
            "imaging = { hdu = 2,",
            "imaging = { hdu = 10001,",
            "amplifiers[1].imaging.hdu",
            "at most 10000",
        ),
        (
            "gap_pix = [0, 5]",
            "gap_pix = [0, 5]\nsizes_from_file = true",
            "amplifiers[0].imaging.section",
            "whole arrays only",
        ),
        (
            "gain_electron_per_dn = 1.6",
            "gain_electron_per_dn = -1.6",
            "amplifiers[1].gain_electron_per_dn",
            "above 0",
        ),
        (
            "gain_electron_per_dn = 1.6",
            "gain_electron_per_dn = nan",
            "amplifiers[1].gain_electron_per_dn",
            "above 0",
        ),
        (
            "read_noise_electron = 4.0",
            "read_noise_electron = -inf",
            "amplifiers[0].read_noise_electron",
            "from 0",
        ),
        (
            "read_noise_electron = 5.0",
            "read_noise_electron = inf",
            "electronics.read_noise_electron",
            "from 0",
        ),
        (
            "saturation_dn = 50000.0",
            "saturation_dn = 70000.0",
            "amplifiers[3].saturation_dn",
            "full_scale_dn (65535)",
        ),
        ("saturation_dn = 55000.0", "saturation_dn = 0.0", "electronics.saturation_dn", "above 0"),
        ("role = \"OBSTYPE\"", "role = \"obstype\"", "dialect.role", "upper case"),
        ("flat = [\"domeflat\"", "flat = [\"ZERO\"", "dialect.roles.flat[0]", "one role only"),
        ("bias = [\"zero\"]", "bias = []", "dialect.roles.bias", "1 to 1000"),
        ("blue = \"tb\"", "blue = \"t/b\"", "dialect.bands.blue", "characters A-Z"),
        ("lamp = \"LAMP\"\n", "", "dialect.lamp", "there are lamps"),
        ("lamp = 2\n", "lamp = 1\n", "lamps[1].lamp", "used once"),
        ("weight = 0.5", "weight = 0.0", "lamps[1].weight", "above 0"),
        ("lamp = 3\nband = \"tr\"", "lamp = 3\nband = \"ti\"", "lamps[2].band", "dialect.bands"),
        ("until = \"2024-07-01\"", "until = \"2024-02-30\"", "linearity[0].until", "YYYY-MM-DD"),
        ("until = \"2024-07-01\"", "until = \"2024-07-02\"", "linearity[1].from", "shares no day"),
        (
            "until = \"2024-07-01\"",
            "from = \"2024-07-01\"\nuntil = \"2024-07-01\"",
            "linearity[0].until",
            "after `from`",
        ),
        ("from = \"2024-01-01\"", "from = \"soon\"", "pocket[0].from", "YYYY-MM-DD"),
        ("a = -1.25e-11", "a = -nan", "linearity[0].rows[0].a", "finite"),
        ("a = -1.25e-11", "a = -1e-3", "linearity[0].rows[0].a", "rises from 0 to 65535"),
        (
            "{ detector = 2, amp = 4, a",
            "{ detector = 2, amp = 3, a",
            "linearity[0].rows[7]",
            "one row per",
        ),
        (
            "{ detector = 2, amp = 4, a",
            "{ detector = 2, amp = 5, a",
            "linearity[0].rows[7]",
            "of this camera",
        ),
        ("alpha = 1.5,", "alpha = 0.0,", "pocket[0].rows[1].alpha", "above 0"),
        ("beta = 0.46,", "beta = 3.5,", "pocket[0].rows[0].beta", "at most 3"),
        (
            "beta = 0.46, nmax = 250000.0",
            "beta = 0.46, nmax = -1.0",
            "pocket[0].rows[0].nmax",
            "above 0",
        ),
        ("cmax = 475.0", "cmax = nan", "pocket[0].rows[0].cmax", "above 0"),
        ("role = \"OBSTYPE\"\n", "", "dialect.role", "no dialect.rules"),
        ("role = \"OBSTYPE\"", "role = [\"A\", \"b\"]", "dialect.role[1]", "upper case"),
        ("detector = \"DETECTOR\"\n", "", "dialect.detector", "several detectors"),
        (
            "detector = \"DETECTOR\"",
            "detector = \"D\"\ndetector_name = [\"E\"]",
            "dialect.detector",
            "there is dialect.detector_name",
        ),
        (
            "detector = \"DETECTOR\"",
            "detector_name = [\"RAFT\", \"SLOT\"]",
            "detectors[0].name",
            "a name",
        ),
        ("mjd = \"MJD-OBS\"\n", "", "dialect.mjd", "neither dialect.jd nor dialect.date"),
        ("mjd = \"MJD-OBS\"", "jd = \"JD\"\ntime = \"UT\"", "dialect.time", "no dialect.date"),
        (
            "mjd = \"MJD-OBS\"",
            "mjd = \"MJD-OBS\"\nundated = \"never\"",
            "dialect.undated",
            "YYYY-MM-DD",
        ),
        ("filter = \"FILTNAME\"", "filter = []", "dialect.filter", "1 to 1000"),
        (
            "filter = \"FILTNAME\"",
            "filter = \"FILTNAME\"\nunfiltered = \"a b\"",
            "dialect.unfiltered",
            "characters A-Z",
        ),
        (
            "[dialect.bands]",
            "[[dialect.rules]]\nrole = \"dark\"\n[[dialect.rules]]\nrole = \"bias\"\n[dialect.bands]",
            "dialect.rules[0].when",
            "could never hold",
        ),
        (
            "[dialect.bands]",
            "[[dialect.rules]]\nrole = \"dark\"\nwhen = [{ keys = \"A\" }]\n[dialect.bands]",
            "dialect.rules[0].when[0]",
            "one of words",
        ),
        (
            "[dialect.bands]",
            "[[dialect.rules]]\nrole = \"dark\"\nwhen = [{ keys = \"A\", least = 2.0, most = 1.0 }]\n[dialect.bands]",
            "dialect.rules[0].when[0].least",
            "at most 1",
        ),
        (
            "[dialect.bands]",
            "[[dialect.rules]]\nrole = \"dark\"\nwhen = [{ keys = [], absent = true }]\n[dialect.bands]",
            "dialect.rules[0].when[0].keys",
            "1 to 1000",
        ),
        (
            "sky_from_stored = { rows = false, columns = true }",
            "sky_from_stored = { rows = false, columns = true }\nplace_keys = \"DETSEC\"",
            "amplifiers[3].sky_from_stored",
            "place_keys",
        ),
        (
            "imaging = { hdu = 1,",
            "imaging = { rest = true, hdu = 1,",
            "amplifiers[0].imaging.rest",
            "for overscan",
        ),
        (
            "overscan = { hdu = 4,",
            "overscan = { section_keys = \"biassec\", hdu = 4,",
            "amplifiers[3].overscan.section_keys",
            "upper case",
        ),
        ("{date}", "{night}", "names.raw", "not `night`"),
        ("{date}", "{kind}", "names.raw", "not `kind` again"),
        ("{date}", "{date", "names.raw", "one } after"),
        ("{date}", "date}", "names.raw", "before each }"),
        ("raw = \"toy-", "raw = \"/toy-", "names.raw", "characters A-Z"),
        ("raw = \"toy-", "raw = \"boy-", "names.raw", "begin with the prefix toy-"),
        ("-d{detector}", "", "names.raw", "several detectors"),
        ("bias = \"z\"", "bias = \"s\"", "names.kinds.science", "one role only"),
    ] {
        let told = refusal_of(from, to);
        assert!(told.contains(&format!(", {key} is ")), "`{to}` is refused by: {told}");
        assert!(told.contains(reason), "`{to}` is refused by: {told}");
        assert!(told.contains("camera, line "), "`{to}` is refused by: {told}");
    }
    let told = refusal_of("alpha = 1.5,", "alpha = 0.0,");
    assert!(told.contains(&format!("line {},", line_of("alpha = 1.5,"))), "{told}");
}

#[test]
fn a_table_without_an_amplifier_is_refused() {
    let row =
        "  { detector = 2, amp = 4, alpha = 1.7, cmax = 800.0, beta = 0.34, nmax = 600000.0 },\n";
    let told = refusal_of(row, "");
    assert!(told.contains("pocket[0].rows is without detector 2, amplifier 4"), "{told}");
}

/// The shapes of an amplifier's arrays, shrunk where the camera allows it.
fn shapes(camera: &Instrument, amp: &Amplifier) -> ((usize, usize), Option<(usize, usize)>) {
    let imaging = if camera.sizes_from_file { (6, 5) } else { camera.amp_shape };
    let width = amp.overscan_columns;
    (imaging, (0 < width).then_some((imaging.0, width)))
}

#[test]
fn imaging_sections_tile_the_detector_exactly_once() {
    for (name, _) in BUILT_IN {
        let camera = camera(name);
        let imaging = shapes(&camera, &camera.amplifiers[0]).0;
        let mut hits = Array2::<u32>::zeros(camera.detector_shape(imaging));
        for amp in &camera.amplifiers {
            let (imaging, overscan) = shapes(&camera, amp);
            let place = camera.geometry(amp, imaging, overscan).unwrap().on_detector;
            assert!(place.fits(hits.dim()));
            let rows = place.row_start..place.row_end;
            let part = s![rows, place.column_start..place.column_end];
            hits.slice_mut(part).mapv_inplace(|n| n + 1);
        }
        assert!(hits.iter().all(|&n| n == 1), "{name}");
    }
}

#[test]
fn the_overscan_continues_the_row_in_readout_order() {
    for (name, _) in BUILT_IN {
        let camera = camera(name);
        for amp in &camera.amplifiers {
            let (imaging, overscan) = shapes(&camera, amp);
            let geometry = camera.geometry(amp, imaging, overscan).unwrap();
            assert_eq!(geometry.imaging, Section::at((0, 0), imaging));
            let after = overscan.map(|shape| Section::at((0, imaging.1), shape));
            assert_eq!(geometry.overscan, after);
        }
    }
}

/// Readout and sky order of a 2 x 3 quadrant `[[0, 1, 2], [3, 4, 5]]`, as the numpy statement of
/// ztfimg's orientation gives them (raw_to_read, raw_to_sky).
#[test]
fn quadrants_are_turned_as_the_peer_turns_them() {
    let stored = array![[0, 1, 2], [3, 4, 5]];
    let readout = [
        array![[0, 1, 2], [3, 4, 5]],
        array![[2, 1, 0], [5, 4, 3]],
        array![[5, 4, 3], [2, 1, 0]],
        array![[3, 4, 5], [0, 1, 2]],
    ];
    for name in ["ztf", "teaching"] {
        for (amp, readout) in camera(name).amplifiers.iter().zip(&readout) {
            assert_eq!(amp.readout_from_stored.apply(stored.clone()), *readout);
            let sky = amp.sky_from_stored.apply(stored.clone());
            assert_eq!(sky, array![[5, 4, 3], [2, 1, 0]]);
        }
    }
}

/// Four 2 x 2 quadrants with values 10 q + (0..4) in sky order, placed as ccd_from_quads does:
/// rows from the bottom, q3 | q4 under q2 | q1.
#[test]
fn quadrants_lie_on_the_detector_as_the_peer_places_them() {
    let camera = camera("ztf");
    let mut ccd = Array2::<u32>::zeros(camera.detector_shape((2, 2)));
    for amp in &camera.amplifiers {
        let place = camera.geometry(amp, (2, 2), Some((2, 30))).unwrap().on_detector;
        let quadrant = Array2::from_shape_fn((2, 2), |(r, c)| 10 * amp.id.0 + (2 * r + c) as u32);
        let rows = place.row_start..place.row_end;
        ccd.slice_mut(s![rows, place.column_start..place.column_end]).assign(&quadrant);
    }
    let expected = array![[30, 31, 40, 41], [32, 33, 42, 43], [20, 21, 10, 11], [22, 23, 12, 13]];
    assert_eq!(ccd, expected);
}

#[test]
fn the_stored_overscan_column_read_first_is_the_peers() {
    let camera = camera("ztf");
    let stored = Array2::from_shape_fn((1, 30), |(_, column)| column);
    let first = camera.amplifiers.iter().map(|amp| {
        let imaging = amp.readout_from_stored.apply(Array2::from_elem((1, 4), 99));
        let strip = amp.readout_from_stored.apply(stored.clone());
        concatenate![ndarray::Axis(1), imaging, strip][[0, 4]]
    });
    assert_eq!(first.collect::<Vec<_>>(), [0, 29, 29, 0]);
}

#[test]
fn the_focal_plane_is_the_published_one() {
    let camera = camera("ztf");
    let at = |row, column| {
        let here = |d: &&Detector| (d.row, d.column) == (row, column);
        camera.detectors.iter().find(here).unwrap().id.0
    };
    let rows = (0..4).map(|row| [at(row, 0), at(row, 1), at(row, 2), at(row, 3)]);
    let published = [[4, 3, 2, 1], [8, 7, 6, 5], [12, 11, 10, 9], [16, 15, 14, 13]];
    assert_eq!(rows.collect::<Vec<_>>(), published);
    let (rows, columns) = camera.detector_shape(camera.amp_shape);
    let mosaic = (4 * rows + 3 * camera.gap_pix.0, 4 * columns + 3 * camera.gap_pix.1);
    assert_eq!(mosaic, (26_656, 26_040));
}

#[test]
fn shapes_that_do_not_fit_the_camera_are_refused() {
    let (toy, ztf) = (camera("toy"), camera("ztf"));
    let (small, large) = (&toy.amplifiers[0], &ztf.amplifiers[0]);
    assert!(toy.geometry(small, (24, 32), Some((24, 8))).is_ok());
    assert!(toy.geometry(small, (24, 33), Some((24, 8))).is_err());
    assert!(toy.geometry(small, (24, 32), Some((24, 9))).is_err());
    assert!(toy.geometry(small, (24, 32), None).is_err());
    assert!(ztf.geometry(large, (100, 90), Some((100, 12))).is_ok());
    assert!(ztf.geometry(large, (100, 90), Some((99, 12))).is_err());
    assert!(ztf.geometry(large, (0, 90), Some((0, 12))).is_err());
    assert!(ztf.geometry(large, (100, 200_000), Some((100, 12))).is_err());
}

#[test]
fn an_amplifiers_own_values_stand_over_the_common_ones() {
    let toy = camera("toy");
    let of = |amp| toy.electronics_of(AmpId(amp));
    let gains = [1, 2, 3, 4].map(|amp| of(amp).gain_electron_per_dn);
    assert_eq!(gains, [1.5, 1.6, 1.7, 1.8]);
    assert_eq!([of(1).read_noise_electron, of(2).read_noise_electron], [4.0, 5.0]);
    assert_eq!([of(3).saturation_dn, of(4).saturation_dn], [55_000.0, 50_000.0]);
}

#[test]
fn an_hdu_holds_all_its_sections() {
    let toy = camera("toy");
    let shapes = [1, 2, 3, 4].map(|hdu| toy.hdu_shape(hdu).unwrap());
    assert_eq!(shapes, [(24, 40), (24, 42), (24, 40), (24, 44)]);
    let ztf = camera("ztf");
    assert_eq!((ztf.hdu_shape(0), ztf.hdu_shape(9)), (None, None));
    assert_eq!((ztf.hdu_shape(3), ztf.hdu_shape(8)), (Some((3080, 3072)), Some((3080, 30))));
}

fn noon(day: &str) -> Mjd {
    Mjd(Day::parse(day).unwrap().mjd().0 + 0.5)
}

/// Coefficients of CCD 3, amplifier name f (AMP_ID 2), in the three tables of the survey.
#[test]
fn the_linearity_relation_changes_on_its_two_days() {
    let ztf = camera("ztf");
    let at = |day| match ztf.linearity(DetectorId(3), AmpId(3), noon(day)).unwrap() {
        Linearity::Rational { a, b } => (a, b),
        Linearity::Identity => panic!("no relation"),
    };
    let (first, second, third) = ((-1.32e-11, 8.07e-7), (-1.44e-11, 7.19e-7), (-8.16e-12, 2.04e-7));
    assert_eq!([at("2018-03-01"), at("2019-10-22")], [first; 2]);
    assert_eq!([at("2019-10-23"), at("2020-04-27")], [second; 2]);
    assert_eq!([at("2020-04-28"), at("2026-11-20")], [third; 2]);
    let first_instant = Day::parse("2019-10-23").unwrap().mjd();
    let relation = ztf.linearity(DetectorId(3), AmpId(3), first_instant).unwrap();
    assert_eq!(relation, Linearity::Rational { a: second.0, b: second.1 });
}

/// Ranges and medians of the 64 rows as published.
#[test]
fn the_coefficient_tables_have_the_published_ranges() {
    let ztf = camera("ztf");
    let range = |values: Vec<f64>| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        (least, values.into_iter().fold(f64::NEG_INFINITY, f64::max))
    };
    let of = |table: usize| {
        let rows = &ztf.linearity[table].rows;
        let a = range(rows.iter().map(|row| row.a).collect());
        [a, range(rows.iter().map(|row| row.b).collect())]
    };
    assert_eq!(of(0), [(-1.37e-11, -9.72e-12), (5.68e-7, 8.07e-7)]);
    assert_eq!(of(1), [(-1.62e-11, -1.22e-11), (5.92e-7, 1.03e-6)]);
    assert_eq!(of(2), [(-1.42e-11, -4.65e-12), (3.39e-8, 7.14e-7)]);
}

#[test]
fn the_pocket_begins_on_its_first_day() {
    let ztf = camera("ztf");
    let at = |day| ztf.pocket(DetectorId(1), AmpId(1), noon(day)).unwrap();
    assert_eq!(at("2019-10-21"), None);
    let params = at("2019-10-22").unwrap();
    // ztfsensors, default model v0.1, CCD 1 quadrant 1.
    let rounded = |value: f64, scale: f64| (value * scale).round() / scale;
    assert_eq!(rounded(params.alpha, 1e4), 1.4253);
    assert_eq!(rounded(params.cmax, 1e2), 415.29);
    assert_eq!(rounded(params.beta, 1e5), 0.46398);
    assert_eq!(rounded(params.nmax, 1e0), 117_404.0);
}

fn header(cards: &[(&str, Value)]) -> Header {
    let card = |(key, value): &(&str, Value)| Card {
        key: (*key).to_owned(),
        value: value.clone(),
        comment: String::new(),
    };
    Header { cards: cards.iter().map(card).collect() }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Values of a public science header of the survey (field 655, CCD 13, 2020-09-24).
#[test]
fn a_header_says_what_an_exposure_is() {
    let ztf = camera("ztf");
    let cards = [
        ("IMGTYPE", text("object")),
        ("CCD_ID", Value::Integer(13)),
        ("OBSMJD", Value::Real(59116.4317708)),
        ("EXPTIME", Value::Real(30.0)),
        ("FILTER", text("ZTF_r")),
    ];
    let visit = ztf.visit(&header(&cards)).unwrap();
    assert_eq!((visit.role, visit.detector), (Role::Science, DetectorId(13)));
    assert_eq!(visit.mjd.day().to_string(), "2020-09-24");
    assert_eq!((visit.band, visit.lamp), (Some(Band("zr".into())), None));
    let missing = ztf.visit(&header(&cards[1..])).unwrap_err().to_string();
    assert!(missing.contains("IMGTYPE"), "{missing}");
}

#[test]
fn the_lamp_of_a_flat_decides_its_band() {
    let ztf = camera("ztf");
    let flat = |lamp| {
        let cards = [
            ("IMGTYPE", text("FLAT")),
            ("CCD_ID", Value::Integer(1)),
            ("OBSMJD", Value::Real(59000.0)),
            ("FILTER", text("ZTF_r")),
            ("ILUM_LED", Value::Integer(lamp)),
        ];
        ztf.visit(&header(&cards)).unwrap().band.map(|band| band.0)
    };
    let bands = (2..=13).map(|lamp| flat(lamp).unwrap()).collect::<Vec<_>>().join(" ");
    // There is no lamp 6: the filter decides.
    assert_eq!(bands, "zg zg zg zg zr zr zr zr zr zi zi zi");
    assert_eq!(ztf.band_of_lamp(6), None);
}

#[test]
fn the_cameras_differ_where_code_could_take_a_value_for_granted() {
    let toy = camera("toy");
    let flips = toy.amplifiers.iter().map(|amp| {
        let flip = amp.readout_from_stored.then(amp.sky_from_stored);
        (flip.rows, flip.columns)
    });
    let widths = toy.amplifiers.iter().map(|amp| amp.overscan_columns).collect::<BTreeSet<_>>();
    assert_eq!(flips.collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(widths.len(), 4);
}

#[test]
fn a_mask_of_another_pipeline_is_read_by_the_names_of_its_bits() {
    let mut camera = Instrument::built_in("toy").unwrap();
    assert_eq!(camera.own_bits().of(0b1010), 0b1010);
    camera.mask_bits.insert("SATURATED".to_owned(), 1);
    camera.mask_bits.insert("DEAD".to_owned(), 0);
    // Bit 3 is not named and keeps its place; bits 0 and 1 are read by name.
    let ours = crate::mask::SATURATED | 0b1000;
    assert_eq!(camera.own_bits().of(0b1010), ours);
    let ztf = Instrument::built_in("ztf").unwrap();
    assert_eq!(ztf.own_bits().of(0b1_1111_1111_1111), 0b1_1111_1111_1111);
}
