//! One pixel through all stages: its value, its error, and how each step came to it.

use serde::Serialize;

use crate::mask;

use super::chain::{Chain, RAW};
use super::kept::Kept;
use super::schema;
use super::subject::Subject;

/// A pixel.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PixelInfo {
    /// Column of the detector.
    pub x: usize,
    /// Row of the detector.
    pub y: usize,
    /// Its amplifier.
    pub amp: u32,
    /// Column of the stored array.
    pub stored_x: usize,
    /// Row of the stored array.
    pub stored_y: usize,
    /// Right ascension (deg), with a WCS.
    pub ra_deg: Option<f64>,
    /// Declination (deg), with a WCS.
    pub dec_deg: Option<f64>,
    /// What the last stage should be (DN).
    pub truth: Option<f64>,
    /// The same in words.
    pub truth_text: Option<String>,
    /// Every stage.
    pub rows: Vec<PixelRow>,
}

/// A pixel at one stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PixelRow {
    /// The stage.
    pub stage: String,
    /// Its name for a person.
    pub title: String,
    /// The value; none for a NaN.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// Standard deviation by the variance plane.
    pub error: Option<f64>,
    /// How the step came to the value.
    pub arithmetic: String,
    /// Names of the bits of its mask.
    pub flags: Vec<&'static str>,
}

pub(super) fn pixel(subject: &Subject, chain: &Chain, (x, y): (usize, usize)) -> PixelInfo {
    let mut rows = Vec::new();
    let mut before: Option<Value> = None;
    let (mut shape, mut at) = ((0, 0), (0, 0));
    for (_, kept) in chain.all() {
        let view = kept.sky();
        at = (y - view.origin.1, x - view.origin.0);
        shape = view.image.dim();
        let value = Value::of(kept, at);
        rows.push(row((subject, kept), (before, value)));
        before = Some(value);
    }
    let last = chain.last();
    let truth = last.and_then(|kept| {
        subject.truth_of(chain.amp, kept.stage, &chain.steps)?.get(at).copied().map(f64::from)
    });
    let flip = last.map_or_else(Default::default, |kept| kept.geometry.sky_from_stored);
    let stored = flip.position((at.0 as f64, at.1 as f64), shape);
    let sky = subject.sky(chain.amp, (stored.1, stored.0));
    PixelInfo {
        x,
        y,
        amp: chain.amp.0,
        stored_x: stored.1 as usize,
        stored_y: stored.0 as usize,
        ra_deg: sky.map(|(ra, _)| ra),
        dec_deg: sky.map(|(_, dec)| dec),
        truth,
        truth_text: truth.zip(before).map(|(truth, value)| compared(truth, value)),
        rows,
    }
}

/// A value with its variance and bits.
#[derive(Debug, Clone, Copy)]
struct Value {
    value: f64,
    variance: f64,
    bits: u32,
}

impl Value {
    fn of(kept: &Kept, at: (usize, usize)) -> Value {
        let view = kept.sky();
        let number = |plane: Option<f32>| plane.map_or(f64::NAN, f64::from);
        Value {
            value: number(view.image.get(at).copied()),
            variance: number(view.variance.and_then(|plane| plane.get(at).copied())),
            bits: view.mask.and_then(|plane| plane.get(at).copied()).unwrap_or(0),
        }
    }
}

fn row((subject, kept): (&Subject, &Kept), (before, now): (Option<Value>, Value)) -> PixelRow {
    let error = now.variance.sqrt();
    let named = mask::REGISTRY.iter().filter(|entry| now.bits & entry.value() != 0);
    PixelRow {
        stage: kept.stage.to_owned(),
        title: schema::title(kept.stage).to_owned(),
        value: now.value.is_finite().then_some(now.value),
        unit: kept.unit(),
        error: (error.is_finite() && 0.0 < error).then_some(error),
        arithmetic: match before {
            None => "as read".to_owned(),
            Some(before) => arithmetic(subject, kept, (before, now)),
        },
        flags: named.map(|entry| entry.name).collect(),
    }
}

/// The step's formula with the pixel's numbers.
fn arithmetic(subject: &Subject, kept: &Kept, (before, now): (Value, Value)) -> String {
    let (old, new) = (before.value, now.value);
    let change = new - old;
    let signed = |text: &str| match change < 0.0 {
        true => format!("{old:.2} − {:.2}{text}", -change),
        false => format!("{old:.2} + {change:.2}{text}"),
    };
    match kept.stage {
        "saturation" if now.bits & mask::SATURATED != 0 => "full: marked".to_owned(),
        "saturation" => "not full".to_owned(),
        "overscan" => format!("{old:.2} − {:.2}", -change),
        "linearity" => format!("{old:.3} / {:.6}", old / new),
        "pocket" => signed(""),
        "variance" => {
            let (read, all) = (before.variance.sqrt(), now.variance.sqrt());
            format!("error {read:.2} → {all:.2}")
        }
        "assemble" => "in sky order".to_owned(),
        "bias" => signed(""),
        "dark" => signed(""),
        "flat" => format!(
            "{old:.2} / {:.5} × {:.5}",
            old / new * subject.scale_ratio(),
            subject.scale_ratio()
        ),
        "split" => "as stored".to_owned(),
        RAW => String::new(),
        _ => signed(""),
    }
}

fn compared(truth: f64, now: Value) -> String {
    let difference = now.value - truth;
    let error = now.variance.sqrt();
    let sigmas = difference / error;
    match sigmas.is_finite() {
        true => format!("{difference:+.2} DN from the truth, {sigmas:+.1} of its error"),
        false => format!("{difference:+.2} DN from the truth"),
    }
}
