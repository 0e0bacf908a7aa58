//! What crosses to JavaScript.

use js_sys::{Array, Float32Array, Float64Array, Object, Reflect, Uint32Array};
use rawsky_core::bench::{Gathered, Measured, Part, Plot};
use rawsky_core::error::Error;
use rawsky_core::header::{Card, Header};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

/// `{ class, message, detail }`: the kind of error, a sentence, and its quantities.
pub(crate) fn error(error: &Error) -> JsValue {
    let detail = plain(error);
    let class = Reflect::get(&detail, &JsValue::from("class")).unwrap_or(JsValue::UNDEFINED);
    let message = JsValue::from(error.to_string());
    object(&[("class", class), ("message", message), ("detail", detail)])
}

/// Plain data as plain JavaScript, with objects for maps.
pub(crate) fn plain(value: &impl Serialize) -> JsValue {
    let plain = value.serialize(&Serializer::json_compatible());
    plain.unwrap_or_else(|error| JsValue::from(error.to_string()))
}

/// `{ title, xLabel, yLabel, x, series: [{ label, y, style }], summary }`.
pub(crate) fn plot(plot: &Plot) -> JsValue {
    let series = Array::new();
    for one in &plot.series {
        series.push(&object(&[
            ("label", JsValue::from(one.label.as_str())),
            ("y", numbers(&one.y).into()),
            ("style", plain(&one.style)),
        ]));
    }
    object(&[
        ("title", JsValue::from(plot.title.as_str())),
        ("xLabel", JsValue::from(plot.x_label.as_str())),
        ("yLabel", JsValue::from(plot.y_label.as_str())),
        ("x", numbers(&plot.x).into()),
        ("series", series.into()),
        ("summary", JsValue::from(plot.summary.as_str())),
    ])
}

/// `{ columns: [{ name, unit, values }], rows, x, y, radii, warnings }`.
pub(crate) fn measured(measured: &Measured) -> JsValue {
    let columns = Array::new();
    for column in measured.table.columns() {
        let values = match column.values.to_f64_exactly() {
            Some(values) => numbers(&values).into(),
            None => plain(&column.values.to_text()),
        };
        columns.push(&object(&[
            ("name", JsValue::from(column.name.as_str())),
            ("unit", JsValue::from(column.unit.as_str())),
            ("values", values),
        ]));
    }
    let (x, y): (Vec<f64>, Vec<f64>) = measured.positions.iter().copied().unzip();
    object(&[
        ("columns", columns.into()),
        ("rows", JsValue::from(measured.table.rows() as f64)),
        ("x", numbers(&x).into()),
        ("y", numbers(&y).into()),
        ("radii", plain(&measured.radii_pix)),
        ("warnings", plain(&measured.warnings)),
    ])
}

/// `[{ source, version, height, width, side, firstColumn, columns, firstLine, rows }]`.
pub(crate) fn parts(parts: &[Part]) -> JsValue {
    let list = Array::new();
    for part in parts {
        let number = |count: usize| JsValue::from(count as f64);
        let places = |pixels: &[usize]| {
            let pixels: Vec<u32> = pixels.iter().map(|&pixel| pixel as u32).collect();
            JsValue::from(Uint32Array::from(pixels.as_slice()))
        };
        list.push(&object(&[
            ("source", plain(&part.source)),
            ("version", JsValue::from(part.version.as_str())),
            ("height", number(part.size.0)),
            ("width", number(part.size.1)),
            ("side", number(part.side)),
            ("firstColumn", number(part.footprint.first_column)),
            ("columns", places(&part.footprint.columns)),
            ("firstLine", number(part.footprint.first_line)),
            ("rows", places(&part.footprint.rows)),
        ]));
    }
    list.into()
}

/// `{ values, masked }`.
pub(crate) fn gathered(gathered: &Gathered) -> JsValue {
    object(&[
        ("values", Float32Array::from(gathered.values.as_slice()).into()),
        ("masked", JsValue::from(gathered.n_masked as f64)),
    ])
}

/// `[{ key, value, comment }]`.
pub(crate) fn header(header: &Header) -> JsValue {
    let card = |card: &Card| {
        let value = card.value.to_string();
        serde_json::json!({ "key": card.key, "value": value, "comment": card.comment })
    };
    plain(&header.cards.iter().map(card).collect::<Vec<_>>())
}

fn numbers(values: &[f64]) -> Float64Array {
    Float64Array::from(values)
}

pub(crate) fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a fresh object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from(*name), value);
    }
    object.into()
}
