//! The bench for a worker of the page: one exposure held open, asked in small pieces so that the
//! worker can listen between them.

use std::collections::VecDeque;

use rawsky_core::bench::{
    self, Bench, Plane, PlotRequest, Setting, Source, Unit, View, cuts_of_name,
};
use rawsky_core::display::Region;
use rawsky_core::error::{Error, Result};
use rawsky_core::ids::AmpId;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use crate::dto;
use crate::files::Files;

/// One exposure under the hands of a person.
#[wasm_bindgen]
pub struct Session {
    pub(crate) bench: Bench,
    pub(crate) files: Files,
    #[cfg(feature = "files")]
    pub(crate) names: Vec<String>,
    pub(crate) units: VecDeque<Unit>,
    of_masters: VecDeque<Unit>,
    pub(crate) wanted: bench::Files,
}

pub(crate) type Js<T> = std::result::Result<T, JsValue>;

#[wasm_bindgen]
impl Session {
    /// A session for a built-in camera.
    ///
    /// # Errors
    /// `{ class, message, detail }`, as of every function here.
    #[wasm_bindgen(constructor)]
    pub fn new(camera: &str) -> Js<Session> {
        let bench = Bench::new(camera).map_err(|error| dto::error(&error))?;
        Ok(Session {
            bench,
            files: Files::default(),
            #[cfg(feature = "files")]
            names: Vec::new(),
            units: VecDeque::new(),
            of_masters: VecDeque::new(),
            wanted: bench::Files::default(),
        })
    }

    /// Plans a simulated exposure with its calibration; the number of units of work.
    pub fn simulate(&mut self, night: JsValue) -> Js<usize> {
        let night = from_js("night", night).map_err(|error| dto::error(&error))?;
        let prepared = bench::simulated(self.bench.camera(), &night);
        self.take(prepared).map(|_| self.units.len())
    }

    /// The next unit of work in words; nothing if all is done.
    pub fn next_unit(&self) -> Option<String> {
        self.units.front().map(|unit| unit.label.clone())
    }

    /// How many units of work are left.
    pub fn units_left(&self) -> usize {
        self.units.len()
    }

    /// Does the next unit of work.
    pub fn do_unit(&mut self) -> Js<()> {
        let Some(unit) = self.units.pop_front() else { return Ok(()) };
        unit.run(&mut self.files).map_err(|error| dto::error(&error))
    }

    /// Opens the exposure, once its work is done; says what it is. The work that its masters need is next.
    pub fn open(&mut self) -> Js<JsValue> {
        self.units.append(&mut self.of_masters);
        answer(self.bench.open_early(&mut self.files, &self.wanted))
    }

    /// Takes the masters that were made, and no others are waited for; says what the exposure is now.
    pub fn complete(&mut self) -> Js<JsValue> {
        self.units.clear();
        answer(self.bench.complete(&mut self.files, &self.wanted))
    }

    /// What can be set of the steps.
    pub fn steps(&self) -> JsValue {
        dto::plain(&self.bench.steps())
    }

    /// How they are set.
    pub fn settings(&self) -> JsValue {
        dto::plain(&self.bench.settings())
    }

    /// Sets them; stages that depend on a change become stale.
    pub fn set(&mut self, settings: JsValue) -> Js<()> {
        let settings = from_js::<Vec<Setting>>("steps", settings);
        settings.and_then(|settings| self.bench.set(settings)).map_err(|error| dto::error(&error))
    }

    /// What the amplifier does next; nothing if all is done.
    pub fn next(&self, amp: u32) -> Option<String> {
        self.bench.next(AmpId(amp)).map(str::to_owned)
    }

    /// Does it.
    pub fn advance(&mut self, amp: u32) -> Js<()> {
        let done = self.bench.advance(&mut self.files, AmpId(amp));
        done.map(|_| ()).map_err(|error| dto::error(&error))
    }

    /// Lets go of the stages of an amplifier.
    pub fn forget(&mut self, amp: u32) -> Js<()> {
        self.bench.forget(AmpId(amp)).map_err(|error| dto::error(&error))
    }

    /// How often each step was done.
    pub fn executed(&self) -> JsValue {
        dto::plain(&self.bench.executed())
    }

    /// The stages of an amplifier, with all their numbers or at once with those that are known.
    pub fn stages(&self, amp: u32, numbers: bool) -> Js<JsValue> {
        let amp = AmpId(amp);
        answer(if numbers { self.bench.stages(amp) } else { self.bench.stages_at_once(amp) })
    }

    /// Draws a view: RGBA bytes, the topmost line first.
    pub fn draw(&mut self, view: JsValue) -> Js<Vec<u8>> {
        picture(view, |view, bytes| self.bench.draw(view, bytes))
    }

    /// The same of a change of which the stages are not there yet: some rows of them are made for it.
    pub fn preview(&mut self, view: JsValue) -> Js<Vec<u8>> {
        picture(view, |view, bytes| self.bench.preview(&mut self.files, view, bytes))
    }

    /// What a view is made of, for a graphics processor.
    pub fn parts(&self, view: JsValue) -> Js<JsValue> {
        let parts = from_js::<View>("view", view).and_then(|view| self.bench.parts(&view));
        parts.map(|parts| dto::parts(&parts)).map_err(|error| dto::error(&error))
    }

    /// The colors of a view: of 4096 steps the least value's order and the color, for the stage and
    /// then for the other side of a line.
    pub fn tables(&self, view: JsValue) -> Js<Vec<u32>> {
        let tables = from_js::<View>("view", view).and_then(|view| view.tables());
        tables.map_err(|error| dto::error(&error))
    }

