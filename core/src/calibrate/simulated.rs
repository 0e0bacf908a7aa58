//! What the default detection finds of stars that are known, and what it finds where nothing is.
//!
//! *Eight sigma* is the flux that the best possible measurement has with an error of an eighth:
//! `flux = 8 sqrt(A v)`, `v` the variance of a pixel of sky and `A = 1 / sum p²` the noise-equivalent area of
//! the star where it lies (King 1983, PASP 95, 163), `p` its light in each pixel over all of it.

use ndarray::Array2;

use super::objects::{FILTER_KEY, From, Params, Width, objects};
use crate::detect::fixture::uniform;
use crate::image::Planes;
use crate::measure::background;
use crate::table::Table;

const NOISE: f64 = 4.0;
const GAIN: f64 = 5.0;
const SIDE: usize = 480;

/// A round profile: full width at half maximum before the pixel (pixel), and the exponent of a Moffat.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Star {
    fwhm: f64,
    beta: Option<f64>,
}

const STARS: [Star; 6] = [
    Star { fwhm: 2.0, beta: None },
    Star { fwhm: 3.0, beta: None },
    Star { fwhm: 5.0, beta: None },
    Star { fwhm: 2.0, beta: Some(3.5) },
    Star { fwhm: 3.0, beta: Some(3.5) },
    Star { fwhm: 5.0, beta: Some(3.5) },
];

impl Star {
    /// Light at a distance (pixel) over all of it.
    fn light(&self, square: f64) -> f64 {
        let (pi, half) = (std::f64::consts::PI, 0.25 * self.fwhm * self.fwhm);
        match self.beta {
            None => {
                let slope = std::f64::consts::LN_2 / half;
                slope / pi * libm::exp(-slope * square)
            }
            Some(beta) => {
                let alpha = half / (libm::pow(2.0, 1.0 / beta) - 1.0);
                (beta - 1.0) / (pi * alpha) * libm::pow(1.0 + square / alpha, -beta)
            }
        }
    }

    /// Light in the pixels (row, column, share) of a star at (x, y): the mean of 4 x 4 points of each.
    fn pixels(&self, (x, y): (f64, f64), reach: f64) -> Vec<(usize, usize, f64)> {
        let mut pixels = Vec::new();
        let span = |at: f64| {
            let (low, high) = ((at - reach).max(0.0), (at + reach).min(SIDE as f64 - 1.0));
            low.ceil() as usize..=high.floor() as usize
        };
        for row in span(y) {
            for column in span(x) {
                let mut sum = 0.0;
                for part in 0..16 {
                    let place = |part: i32| (f64::from(part) - 1.5) / 4.0;
                    let dx = column as f64 + place(part % 4) - x;
                    let dy = row as f64 + place(part / 4) - y;
                    sum += self.light(dx * dx + dy * dy) / 16.0;
                }
                pixels.push((row, column, sum));
            }
        }
        pixels
    }
}

/// A simulated image with its stars: place and sigmas.
struct Field {
    planes: Planes,
    stars: Vec<((f64, f64), f64)>,
}

impl Field {
    /// Stars of `star`'s form on a grid of cells, each somewhere in the middle of its own; `signal` draws
    /// the sigmas of the one of a number, none for no star.
    fn new(seed: u64, star: Star, signal: impl Fn(u64) -> Option<f64>) -> Field {
        let mut light = Array2::<f64>::zeros((SIDE, SIDE));
        let mut stars = Vec::new();
        let spacing = (8.0 * star.fwhm).max(24.0);
        let cells = (SIDE as f64 / spacing) as u64;
        for number in 0..cells * cells {
            let draw = |k: u64| uniform((seed << 44) + 2 * number + k) - 0.5;
            let place = |cell: u64, k: u64| (cell as f64 + 0.5 + 0.25 * draw(k)) * spacing;
            let (x, y) = (place(number % cells, 0), place(number / cells, 1));
            let Some(signal) = signal(number) else { continue };
            let reach = star.fwhm * if signal < 50.0 { 3.0 } else { 8.0 };
            let pixels = star.pixels((x, y), reach);
            let squares: f64 = pixels.iter().map(|(_, _, share)| share * share).sum();
            let flux = signal * NOISE / squares.sqrt();
            for (row, column, share) in pixels {
                light[[row, column]] += flux * share;
            }
            stars.push(((x, y), signal));
        }
        let variance = light.mapv(|light| NOISE * NOISE + light / GAIN);
        let mut image = light;
        for (index, (pixel, variance)) in image.iter_mut().zip(&variance).enumerate() {
            // A sky with a slope.
            *pixel += 200.0 + 0.02 * (index % SIDE) as f64;
            *pixel += variance.sqrt() * normal((seed << 44) + (1 << 40) + index as u64);
        }
        let mut planes = Planes::from_image(image.mapv(|value| value as f32));
        planes.variance = variance.mapv(|value| value as f32);
        Field { planes, stars }
    }

