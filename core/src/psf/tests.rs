//! Sizes, shapes and apertures of simulated stars against closed forms.

use ndarray::Array2;

use super::*;
use crate::calibrate::objects;
use crate::detect::fixture::uniform;
use crate::image::Planes;
use crate::measure::background;
use crate::numerics::FWHM_PER_SIGMA;

/// A profile with elliptical contours, drawn by another hand than the one under test: the mean of 9 x 9
/// points of every pixel in the middle, of 2 x 2 farther out.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    fwhm: f64,
    /// β; a Gaussian without.
    beta: Option<f64>,
    /// Short over long axis, and direction of the long one (radian).
    ratio: f64,
    angle: f64,
}

impl Drawn {
    fn round(fwhm: f64, beta: Option<f64>) -> Drawn {
        Drawn { fwhm, beta, ratio: 1.0, angle: 0.0 }
    }

    /// Light at a place (pixel) of a star of 1 DN.
    fn light(&self, x: f64, y: f64) -> f64 {
        let (sine, cosine) = libm::sincos(self.angle);
        let (u, v) = (x * cosine + y * sine, y * cosine - x * sine);
        let square = u * u * self.ratio + v * v / self.ratio;
        let half = 0.25 * self.fwhm * self.fwhm;
        match self.beta {
            None => {
                let ln2 = std::f64::consts::LN_2;
                ln2 / (std::f64::consts::PI * half) * libm::exp(-ln2 * square / half)
            }
            Some(beta) => {
                let alpha = half / (libm::pow(2.0, 1.0 / beta) - 1.0);
                let top = (beta - 1.0) / (std::f64::consts::PI * alpha);
                top * libm::pow(1.0 + square / alpha, -beta)
            }
        }
    }

    fn pixel(&self, x: f64, y: f64) -> f64 {
        let points = if x.abs().max(y.abs()) < 6.0 { 9 } else { 2 };
        let place = |k: i32| (f64::from(k) + 0.5) / f64::from(points) - 0.5;
        let mut sum = 0.0;
        for row in 0..points {
            for column in 0..points {
                sum += self.light(x + place(column), y + place(row));
            }
        }
        sum / f64::from(points * points)
    }

    fn draw(&self, image: &mut Array2<f64>, (x, y): (f64, f64), flux: f64) {
        let reach = 30_i64;
        for row in (y as i64 - reach).max(0)..=y as i64 + reach {
            for column in (x as i64 - reach).max(0)..=x as i64 + reach {
                if let Some(pixel) = image.get_mut((row as usize, column as usize)) {
                    *pixel += flux * self.pixel(column as f64 - x, row as f64 - y);
                }
            }
        }
    }

    /// Light within `radius` (pixel) of a round star: closed form, the pixels left aside.
    fn within(&self, radius: f64) -> f64 {
        let half = 0.25 * self.fwhm * self.fwhm;
        match self.beta {
            None => 1.0 - libm::exp(-std::f64::consts::LN_2 * radius * radius / half),
            Some(beta) => {
                let alpha = half / (libm::pow(2.0, 1.0 / beta) - 1.0);
                1.0 - libm::pow(1.0 + radius * radius / alpha, 1.0 - beta)
            }
        }
    }
}

fn squared(x: f64) -> f64 {
    x * x
}

/// A normal number by the sum of twelve uniform ones.
fn normal(at: u64) -> f64 {
    (0..12).map(|k| uniform(at * 12 + k)).sum::<f64>() - 6.0
}

const SIDE: usize = 480;
const GAIN: f64 = 2.0;
const SKY_NOISE: f64 = 5.0;

/// Stars of 4e3 to 4e5 DN on a jittered grid of `spacing` pixels, sky and photon noise.
fn field(seed: u64, spacing: usize, star: impl Fn(f64, f64) -> Drawn) -> Planes {
    let mut light = Array2::zeros((SIDE, SIDE));
    let mut number = seed << 32;
    for row in (spacing / 2..SIDE).step_by(spacing) {
        for column in (spacing / 2..SIDE).step_by(spacing) {
            let mut draw = || {
                number += 1;
                uniform(number)
            };
            let (x, y) = (column as f64 + 6.0 * draw() - 3.0, row as f64 + 6.0 * draw() - 3.0);
            let flux = 4e3 * libm::pow(100.0, draw() * draw());
            star(x, y).draw(&mut light, (x, y), flux);
        }
    }
    noisy(seed, &light)
}

