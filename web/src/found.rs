//! Objects of science images, and the zero point of stars that one or more sessions have matched.

use rawsky_core::bench::{Pairs, ZeroPlots};
use rawsky_core::ids::AmpId;
use wasm_bindgen::prelude::*;

use crate::dto;
use crate::session::{Js, Session};

#[wasm_bindgen]
impl Session {
    /// Does the next piece of the search for objects on an amplifier: nothing until all is done.
    pub fn objects(&mut self, amp: u32) -> Js<JsValue> {
        let found = self.bench.objects(AmpId(amp)).map_err(|error| dto::error(&error))?;
        Ok(found.map_or(JsValue::NULL, dto::plain))
    }

    /// The zero point of matched stars, one value of each kind a star; NaN for a color that is not known:
    /// `{ zeroPoint, error, atMedianColor, rms, used, given, color, plots }`.
    pub fn zero_plots(
        &self,
        magnitude: Vec<f64>,
        flux: Vec<f64>,
        flux_err: Vec<f64>,
        color: Vec<f64>,
    ) -> Js<JsValue> {
        let pairs = Pairs { magnitude, flux, flux_err, color };
        let made = self.bench.zero_plots(&pairs);
        made.map(|made| zero_point(&made)).map_err(|error| dto::error(&error))
    }
}

fn zero_point(made: &ZeroPlots) -> JsValue {
    let ZeroPlots { fit, with_color, plots } = made;
    let number = JsValue::from_f64;
    let color = if *with_color { number(fit.color_ratio) } else { JsValue::NULL };
    dto::object(&[
        ("zeroPoint", number(fit.zero_point_mag)),
        ("error", number(fit.covariance_mag[0].max(0.0).sqrt())),
        ("atMedianColor", number(fit.at_median_color_mag)),
        ("rms", number(fit.rms_mag)),
        ("used", number(fit.n_used as f64)),
        ("given", number(fit.is_used.len() as f64)),
        ("color", color),
        ("plots", plots.iter().map(dto::plot).collect::<js_sys::Array>().into()),
    ])
}
