//! The simulated fields of `tests/oracles/detection/scene.py`, and what sep 1.4.1 finds in them.

use ndarray::Array2;
use serde_json::Value;

use super::{Filter, Noise, Params};
use crate::image::Planes;
use crate::mask;

const NOISE: u64 = 1 << 40;
const STARS: u64 = 2 << 40;
const SPOTS: u64 = 3 << 40;
const ALPHA: f64 = 2.6;

/// One call of sep with its answer.
pub(super) struct Case {
    pub(super) name: &'static str,
    value: Value,
}

macro_rules! cases {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../../tests/cases/detection/", $name, ".json")))),*]
    };
}

impl Case {
    pub(super) fn all() -> Vec<Case> {
        let files = cases![
            "matched",
            "matched_masked",
            "convolved",
            "constant",
            "constant_masked",
            "unfiltered",
            "crowded",
            "crowded_uncleaned",
            "crowded_few_levels"
        ];
        let read = |(name, text): (&'static str, &str)| Case {
            name,
            value: serde_json::from_str(text).unwrap(),
        };
        files.into_iter().map(read).collect()
    }

    /// The field; its sums are those of the script's.
    pub(super) fn planes(&self) -> Planes {
        let field = &self.value["field"];
        let whole = |key: &str| field[key].as_u64().unwrap() as usize;
        let (rows, columns) = (whole("rows"), whole("columns"));
        let planes = scene((rows, columns), whole("stars"), field["height"].as_f64().unwrap());
        let sum = |plane: &Array2<f32>| plane.iter().map(|&pixel| f64::from(pixel)).sum::<f64>();
        let check = &self.value["check"];
        for (index, found) in [sum(&planes.image), sum(&planes.variance)].into_iter().enumerate() {
            let expected = check[index].as_f64().unwrap();
            assert!((found / expected - 1.0).abs() < 1e-12, "{}: {found} {expected}", self.name);
        }
        assert_eq!(mask::count(&planes.mask, mask::DEAD), check[2].as_u64().unwrap());
        planes
    }

    /// Its parameters.
    pub(super) fn params(&self) -> Params {
        let value = &self.value;
        let defaults = Params::default();
        let rms = value["noise"].as_f64().map(|rms_dn| Noise::Constant { rms_dn });
        let whole = |key: &str, other| value[key].as_u64().map_or(other, |n| n as usize);
        Params {
            threshold_sigma: value["sigma"].as_f64().unwrap(),
            noise: rms.unwrap_or(Noise::Plane),
            filter: match value["filter"].as_str().unwrap() {
                "matched" => Filter::Matched,
                "convolve" => Filter::Convolve,
                _ => Filter::None,
            },
            kernel: serde_json::from_value(value["kernel"].clone()).unwrap_or(defaults.kernel),
            minimum_area_pix: whole("area", 5),
            deblend_levels: whole("levels", 32),
            deblend_contrast_fraction: value["contrast"].as_f64().unwrap_or(0.005),
            clean_exponent: value.get("clean").map_or(Some(1.0), Value::as_f64),
            clean_threshold: defaults.clean_threshold,
            mask_bits: if value["mask"] == true { mask::DEAD } else { 0 },
            gain_electron_per_dn: value["gain"].as_f64(),
        }
    }

    /// A column of sep's answer; NaN where it has none.
    pub(super) fn column(&self, name: &str) -> Vec<f64> {
        let column = self.value["columns"][name].as_array().unwrap();
        column.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
    }

    /// Pixels of sep's segmentation that belong to an object.
    pub(super) fn labelled(&self) -> usize {
        self.value["labelled"].as_u64().unwrap() as usize
    }
}

/// The mixing of splitmix64.
fn mixed(at: u64) -> u64 {
    let z = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub(crate) fn uniform(at: u64) -> f64 {
    (mixed(at) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Four 16-bit numbers, scaled to a deviation of 1.
fn normal(at: u64) -> f64 {
    let word = mixed(at);
    let sum: u64 = (0..4).map(|part| (word >> (16 * part)) & 0xffff).sum();
    (sum as f64 - 131_070.0) / 37_837.0
}

/// A field of stars on no background: image, variance, and DEAD pixels.
pub(crate) fn scene((rows, columns): (usize, usize), stars: usize, height: f64) -> Planes {
    let mut light = Array2::<f64>::zeros((rows, columns));
    for star in 0..stars as u64 {
        let draw = |number: u64| uniform(STARS + 4 * star + number);
        let (x, y) = (draw(0) * columns as f64 - 0.5, draw(1) * rows as f64 - 0.5);
        let (top, size) = (height / (draw(2) + 0.003), draw(3));
        let alpha = ALPHA * (1.0 + size * size);
        let span = |at: f64, length: usize| {
            let at = at as i64;
            ((at - 40).max(0) as usize, ((at + 41).max(0) as usize).min(length))
        };
        let ((left, right), (low, high)) = (span(x, columns), span(y, rows));
        for row in low..high {
            for column in left..right {
                let (dx, dy) = (column as f64 - x, row as f64 - y);
                let t = 1.0 + (dx * dx + dy * dy) / (alpha * alpha);
                light[[row, column]] += top / (t * t * t);
            }
        }
    }
    let mut planes = Planes::from_image(Array2::zeros((rows, columns)));
    for ((row, column), &light) in light.indexed_iter() {
        let slope = 1.0 + column as f64 / columns as f64;
        let variance = 25.0 * slope + light / 8.0;
        let noise = normal(NOISE + (row * columns + column) as u64);
        planes.image[[row, column]] = (light + noise * variance.sqrt()) as f32;
        planes.variance[[row, column]] = variance as f32;
    }
    planes.mask.column_mut(columns / 3).fill(mask::DEAD);
    for spot in 0..12 {
        let (u, v) = (uniform(SPOTS + 2 * spot), uniform(SPOTS + 2 * spot + 1));
        let (x, y) = ((u * columns as f64) as usize, (v * rows as f64) as usize);
        for row in y..(y + 3).min(rows) {
            for column in x..(x + 3).min(columns) {
                planes.mask[[row, column]] = mask::DEAD;
            }
        }
    }
    planes
}