fn noisy(seed: u64, light: &Array2<f64>) -> Planes {
    let variance = light.mapv(|light| SKY_NOISE * SKY_NOISE + light / GAIN);
    let mut planes = Planes::from_image(light.mapv(|light| light as f32));
    for (index, (pixel, variance)) in planes.image.iter_mut().zip(&variance).enumerate() {
        let noise = normal((seed << 40) + (1 << 36) + index as u64) * variance.sqrt();
        *pixel = (f64::from(*pixel) + noise) as f32;
    }
    planes.variance = variance.mapv(|variance| variance as f32);
    planes
}

fn measured(planes: &Planes) -> (crate::table::Table, Psf) {
    let mesh = background::Params {
        mesh_width_pix: 96,
        mesh_height_pix: 96,
        ..background::Params::default()
    };
    objects::objects(planes, true, Some(GAIN), &mesh, &objects::Params::default()).unwrap()
}

/// The correction between two radii of a star whose widths the pixel makes a little larger (mag).
fn closed_correction(star: Drawn, shape: &Shape, correction: &Correction) -> f64 {
    let seen = Drawn { fwhm: shape.fwhm_pix * star.fwhm / shape.fwhm_before_pixel_pix, ..star };
    let (small, large) = (correction.radius_pix, correction.large_radius_pix);
    2.5 * libm::log10(seen.within(small) / seen.within(large))
}

#[test]
fn widths_and_aperture_corrections_are_those_of_the_profiles() {
    for (seed, beta) in [(1, None), (2, Some(2.5)), (3, Some(4.765))] {
        for fwhm in [2.0, 2.6, 4.0, 6.0] {
            let star = Drawn::round(fwhm, beta);
            let (_, psf) = measured(&field(seed, 48, |_, _| star));
            let shape = psf.shape.unwrap();
            let off = shape.fwhm_before_pixel_pix / fwhm - 1.0;
            assert!(off.abs() < 0.01, "{beta:?} {fwhm}: {off}");
            assert!(shape.stars > 75 && shape.fwhm_err_pix < 0.003 * fwhm, "{}", shape.stars);
            assert!(shape.ellipticity() < 0.005, "{}", shape.ellipticity());
            let found_beta = shape.moffat_beta.unwrap_or(f64::INFINITY);
            let (low, high) = beta.map_or((20.0, f64::INFINITY), |beta| (0.8 * beta, 1.25 * beta));
            assert!(low <= found_beta && found_beta <= high, "{beta:?} {fwhm}: {found_beta}");
            let correction = psf.correction.unwrap();
            let off = correction.correction_mag - closed_correction(star, &shape, &correction);
            let error = correction.error_mag;
            assert!(off.abs() < 3.5 * error && error < 0.01, "{beta:?} {fwhm}: {off} +- {error}");
        }
    }
}

/// One star without noise in the middle of an image.
fn alone(star: Drawn, center: (f64, f64)) -> Array2<f32> {
    let mut light = Array2::zeros((101, 101));
    star.draw(&mut light, center, 1e5);
    light.mapv(|light| light as f32)
}

