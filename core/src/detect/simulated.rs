//! What a detection finds of stars that are known, and what it finds where nothing is.

use ndarray::Array2;

use super::fixture::uniform;
use super::photometry::{self, Measured};
use super::*;
use crate::image::Planes;

const NOISE: f64 = 4.0;
const SIDE: usize = 480;
const SPACING: usize = 24;
/// Variance of an even distribution over a pixel (pixel²), which widens a star.
const PIXEL: f64 = 1.0 / 12.0;

/// Two independent normal numbers (Box & Muller 1958, Ann. Math. Stat. 29, 610).
fn normals(at: u64) -> (f64, f64) {
    let radius = (-2.0 * libm::log(1.0 - uniform(2 * at))).sqrt();
    let (sine, cosine) = libm::sincos(2.0 * std::f64::consts::PI * uniform(2 * at + 1));
    (radius * cosine, radius * sine)
}

/// The light of one star of 1 DN in a pixel: a Gaussian, the pixel's width added to its own.
fn light(sigma: f64, x: f64, y: f64) -> f64 {
    let square = sigma * sigma + PIXEL;
    libm::exp(-0.5 * (x * x + y * y) / square) / (2.0 * std::f64::consts::PI * square)
}

/// Noise of the sky and of the light, and stars of `signal` sigmas (noise of the sky, weighted by their
/// own shape) at places that are returned.
fn field(seed: u64, sigma: f64, signal: Option<f64>) -> (Planes, Vec<(f64, f64)>) {
    let mut image = Array2::<f64>::zeros((SIDE, SIDE));
    let mut places = Vec::new();
    // sum p² = 1 / (4 pi sigma²).
    let noise_area = 4.0 * std::f64::consts::PI * (sigma * sigma + PIXEL);
    let flux = signal.unwrap_or(0.0) * NOISE * noise_area.sqrt();
    for number in 0..(SIDE / SPACING * (SIDE / SPACING)) as u64 {
        let draw = |k: u64| uniform((seed << 44) + 2 * number + k);
        let side = (SIDE / SPACING) as u64;
        let place = |cell: u64, k: u64| ((cell * SPACING as u64) as f64) + 10.0 + 4.0 * draw(k);
        let (x, y) = (place(number % side, 0), place(number / side, 1));
        for row in (y as usize - 9)..(y as usize + 10).min(SIDE) {
            for column in (x as usize - 9)..(x as usize + 10).min(SIDE) {
                image[[row, column]] += flux * light(sigma, column as f64 - x, row as f64 - y);
            }
        }
        places.push((x, y));
    }
    let variance = image.mapv(|light| NOISE * NOISE + light / 5.0);
    for (index, (pixel, variance)) in image.iter_mut().zip(&variance).enumerate() {
        let pair = normals((seed << 44) + (1 << 40) + index as u64 / 2);
        *pixel += variance.sqrt() * if index % 2 == 0 { pair.0 } else { pair.1 };
    }
    let mut planes = Planes::from_image(image.mapv(|value| value as f32));
    planes.variance = variance.mapv(|value| value as f32);
    (planes, places)
}

/// Five sigma with a filter of the star's own shape, any number of pixels, no cleaning.
fn matched(sigma: f64) -> Params {
    let half = (2.5 * sigma).ceil() as i32;
    let row =
        |y: i32| (-half..=half).map(|x| light(sigma, f64::from(x), f64::from(y)) as f32).collect();
    let kernel = (-half..=half).map(row).collect();
    Params { kernel, minimum_area_pix: 1, clean_exponent: None, ..Params::default() }
}

fn nearest(objects: &[Object], (x, y): (f64, f64)) -> Option<usize> {
    let distance = |one: &Object| libm::hypot(one.x - x, one.y - y);
    let near = objects.iter().enumerate().map(|(row, one)| (distance(one), row));
    near.filter(|(distance, _)| *distance < 3.0).min_by(|a, b| a.0.total_cmp(&b.0)).map(|n| n.1)
}

#[test]
fn of_stars_of_eight_sigma_ninety_nine_in_a_hundred_are_found() {
    for sigma in [0.9, 1.2, 2.0] {
        let (mut found, mut all) = (0, 0);
        for seed in 1..=5 {
            let (mut planes, places) = field(seed, sigma, Some(8.0));
            // The threshold is that of the sky.
            planes.variance.fill((NOISE * NOISE) as f32);
            let objects = detect((&planes).into(), &matched(sigma)).unwrap().objects;
            found += places.iter().filter(|place| nearest(&objects, **place).is_some()).count();
            all += places.len();
        }
        assert!(found as f64 >= 0.99 * all as f64, "{sigma}: {found} of {all}");
    }
}

#[test]
fn in_a_hundred_thousand_pixels_of_sky_at_most_one_object_is_found() {
    for sigma in [0.9, 1.2, 2.0] {
        let mut found = 0;
        let seeds = 21..=34;
        for seed in seeds.clone() {
            let (planes, _) = field(seed, sigma, None);
            found += detect((&planes).into(), &matched(sigma)).unwrap().objects.len();
        }
        let hundred_thousands = (seeds.count() * SIDE * SIDE) as f64 / 1e5;
        assert!(found as f64 <= hundred_thousands, "{sigma}: {found} in {hundred_thousands}e5");
    }
}

/// sep's cleaning compares heights above the threshold of single pixels: of stars that only the filter
/// lifts above it, it takes whole ones away.
#[test]
fn cleaning_by_the_filtered_threshold_leaves_stars_that_are_alone() {
    for sigma in [0.9, 1.2, 2.0] {
        let (mut by_pixel, mut filtered, mut all) = (0, 0, 0);
        for seed in 51..=53 {
            let (mut planes, places) = field(seed, sigma, Some(25.0));
            planes.variance.fill((NOISE * NOISE) as f32);
            let count = |clean_threshold| {
                let clean_exponent = Some(1.0);
                let params = Params { clean_threshold, clean_exponent, ..matched(sigma) };
                let objects = detect((&planes).into(), &params).unwrap().objects;
                places.iter().filter(|place| nearest(&objects, **place).is_some()).count()
            };
            by_pixel += count(CleanThreshold::Pixel);
            filtered += count(CleanThreshold::Filtered);
            all += places.len();
        }
        assert_eq!(filtered, all, "{sigma}");
        assert!(sigma != 1.2 || by_pixel < 19 * all / 20, "{sigma}: {by_pixel} of {all}");
    }
}

#[test]
fn windowed_positions_scatter_as_their_errors_say() {
    for (sigma, signal) in [(0.9, 60.0), (1.2, 25.0), (1.2, 300.0), (2.0, 60.0)] {
        let (mut squares, mut n) = (0.0, 0);
        for seed in 41..=45 {
            let (planes, places) = field(seed, sigma, Some(signal));
            let params = matched(sigma);
            let found = detect((&planes).into(), &params).unwrap();
            let measured =
                photometry::measure((&planes).into(), &found, &params, &Default::default());
            let measured: Vec<Measured> = measured.unwrap();
            for place in places {
                let Some(row) = nearest(&found.objects, place) else { continue };
                let one = &measured[row];
                let x = (one.xwin - place.0) / one.errx2win.sqrt();
                let y = (one.ywin - place.1) / one.erry2win.sqrt();
                assert!(one.errxywin.abs() < 0.2 * one.errx2win, "{one:?}");
                squares += x * x + y * y;
                n += 2;
            }
        }
        let width = (squares / f64::from(n)).sqrt();
        assert!(n > 3900 && (width - 1.0).abs() < 0.05, "{sigma} {signal}: {width} of {n}");
    }
}
