//! The core for JavaScript: a job in, products out. No algorithm lives here.
//!
//! ```js
//! const { record, products } = execute(JSON.stringify(job), new Map([["raw.fits", bytes]]));
//! ```

mod dto;
mod files;
mod mosaic;
mod session;
mod store;

use js_sys::Map;
use rawsky_core::error::Error;
use rawsky_core::instrument::{BUILT_IN, Instrument};
use rawsky_core::job::{self, Job};
use wasm_bindgen::prelude::*;

use crate::store::MemoryStore;

pub use mosaic::MosaicSession;
pub use session::Session;

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
    Ok(dto::result(&record, store.products()))
}

/// The cameras that come with the core: `[{ name, description }]`.
///
/// # Errors
/// If one of them is broken, which a test does not let happen.
#[wasm_bindgen]
pub fn cameras() -> Result<JsValue, JsValue> {
    let mut all = Vec::new();
    for (name, _) in BUILT_IN {
        let camera = Instrument::built_in(name).map_err(|error| dto::error(&error))?;
        all.push(serde_json::json!({ "name": name, "description": camera.description }));
    }
    Ok(dto::plain(&all))
}

/// The cameras to which files of these names can belong, the likeliest first.
#[wasm_bindgen]
pub fn cameras_for(names: Vec<String>) -> Vec<String> {
    rawsky_core::bench::cameras_for(&names).into_iter().map(str::to_owned).collect()
}

/// Colors of the marks of a picture, red in the lowest byte: two of the checker of pixels without a
/// value, then those of the stripes of mask bits.
#[wasm_bindgen]
pub fn mark_colors() -> Vec<u32> {
    rawsky_core::display::table::mark_colors()
}

/// Version of the core.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
