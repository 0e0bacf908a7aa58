//! What a person looks into beside the stages: headers, and the frames of the masters.

use rawsky_core::ids::AmpId;
use wasm_bindgen::prelude::*;

use crate::dto;
use crate::session::{Js, Session, answer};

#[wasm_bindgen]
impl Session {
    /// The headers that there are: `[{ of, title }]`.
    pub fn headers(&self, amp: u32) -> Js<JsValue> {
        answer(self.bench.headers(AmpId(amp)))
    }

    /// One of them: `[{ key, value, comment }]`, card after card.
    pub fn header(&self, amp: u32, of: &str) -> Js<JsValue> {
        let header = self.bench.header(AmpId(amp), of).map_err(|error| dto::error(&error))?;
        Ok(dto::header(&header))
    }

    /// The stacks of which masters were made on the spot.
    pub fn stacks(&mut self) -> Js<JsValue> {
        answer(self.bench.stacks(&mut self.files))
    }

    /// Brings one more frame of a stack and says what the clip did to a pixel once all are there.
    pub fn stacked(&mut self, stack: usize, x: usize, y: usize) -> Js<JsValue> {
        answer(self.bench.stacked(&mut self.files, stack, (x, y)))
    }

    /// Reads a master, so that it can be drawn as a stage of its name.
    pub fn hold_master(&mut self, master: &str, amps: Vec<u32>) -> Js<()> {
        let amps: Vec<AmpId> = amps.into_iter().map(AmpId).collect();
        let held = self.bench.hold_master(&mut self.files, master, &amps);
        held.map_err(|error| dto::error(&error))
    }
}