/// The closed form: the covariances of star and pixel add.
#[test]
fn the_covariance_of_a_sheared_gaussian_is_its_own() {
    for (fwhm, ratio, angle) in [(3.5, 0.7, 0.4), (4.0, 0.9, 2.0), (6.0, 0.5, -1.0)] {
        let center = (50.3, 49.6);
        let image = alone(Drawn { fwhm, beta: None, ratio, angle }, center);
        let found = moments::of_light(image.view(), (50.0, 50.0), 1.5).unwrap();
        let square = squared(fwhm / FWHM_PER_SIGMA);
        let (long, short) = (square / ratio, square * ratio);
        let (sine, cosine) = libm::sincos(angle);
        let pixel = 1.0 / 12.0;
        let xx = long * cosine * cosine + short * sine * sine + pixel;
        let yy = long * sine * sine + short * cosine * cosine + pixel;
        let xy = (long - short) * sine * cosine;
        let of = found.covariance;
        for (found, closed) in [(of.xx, xx), (of.yy, yy), (of.xy, xy)] {
            assert!((found - closed).abs() < 3e-3 * square, "{fwhm} {ratio}: {found} {closed}");
        }
        let (e1, e2) = found.ellipticity();
        let size = (e1 * e1 + e2 * e2).sqrt();
        assert!((size * (xx + yy) / (long - short) - 1.0).abs() < 2e-3);
        let (dx, dy) = (found.center.0 - center.0, found.center.1 - center.1);
        assert!(dx.abs().max(dy.abs()) < 1e-4 && (found.fourth - 2.0).abs() < 0.01);
    }
}

/// Adaptive moments of a round profile by an integral over the radius: `s² = sum r³ I w / sum r I w`.
#[test]
fn the_sigma_of_a_moffat_star_is_that_of_the_integral() {
    for beta in [2.0, 2.5, 4.765] {
        let star = Drawn::round(9.0, Some(beta));
        let of = |sigma: f64, power: f64| -> f64 {
            let steps = 4000;
            let radius = |step: i32| (f64::from(step) + 0.5) * moments::REACH * sigma / 4000.0;
            let term = |r: f64| {
                libm::pow(r, power) * star.light(r, 0.0) * libm::exp(-0.5 * r * r / (sigma * sigma))
            };
            (0..steps).map(|step| term(radius(step))).sum()
        };
        let mut sigma = 4.0_f64;
        for _ in 0..200 {
            sigma = (of(sigma, 3.0) / of(sigma, 1.0)).sqrt();
        }
        let fourth = of(sigma, 5.0) / of(sigma, 1.0) / squared(sigma * sigma);
        let found = moments::of_light(alone(star, (50.2, 50.4)).view(), (50.0, 50.0), 3.0).unwrap();
        // The pixel adds a twelfth, a little more where there are wings.
        let square = sigma * sigma + 1.0 / 12.0;
        assert!((squared(found.sigma()) / square - 1.0).abs() < 6e-3, "{beta}: {}", found.sigma());
        assert!((found.fourth - fourth).abs() < 3e-3, "{beta}: {} {fourth}", found.fourth);
    }
}

#[test]
fn the_width_with_the_pixel_is_that_of_the_convolved_gaussian() {
    for fwhm in [1.5_f64, 2.0, 3.0, 6.0] {
        let sigma = fwhm / FWHM_PER_SIGMA;
        let edge = |x: f64| libm::erf(x / (std::f64::consts::SQRT_2 * sigma));
        let light = |x: f64| 0.5 * (edge(x + 0.5) - edge(x - 0.5));
        let off = |r: f64| {
            let corner = std::f64::consts::FRAC_1_SQRT_2 * r;
            let mean = 0.5 * (light(r) * light(0.0) + light(corner) * light(corner));
            mean - 0.5 * light(0.0) * light(0.0)
        };
        let profile = profile::Profile { fwhm_pix: fwhm, inverse_beta: 0.0 };
        let radius = 0.5 * profile.width_with_pixel();
        assert!(off(radius - 1e-3 * fwhm) > 0.0 && off(radius + 1e-3 * fwhm) < 0.0, "{fwhm}");
        // 4 pi sigma² of the Gaussian as wide as star and pixel.
        let area = 4.0 * std::f64::consts::PI * (sigma * sigma + 1.0 / 12.0);
        assert!((profile.noise_area() / area - 1.0).abs() < 0.01, "{fwhm}");
    }
}

