//! Apertures against sep, closed forms, and the laws of sums over circles.

use std::f64::consts::PI;

use super::*;
use crate::measure::fixture;
use crate::numerics::overlap::circle_pixel;

/// Flux and error for radii 2.5, 3, 4.75, without annulus and with one of 6 to 9.
type Sep = (f64, f64, [(f64, f64, f64, f64); 3]);

/// By `sep.sum_circle(image, x, y, r, var=variance, subpix=0, bkgann=None or (6, 9))` of sep 1.4.1
/// on the fixture's image and variance without a mask, at stars, in a corner, and at an edge.
const SEP: &[Sep] = &[
    (
        20.3,
        15.8,
        [
            (10947.907241734132, 19.07803596427974, 6717.923589940344, 20.337251358272695),
            (13732.247941417672, 22.89433646761764, 7641.071482834615, 25.041330942531346),
            (24527.64904003059, 36.2490692011194, 9257.408057055007, 44.28101840708659),
        ],
    ),
    (
        41.0,
        30.5,
        [
            (34504.20216186826, 20.36635473137688, 29907.754632847205, 21.728851593665674),
            (40595.280450412865, 24.43962567765226, 33976.39600862254, 26.76239477145674),
            (57806.54374391847, 38.696073989616075, 41213.368164152445, 47.379709258248205),
        ],
    ),
    (
        70.1,
        10.4,
        [
            (15777.259500912198, 22.04992520600944, 11249.082492866473, 23.514574640053937),
            (19311.14340015519, 26.460352372010192, 12790.568508569348, 28.95745252032691),
            (31857.300329817394, 41.89550639692367, 15510.581330772337, 51.23420662329507),
        ],
    ),
    (
        9.6,
        50.2,
        [
            (9250.866731138603, 18.377367123214956, 5181.88490590443, 19.60719374194564),
            (11746.70398422892, 22.0523483858002, 5887.370155891708, 24.148977184231413),
            (21872.046522215736, 34.916556423952535, 7183.022133120365, 42.75456651873773),
        ],
    ),
    (
        1.2,
        2.9,
        [
            (3671.539545757982, 16.878958404024004, 6.867833134154807, 19.71564368204555),
            (4950.134246196234, 19.623104132115, 4.545940518406496, 23.9608792515663),
            (9588.997033514594, 27.397132306453283, 6.803128033887333, 38.21419012072901),
        ],
    ),
    (
        82.4,
        59.5,
        [
            (1704.2584990799278, 14.184169540484623, 9.391626883194022, 15.529454336490017),
            (2299.354960061709, 16.49676304828835, 4.65213513379058, 18.585410231886613),
            (5078.31318202165, 24.479694299061137, 7.097185866849941, 30.937411870467756),
        ],
    ),
];

const RADII: [f64; 3] = [2.5, 3.0, 4.75];

fn params(radii: &[f64]) -> Params {
    Params { radii_pix: radii.to_vec(), background: None, ..Params::default() }
}

fn flat(value: f32, variance: f32) -> Planes {
    let shape = (40, 50);
    Planes {
        variance: Array2::from_elem(shape, variance),
        ..Planes::from_image(Array2::from_elem(shape, value))
    }
}

fn sum(planes: &Planes, at: (f64, f64), params: &Params) -> Vec<Apertures> {
    photometer(planes.into(), &[at], params).unwrap()
}

#[test]
fn sums_errors_and_annuli_are_those_of_sep() {
    let mut planes = fixture::planes();
    planes.mask.fill(0);
    let plain = Params { weighting: Weighting::Weight, ..params(&RADII) };
    let local = Params { annulus_pix: Some((6.0, 9.0)), ..plain.clone() };
    for &(x, y, radii) in SEP {
        let (without, with) = (sum(&planes, (x, y), &plain), sum(&planes, (x, y), &local));
        for (i, (flux, error, local_flux, local_error)) in radii.into_iter().enumerate() {
            let found = [&without[i], &with[i]].map(|a| (a.flux[0], a.flux_err[0]));
            for (found, sep) in found.into_iter().zip([(flux, error), (local_flux, local_error)]) {
                assert!((found.0 - sep.0).abs() < 1e-9, "{x} {y} {i}: {found:?} {sep:?}");
                assert!((found.1 - sep.1).abs() < 1e-12, "{x} {y} {i}: {found:?} {sep:?}");
            }
        }
    }
}

#[test]
fn a_flat_image_gives_the_area_of_the_circle() {
    let radii = [0.3, 1.0, 2.5, 12.0];
    for (aperture, radius) in sum(&flat(1.0, 4.0), (20.3, 19.8), &params(&radii)).iter().zip(radii)
    {
        assert!((aperture.flux[0] / (PI * radius * radius) - 1.0).abs() < 1e-12);
        assert!((aperture.area_pix2[0] - aperture.flux[0]).abs() < 1e-12);
        assert_eq!((aperture.flags[0], aperture.n_masked[0]), (0, 0));
    }
}

