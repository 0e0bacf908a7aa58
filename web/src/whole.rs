//! A whole job at once.

use std::collections::BTreeMap;

use js_sys::{Map, Uint8Array};
use rawsky_core::error::Error;
use rawsky_core::job::{self, Job};
use rawsky_core::provenance::Provenance;
use rawsky_core::store::Key;
use wasm_bindgen::prelude::*;

use crate::dto;
use crate::store::MemoryStore;

/// Does a job.
///
/// `job` is JSON text, the same that the sandboxed program reads; `files` is a `Map` from key to
/// `Uint8Array`, which is read in place. The result is `{ record, products }`: what was done, as
/// a plain object, and a `Map` from key to `Uint8Array`.
///
/// # Errors
/// An object `{ class, message, detail }`.
#[wasm_bindgen]
pub fn execute(job: &str, files: &Map) -> Result<JsValue, JsValue> {
    run(job, files).map_err(|error| dto::error(&error))
}

fn run(job: &str, files: &Map) -> rawsky_core::Result<JsValue> {
    let job: Job = serde_json::from_str(job)
        .map_err(|error| Error::parameter("job", error, "a job as JSON text"))?;
    let mut store = MemoryStore::new(files)?;
    let record = job::execute(&job, &mut store, &mut ())?;
    Ok(result(&record, store.products()))
}

/// `{ record, products }`.
fn result(record: &Provenance, products: BTreeMap<Key, Vec<u8>>) -> JsValue {
    let map = Map::new();
    for (key, bytes) in products {
        map.set(&JsValue::from(key), &Uint8Array::from(bytes.as_slice()));
    }
    dto::object(&[("record", dto::plain(record)), ("products", map.into())])
}
