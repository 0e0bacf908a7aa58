//! The focal plane for a worker of the page: asked in small pieces, one amplifier at a time.

use js_sys::Uint8Array;
use rawsky_core::bench::{
    Mosaic, MosaicView, camera_of_image, cameras_for, cuts_of_name, mosaic_night,
};
use rawsky_core::error::{Error, Result};
use rawsky_core::store::load;
use wasm_bindgen::prelude::*;

use crate::dto;
use crate::files::{Files, Reader};
use crate::session::{Js, answer, from_js};

/// Largest file that is handed out (byte).
const LARGEST: u64 = 1 << 30;

/// The focal plane of one camera.
#[wasm_bindgen]
#[derive(Default)]
pub struct MosaicSession {
    files: Files,
    names: Vec<String>,
    mosaic: Option<Mosaic>,
}

#[wasm_bindgen]
impl MosaicSession {
    /// A session without files.
    #[wasm_bindgen(constructor)]
    pub fn new() -> MosaicSession {
        MosaicSession::default()
    }

    /// Adds a dropped file: `{ size, read(offset, length) }`.
    pub fn add(&mut self, name: String, reader: Reader) {
        self.names.push(name.clone());
        self.files.add(name, reader);
    }

    /// The built-in cameras to which the files can belong, the likeliest first.
    pub fn cameras(&mut self) -> Vec<String> {
        let of_image = camera_of_image(&mut self.files, &self.names);
        let mut likely = vec![of_image];
        likely.extend(cameras_for(&self.names).into_iter().filter(|name| *name != of_image));
        likely.into_iter().map(str::to_owned).collect()
    }

    /// How many files one simulated exposure of every detector of a camera has.
    ///
    /// # Errors
    /// `{ class, message, detail }`, as of every function here.
    pub fn simulated(&self, camera: &str, seed: u32) -> Js<usize> {
        let units = mosaic_night(camera, seed.into()).map_err(|error| dto::error(&error))?;
        Ok(units.len())
    }

    /// Makes one of them.
    pub fn simulate(&mut self, camera: &str, seed: u32, index: usize) -> Js<()> {
        self.make(camera, (seed, index)).map_err(|error| dto::error(&error))
    }

    /// Sorts the files by their headers: what the focal plane is made of.
    pub fn open(&mut self, camera: &str) -> Js<JsValue> {
        let opened = Mosaic::open(&mut self.files, camera, &self.names);
        let opened = opened.map_err(|error| dto::error(&error))?;
        let info = dto::plain(&opened.info());
        self.mosaic = Some(opened);
        Ok(info)
    }

    /// Reads one amplifier for the overview; its numbers.
    pub fn read(&mut self, detector: u32, amp: u32) -> Js<JsValue> {
        let MosaicSession { files, mosaic, .. } = self;
        let mosaic = mosaic.as_mut().ok_or_else(not_open)?;
        answer(mosaic.read(files, detector, amp))
    }

    /// The amplifiers, `[detector, amplifier]`, whose full pixels a view needs and that are not there.
    pub fn wanted(&mut self, view: JsValue) -> Js<JsValue> {
        let mosaic = self.mosaic.as_mut().ok_or_else(not_open)?;
        answer(from_js::<MosaicView>("view", view).map(|view| mosaic.wanted(&view)))
    }

    /// Reads the full pixels of one.
    pub fn load(&mut self, detector: u32, amp: u32) -> Js<()> {
        let MosaicSession { files, mosaic, .. } = self;
        let mosaic = mosaic.as_mut().ok_or_else(not_open)?;
        mosaic.load(files, detector, amp).map_err(|error| dto::error(&error))
    }

    /// Draws a view: RGBA bytes, the topmost line first.
    pub fn draw(&mut self, view: JsValue) -> Js<Vec<u8>> {
        let mosaic = self.mosaic.as_mut().ok_or_else(not_open)?;
        let drawn = from_js::<MosaicView>("view", view).and_then(|view| {
            let sides = [view.width, view.height];
            if sides.iter().any(|side| !(1..=16384).contains(side)) {
                return Err(Error::parameter("size of the picture", view.width, "1 to 16384"));
            }
            let mut bytes = vec![0; 4 * view.width * view.height];
            mosaic.draw(&view, &mut bytes)?;
            Ok(bytes)
        });
        drawn.map_err(|error| dto::error(&error))
    }

    /// Low and high cut of all that was read; nothing before.
    pub fn cuts(&self, rule: &str) -> Js<Option<Vec<f64>>> {
        let mosaic = self.mosaic.as_ref().ok_or_else(not_open)?;
        let cuts = cuts_of_name(rule).and_then(|rule| mosaic.cuts(rule));
        let cuts = cuts.map_err(|error| dto::error(&error))?;
        Ok(cuts.map(|(low, high)| vec![low, high]))
    }

    /// The pixel at a place of the focal plane; nothing where nothing was read.
    pub fn pixel(&self, x: f64, y: f64) -> JsValue {
        self.mosaic.as_ref().map_or(JsValue::NULL, |mosaic| dto::plain(&mosaic.pixel(x, y)))
    }

    /// The bytes of a simulated file.
    pub fn file(&mut self, name: &str) -> Js<Uint8Array> {
        let bytes = load(&mut self.files, name, LARGEST).map_err(|error| dto::error(&error))?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// Bytes of the overviews and of the pixels that are held.
    pub fn bytes(&self) -> f64 {
        self.mosaic.as_ref().map_or(0, Mosaic::bytes) as f64
    }
}

impl MosaicSession {
    fn make(&mut self, camera: &str, (seed, index): (u32, usize)) -> Result<()> {
        let units = mosaic_night(camera, seed.into())?;
        let Some(unit) = units.get(index) else { return Ok(()) };
        let before = rawsky_core::store::Store::list(&self.files);
        unit.run(&mut self.files)?;
        let after = rawsky_core::store::Store::list(&self.files);
        let is_raw = |name: &&String| !before.contains(name) && !name.contains("_q");
        self.names.extend(after.iter().filter(is_raw).cloned());
        Ok(())
    }
}

fn not_open() -> JsValue {
    dto::error(&Error::input("mosaic", "focal plane", "none", "an open one"))
}