#[test]
fn the_error_is_the_scatter_of_the_sum() {
    // A circle of radius 1/2 about a corner of four pixels takes pi/16 of each: the variance of
    // the sum is 4 (pi/16)² v, where sum w v would be pi/4 v.
    let at = (10.5, 20.5);
    let squared = sum(&flat(0.0, 9.0), at, &params(&[0.5]))[0].flux_err[0];
    assert!((squared - 2.0 * PI / 16.0 * 3.0).abs() < 1e-14);
    let weight = Params { weighting: Weighting::Weight, ..params(&[0.5]) };
    let plain = sum(&flat(0.0, 9.0), at, &weight)[0].flux_err[0];
    assert!((plain - (PI / 4.0 * 9.0).sqrt()).abs() < 1e-14);
}

#[test]
fn each_radius_is_measured_as_if_it_were_alone() {
    let planes = fixture::planes();
    let radii = [4.0, 1.5, 9.25, 4.0, 2.0];
    let together = photometer((&planes).into(), &[(41.2, 30.4), (60.0, 44.0)], &params(&radii));
    for (found, radius) in together.unwrap().into_iter().zip(radii) {
        let alone = photometer((&planes).into(), &[(41.2, 30.4), (60.0, 44.0)], &params(&[radius]))
            .unwrap();
        for (a, b) in found.flux.iter().zip(&alone[0].flux) {
            assert!((a - b).abs() < 1e-11 * a.abs());
        }
        assert_eq!((&found.flags, &found.n_masked), (&alone[0].flags, &alone[0].n_masked));
        assert_eq!(found.radius_pix.to_bits(), radius.to_bits());
    }
}

#[test]
fn masked_and_missing_pixels_are_left_out_counted_and_flagged() {
    let mut planes = flat(1.0, 1.0);
    planes.mask[[20, 20]] = mask::DEAD;
    planes.image[[20, 20]] = 1e30;
    planes.image[[21, 20]] = f32::NAN;
    planes.variance[[22, 20]] = f32::NAN;
    planes.mask[[20, 22]] = mask::SOURCE;
    let found = &sum(&planes, (20.0, 20.0), &params(&[6.0]))[0];
    assert!((found.flux[0] - (PI * 36.0 - 3.0)).abs() < 1e-11);
    assert!((found.area_pix2[0] - found.flux[0]).abs() < 1e-11);
    assert_eq!((found.n_masked[0], found.flags[0]), (3, flags::MASKED));
}

/// By `sep.sum_circle(ones, x, y, radius, subpix=0)` of sep 1.4.1, one pixel of the ones NaN.
#[test]
fn a_pixel_without_a_number_takes_the_fluxes_that_it_takes_in_sep() {
    let mut planes = flat(1.0, 1.0);
    planes.image[[12, 27]] = f32::NAN;
    let params = Params { masked: Masked::NotANumber, ..params(&[3.0, 9.0, 10.0, 11.0]) };
    // The circle of 10 pixels ends before the pixel in all three; in the second, so does its box.
    let cases = [
        ((16.648563, 14.39838), [false, false, true, true]),
        ((16.4, 12.1), [false, false, false, true]),
        ((16.51, 12.1), [false, false, true, true]),
    ];
    for (at, lost) in cases {
        let found: Vec<bool> =
            sum(&planes, at, &params).iter().map(|circle| circle.flux[0].is_nan()).collect();
        assert_eq!(found, lost, "{at:?}");
    }
}

#[test]
fn a_saturated_pixel_is_flagged_even_where_the_mask_lets_it_in() {
    let mut planes = flat(1.0, 1.0);
    planes.mask[[20, 24]] = mask::SATURATED;
    let lenient = Params { mask_bits: mask::DEAD, ..params(&[3.0, 6.0]) };
    let found = sum(&planes, (20.0, 20.0), &lenient);
    assert_eq!((found[0].flags[0], found[1].flags[0]), (0, flags::SATURATED));
    let strict = sum(&planes, (20.0, 20.0), &params(&[3.0, 6.0]));
    assert_eq!(strict[1].flags[0], flags::SATURATED | flags::MASKED);
}

#[test]
fn at_the_edge_the_part_inside_is_summed() {
    // The image ends half a pixel beyond the centers of its outer pixels.
    let half = &sum(&flat(2.0, 1.0), (-0.5, 20.0), &params(&[4.0]))[0];
    assert!((half.flux[0] - PI * 16.0).abs() < 1e-11);
    assert_eq!(half.flags[0], flags::TRUNCATED);
    let touching = &sum(&flat(2.0, 1.0), (3.5, 20.0), &params(&[4.0]))[0];
    assert_eq!(touching.flags[0], 0);
}

