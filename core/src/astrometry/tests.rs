//! Simulated fields whose map is known, from wrong starts and with wrong catalogues.

use super::*;
use crate::header::Header;
use crate::numerics::sky::{Wcs, separation};

/// Random numbers of a test: uniform in [0, 1).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    /// Variance 1: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

const SHAPE: (usize, usize) = (3080, 3072);
const SCALE: f64 = 1.01;

/// A quadrant of a wide camera with a fourth-order TPV map of a few tenths of a pixel to some pixels.
fn truth(numbers: &mut Numbers, (ra, dec): (f64, f64), strength: f64) -> Header {
    let mut header = Header::new();
    header.set("CTYPE1", "RA---TPV", "");
    header.set("CTYPE2", "DEC--TPV", "");
    header.set("CRPIX1", 1536.5, "");
    header.set("CRPIX2", 1540.5, "");
    header.set("CRVAL1", ra, "");
    header.set("CRVAL2", dec, "");
    let turn = numbers.between(-3.0, 3.0) * DEGREE;
    let (sin, cos) = (libm::sin(turn) * SCALE / 3600.0, libm::cos(turn) * SCALE / 3600.0);
    for (key, value) in [("CD1_1", -cos), ("CD1_2", -sin), ("CD2_1", -sin), ("CD2_2", cos)] {
        header.set(key, value, "");
    }
    let half = 1536.0 * SCALE / 3600.0;
    for axis in 1..=2 {
        for (term, order) in
            [(4, 2), (5, 2), (6, 2), (7, 3), (8, 3), (9, 3), (10, 3), (12, 4), (14, 4)]
        {
            let reach = (0..order).fold(half, |reach, _| reach / half);
            let value = strength * numbers.between(-1.0, 1.0) * reach;
            header.set(&format!("PV{axis}_{term}"), value, "");
        }
    }
    header
}

struct Sky {
    wcs: Wcs,
    stars: Vec<Reference>,
    spots: Vec<Spot>,
}

/// Stars on and around an image; `lost` of them are not found on it, and as many of its own are in no
/// catalogue.
fn sky(numbers: &mut Numbers, header: &Header, stars: usize, (noise, lost): (f64, f64)) -> Sky {
    let wcs = Wcs::from_header(header).unwrap().unwrap();
    let mut sky = Sky { wcs, stars: Vec::new(), spots: Vec::new() };
    let (rows, columns) = (SHAPE.0 as f64, SHAPE.1 as f64);
    for row in 0..stars * 3 {
        let (x, y) = (numbers.between(-0.37, 1.37) * columns, numbers.between(-0.37, 1.37) * rows);
        let magnitude = 20.0 + libm::log10(numbers.next()) / 0.3;
        let scatter = 0.2 * numbers.normal();
        let place = sky.wcs.sky_from_pixel(x, y);
        sky.stars.push(Reference { sky: place, magnitude: magnitude + scatter, row });
        if numbers.next() < lost {
            continue;
        }
        sky.spot((x, y), -magnitude, (noise, numbers));
    }
    for _ in 0..(lost * stars as f64) as usize {
        let (x, y) = (numbers.between(0.0, columns), numbers.between(0.0, rows));
        let brightness = -20.0 - libm::log10(numbers.next()) / 0.3;
        sky.spot((x, y), brightness, (noise, numbers));
    }
    sky
}

impl Sky {
    fn spot(&mut self, (x, y): Point, brightness: f64, (noise, numbers): (f64, &mut Numbers)) {
        let (x, y) = (x + noise * numbers.normal(), y + noise * numbers.normal());
        let inside = |at: f64, length: usize| (-0.5..length as f64 - 0.5).contains(&at);
        if inside(x, SHAPE.1) && inside(y, SHAPE.0) {
            self.spots.push(Spot { x, y, brightness, error_pix: noise });
        }
    }

    /// The start that is wrong by `shift` (arcminute along each axis) and `turn` (degree).
    fn start(&self, shift: (f64, f64), turn: f64, scale: f64) -> Start {
        let right = Start::from_wcs(&self.wcs, SHAPE).unwrap();
        let (sin, cos) = libm::sincos(turn * DEGREE);
        let turned =
            plane::product(&[[cos, -sin], [sin, cos]], &right.cd).map(|row| row.map(|v| v * scale));
        let (east, north) = (shift.0 / 60.0 * DEGREE, shift.1 / 60.0 * DEGREE);
        let middle = (right.middle.0 + east / libm::cos(right.middle.1), right.middle.1 + north);
        Start { middle, cd: turned }
    }

