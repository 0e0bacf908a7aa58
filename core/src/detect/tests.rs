//! The detection against sep 1.4.1, and against what must hold of any detection.

use super::fixture::{Case, scene};
use super::*;
use crate::image::Planes;
use crate::table::Table;

fn found(case: &Case) -> (Detections, Table) {
    let found = detect((&case.planes()).into(), &case.params()).unwrap();
    let table = found.table().unwrap();
    (found, table)
}

/// Columns that must agree: name, relative and absolute tolerance (units of the column). sep holds
/// most of them in single precision.
const COLUMNS: &[(&str, f64, f64)] = &[
    ("x", 0.0, 2e-6),
    ("y", 0.0, 2e-6),
    ("x2", 2e-6, 1e-5),
    ("y2", 2e-6, 1e-5),
    ("xy", 2e-6, 1e-5),
    ("errx2", 2e-6, 1e-9),
    ("erry2", 2e-6, 1e-9),
    ("errxy", 2e-6, 1e-9),
    ("a", 2e-6, 1e-5),
    ("b", 2e-6, 1e-5),
    ("cxx", 2e-5, 1e-6),
    ("cyy", 2e-5, 1e-6),
    ("cxy", 2e-5, 1e-6),
    ("theta", 0.0, 1e-4),
    ("thresh", 1e-6, 0.0),
    ("cflux", 1e-6, 0.0),
    ("flux", 1e-6, 0.0),
    ("cpeak", 1e-6, 0.0),
    ("peak", 1e-6, 0.0),
    ("npix", 0.0, 0.0),
    ("tnpix", 0.0, 0.0),
    ("xmin", 0.0, 0.0),
    ("xmax", 0.0, 0.0),
    ("ymin", 0.0, 0.0),
    ("ymax", 0.0, 0.0),
    ("xcpeak", 0.0, 0.0),
    ("ycpeak", 0.0, 0.0),
    ("xpeak", 0.0, 0.0),
    ("ypeak", 0.0, 0.0),
    ("flag", 0.0, 0.0),
];

/// What a part of a region takes of the pixels between the objects is drawn, in sep by another hand;
/// the rest does not depend on it.
const OF_MERGED: &[&str] = &["x", "y", "flag", "thresh", "cpeak", "xcpeak", "ycpeak"];

fn assert_near(case: &Case, ours: &Table, rows: &[(usize, usize)]) {
    let flags = case.column("flag");
    for &(name, relative, absolute) in COLUMNS {
        let (ours, theirs) = (ours.f64(name).unwrap(), case.column(name));
        for &(our_row, their_row) in rows {
            let merged = flags[their_row] as i32 & flags::MERGED != 0;
            if merged && !OF_MERGED.contains(&name) {
                continue;
            }
            let (mut ours, mut theirs) = (ours[our_row], theirs[their_row]);
            if merged && name == "flag" {
                // sep keeps the mark of a core that was singular before it grew.
                let rest = |flag: f64| f64::from(flag as i32 & !flags::SINGULAR);
                (ours, theirs) = (rest(ours), rest(theirs));
            }
            let near = (ours - theirs).abs() <= absolute + relative * theirs.abs();
            let place = format!("{}, row {their_row}, {name}", case.name);
            assert!(near || (ours.is_nan() && theirs.is_nan()), "{place}: {ours}, sep: {theirs}");
        }
    }
}

#[test]
fn the_objects_are_those_of_sep_in_the_same_order() {
    let mut merged = 0;
    for case in Case::all().iter().filter(|case| case.name != "matched_masked") {
        let (found, table) = found(case);
        let flags = case.column("flag");
        assert_eq!(found.objects.len(), flags.len(), "{}", case.name);
        let rows: Vec<(usize, usize)> = (0..flags.len()).map(|row| (row, row)).collect();
        assert_near(case, &table, &rows);
        merged += flags.iter().filter(|&&flag| flag as i32 & flags::MERGED != 0).count();
        let labelled = found.segmentation.iter().filter(|&&label| label != 0).count();
        let differing = labelled.abs_diff(case.labelled());
        // An object that is cleaned away takes the pixels that were drawn for it along.
        assert!(differing <= case.labelled() / 100, "{}: {differing} pixels", case.name);
    }
    assert!(merged > 100, "{merged} objects were told apart");
}

/// With the matched filter sep counts a threshold of 1e30 for a masked pixel, so that an object with one
/// is never told apart from another and covers no other; here it counts no threshold.
#[test]
fn with_a_mask_the_objects_off_it_are_those_of_sep() {
    let cases = Case::all();
    let case = cases.iter().find(|case| case.name == "matched_masked").unwrap();
    let (found, table) = found(case);
    let (x, y, thresh) = (case.column("x"), case.column("y"), case.column("thresh"));
    let off_the_mask = (0..x.len()).filter(|&row| thresh[row] < 1e6);
    let row_of = |row: usize| {
        let near =
            |object: &Object| (object.x - x[row]).abs().max((object.y - y[row]).abs()) < 1e-3;
        (found.objects.iter().position(near).unwrap(), row)
    };
    let rows: Vec<(usize, usize)> = off_the_mask.map(row_of).collect();
    assert!(rows.len() > 35 && rows.len() < x.len());
    assert_near(case, &table, &rows);
    assert!(found.objects.iter().all(|object| object.thresh < 100.0));
}

