//! Where sources fall, and what is done with those that do not.

use super::*;
use crate::header::Header;
use crate::table::Values;

const SHAPE: (usize, usize) = (100, 200);

fn wcs() -> Wcs {
    let mut header = Header::new();
    for (key, text) in [("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN")] {
        header.set(key, text, "");
    }
    for (key, value) in [
        ("CRPIX1", 100.5),
        ("CRPIX2", 50.5),
        ("CRVAL1", 150.0),
        ("CRVAL2", 30.0),
        ("CDELT1", -2.8e-4),
        ("CDELT2", 2.8e-4),
    ] {
        header.set(key, value, "");
    }
    Wcs::from_header(&header).unwrap().unwrap()
}

fn table(columns: &[(&str, &[f64])]) -> Table {
    let mut table = Table::new();
    for (name, values) in columns {
        table.set(name, "", Values::F64(values.to_vec())).unwrap();
    }
    table
}

/// Directions of pixel positions, as columns `ra` and `dec` (degree).
fn sky(pixels: &[(f64, f64)]) -> (Vec<f64>, Vec<f64>) {
    let degrees = |&(x, y): &(f64, f64)| {
        let (ra, dec) = wcs().sky_from_pixel(x, y);
        (ra / DEGREE, dec / DEGREE)
    };
    pixels.iter().map(degrees).unzip()
}

#[test]
fn sources_on_pixels_are_kept_with_half_a_pixel_of_border() {
    let x = [-0.5, -0.501, 199.5, 199.51, 10.0, 10.0, f64::NAN, 10.0];
    let y = [0.0, 0.0, 99.5, 0.0, -0.5, 99.6, 1.0, f64::INFINITY];
    let field = Field { shape: SHAPE, wcs: None, date: None, flip: Flip::NONE };
    let found = locate(&table(&[("x", &x), ("y", &y)]), &field, &Params::default()).unwrap();
    assert_eq!(found.rows, [0, 2, 4]);
    assert_eq!(found.positions, [(-0.5, 0.0), (199.5, 99.5), (10.0, -0.5)]);
    assert_eq!((found.warnings[0].kind.as_str(), found.warnings[0].count), ("no-position", 2));
}

#[test]
fn the_sky_decides_where_there_is_a_wcs_and_pixels_where_there_is_none() {
    let (ra, dec) = sky(&[(20.0, 30.0)]);
    let both = table(&[("ra", &ra), ("dec", &dec), ("x", &[5.0]), ("y", &[6.0])]);
    let wcs = wcs();
    let mut field = Field { shape: SHAPE, wcs: Some(&wcs), date: None, flip: Flip::NONE };
    let (x, y) = locate(&both, &field, &Params::default()).unwrap().positions[0];
    assert!((x - 20.0).abs() + (y - 30.0).abs() < 1e-8);
    field.wcs = None;
    assert_eq!(locate(&both, &field, &Params::default()).unwrap().positions, [(5.0, 6.0)]);
    let only_sky = table(&[("ra", &ra), ("dec", &dec)]);
    let error = locate(&only_sky, &field, &Params::default()).unwrap_err().to_string();
    assert!(error.contains("no WCS"), "{error}");
}

#[test]
fn stars_move_by_their_proper_motion_and_nan_means_none() {
    let (ra, dec) = sky(&[(20.0, 30.0), (20.0, 30.0), (20.0, 30.0), (20.0, 30.0)]);
    let nan = f64::NAN;
    let sources = table(&[
        ("ra", &ra),
        ("dec", &dec),
        ("pmra", &[0.0, nan, 0.0, 0.0]),
        ("pmdec", &[100.8, nan, 100.8, 100.8]),
        ("ref_epoch", &[2016.0, 2016.0, nan, 2021.0]),
    ]);
    let wcs = wcs();
    // Ten Julian years after 2016.0: at 100.8 mas/year, one pixel of 1.008 arcsec.
    let date = Some(Mjd(51_544.5 + 26.0 * 365.25));
    let field = Field { shape: SHAPE, wcs: Some(&wcs), date, flip: Flip::NONE };
    let found = locate(&sources, &field, &Params::default()).unwrap();
    for ((_, y), moved) in found.positions.iter().zip([1.0, 0.0, 1.0, 0.5]) {
        assert!((y - 30.0 - moved).abs() < 1e-6, "{y} {moved}");
    }
    let undated = Field { date: None, ..field };
    let error = locate(&sources, &undated, &Params::default()).unwrap_err().to_string();
    assert!(error.contains("date"), "{error}");
}

#[test]
fn isolation_counts_only_the_stars_of_the_image() {
    // 12 pixels are 12.1 arcsec; the last star lies outside, near the third.
    let (ra, dec) = sky(&[(20.0, 30.0), (32.0, 30.0), (195.0, 30.0), (205.0, 30.0)]);
    let wcs = wcs();
    let field = Field { shape: SHAPE, wcs: Some(&wcs), date: None, flip: Flip::NONE };
    let sources = table(&[("ra", &ra), ("dec", &dec)]);
    let isolated = |arcsec: f64| {
        let params = Params { isolation_arcsec: arcsec, ..Params::default() };
        locate(&sources, &field, &params).unwrap().isolated
    };
    assert_eq!(isolated(20.0), [false, false, true]);
    assert_eq!(isolated(12.0), [true, true, true]);
}

#[test]
fn nobody_inside_is_a_warning_and_an_empty_catalogue_is_fine() {
    let wcs = wcs();
    let field = Field { shape: SHAPE, wcs: Some(&wcs), date: None, flip: Flip::NONE };
    let far = table(&[("ra", &[10.0, 330.0]), ("dec", &[-30.0, -30.0])]);
    let found = locate(&far, &field, &Params::default()).unwrap();
    assert!(found.rows.is_empty() && found.isolated.is_empty());
    assert_eq!(found.warnings[0].kind, "none-inside");
    for empty in [table(&[("ra", &[]), ("dec", &[])]), Table::new()] {
        let found = locate(&empty, &field, &Params::default()).unwrap();
        assert_eq!(found.warnings[0].kind, "no-source");
        assert_eq!(Located { warnings: Vec::new(), ..found }, Located::default());
    }
}

#[test]
fn a_catalogue_without_positions_is_refused_with_its_columns() {
    let wcs = wcs();
    let field = Field { shape: SHAPE, wcs: Some(&wcs), date: None, flip: Flip::NONE };
    let error = locate(&table(&[("mag", &[1.0])]), &field, &Params::default()).unwrap_err();
    assert!(error.to_string().contains("mag"));
    let mut text = table(&[("dec", &[1.0])]);
    text.set("ra", "", Values::Text(vec!["10:00:00".to_owned()])).unwrap();
    let error = locate(&text, &field, &Params::default()).unwrap_err();
    assert!(error.to_string().contains("column ra"), "{error}");
}
