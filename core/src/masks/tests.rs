//! Cosmic rays against astroscrappy 1.3.0 and against the truth of the simulator.

use serde_json::Value;

use super::*;
use crate::detect::fixture::{scene, uniform};
use crate::ids::{AmpId, Role};
use crate::image::Planes;
use crate::instrument::Instrument;
use crate::mask;
use crate::simulate::{Effects, NightParams, amplifier, night};

const TRACKS: u64 = 4 << 40;
const STEPS: [(isize, isize); 8] =
    [(0, 1), (1, 0), (1, 1), (1, -1), (0, -1), (-1, 0), (-1, -1), (-1, 1)];

/// A field of `tests/oracles/detection/cosmics.py`.
fn field(case: &Value) -> Planes {
    let whole = |key: &str| case["field"][key].as_u64().unwrap() as usize;
    let height = case["field"]["height"].as_f64().unwrap();
    let mut planes = scene((whole("rows"), whole("columns")), whole("stars"), height);
    let sky = case["sky"].as_f64().unwrap() as f32;
    planes.image.mapv_inplace(|pixel| pixel + sky);
    let (rows, columns) = planes.shape();
    for track in 0..case["tracks"].as_u64().unwrap() {
        let draw = |number: u64| uniform(TRACKS + 5 * track + number);
        let mut at = ((draw(0) * rows as f64) as isize, (draw(1) * columns as f64) as isize);
        let step = STEPS[(draw(2) * 8.0) as usize];
        let charge = (150.0 + 3000.0 * draw(4) * draw(4)) as f32;
        for _ in 0..1 + (draw(3) * 9.0) as usize {
            if let Some(pixel) = planes.image.get_mut((at.0 as usize, at.1 as usize)) {
                *pixel += charge;
            }
            at = (at.0 + step.0, at.1 + step.1);
        }
    }
    if case["mask"] != true {
        planes.mask.fill(0);
    }
    planes
}

#[test]
fn the_laplacian_finds_the_pixels_that_astroscrappy_finds() {
    let text = include_str!("../../../tests/cases/detection/cosmics.json");
    let cases: Value = serde_json::from_str(text).unwrap();
    for (name, case) in cases.as_object().unwrap() {
        let planes = field(case);
        let (found, report) = la_cosmic::find((&planes).into(), &Default::default()).unwrap();
        let mut expected = Array2::from_elem(planes.shape(), false);
        for index in case["found"].as_array().unwrap() {
            let index = index.as_u64().unwrap() as usize;
            expected[[index / planes.shape().1, index % planes.shape().1]] = true;
        }
        let differing = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
        assert!(report.pixels > 150 && report.rays > 30 && report.passes > 1);
        assert_eq!(differing, 0, "{name}");
    }
}

/// A science exposure of the simulator: its pixels, which of them cosmic rays hit without filling them,
/// and the light without noise (DN).
fn simulated(
    fwhm_pix: f64,
    seed: u64,
    stars: Option<usize>,
) -> (Planes, Array2<bool>, Array2<f32>) {
    let camera = Instrument::built_in("teaching").unwrap();
    let params = NightParams {
        seed,
        fwhm_pix,
        // 35 rays on an amplifier of 256 x 256 pixels.
        cosmic_rays: (2.0, 60.0, 6000.0),
        stars_per_amplifier: stars,
        effects: Effects::without(["defects"]).unwrap(),
        biases: 1,
        flats_per_lamp: 1,
        ..NightParams::default()
    };
    let night = night(&camera, &params).unwrap();
    let exposure = night.exposures.iter().find(|exposure| exposure.role == Role::Science).unwrap();
    let truth = amplifier(&camera, &params, exposure, AmpId(1)).unwrap().truth.unwrap();
    let mut planes = Planes::from_image(truth.signal.clone());
    planes.variance = truth.signal.mapv(|signal| signal.max(0.0) / 6.0 + 4.0);
    planes.mask = truth.mask.mapv(|bits| bits & mask::SATURATED);
    let hit = truth.mask.mapv(|bits| bits & (mask::SPIKE | mask::SATURATED) == mask::SPIKE);
    (planes, hit, truth.light)
}

