//! What falls on an amplifier and what it answers: illumination, sensitivity, sky; stored order.
//!
//! With `x`, `y` the place in the focal plane as a share of its half width and half height and
//! `r² = (x² + y²) / 2`,
//!
//! ```text
//! response = throughput x (1 - 0.06 r² - 0.12 r⁴)         vignetting
//!          x (1 + 0.008 near-normal)                       pixel response
//!          x 0.6 on low columns, x 0.02 on dead pixels     defects
//! lamp     = level x (1 + a x + b y + c r²)                a, b, c = 0.02 for each lamp
//! sky      = level x (1 + gradient x)
//! ```
//!
//! Light is in DN at the camera's nominal gain; times the response it is DN of the amplifier.

use ndarray::Array2;

use super::detector::{AmpParams, Defects};
use super::generator::{Generator, Normal, Purpose};
use super::site::{Along, Site};

/// Scatter of the sensitivity from pixel to pixel.
const PIXEL_RESPONSE: f64 = 0.008;
/// Sensitivity of a low column.
const LOW_COLUMN: f64 = 0.6;
/// Sensitivity of a dead pixel.
const DEAD: f64 = 0.02;
/// Size of the coefficients of a lamp's gradient.
const LAMP_GRADIENT: f64 = 0.02;

/// A light that changes slowly over the focal plane: `level (1 + a x + b y + c r²)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Illumination {
    /// Light in the middle of the focal plane (DN at the nominal gain).
    level: f64,
    a: f64,
    b: f64,
    c: f64,
}

impl Illumination {
    /// The light of a lamp; `scale` is its drift.
    pub(crate) fn lamp(site: &Site<'_>, lamp: Option<i64>, scale: f64) -> Illumination {
        let params = site.params;
        let number = lamp.unwrap_or(-1).cast_unsigned();
        let mut numbers = Generator::new(params.seed, Purpose::Lamp, [number, 0, 0]);
        let table = Normal::new();
        let level = scale * numbers.between(params.lamp_dn.0, params.lamp_dn.1);
        let size = if params.effects.lamps_gradient { LAMP_GRADIENT } else { 0.0 };
        let [a, b, c] = std::array::from_fn(|_| size * table.draw(&mut numbers));
        Illumination { level, a, b, c }
    }

    /// One DN everywhere: times the response it is the response.
    pub(crate) const ONE: Illumination = Illumination { level: 1.0, a: 0.0, b: 0.0, c: 0.0 };

    /// The light at a place in the focal plane.
    #[inline]
    fn at(self, x: f64, y: f64) -> f64 {
        self.level * (1.0 + self.a * x + self.b * y + self.c * 0.5 * (x * x + y * y))
    }

    /// The light of the sky.
    pub(crate) fn sky(site: &Site<'_>) -> Illumination {
        Illumination { level: site.params.sky_dn, a: site.params.sky_gradient, b: 0.0, c: 0.0 }
    }
}

/// The sensitivity of an amplifier, row after row in stored order.
struct Response {
    numbers: Option<Generator>,
    /// Throughput and low columns.
    column: Vec<f64>,
    /// 0.06 and 0.12, or nothing without vignetting.
    vignetting: (f64, f64),
}

impl Response {
    fn new(site: &Site<'_>, amp: &AmpParams, defects: &Defects) -> Response {
        let effects = site.params.effects;
        let mut column = vec![amp.throughput; site.shape.1];
        for &low in &defects.low_columns {
            if let Some(value) = column.get_mut(low) {
                *value = amp.throughput * LOW_COLUMN;
            }
        }
        let numbers = effects
            .pixel_response
            .then(|| Generator::new(site.params.seed, Purpose::PixelResponse, site.key(0)));
        let vignetting = if effects.vignetting { (0.06, 0.12) } else { (0.0, 0.0) };
        Response { numbers, column, vignetting }
    }

    /// Light times sensitivity of the next row, at `y` of the focal plane.
    fn next_row(&mut self, light: Illumination, x: Along, y: f64, out: &mut [f64]) {
        let (first, second) = self.vignetting;
        for (pixel, (out, column)) in out.iter_mut().zip(&self.column).enumerate() {
            let x = x.at(pixel);
            let r2 = 0.5 * (x * x + y * y);
            *out = light.at(x, y) * (column * (1.0 - r2 * (first + second * r2)));
        }
        if let Some(numbers) = &mut self.numbers {
            for out in out {
                *out *= 1.0 + PIXEL_RESPONSE * numbers.near_normal();
            }
        }
    }
}

/// `light` times the response of the amplifier (DN), stored order.
pub(crate) fn lit(
    site: &Site<'_>,
    amp: &AmpParams,
    defects: &Defects,
    light: Illumination,
) -> Array2<f32> {
    let mut out = Array2::zeros(site.shape);
    let mut response = Response::new(site, amp, defects);
    let (x, y) = site.across();
    let mut values = vec![0.0; site.shape.1];
    for (row, mut pixels) in out.rows_mut().into_iter().enumerate() {
        response.next_row(light, x, y.at(row), &mut values);
        for (pixel, value) in pixels.iter_mut().zip(&values) {
            *pixel = *value as f32;
        }
    }
    for &at in &defects.dead {
        if let Some(pixel) = out.get_mut(at) {
            *pixel *= DEAD as f32;
        }
    }
    out
}

/// Adds what hot pixels gather in `exposure_s` seconds.
pub(crate) fn add_hot_pixels(light: &mut Array2<f32>, defects: &Defects, exposure_s: f64) {
    for &(row, column, rate) in &defects.hot {
        if let Some(pixel) = light.get_mut((row, column)) {
            *pixel += (rate * exposure_s) as f32;
        }
    }
}

/// Turns the light of `stars` into all light times the response, and `response` into the sky times
/// the response (DN).
pub(crate) fn add_sky(site: &Site<'_>, stars: &mut Array2<f32>, response: &mut Array2<f32>) {
    let sky = Illumination::sky(site);
    let (x, y) = site.across();
    for (row, (mut stars, mut response)) in
        stars.rows_mut().into_iter().zip(response.rows_mut()).enumerate()
    {
        let y = y.at(row);
        for (column, (star, response)) in stars.iter_mut().zip(response.iter_mut()).enumerate() {
            let (sky, answer) = (sky.at(x.at(column), y), f64::from(*response));
            *star = ((f64::from(*star) + sky) * answer) as f32;
            *response = (sky * answer) as f32;
        }
    }
}
