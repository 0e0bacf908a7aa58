//! Kron fluxes, radii and windowed positions against sep 1.4.1, and against what is known.

use ndarray::Array2;

use super::super::fixture::{Case, scene};
use super::super::{Noise, detect};
use super::*;
use crate::image::Planes;

/// The measurements as the script asks sep for them: an rms of 5 DN, each overlap once.
fn as_sep(case: &Case) -> (Detections, Vec<Measured>) {
    let planes = case.planes();
    let params = case.params();
    let found = detect((&planes).into(), &params).unwrap();
    let constant = super::super::Params { noise: Noise::Constant { rms_dn: 5.0 }, ..params };
    let like_sep = Params { weighting: Weighting::Weight, ..Params::default() };
    let measured = measure((&planes).into(), &found, &constant, &like_sep).unwrap();
    (found, measured)
}

/// How far the windowed position is from sep's with the window that sep had (pixel).
fn windowed(
    planes: &Planes,
    params: &super::super::Params,
    object: &Object,
    radius: f64,
    theirs: (f64, f64),
) -> f64 {
    let light = Light {
        pixels: planes.into(),
        mask_bits: params.mask_bits,
        noise: params.noise,
        gain: None,
        weighting: Weighting::Weight,
        segmentation: None,
        number: 0,
    };
    let sigma = if radius > 0.0 { SIGMA_PER_RADIUS * radius } else { 1.0 };
    let ((x, y), _) = window::position(&light, (object.x, object.y), sigma);
    (x - theirs.0).abs().max((y - theirs.1).abs())
}

#[test]
fn fluxes_radii_and_windowed_positions_are_those_of_sep() {
    let (mut n, mut n_masked) = (0, 0);
    let mut worst = [0.0_f64; 5];
    for case in Case::all().iter().filter(|case| case.name != "matched_masked") {
        let (found, measured) = as_sep(case);
        let (planes, params) = (case.planes(), case.params());
        let column = |name: &str| case.column(name);
        let (kron, flux, error) =
            (column("kron_radius"), column("flux_auto"), column("fluxerr_auto"));
        let (radius, xwin, ywin) = (column("flux_radius"), column("xwin"), column("ywin"));
        for (row, (object, ours)) in found.objects.iter().zip(&measured).enumerate() {
            // The ellipse of a merged object depends on the pixels that were drawn for it.
            if object.flag & flags::MERGED != 0 {
                continue;
            }
            if ours.flag & flags::APERTURE_MASKED != 0 {
                n_masked += 1;
                continue;
            }
            n += 1;
            let relative = |ours: f64, theirs: f64| (ours - theirs).abs() / theirs.abs().max(1.0);
            let errors = [
                relative(ours.kron_radius, kron[row]),
                relative(ours.flux_auto, flux[row]),
                relative(ours.fluxerr_auto, error[row]),
                relative(ours.flux_radius, radius[row]),
                windowed(&planes, &params, object, radius[row], (xwin[row], ywin[row])),
            ];
            for (worst, error) in worst.iter_mut().zip(errors) {
                *worst = worst.max(error);
            }
        }
    }
    assert!(n > 200 && n_masked > 10, "{n} {n_masked}");
    for (worst, limit) in worst.iter().zip([1e-6, 1e-6, 1e-6, 1e-4, 1e-6]) {
        assert!(*worst < limit, "{worst} {limit}");
    }
}

/// A star without noise on pixels: (1 + r² / alpha²)^-3 around `center`, of 1e5 DN.
fn star(center: (f64, f64), alpha: f64) -> Planes {
    let mut planes = Planes::from_image(Array2::zeros((101, 121)));
    let height = 1e5 * 2.0 / (std::f64::consts::PI * alpha * alpha);
    for ((row, column), pixel) in planes.image.indexed_iter_mut() {
        let (dx, dy) = (column as f64 - center.0, row as f64 - center.1);
        let t = 1.0 + (dx * dx + dy * dy) / (alpha * alpha);
        *pixel = (height / (t * t * t)) as f32;
    }
    planes.variance.fill(4.0);
    planes
}

