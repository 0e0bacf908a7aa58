//! Images and what other programs say of them, made by `tests/oracles/display/make.py`.

use ndarray::Array2;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Pixels;

/// One image with the cuts of astropy's `ZScaleInterval`.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) image: Array2<f32>,
    pub(super) mask: Array2<u32>,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Case {
    /// Every image.
    pub(super) fn all() -> Vec<Case> {
        let cases: Vec<Value> = read(include_str!("../../../tests/cases/display/zscale.json"));
        cases.iter().map(Case::read).collect()
    }

    /// The image of this name.
    pub(super) fn named(name: &str) -> Case {
        Case::all().into_iter().find(|case| case.name == name).unwrap()
    }

    /// The pixels that are not masked.
    pub(super) fn pixels(&self) -> Pixels<'_> {
        Pixels::unmasked(self.image.view(), self.mask.view(), 1).unwrap()
    }

    fn read(case: &Value) -> Case {
        let image = array(&case["image"], |value| match value {
            Value::Null => f32::NAN,
            Value::String(text) => text.parse().unwrap(),
            _ => value.as_f64().unwrap() as f32,
        });
        let mask = match &case["mask"] {
            Value::Null => Array2::zeros(image.dim()),
            mask => array(mask, |value| value.as_u64().unwrap() as u32),
        };
        let number = |key: &str| case[key].as_f64().unwrap();
        let name = case["name"].as_str().unwrap().to_owned();
        Case { name, image, mask, low: number("low"), high: number("high") }
    }
}

/// A file of cases.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Vec<T> {
    serde_json::from_str(text).unwrap()
}

fn array<T>(rows: &Value, convert: impl Fn(&Value) -> T) -> Array2<T> {
    let rows = rows.as_array().unwrap();
    let columns = rows[0].as_array().unwrap().len();
    let values = rows.iter().flat_map(|row| row.as_array().unwrap()).map(convert).collect();
    Array2::from_shape_vec((rows.len(), columns), values).unwrap()
}