#[test]
fn a_shear_is_recovered_from_a_field() {
    for (beta, ratio, angle) in [(None, 0.8, 0.5), (Some(3.0), 0.9, 2.2)] {
        let star = Drawn { fwhm: 3.5, beta, ratio, angle };
        let shape = measured(&field(5, 48, |_, _| star)).1.shape.unwrap();
        // As in the sky, and as the pixel leaves it.
        let sky = (1.0 - ratio * ratio) / (1.0 + ratio * ratio);
        let wide = squared(shape.fwhm_before_pixel_pix / shape.fwhm_pix);
        let (x, y) = shape.direction();
        let turned = (x * libm::sin(angle) - y * libm::cos(angle)).abs();
        assert!((shape.ellipticity() / (sky * wide) - 1.0).abs() < 0.04, "{}", shape.ellipticity());
        assert!(turned < 0.02, "{turned}");
        assert!((shape.fwhm_before_pixel_pix / 3.5 - 1.0).abs() < 0.01);
    }
}

#[test]
fn the_map_tells_where_stars_are_wide_and_long() {
    let side = SIDE as f64;
    let star = |x: f64, y: f64| Drawn {
        fwhm: 3.0 + 0.5 * x / side,
        beta: Some(3.5),
        ratio: 1.0 - 0.2 * y / side,
        angle: 0.0,
    };
    let shape = measured(&field(6, 30, star)).1.shape.unwrap();
    for cell in &shape.map {
        let (x, y) = cell.middle;
        let truth = star(x, y);
        let widened = shape.fwhm_pix / shape.fwhm_before_pixel_pix;
        let off = cell.fwhm_pix.unwrap() / (truth.fwhm * widened) - 1.0;
        assert!(off.abs() < 0.025, "{x} {y}: {off}");
        let sky = (1.0 - truth.ratio * truth.ratio) / (1.0 + truth.ratio * truth.ratio);
        let (e1, e2) = cell.ellipticity_ratio.unwrap();
        assert!((e1 - sky / squared(widened)).abs() < 0.015 && e2.abs() < 0.015, "{x} {y}: {e1}");
    }
    assert_eq!(shape.map.iter().map(|cell| cell.stars).sum::<usize>(), shape.stars);
}

#[test]
fn galaxies_and_close_pairs_are_no_stars() {
    let star = Drawn::round(2.8, Some(3.5));
    let mut light = Array2::zeros((SIDE, SIDE));
    for number in 0..144_u64 {
        let draw = |k: u64| uniform((7 << 32) + 8 * number + k);
        let x = 20.0 + 40.0 * (number % 12) as f64 + 6.0 * draw(0);
        let y = 20.0 + 40.0 * (number / 12) as f64 + 6.0 * draw(1);
        let flux = 4e3 * libm::pow(30.0, draw(2) * draw(2));
        match number % 12 {
            // Half are galaxies of any size, a twelfth have a companion.
            0..=5 => {
                let fwhm = 3.2 + 4.0 * draw(3);
                let ratio = 0.4 + 0.6 * draw(4);
                Drawn { fwhm, ratio, angle: 6.0 * draw(5), ..star }.draw(
                    &mut light,
                    (x, y),
                    2.0 * flux,
                );
            }
            6 => {
                star.draw(&mut light, (x, y), flux);
                star.draw(&mut light, (x + 2.0, y + 1.0), 0.5 * flux);
            }
            _ => star.draw(&mut light, (x, y), flux),
        }
    }
    let planes = noisy(7, &light);
    let (table, psf) = measured(&planes);
    let shape = psf.shape.unwrap();
    assert!(
        (shape.fwhm_before_pixel_pix / 2.8 - 1.0).abs() < 0.01,
        "{}",
        shape.fwhm_before_pixel_pix
    );
    let (fwhm, x) = (table.f64("fwhm").unwrap(), table.f64("xwin").unwrap());
    let of_stars = (0..table.rows()).filter(|&row| fwhm[row].is_finite());
    let strangers = of_stars.clone().filter(|&row| ((x[row] - 23.0) / 40.0).round() < 6.5);
    let (stars, strangers) = (of_stars.count(), strangers.count());
    assert!((50..=60).contains(&stars) && shape.stars == stars, "{stars}");
    assert!(strangers <= 1, "{strangers} of {stars}");
}