/// What was found, against the truth; pixels on the edges, which no rule judges, are left out.
#[derive(Debug, Default)]
struct Score {
    found: u64,
    hit: u64,
    both: u64,
    /// Found on the light of a star, on no ray and beside none.
    on_stars: u64,
    stars: u64,
}

impl Score {
    fn add(&mut self, found: &Array2<bool>, hit: &Array2<bool>, light: &Array2<f32>) {
        let near = morphology::dilated(hit);
        let (rows, columns) = found.dim();
        let inner = |(row, column): (usize, usize)| {
            0 < row && row + 1 < rows && 0 < column && column + 1 < columns
        };
        for (at, &found) in found.indexed_iter().filter(|(at, _)| inner(*at)) {
            let star = light[at] > 250.0 && !near[at];
            self.found += u64::from(found);
            self.hit += u64::from(hit[at]);
            self.both += u64::from(found && hit[at]);
            self.stars += u64::from(star);
            self.on_stars += u64::from(star && found);
        }
    }

    fn completeness(&self) -> f64 {
        self.both as f64 / self.hit as f64
    }

    fn purity(&self) -> f64 {
        self.both as f64 / self.found as f64
    }
}

/// The rule on exposures of the seeds, four by four, told that stars are `told_pix` wide.
fn scores_of_the_rule((fwhm_pix, told_pix): (f64, f64), stars: Option<usize>) -> Vec<Score> {
    let seeds: Vec<u64> = (1..=24).collect();
    let four = |seeds: &[u64]| {
        let mut score = Score::default();
        for &seed in seeds {
            let (planes, hit, light) = simulated(fwhm_pix, seed, stars);
            let params =
                cosmic_rays::Params { fwhm_pix: told_pix, sky_dn: 160.0, ..Default::default() };
            let (found, report) = cosmic_rays::find((&planes).into(), &params).unwrap();
            assert_eq!(report.pixels, found.iter().filter(|&&found| found).count() as u64);
            score.add(&found, &hit, &light);
        }
        score
    };
    seeds.chunks(4).map(four).collect()
}

/// Widths of the stars, and what the rule is told of them: the truth, or the sharpest there are.
const WIDTHS: [(f64, f64); 5] = [(2.0, 2.0), (2.5, 2.5), (4.0, 4.0), (2.5, 2.0), (4.0, 2.0)];

#[test]
fn the_rule_finds_the_rays_of_the_simulator() {
    for widths in WIDTHS {
        for score in scores_of_the_rule(widths, None) {
            assert!(score.completeness() >= 0.99 && score.purity() >= 0.96, "{widths:?} {score:?}");
        }
    }
}

#[test]
fn the_rule_touches_no_star() {
    for widths in WIDTHS {
        for score in scores_of_the_rule(widths, Some(150)) {
            assert!(score.stars > 1000 && score.on_stars == 0, "{widths:?} {score:?}");
            assert!(score.completeness() >= 0.99 && score.purity() >= 0.96, "{widths:?} {score:?}");
        }
    }
}

#[test]
fn all_searches_together_find_the_rays_above_the_sky_of_a_mesh() {
    let seams = edges::Seams::default();
    let known = search::Known { has_variance: true, gain: None, seams };
    let mesh = crate::measure::background::Params {
        mesh_width_pix: 64,
        mesh_height_pix: 64,
        ..Default::default()
    };
    let mut score = Score::default();
    for seed in 11..=14 {
        let (mut planes, hit, light) = simulated(2.5, seed, None);
        search::search(&mut planes, &known, &mesh, &Default::default()).unwrap();
        score.add(&planes.mask.mapv(|bits| bits & mask::SPIKE != 0), &hit, &light);
    }
    assert!(score.completeness() >= 0.99 && score.purity() >= 0.96, "{score:?}");
}

