//! All masks together.

use super::*;
use crate::masks::fixture::spilled;

fn known() -> Known {
    Known { has_variance: true, gain: None, seams: edges::Seams::default() }
}

fn mesh() -> background::Params {
    background::Params { mesh_width_pix: 50, mesh_height_pix: 50, ..Default::default() }
}

#[test]
fn marks_are_joined_in_order_and_pixels_stay() {
    let field = spilled(2, true);
    let mut planes = field.planes.clone();
    planes.image.mapv_inplace(|pixel| pixel + 700.0);
    planes.mask[[5, 5]] = mask::HALO;
    for step in 0..5 {
        planes.image[[150 + step, 190]] += 5000.0;
    }
    let before = planes.clone();
    let report = search(&mut planes, &known(), &mesh(), &Params::default()).unwrap();
    assert_eq!((&planes.image, &planes.variance), (&before.image, &before.variance));
    assert!(planes.mask.iter().zip(&before.mask).all(|(after, before)| after & before == *before));
    assert!((150..155).all(|row| planes.mask[[row, 190]] == mask::SPIKE));
    let (trails, rays) = (report.trails.unwrap(), report.cosmic_rays.unwrap());
    assert!(trails.pixels > 20 && rays.pixels >= 5);
    assert_eq!(report.grown.len(), 2);
    let spilled = mask::count(&planes.mask, mask::SPILLAGE);
    assert_eq!(spilled, trails.pixels + report.grown[1]);
    assert_eq!((report.edges, report.interpolation), (2 * (300 + 198), None));
    assert!((report.sky_level_dn - 700.0).abs() < 1.0, "{}", report.sky_level_dn);
    let bad = planes.mask.iter().filter(|bits| *bits & mask::BAD != 0).count();
    assert_eq!(report.bad_fraction, bad as f64 / (300.0 * 200.0));
}

#[test]
fn nothing_is_searched_for_that_is_not_asked_for() {
    let mut planes = spilled(2, true).planes;
    let before = planes.clone();
    let params = Params {
        trails: Trails::None,
        cosmic_rays: CosmicRays::None,
        growth: Vec::new(),
        edges: edges::Params { border_pix: 0, seam_pix: 0 },
        interpolation: None,
    };
    let report = search(&mut planes, &known(), &mesh(), &params).unwrap();
    assert_eq!(planes, before);
    assert_eq!((report.trails, report.cosmic_rays, report.edges), (None, None, 0));
}

#[test]
fn a_spilled_trail_is_no_cosmic_ray_and_gets_values_on_request() {
    let field = spilled(3, true);
    let mut planes = field.planes.clone();
    let params = Params {
        interpolation: Some(interpolation::Params {
            bits: vec!["SPILLAGE".to_owned(), "SATURATED".to_owned()],
            along: interpolation::Along::Row,
            reach_pix: 20,
        }),
        ..Params::default()
    };
    let report = search(&mut planes, &known(), &mesh(), &params).unwrap();
    let filled = report.interpolation.unwrap().filled;
    assert_eq!(mask::count(&planes.mask, mask::INTERPOLATED), filled);
    assert!(filled > 100);
    let changed = planes.image.iter().zip(&field.planes.image).zip(&planes.mask);
    let changed = changed.filter(|((after, before), _)| after != before);
    assert!(changed.into_iter().all(|(_, bits)| bits & mask::INTERPOLATED != 0));
    let rays = planes.mask.iter().zip(&field.spilled);
    let mistaken = rays.filter(|(bits, spilled)| **bits & mask::SPIKE != 0 && **spilled > 0.0);
    assert!(mistaken.count() < 10);
}

#[test]
fn the_laplacian_is_the_other_way_and_wrong_parameters_change_nothing() {
    let mut planes = spilled(2, false).planes;
    planes.image[[150, 190]] += 5000.0;
    let laplacian = CosmicRays::Laplacian(la_cosmic::Params::default());
    let params = Params { cosmic_rays: laplacian, ..Params::default() };
    search(&mut planes, &known(), &mesh(), &params).unwrap();
    assert_eq!(planes.mask[[150, 190]], mask::SPIKE);
    let before = planes.clone();
    let grown = vec![growth::Params { bit: "BRIGHT".to_owned(), by_pix: 1 }];
    let wrong = Params { growth: grown, ..Params::default() };
    let text = search(&mut planes, &known(), &mesh(), &wrong).unwrap_err().to_string();
    assert!(text.contains("growth.bit") && planes == before, "{text}");
}

#[test]
fn parameters_have_a_form_in_text() {
    let text =
        r#"{ "cosmic_rays": { "by": "laplacian", "sigclip": 5.0 }, "trails": { "by": "none" } }"#;
    let params: Params = serde_json::from_str(text).unwrap();
    let laplacian = la_cosmic::Params { sigclip: 5.0, ..Default::default() };
    assert_eq!(params.cosmic_rays, CosmicRays::Laplacian(laplacian));
    assert_eq!((params.trails, params.growth.len()), (Trails::None, 2));
    for wrong in [r#"{ "cosmics": 1 }"#, r#"{ "cosmic_rays": { "by": "shape", "sigclip": 1 } }"#] {
        assert!(serde_json::from_str::<Params>(wrong).is_err());
    }
}