    fn found(&self) -> Table {
        found(&self.planes)
    }

    /// Row of the object that is a star's, within half a width or a pixel.
    fn row(&self, table: &Table, (x, y): (f64, f64)) -> Option<usize> {
        let (xs, ys) = (table.f64("xwin").unwrap(), table.f64("ywin").unwrap());
        let near = (0..xs.len()).map(|row| (libm::hypot(xs[row] - x, ys[row] - y), row));
        near.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|near| near.0 < 3.0).map(|near| near.1)
    }
}

/// By the default parameters.
fn found(planes: &Planes) -> Table {
    let side = SIDE / 4;
    let mesh = background::Params {
        mesh_width_pix: side,
        mesh_height_pix: side,
        ..background::Params::default()
    };
    objects(planes, true, Some(GAIN), &mesh, &Params::default()).unwrap().0
}

fn width(table: &Table) -> Option<Width> {
    let noted = table.metadata.iter().find(|(key, _)| key == FILTER_KEY).unwrap();
    serde_json::from_str(&noted.1).unwrap()
}

/// A normal number (Box & Muller 1958, Ann. Math. Stat. 29, 610).
fn normal(at: u64) -> f64 {
    let radius = (-2.0 * libm::log(1.0 - uniform(2 * at))).sqrt();
    radius * libm::cos(2.0 * std::f64::consts::PI * uniform(2 * at + 1))
}

/// A star in nine is bright: 60 to 600 sigma.
fn with_bright(seed: u64, faint: f64) -> impl Fn(u64) -> Option<f64> {
    move |number| {
        let bright = || 60.0 * libm::pow(10.0, uniform((seed << 44) + (1 << 42) + number));
        Some(if number % 9 == 4 { bright() } else { faint })
    }
}

#[test]
fn of_stars_of_eight_sigma_ninety_nine_in_a_hundred_are_found() {
    for star in STARS {
        // Among bright stars, which tell the width, and by themselves.
        for (seeds, alone) in [(1..=4, false), (6..=8, true)] {
            let (mut hits, mut all, mut strangers, mut pixels) = (0, 0, 0, 0);
            for seed in seeds {
                let field = match alone {
                    true => Field::new(seed, star, |_| Some(8.0)),
                    false => Field::new(seed, star, with_bright(seed, 8.0)),
                };
                let table = field.found();
                let width = width(&table).unwrap();
                let expected = if alone { From::Counts } else { From::Stars };
                assert_eq!(width.from, expected);
                let faint = field.stars.iter().filter(|(_, signal)| *signal == 8.0);
                all += faint.clone().count();
                hits += faint.filter(|(at, _)| field.row(&table, *at).is_some()).count();
                let rows = field.stars.iter().filter_map(|(at, _)| field.row(&table, *at));
                strangers += table.rows() - rows.count();
                pixels += SIDE * SIDE;
            }
            assert!(hits as f64 >= 0.99 * all as f64, "{star:?} {alone}: {hits} of {all}");
            assert!(strangers as f64 <= pixels as f64 / 1e5, "{star:?} {alone}: {strangers}");
        }
    }
}

#[test]
fn in_a_hundred_thousand_pixels_of_sky_at_most_one_object_is_found() {
    let seeds = 21..=33;
    let mut rows = 0;
    for seed in seeds.clone() {
        rows += Field::new(seed, STARS[0], |_| None).found().rows();
    }
    let pixels = seeds.count() * SIDE * SIDE;
    assert!(rows as f64 <= pixels as f64 / 1e5, "{rows} in {pixels}");
}

#[test]
fn windowed_positions_scatter_as_their_errors_say() {
    for star in STARS {
        // Beyond that, on 2 pixels, the pixels' own pattern moves the window by as much as the noise.
        for signal in [15.0, 60.0] {
            let (mut squares, mut n) = (0.0, 0);
            for seed in 41..=if star.fwhm < 4.0 { 44 } else { 48 } {
                let field = Field::new(seed, star, with_bright(seed, signal));
                let table = field.found();
                let column = |name: &str| table.f64(name).unwrap();
                let (x, y) = (column("xwin"), column("ywin"));
                let (xx, yy) = (column("errx2win"), column("erry2win"));
                for &(at, _) in field.stars.iter().filter(|(_, own)| *own == signal) {
                    let Some(row) = field.row(&table, at) else { continue };
                    let (dx, dy) = (x[row] - at.0, y[row] - at.1);
                    squares += dx * dx / xx[row] + dy * dy / yy[row];
                    n += 2;
                }
            }
            let pull = (squares / f64::from(n)).sqrt();
            assert!((pull - 1.0).abs() < 0.05, "{star:?} {signal}: {pull} of {n}");
        }
    }
}
