//! The background against sep and against what must hold of any background.

use super::*;
use crate::image::Planes;
use crate::mask;
use crate::measure::fixture;

const MESH: Params = Params {
    mesh_width_pix: 12,
    mesh_height_pix: 8,
    filter_width: 3,
    filter_height: 3,
    estimator: Estimator::Mode,
};

/// `(row, column, level, rms)` by `sep.Background(image, mask, bw=12, bh=8, fw=3, fh=3)` of sep
/// 1.4.1 on the image and mask of the fixture.
const SEP: &[(usize, usize, f32, f32)] = &[
    (0, 0, 206.25485, 5.3535814),
    (0, 82, 226.59283, 5.640259),
    (60, 0, 205.75821, 5.5123663),
    (60, 82, 223.24182, 5.0300674),
    (15, 20, 214.48174, 4.985809),
    (30, 41, 220.03333, 5.9427357),
    (44, 60, 219.56778, 4.9386296),
    (10, 70, 226.72485, 5.729501),
    (50, 10, 207.23611, 5.3810945),
    (51, 33, 211.41057, 5.2132044),
    (47, 55, 217.24272, 5.146047),
    (59, 5, 205.48785, 5.318766),
    (33, 6, 205.49928, 4.202241),
    (8, 12, 210.41098, 4.940625),
    (4, 77, 227.68951, 6.7276754),
];

fn estimate(planes: &Planes) -> Background {
    let (image, bits) = (planes.image.view(), planes.mask.view());
    Background::estimate(image, bits, mask::BAD, &MESH).unwrap()
}

#[test]
fn the_maps_are_those_of_sep() {
    let found = estimate(&fixture::planes());
    let (level, rms) = (found.level(), found.rms());
    for &at in SEP {
        let (row, column, ..) = at;
        assert_eq!((row, column, level[[row, column]], rms[[row, column]]), at);
    }
    assert_eq!((found.global_level, found.global_rms), (215.86787, 4.965214));
}

#[test]
fn a_cell_that_is_mostly_masked_is_filled_and_says_so() {
    let found = estimate(&fixture::planes());
    assert_eq!(found.n_filled(), 4);
    assert!(found.is_filled_at(60.0, 44.0) && !found.is_filled_at(20.0, 16.0));
    assert!(!found.is_filled_at(-0.4, -0.4) && !found.is_filled_at(1e9, f64::NAN));
}

#[test]
fn a_constant_image_is_its_own_background() {
    let mut planes = Planes::from_image(Array2::from_elem((40, 50), 317.5));
    planes.image[[3, 4]] = f32::NAN;
    let found = estimate(&planes);
    let rounding = 317.5 * f32::EPSILON;
    assert!(found.level().iter().all(|&level| (level - 317.5).abs() <= rounding));
    assert!(found.rms().iter().all(|&rms| rms == 0.0));
}

#[test]
fn what_is_masked_does_not_count() {
    let mut planes = fixture::planes();
    let before = estimate(&planes);
    let Planes { image, mask, .. } = &mut planes;
    let spoil = |pixel: &mut f32, bits: &u32| {
        if *bits != 0 {
            *pixel = f32::INFINITY;
        }
    };
    image.zip_mut_with(mask, spoil);
    assert_eq!(estimate(&planes), before);
}

#[test]
fn subtracting_takes_the_level_away_and_refuses_another_shape() {
    let planes = fixture::planes();
    let found = estimate(&planes);
    let mut image = planes.image.clone();
    found.subtract_from(&mut image).unwrap();
    assert_eq!(image, planes.image - found.level());
    let mut other = Array2::zeros((3, 4));
    assert!(found.subtract_from(&mut other).is_err());
}

#[test]
fn an_image_without_good_pixels_has_no_background() {
    let planes = Planes::from_image(Array2::from_elem((40, 50), f32::NAN));
    let found = Background::estimate(planes.image.view(), planes.mask.view(), 1, &MESH);
    assert!(matches!(found, Err(Error::Undetermined { used: 0, given: 25, .. })));
}

#[test]
fn sizes_that_make_no_mesh_are_refused_by_name() {
    let planes = fixture::planes();
    for (params, name) in [
        (Params { mesh_width_pix: 0, ..MESH }, "mesh_width_pix"),
        (Params { mesh_height_pix: 1, ..MESH }, "mesh_height_pix"),
        (Params { filter_width: 2, ..MESH }, "filter_width"),
        (Params { filter_height: 0, ..MESH }, "filter_height"),
    ] {
        let found = Background::estimate(planes.image.view(), planes.mask.view(), 1, &params);
        assert!(found.unwrap_err().to_string().contains(name));
    }
}

#[test]
fn the_mean_of_a_skewed_sky_is_right_and_its_mode_lies_below() {
    // Squares of an even sequence: mean 1/3, median 1/4, like a crowded or a Poisson sky.
    let image = Array2::from_shape_fn((96, 96), |(row, column)| {
        let uniform = ((row * 96 + column) * 7919 % 9216) as f32 / 9216.0;
        100.0 + uniform * uniform
    });
    let mut bits = Array2::zeros((96, 96));
    let level = |bits: &Array2<u32>, estimator| {
        let params = Params { mesh_width_pix: 48, mesh_height_pix: 48, estimator, ..MESH };
        Background::estimate(image.view(), bits.view(), mask::BAD, &params).unwrap().global_level
    };
    assert!((level(&bits, Estimator::Mean) - 100.3333).abs() < 2e-3);
    assert!(level(&bits, Estimator::Mode) < 100.25);
    assert_eq!(level(&bits, Estimator::Auto), level(&bits, Estimator::Mode));
    bits[[0, 0]] = mask::SOURCE;
    assert_eq!(level(&bits, Estimator::Auto), level(&bits, Estimator::Mean));
}
