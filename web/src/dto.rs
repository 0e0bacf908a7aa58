//! What crosses to JavaScript.

use std::collections::BTreeMap;

use js_sys::{Map, Object, Reflect, Uint8Array};
use rawsky_core::error::Error;
use rawsky_core::provenance::Provenance;
use rawsky_core::store::Key;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

/// `{ record, products }`.
pub(crate) fn result(record: &Provenance, products: BTreeMap<Key, Vec<u8>>) -> JsValue {
    let map = Map::new();
    for (key, bytes) in products {
        map.set(&JsValue::from(key), &Uint8Array::from(bytes.as_slice()));
    }
    object(&[("record", plain(record)), ("products", map.into())])
}

/// `{ class, message, detail }`: the kind of error, a sentence, and its quantities.
pub(crate) fn error(error: &Error) -> JsValue {
    let detail = plain(error);
    let class = Reflect::get(&detail, &JsValue::from("class")).unwrap_or(JsValue::UNDEFINED);
    let message = JsValue::from(error.to_string());
    object(&[("class", class), ("message", message), ("detail", detail)])
}

/// Plain data as plain JavaScript, with objects for maps.
fn plain(value: &impl Serialize) -> JsValue {
    let plain = value.serialize(&Serializer::json_compatible());
    plain.unwrap_or_else(|error| JsValue::from(error.to_string()))
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a fresh object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from(*name), value);
    }
    object.into()
}