#[test]
fn outside_and_undefined_positions_have_no_flux_and_say_so() {
    let outside = flags::TRUNCATED | flags::OUTSIDE;
    for at in [(-5.0, 20.0), (20.0, 44.0), (-3.5, -3.5), (f64::NAN, 3.0), (3.0, f64::INFINITY)] {
        let found = &sum(&flat(1.0, 1.0), at, &params(&[4.0]))[0];
        assert!(found.flux[0].is_nan() && found.flux_err[0].is_nan(), "{at:?}");
        assert_eq!((found.flags[0], found.n_masked[0]), (outside, 0), "{at:?}");
    }
}

#[test]
fn an_aperture_of_masked_pixels_has_no_flux_and_says_so() {
    let mut planes = flat(1.0, 1.0);
    planes.mask.fill(mask::DEAD);
    let found = &sum(&planes, (20.0, 20.0), &params(&[4.0]))[0];
    assert!(found.flux[0].is_nan());
    assert_eq!(found.flags[0], flags::MASKED | flags::ALL_MASKED);
}

#[test]
fn an_annulus_takes_away_a_constant_and_adds_the_error_of_its_mean() {
    let local = Params { annulus_pix: Some((6.0, 9.0)), ..params(&[3.0]) };
    let found = &sum(&flat(7.0, 4.0), (20.0, 20.0), &local)[0];
    assert!(found.flux[0].abs() < 1e-10);
    // 136 pixel centers lie from 6 up to 9 pixels of a pixel's center.
    let own = sum(&flat(7.0, 4.0), (20.0, 20.0), &params(&[3.0]))[0].flux_err[0];
    let of_mean = PI * 9.0 * (4.0 / f64::from(centers(6.0, 9.0))).sqrt();
    assert!((found.flux_err[0] - (own * own + of_mean * of_mean).sqrt()).abs() < 1e-10);
    let mut covered = flat(7.0, 4.0);
    for ((row, column), bits) in covered.mask.indexed_iter_mut() {
        let (dx, dy) = (column as f64 - 20.0, row as f64 - 20.0);
        *bits = if dx * dx + dy * dy >= 36.0 { mask::DEAD } else { 0 };
    }
    let bare = &sum(&covered, (20.0, 20.0), &local)[0];
    assert_eq!(bare.flags[0], flags::NO_ANNULUS);
    assert!((bare.flux[0] - 7.0 * PI * 9.0).abs() < 1e-10);
}

fn centers(inner: f64, outer: f64) -> u32 {
    let inside = |x: i32, y: i32| {
        let distance2 = f64::from(x * x + y * y);
        distance2 >= inner * inner && distance2 < outer * outer
    };
    (-10..=10).map(|x| (-10..=10).filter(|&y| inside(x, y)).count() as u32).sum()
}

#[test]
fn the_variance_of_an_image_without_one_is_sky_plus_star() {
    let image = ndarray::array![[600.0_f32, -5.0, f32::NAN]];
    let rms = ndarray::array![[3.0_f32, 3.0, 3.0]];
    let found = variance_from_background(image.view(), rms.clone(), Some(6.0)).unwrap();
    assert_eq!(found, ndarray::array![[109.0_f32, 9.0, 9.0]]);
    let sky = variance_from_background(image.view(), rms, None).unwrap();
    assert_eq!(sky, ndarray::array![[9.0_f32, 9.0, 9.0]]);
    assert!(variance_from_background(image.view(), Array2::zeros((2, 2)), None).is_err());
}