    /// Pixels of an image that a part shows: the bits of the values, or the `mask` bits, of the rows
    /// and columns `[first row, end, first column, end]`.
    pub fn pixels(&mut self, source: JsValue, mask: bool, piece: Vec<usize>) -> Js<Vec<u32>> {
        let plane = if mask { Plane::Mask } else { Plane::Image };
        let pixels = from_js::<Source>("source", source).and_then(|source| {
            let [top, bottom, left, right] = piece[..] else {
                let needed = "first row, end, first column, end";
                return Err(Error::parameter("piece of an image", piece.len(), needed));
            };
            self.bench.pixels(&source, plane, (top..bottom, left..right))
        });
        pixels.map_err(|error| dto::error(&error))
    }

    /// Low and high cut of a stage, or of its difference to another; nothing if it is not there.
    pub fn cuts(
        &mut self,
        stage: &str,
        against: Option<String>,
        rule: &str,
        amps: Vec<u32>,
    ) -> Js<Option<Vec<f64>>> {
        let amps: Vec<AmpId> = amps.into_iter().map(AmpId).collect();
        let cuts = cuts_of_name(rule)
            .and_then(|rule| self.bench.cuts((stage, against.as_deref()), rule, &amps));
        let cuts = cuts.map_err(|error| dto::error(&error))?;
        Ok(cuts.map(|(low, high)| vec![low, high]))
    }

    /// Every bit of the mask with its count.
    pub fn mask_bits(&self, stage: &str, amps: Vec<u32>) -> JsValue {
        let amps: Vec<AmpId> = amps.into_iter().map(AmpId).collect();
        dto::plain(&self.bench.mask_counts(stage, &amps))
    }

    /// One pixel of the detector through all stages; nothing off the amplifiers.
    pub fn pixel(&self, x: usize, y: usize) -> JsValue {
        dto::plain(&self.bench.pixel(x, y))
    }

    /// Something to plot.
    pub fn plot(&mut self, request: JsValue) -> Js<JsValue> {
        let plot = from_js::<PlotRequest>("plot", request).and_then(|request| {
            if matches!(request, PlotRequest::Growth { .. }) {
                self.bench.photometry(request.amp())?;
            }
            self.bench.plot(&request)
        });
        plot.map(|plot| dto::plot(&plot)).map_err(|error| dto::error(&error))
    }

    /// Statistics of a region.
    pub fn region(&self, region: JsValue, stage: &str) -> Js<JsValue> {
        answer(
            from_js::<Region>("region", region)
                .and_then(|region| self.bench.region(&region, stage)),
        )
    }

    /// The values of a region, for statistics over amplifiers that several sessions hold:
    /// `{ values, masked }`.
    pub fn gather(&self, region: JsValue, stage: &str) -> Js<JsValue> {
        let gathered = from_js::<Region>("region", region)
            .and_then(|region| self.bench.gather(&region, stage));
        gathered.map(|gathered| dto::gathered(&gathered)).map_err(|error| dto::error(&error))
    }

    /// The parameters of photometry.
    pub fn aperture(&self) -> Js<JsValue> {
        answer(self.bench.recipe().map(|recipe| recipe.aperture))
    }

    /// Sets them; images stay as they are.
    pub fn set_aperture(&mut self, params: JsValue) -> Js<()> {
        let params = from_js("aperture", params);
        params
            .and_then(|params| self.bench.set_aperture(params))
            .map_err(|error| dto::error(&error))
    }

    /// The stars measured on an amplifier; nothing without a catalogue.
    pub fn photometry(&mut self, amp: u32) -> Js<JsValue> {
        let measured = self.bench.photometry(AmpId(amp)).map_err(|error| dto::error(&error))?;
        Ok(measured.map_or(JsValue::NULL, dto::measured))
    }

    /// The command that does the same.
    pub fn command(&self) -> Js<String> {
        self.bench.command().map_err(|error| dto::error(&error))
    }

    /// Lets go of everything.
    pub fn close(&mut self) {
        self.files.clear();
        self.units.clear();
    }
}

impl Session {
    pub(crate) fn take(&mut self, prepared: Result<bench::Preparation>) -> Js<Vec<String>> {
        let prepared = prepared.map_err(|error| dto::error(&error))?;
        self.units = prepared.units.into();
        self.of_masters = prepared.of_masters.into();
        self.wanted = prepared.files;
        Ok(prepared.left_out)
    }
}

fn picture(view: JsValue, draw: impl FnOnce(&View, &mut [u8]) -> Result<()>) -> Js<Vec<u8>> {
    let drawn = from_js::<View>("view", view).and_then(|view| {
        let sides = [view.width, view.height];
        if sides.iter().any(|side| !(1..=16384).contains(side)) {
            return Err(Error::parameter("size of the picture", view.width, "1 to 16384"));
        }
        let mut bytes = vec![0; 4 * view.width * view.height];
        draw(&view, &mut bytes)?;
        Ok(bytes)
    });
    drawn.map_err(|error| dto::error(&error))
}

pub(crate) fn from_js<T: DeserializeOwned>(what: &str, value: JsValue) -> Result<T> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::parameter(what, error, "an object of the right form")
    };
    let value = serde_wasm_bindgen::from_value(value).map_err(|error| wrong(&error))?;
    serde_json::from_value(value).map_err(|error| wrong(&error))
}

pub(crate) fn answer<T: serde::Serialize>(value: Result<T>) -> Js<JsValue> {
    value.map(|value| dto::plain(&value)).map_err(|error| dto::error(&error))
}