#[test]
fn a_star_without_noise_has_its_known_place_flux_and_radius() {
    for (center, alpha) in [((60.3, 48.7), 5.0), ((58.02, 51.5), 4.0)] {
        let planes = star(center, alpha);
        let params = super::super::Params::default();
        let found = detect((&planes).into(), &params).unwrap();
        let measured = measure((&planes).into(), &found, &params, &Params::default()).unwrap();
        assert_eq!(measured.len(), 1);
        let Measured { xwin, ywin, flux_auto, flux_radius, fluxerr_auto, .. } = measured[0];
        assert!((xwin - center.0).abs() < 2e-4 && (ywin - center.1).abs() < 2e-4);
        assert!((0.93..1.0).contains(&(flux_auto / 1e5)), "{flux_auto}");
        // Light within r: 1 - (1 + r² / alpha²)^-2, of which half of the Kron flux is asked for.
        let part = 0.5 * flux_auto / 1e5;
        let expected = alpha * (1.0 / (1.0 - part).sqrt() - 1.0).sqrt();
        // The pixels widen the star by 1/12 pixel².
        assert!((flux_radius / expected - 1.0).abs() < 0.02, "{flux_radius} {expected}");
        let object = &found.objects[0];
        let area = std::f64::consts::PI
            * object.a
            * object.b
            * (2.5 * measured[0].kron_radius)
            * (2.5 * measured[0].kron_radius);
        // Pixels on the rim count with the square of their overlap.
        assert!((0.9..1.0).contains(&(fluxerr_auto / (4.0 * area).sqrt())));
    }
}

#[test]
fn a_neighbor_is_left_out_where_that_is_asked_for() {
    let mut planes = star((45.0, 50.0), 3.0);
    planes.image += &star((62.0, 50.0), 3.0).image;
    let params = super::super::Params::default();
    let found = detect((&planes).into(), &params).unwrap();
    assert_eq!(found.objects.len(), 2);
    let flux = |neighbors| {
        let photometry = Params { neighbors, kron_factor: 9.0, ..Params::default() };
        let measured = measure((&planes).into(), &found, &params, &photometry).unwrap();
        (measured[0].flux_auto, measured[0].flag & flags::APERTURE_MASKED)
    };
    let (with, without) = (flux(Neighbors::Count), flux(Neighbors::LeaveOut));
    assert!(with.0 > 1.2e5 && (0.9e5..1.1e5).contains(&without.0), "{with:?} {without:?}");
    assert!(with.1 == 0 && without.1 != 0);
}

#[test]
fn an_object_on_masked_pixels_alone_has_no_flux() {
    let mut planes = star((45.0, 50.0), 3.0);
    let params = super::super::Params::default();
    let found = detect((&planes).into(), &params).unwrap();
    planes.mask.fill(crate::mask::DEAD);
    let measured = measure((&planes).into(), &found, &params, &Params::default()).unwrap();
    let all = flags::APERTURE_MASKED | flags::APERTURE_ALL_MASKED;
    assert!(measured[0].flag & all == all && measured[0].flux_auto.is_nan());
    assert_eq!((measured[0].xwin, measured[0].ywin), (found.objects[0].x, found.objects[0].y));
}

#[test]
fn the_table_takes_the_measurements_and_their_flags() {
    let planes = scene((120, 160), 30, 60.0);
    let params = super::super::Params::default();
    let found = detect((&planes).into(), &params).unwrap();
    let measured = measure((&planes).into(), &found, &params, &Params::default()).unwrap();
    let mut table = found.table().unwrap();
    add_columns(&mut table, &measured).unwrap();
    assert_eq!(table.f64("xwin").unwrap().len(), found.objects.len());
    let flags = table.f64("flag").unwrap();
    assert!(flags.iter().any(|&flag| flag as i32 & flags::APERTURE_MASKED != 0));
    assert!(add_columns(&mut table, &measured[1..]).is_err());
    let refused = Params { light_fraction: 1.5, ..Params::default() };
    assert!(measure((&planes).into(), &found, &params, &refused).is_err());
}