#[test]
fn parameters_that_cannot_be_measured_are_refused_by_name() {
    let good = Params::default();
    for (params, name) in [
        (Params { radii_pix: vec![], ..good.clone() }, "radii_pix"),
        (Params { radii_pix: vec![3.0, 0.0], ..good.clone() }, "radii_pix"),
        (Params { radii_pix: vec![-1.0], ..good.clone() }, "radii_pix"),
        (Params { radii_pix: vec![f64::NAN], ..good.clone() }, "radii_pix"),
        (Params { radii_pix: vec![1e9], ..good.clone() }, "radii_pix"),
        (Params { annulus_pix: Some((5.0, 5.0)), ..good.clone() }, "annulus_pix"),
        (Params { annulus_pix: Some((f64::NAN, 5.0)), ..good.clone() }, "annulus_pix"),
        (Params { isolation_arcsec: -1.0, ..good.clone() }, "isolation_arcsec"),
        (Params { epoch_year: 16.0, ..good.clone() }, "epoch_year"),
        (
            Params { variance: Variance::BackgroundRms, background: None, ..good.clone() },
            "variance",
        ),
        (
            Params {
                variance: Variance::BackgroundRmsAndGain { gain_electron_per_dn: 0.0 },
                ..good.clone()
            },
            "gain_electron_per_dn",
        ),
    ] {
        let error = photometer((&flat(1.0, 1.0)).into(), &[], &params).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn parameters_survive_text_and_refuse_unknown_fields() {
    let text = r#"{"radii_pix": [2.0, 3.5], "annulus_pix": [14.0, 20.0],
        "background": {"mesh_width_pix": 12, "mesh_height_pix": 8},
        "variance": {"from": "background-rms-and-gain", "gain_electron_per_dn": 6.2},
        "weighting": "weight"}"#;
    let params: Params = serde_json::from_str(text).unwrap();
    assert_eq!(params.background.unwrap().filter_width, 3);
    assert_eq!(params.annulus_pix, Some((14.0, 20.0)));
    let again: Params = serde_json::from_str(&serde_json::to_string(&params).unwrap()).unwrap();
    assert_eq!(again, params);
    assert!(serde_json::from_str::<Params>(r#"{"radii": [2.0]}"#).is_err());
    let misspelt = toml::from_str::<Params>("background = { mesh_widht_pix = 12 }").unwrap_err();
    assert!(misspelt.to_string().contains("mesh_widht_pix"), "{misspelt}");
}

#[test]
fn the_background_can_be_switched_off_in_every_format() {
    let none = Params { background: None, ..Params::default() };
    assert_eq!(toml::from_str::<Params>("background = false").unwrap(), none);
    assert_eq!(serde_json::from_str::<Params>(r#"{"background": null}"#).unwrap(), none);
    let again: Params = serde_json::from_str(&serde_json::to_string(&none).unwrap()).unwrap();
    assert_eq!(again, none);
    assert_eq!(toml::from_str::<Params>("").unwrap(), Params::default());
}

/// A plain generator of numbers between 0 and 1.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Flux, variance, area, pixels left out, and whether one is saturated: over all pixels of the image, one by one.
fn one_by_one(planes: &Planes, (x, y): (f64, f64), radius: f64) -> (f64, f64, f64, i32, bool) {
    let mut sums = (0.0, 0.0, 0.0, 0, false);
    for ((row, column), &value) in planes.image.indexed_iter() {
        let weight = circle_pixel(column as f64 - x, row as f64 - y, radius);
        let (variance, bits) = (planes.variance[[row, column]], planes.mask[[row, column]]);
        if weight <= 0.0 {
            continue;
        }
        sums.4 |= bits & mask::SATURATED != 0;
        if bits & mask::BAD != 0 || !value.is_finite() || !variance.is_finite() {
            sums.3 += 1;
            continue;
        }
        sums.0 += weight * f64::from(value);
        sums.1 += weight * weight * f64::from(variance);
        sums.2 += weight;
    }
    sums
}

#[test]
fn stars_at_any_place_have_the_sums_of_their_pixels_one_by_one() {
    let mut draw = Draw(20_261_121);
    let mut planes = flat(0.0, 1.0);
    for ((pixel, variance), bits) in
        planes.image.iter_mut().zip(&mut planes.variance).zip(&mut planes.mask)
    {
        (*pixel, *variance) = (100.0 * draw.next() as f32, 1.0 + draw.next() as f32);
        match (60.0 * draw.next()) as u32 {
            0 => *bits = mask::DEAD,
            1 => *bits = mask::SATURATED,
            2 => *pixel = f32::NAN,
            3 => *variance = f32::INFINITY,
            _ => {}
        }
    }
    let radii = [0.2, 0.5, 0.75, 1.0, 2.0, 2.5, 5.3, 9.0, 14.0];
    let mut positions: Vec<(f64, f64)> =
        (0..300).map(|_| (60.0 * draw.next() - 5.0, 50.0 * draw.next() - 5.0)).collect();
    positions.extend([(20.0, 20.0), (20.5, 20.0), (20.0, 20.5), (20.5, 20.5), (-0.5, -0.5)]);
    let found = photometer((&planes).into(), &positions, &params(&radii)).unwrap();
    for (star, &position) in positions.iter().enumerate() {
        for (apertures, radius) in found.iter().zip(radii) {
            let (flux, variance, area, n_masked, is_saturated) =
                one_by_one(&planes, position, radius);
            let near = |found: f64, plain: f64| (found - plain).abs() <= 1e-12 * (1.0 + plain);
            assert!(near(apertures.area_pix2[star], area), "{position:?} {radius}");
            assert_eq!(apertures.n_masked[star], n_masked, "{position:?} {radius}");
            let flag = apertures.flags[star] & flags::SATURATED != 0;
            assert_eq!(flag, is_saturated, "{position:?} {radius}");
            if area > 0.0 {
                assert!(near(apertures.flux[star], flux), "{position:?} {radius}");
                let error = apertures.flux_err[star];
                assert!(near(error * error, variance), "{position:?} {radius}");
            }
        }
    }
}