/// The scatter of what apertures hold where nothing is.
#[test]
fn the_limit_is_that_of_the_scatter_at_empty_places() {
    let (mut squares, mut n) = (0.0, 0);
    let mut noise = 0.0;
    for seed in 11..15 {
        let planes = field(seed, 60, |_, _| Drawn::round(3.0, Some(4.765)));
        let (table, psf) = measured(&planes);
        let limit = psf.limit.unwrap();
        assert_eq!((limit.radius_pix, limit.flux_dn), (6.0, 5.0 * limit.aperture_noise_dn));
        noise = limit.aperture_noise_dn;
        let (x, y) = (table.f64("x").unwrap(), table.f64("y").unwrap());
        let empty = |at: &(f64, f64)| {
            x.iter().zip(&y).all(|(x, y)| squared(x - at.0) + squared(y - at.1) > 24.0 * 24.0)
        };
        let place = |k: u64| ((k % 36) as f64 * 13.0 + 10.3, (k / 36) as f64 * 13.0 + 9.8);
        let places: Vec<(f64, f64)> = (0..36 * 36).map(place).filter(empty).collect();
        let circle =
            crate::measure::aperture::Params { radii_pix: vec![6.0], ..Default::default() };
        let sums = crate::measure::aperture::photometer((&planes).into(), &places, &circle);
        for flux in &sums.unwrap()[0].flux {
            squares += flux * flux;
            n += 1;
        }
    }
    let scatter = (squares / f64::from(n)).sqrt();
    // Within three errors of the scatter itself.
    assert!(
        n > 800 && (scatter / noise - 1.0).abs() < 3.0 / (2.0 * f64::from(n)).sqrt(),
        "{n}: {scatter} {noise}"
    );
}

#[test]
fn an_image_without_stars_has_a_limit_and_no_width() {
    let planes = noisy(9, &Array2::zeros((200, 220)));
    let (table, psf) = measured(&planes);
    assert!(psf.shape.is_none() && psf.correction.is_none());
    assert!((psf.limit.unwrap().pixel_noise_dn / SKY_NOISE - 1.0).abs() < 1e-6);
    let noted = &table.metadata.iter().find(|(key, _)| key == objects::PSF_KEY).unwrap().1;
    assert_eq!(serde_json::from_str::<Psf>(noted).unwrap(), psf);
    let empty = Planes::from_image(Array2::zeros((0, 0)));
    let (psf, stars) = measure((&empty).into(), &[], 6.0, &Params::default()).unwrap();
    assert!(psf.limit.is_none() && psf.shape.is_none() && stars.is_empty());
}

#[test]
fn sources_that_are_no_numbers_are_no_stars() {
    let planes = field(1, 48, |_, _| Drawn::round(3.0, None));
    let mut sources = Vec::new();
    for (k, odd) in [f64::NAN, f64::INFINITY, -1e300, 1e300, 0.0, -0.5].into_iter().enumerate() {
        for at in [100.0, odd] {
            let (x, y, radius_pix) = (at, odd, if k % 2 == 0 { odd } else { 2.0 });
            let (flux, flux_err) = (1e4, 1.0);
            sources.push(Source { x, y, radius_pix, light: odd, flux, flux_err, usable: true });
        }
    }
    let (psf, _) = measure((&planes).into(), &sources, 6.0, &Params::default()).unwrap();
    assert!(psf.shape.is_none());
}

#[test]
fn what_selects_nothing_is_refused_by_name() {
    let planes = Planes::from_image(Array2::zeros((20, 20)));
    let params = Params::default;
    for (params, name) in [
        (Params { min_signal_ratio: f64::NAN, ..params() }, "min_signal_ratio"),
        (Params { clip_sigma: 0.0, ..params() }, "clip_sigma"),
        (Params { neighbors_fraction: -1.0, ..params() }, "neighbors_fraction"),
        (Params { large_radius_pix: 6.0, ..params() }, "large_radius_pix"),
        (Params { large_radius_pix: 1e9, ..params() }, "large_radius_pix"),
        (Params { limit_signal_ratio: 0.0, ..params() }, "limit_signal_ratio"),
        (Params { min_stars: 1, ..params() }, "min_stars"),
        (Params { max_stars: 4, ..params() }, "max_stars"),
    ] {
        let error = measure((&planes).into(), &[], 6.0, &params).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}