#[test]
fn the_laplacian_finds_most_of_the_rays_of_the_simulator() {
    for fwhm_pix in [2.5, 4.0] {
        let mut score = Score::default();
        for seed in 1..=4 {
            let (planes, hit, light) = simulated(fwhm_pix, seed, None);
            let (found, _) = la_cosmic::find((&planes).into(), &Default::default()).unwrap();
            score.add(&found, &hit, &light);
        }
        assert!(score.completeness() >= 0.93 && score.purity() >= 0.9, "{score:?}");
    }
}

#[test]
fn what_is_found_is_marked_and_another_shape_is_refused() {
    let (mut planes, ..) = simulated(2.5, 1, None);
    let (found, report) = la_cosmic::find((&planes).into(), &Default::default()).unwrap();
    let saturated = mask::count(&planes.mask, mask::SATURATED);
    mark(&mut planes.mask, &found, mask::SPIKE).unwrap();
    assert_eq!(mask::count(&planes.mask, mask::SPIKE), report.pixels);
    assert_eq!(mask::count(&planes.mask, mask::SATURATED), saturated);
    assert!(mark(&mut Array2::zeros((3, 4)), &found, mask::SPIKE).is_err());
    planes.variance = Array2::zeros((3, 4));
    assert!(la_cosmic::find((&planes).into(), &Default::default()).is_err());
    assert!(cosmic_rays::find((&planes).into(), &Default::default()).is_err());
}

#[test]
fn masked_pixels_and_those_without_a_number_are_no_cosmic_rays() {
    let mut planes = Planes::from_image(Array2::from_elem((40, 50), 100.0));
    planes.variance.fill(25.0);
    planes.image[[20, 20]] = 5000.0;
    planes.image[[10, 30]] = 5000.0;
    planes.mask[[10, 30]] = mask::DEAD;
    planes.image[[30, 10]] = f32::NAN;
    planes.image[[5, 5]] = f32::INFINITY;
    let params = cosmic_rays::Params { sky_dn: 100.0, ..Default::default() };
    for (found, _) in [
        la_cosmic::find((&planes).into(), &Default::default()).unwrap(),
        cosmic_rays::find((&planes).into(), &params).unwrap(),
    ] {
        let places: Vec<_> =
            found.indexed_iter().filter(|(_, hit)| **hit).map(|(at, _)| at).collect();
        assert_eq!(places, [(20, 20)]);
    }
}

#[test]
fn small_and_empty_images_are_searched_without_harm() {
    for shape in [(0, 0), (1, 1), (2, 9), (5, 5), (9, 8)] {
        let mut planes = Planes::from_image(Array2::zeros(shape));
        planes.variance.fill(1.0);
        let (found, report) = la_cosmic::find((&planes).into(), &Default::default()).unwrap();
        assert_eq!((found.dim(), report.pixels), (shape, 0));
        let (found, report) = cosmic_rays::find((&planes).into(), &Default::default()).unwrap();
        assert_eq!((found.dim(), report.pixels), (shape, 0));
    }
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let planes = Planes::from_image(Array2::zeros((8, 8)));
    let laplacian = la_cosmic::Params { objlim: f32::NAN, ..Default::default() };
    let error = la_cosmic::find((&planes).into(), &laplacian).unwrap_err().to_string();
    assert!(error.contains("la_cosmic.objlim"));
    let rule = cosmic_rays::Params { around_fraction: f64::NAN, ..Default::default() };
    let error = cosmic_rays::find((&planes).into(), &rule).unwrap_err().to_string();
    assert!(error.contains("cosmic_rays.around_fraction"));
    let rule = cosmic_rays::Params { fwhm_pix: 0.0, ..Default::default() };
    let error = cosmic_rays::find((&planes).into(), &rule).unwrap_err().to_string();
    assert!(error.contains("cosmic_rays.fwhm_pix"));
}