    /// Rms and largest distance of a map from the truth over the image (arcsecond).
    fn off(&self, found: &Wcs) -> (f64, f64) {
        let (mut sum, mut most, mut n) = (0.0, 0.0_f64, 0.0);
        for row in 0..=20 {
            for column in 0..=20 {
                let at = |k: i32, length: usize| f64::from(k) / 20.0 * (length as f64 - 1.0);
                let (x, y) = (at(column, SHAPE.1), at(row, SHAPE.0));
                let off = separation(found.sky_from_pixel(x, y), self.wcs.sky_from_pixel(x, y));
                let off = arcsec(off);
                (sum, most, n) = (sum + off * off, most.max(off), n + 1.0);
            }
        }
        ((sum / n).sqrt(), most)
    }
}

#[test]
fn a_distorted_field_is_found_from_ten_arcminutes_and_five_degrees_off() {
    for (seed, place) in
        [(1, (10.0, 20.0)), (2, (359.9, -40.0)), (3, (200.0, 75.0)), (4, (0.05, 0.0))]
    {
        let mut numbers = Numbers(seed);
        let header = truth(&mut numbers, place, 1e-3);
        let field = sky(&mut numbers, &header, 1500, (0.0, 0.3));
        for (shift, turn, scale) in
            [((10.0, -10.0), 5.0, 1.02), ((-10.0, 3.0), -5.0, 0.99), ((0.0, 0.0), 0.0, 1.0)]
        {
            let start = field.start(shift, turn, scale);
            let found =
                solve(&field.spots, &field.stars, &start, SHAPE, &Params::default()).unwrap();
            let (rms, most) = field.off(&found.wcs);
            assert!(rms < 0.005 && most < 0.02, "{seed} {shift:?}: {rms} {most}");
            assert_eq!(found.order, 4);
            assert!((found.rotation_deg + turn).abs() < 1e-2, "{} {turn}", found.rotation_deg);
            assert!((found.scale_ratio * scale - 1.0).abs() < 2e-3);
        }
    }
}

#[test]
fn the_error_of_the_map_is_that_of_the_centroids() {
    let (mut squares, mut expected) = (0.0, 0.0);
    let fields = 12;
    for seed in 0..fields {
        let mut numbers = Numbers(100 + seed);
        let header = truth(&mut numbers, (150.0, 2.0), 1e-3);
        let field = sky(&mut numbers, &header, 1500, (0.05, 0.3));
        let start = field.start((-6.0, 8.0), 2.0, 1.0);
        let found = solve(&field.spots, &field.stars, &start, SHAPE, &Params::default()).unwrap();
        let centroid = 0.05 * SCALE;
        for rms in [found.rms_arcsec.0, found.rms_arcsec.1] {
            assert!((rms / centroid - 1.0).abs() < 0.08, "{rms} {centroid}");
        }
        let (rms, _) = field.off(&found.wcs);
        squares += rms * rms;
        // Two axes of as many coefficients, each of which takes its share of the noise.
        let n = found.matched.len() as f64;
        expected += 2.0 * centroid * centroid * polynomial::terms(found.order) as f64 / n;
    }
    let ratio = (squares / expected).sqrt();
    assert!(ratio < 1.3, "{ratio}");
}

/// The fields of the issue: none of 200 wrong catalogues is believed.
#[test]
fn no_wrong_catalogue_is_believed() {
    let mut nearest = 0.0_f64;
    for seed in 0..200 {
        let mut numbers = Numbers(5000 + seed);
        let header = truth(&mut numbers, (10.0 + seed as f64, 5.0), 5e-4);
        let stars = if seed % 2 == 0 { 60 } else { 250 };
        let field = sky(&mut numbers, &header, stars, (0.1, 0.2));
        let other = sky(&mut numbers, &header, stars, (0.1, 0.2));
        let start = field.start((3.0, 3.0), 1.0, 1.0);
        let params = Params { voters: 60, ..Params::default() };
        let found = solve(&field.spots, &other.stars, &start, SHAPE, &params);
        let error = found.map(|found| (found.matched.len(), found.log10_chance)).unwrap_err();
        let text = error.to_string();
        let chance = text.split("chance ").nth(1).and_then(|rest| rest.split(' ').next());
        let chance = chance.and_then(|word| word.trim_end_matches([';', ',']).parse::<f64>().ok());
        nearest = nearest.min(chance.unwrap_or(0.0));
        // The same image with its own catalogue is found.
        if seed % 10 == 0 {
            solve(&field.spots, &field.stars, &start, SHAPE, &params).unwrap();
        }
    }
    assert!(nearest > -3.0, "{nearest}");
}