#[test]
fn the_segmentation_holds_the_pixels_of_each_object() {
    let case = &Case::all()[0];
    let (found, _) = found(case);
    let mut counts = vec![0; found.objects.len() + 1];
    for ((row, column), &label) in found.segmentation.indexed_iter() {
        counts[label as usize] += 1;
        if label > 0 {
            let object = &found.objects[label as usize - 1];
            let within = |(low, high): (u32, u32), at: usize| (low..=high).contains(&(at as u32));
            assert!(within(object.columns, column) && within(object.rows, row));
        }
    }
    for (object, count) in found.objects.iter().zip(&counts[1..]) {
        assert_eq!(object.npix, *count);
    }
}

#[test]
fn a_masked_star_is_not_found_and_its_neighbors_stay() {
    let mut planes = scene((120, 160), 30, 60.0);
    planes.mask.fill(0);
    let params = Params::default();
    let before = detect((&planes).into(), &params).unwrap();
    let bright = before.objects.iter().max_by(|a, b| a.flux.total_cmp(&b.flux)).unwrap();
    let number = before.objects.iter().position(|object| object == bright).unwrap() as i32 + 1;
    for (bits, label) in planes.mask.iter_mut().zip(&before.segmentation) {
        *bits = if *label == number { crate::mask::DEAD } else { 0 };
    }
    let after = detect((&planes).into(), &params).unwrap();
    let same =
        |one: &Object, other: &Object| (one.x - other.x).abs() + (one.y - other.y).abs() < 1e-9;
    assert!(!after.objects.iter().any(|object| same(object, bright)));
    let far = |object: &&Object| (object.x - bright.x).abs() + (object.y - bright.y).abs() > 30.0;
    for object in before.objects.iter().filter(far) {
        assert!(after.objects.iter().any(|other| same(object, other)));
    }
}

#[test]
fn pixels_that_are_no_number_count_as_masked() {
    let mut planes = scene((90, 110), 20, 60.0);
    let params = Params { mask_bits: crate::mask::DEAD, ..Params::default() };
    let expected = detect((&planes).into(), &params).unwrap();
    assert!(!expected.objects.is_empty());
    let mut variance_only = planes.clone();
    for (index, bits) in planes.mask.indexed_iter() {
        if *bits != 0 {
            planes.image[index] = f32::NAN;
            variance_only.variance[index] = [0.0, -1.0, f32::NAN, f32::INFINITY][index.1 % 4];
        }
    }
    planes.mask.fill(0);
    variance_only.mask.fill(0);
    assert_eq!(detect((&planes).into(), &params).unwrap(), expected);
    assert_eq!(detect((&variance_only).into(), &params).unwrap(), expected);
}

#[test]
fn an_image_without_light_has_no_objects() {
    for shape in [(0, 0), (0, 7), (1, 1), (1, 40), (33, 2)] {
        let mut planes = Planes::from_image(Array2::zeros(shape));
        planes.variance.fill(4.0);
        let found = detect((&planes).into(), &Params::default()).unwrap();
        assert!(found.objects.is_empty() && found.segmentation.dim() == shape);
        assert_eq!(found.table().unwrap().rows(), 0);
    }
}

#[test]
fn what_cannot_be_detected_is_refused_by_name() {
    let planes = scene((30, 40), 3, 60.0);
    let params = Params::default;
    for (params, name) in [
        (Params { threshold_sigma: 0.0, ..params() }, "threshold_sigma"),
        (Params { threshold_sigma: f64::NAN, ..params() }, "threshold_sigma"),
        (Params { noise: Noise::Constant { rms_dn: -1.0 }, ..params() }, "noise.rms_dn"),
        (Params { minimum_area_pix: 0, ..params() }, "minimum_area_pix"),
        (Params { deblend_levels: 0, ..params() }, "deblend_levels"),
        (Params { deblend_contrast_fraction: 1.5, ..params() }, "deblend_contrast_fraction"),
        (Params { clean_exponent: Some(0.0), ..params() }, "clean_exponent"),
        (Params { gain_electron_per_dn: Some(0.0), ..params() }, "gain_electron_per_dn"),
        (Params { kernel: vec![vec![1.0, 1.0]], ..params() }, "kernel"),
        (Params { kernel: vec![vec![1.0], vec![1.0, 2.0], vec![1.0]], ..params() }, "kernel"),
        (Params { kernel: vec![vec![0.0]], ..params() }, "kernel"),
        (Params { kernel: Vec::new(), ..params() }, "kernel"),
    ] {
        let error = detect((&planes).into(), &params).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_sky_that_was_not_subtracted_is_refused() {
    let mut planes = Planes::from_image(Array2::from_elem((1500, 1400), 800.0));
    planes.variance.fill(100.0);
    let error = detect((&planes).into(), &Params::default()).unwrap_err().to_string();
    assert!(error.contains("2100000 pixels") && error.contains("subtract the background"));
}
