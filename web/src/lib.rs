//! The core for JavaScript: a job in, products out. No algorithm lives here.
//!
//! ```js
//! const { record, products } = execute(JSON.stringify(job), new Map([["raw.fits", bytes]]));
//! ```

#[cfg(feature = "files")]
mod dropped;
mod dto;
mod files;
#[cfg(feature = "files")]
mod found;
mod inspect;
#[cfg(feature = "files")]
mod mosaic;
#[cfg(feature = "files")]
mod products;
mod session;
#[cfg(feature = "files")]
mod store;
#[cfg(feature = "files")]
mod whole;

use rawsky_core::instrument::built_in_descriptions;
use wasm_bindgen::prelude::*;

#[cfg(feature = "files")]
pub use mosaic::MosaicSession;
pub use session::Session;
#[cfg(feature = "files")]
pub use whole::execute;

/// The cameras that come with the core: `[{ name, description }]`.
#[wasm_bindgen]
pub fn cameras() -> JsValue {
    let camera = |(name, description): (&str, &str)| {
        let words = [("name", JsValue::from(name)), ("description", JsValue::from(description))];
        dto::object(&words)
    };
    built_in_descriptions().map(camera).collect::<js_sys::Array>().into()
}

/// The cameras to which files of these names can belong, the likeliest first.
#[wasm_bindgen]
pub fn cameras_for(names: Vec<String>) -> Vec<String> {
    rawsky_core::bench::cameras_for(&names).into_iter().map(str::to_owned).collect()
}

/// The statistics of values that several sessions gathered.
///
/// # Errors
/// None that values in memory can have.
#[wasm_bindgen]
pub fn statistics_of(values: Vec<f32>, masked: f64) -> Result<JsValue, JsValue> {
    let gathered = rawsky_core::bench::Gathered { values, n_masked: masked as u64 };
    session::answer(rawsky_core::bench::statistics_of(&gathered))
}

/// Colors of the marks of a picture, red in the lowest byte: two of the checker of pixels without a
/// value, then those of the stripes of mask bits.
#[wasm_bindgen]
pub fn mark_colors() -> Vec<u32> {
    rawsky_core::display::table::mark_colors()
}

#[cfg(not(feature = "files"))]
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = bringTheRest)]
    fn bring_the_rest();
}

/// Brings the functions that a first picture does not need, which come as a file of their own
/// (`xtask/src/split.rs`). Whoever calls one of them brings them too, so nothing has to be called.
#[cfg(not(feature = "files"))]
#[wasm_bindgen]
pub fn complete() {
    bring_the_rest();
}

/// Whether this module has the description of a camera; the other one has all.
#[cfg(not(feature = "files"))]
#[wasm_bindgen]
pub fn knows(camera: &str) -> bool {
    rawsky_core::instrument::has_built_in(camera)
}

/// Version of the core.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
