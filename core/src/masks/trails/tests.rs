//! Trails against fields in which the spilled charge is known.

use super::*;
use crate::image::Planes;
use crate::masks::fixture::{Spilled, noise, spilled};

const SEEDS: std::ops::Range<u64> = 1..13;

fn search(field: &Spilled) -> (Array2<bool>, Report) {
    find((&field.planes).into(), &Params::default()).unwrap()
}

#[test]
fn trails_are_found_to_where_they_sink_into_the_noise() {
    let (mut there, mut hit, mut marked, mut right) = (0.0, 0.0, 0.0, 0.0);
    for seed in SEEDS {
        let field = spilled(seed, true);
        let (found, report) = search(&field);
        assert!(report.cores > 0);
        for (at, &spilled) in field.spilled.indexed_iter() {
            if field.planes.mask[at] & mask::SATURATED != 0 {
                assert!(!found[at]);
                continue;
            }
            let level = f64::from(field.planes.image[at]);
            let bright = spilled > 10.0 * noise(level.max(0.0)) && spilled > 0.7 * level;
            there += f64::from(u8::from(bright));
            hit += f64::from(u8::from(bright && found[at]));
            marked += f64::from(u8::from(found[at]));
            right += f64::from(u8::from(found[at] && spilled > 1.0));
        }
    }
    assert!(there > 1000.0, "{there}");
    assert!(hit / there >= 0.98 && right / marked >= 0.99, "{hit} of {there}, {right} of {marked}");
}

#[test]
fn stars_that_spill_nothing_get_two_pixels_at_either_end_of_a_column() {
    let (mut cores, mut ends, mut pixels) = (0, 0, 0);
    for seed in SEEDS {
        let field = spilled(seed, false);
        let (_, report) = search(&field);
        cores += report.cores;
        pixels += report.pixels;
        let full = |at| field.planes.mask.get(at).is_some_and(|bits| bits & mask::SATURATED != 0);
        let here = field.planes.mask.indexed_iter().map(|(at, _)| at).filter(|at| full(*at));
        ends += 2 * here.filter(|at| !full((at.0 + 1, at.1))).count() as u64;
    }
    // These stars are longer along the columns.
    let mean = pixels as f64 / ends as f64;
    assert!(cores > 50 && mean < 2.2, "{cores} {ends} {mean}");
}

/// One column of a star with a core of 2 x 2 pixels at row 20, under a trail of so many pixels.
fn trail_above(length: usize, planes: &mut Planes) {
    planes.image[[20, 10]] = 1e4;
    for at in [(20, 10), (20, 11), (21, 10), (21, 11)] {
        planes.mask[at] = mask::SATURATED;
    }
    for row in 22..22 + length {
        planes.image[[row, 10]] = 1000.0;
    }
}

fn empty() -> Planes {
    let mut planes = Planes::from_image(Array2::zeros((60, 30)));
    planes.variance.fill(25.0);
    planes
}

fn rows_found(planes: &Planes, params: &Params) -> Vec<usize> {
    let (found, report) = find(planes.into(), params).unwrap();
    let places = found.indexed_iter().filter(|(_, found)| **found).map(|(at, _)| at);
    let rows: Vec<usize> = places.inspect(|at| assert_eq!(at.1, 10)).map(|at| at.0).collect();
    assert_eq!(rows.len() as u64, report.pixels);
    rows
}

#[test]
fn a_trail_ends_behind_its_last_bright_pixel_and_bridges_gaps() {
    let mut planes = empty();
    trail_above(12, &mut planes);
    let params = Params { gap_pix: 2, ..Params::default() };
    assert_eq!(rows_found(&planes, &params), (22..34).collect::<Vec<_>>());
    planes.image[[25, 10]] = 0.0;
    planes.mask[[26, 10]] = mask::DEAD;
    assert_eq!(rows_found(&planes, &params), (22..34).collect::<Vec<_>>());
    planes.image[[27, 10]] = f32::NAN;
    assert_eq!(rows_found(&planes, &params), [22, 23, 24]);
    // A core of fewer pixels than needed is not followed.
    assert_eq!(rows_found(&planes, &Params { least_core_pix: 5, ..params }), [0_usize; 0]);
    // To the border and no further.
    let mut planes = empty();
    trail_above(38, &mut planes);
    assert_eq!(rows_found(&planes, &params), (22..60).collect::<Vec<_>>());
}

#[test]
fn light_that_lies_along_the_row_too_or_on_both_sides_is_no_trail() {
    let mut spikes = empty();
    trail_above(12, &mut spikes);
    for column in 0..30 {
        spikes.image[[20, column]] = 1000.0;
    }
    assert_eq!(rows_found(&spikes, &Params::default()), [0_usize; 0]);
    let mut cloud = empty();
    trail_above(12, &mut cloud);
    for row in 22..40 {
        cloud.image.row_mut(row).fill(1000.0);
    }
    assert_eq!(rows_found(&cloud, &Params::default()), [0_usize; 0]);
}

#[test]
fn wrong_parameters_and_planes_are_refused_by_name() {
    let planes = empty();
    let base = Params::default();
    for (wrong, name) in [
        (Params { threshold_sigma: f64::NAN, ..base }, "trails.threshold_sigma"),
        (Params { contrast: -1.0, ..base }, "trails.contrast"),
        (Params { gap_pix: 1000, ..base }, "trails.gap_pix"),
        (Params { least_core_pix: 0, ..base }, "trails.least_core_pix"),
    ] {
        let text = find((&planes).into(), &wrong).unwrap_err().to_string();
        assert!(text.contains(name), "{text}");
    }
    let mut odd = empty();
    odd.variance = Array2::zeros((3, 3));
    assert!(find((&odd).into(), &base).is_err());
    let mut full = Planes::from_image(Array2::zeros((0, 0)));
    assert_eq!(find((&full).into(), &base).unwrap().1, Report::default());
    full = Planes::from_image(Array2::zeros((7, 5)));
    full.mask.fill(mask::SATURATED);
    assert_eq!(find((&full).into(), &base).unwrap().1, Report { cores: 1, pixels: 0 });
}
