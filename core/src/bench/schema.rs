//! What a person can set of each step: label, unit, limits and a sentence, from one table.
//!
//! A test holds the table against the parameters themselves, so that none is missing or made up.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::chain::RAW;
use super::looked::IMAGE;
use super::settings::Setting;

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamKind {
    /// A whole number.
    Integer,
    /// A real number.
    Number,
    /// One of several words.
    Choice,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParamSchema {
    /// Its place below the parameters of the step, parts joined by dots.
    pub path: &'static str,
    /// Its name for a person.
    pub label: &'static str,
    /// Its unit; empty if it has none.
    pub unit: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// What it is.
    pub kind: ParamKind,
    /// Smallest value (its unit).
    pub min: Option<f64>,
    /// Largest value (its unit).
    pub max: Option<f64>,
    /// From one value to the next (its unit).
    pub step: Option<f64>,
    /// The values of a choice with their names for a person.
    pub choices: Option<Vec<Value>>,
    /// Whether it may be left empty.
    pub optional: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepInfo {
    /// Its name in a recipe.
    pub step: String,
    /// Its name for a person.
    pub title: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Its parameters.
    pub schema: Vec<ParamSchema>,
    /// Their values in the recipe.
    pub defaults: Map<String, Value>,
    /// Whether a recipe may do without it.
    pub can_switch_off: bool,
}

/// The name of a stage for a person.
pub(super) fn title(stage: &str) -> &'static str {
    match stage {
        RAW => "Raw",
        IMAGE => "Image",
        "saturation" => "Saturation",
        "overscan" => "Overscan",
        "linearity" => "Linearity",
        "pocket" => "Pocket",
        "variance" => "Variance",
        "assemble" => "Assemble",
        "bias" => "Bias",
        "dark" => "Dark",
        "flat" => "Flat field",
        "split" => "Science image",
        _ => "Stage",
    }
}

fn summary(step: &str) -> &'static str {
    match step {
        "saturation" => "Marks pixels that are full, before anything changes their level.",
        "overscan" => "Subtracts from each row the level that the amplifier gives without light.",
        "linearity" => "Undoes the curvature of the amplifier's response.",
        "pocket" => "Gives charge back to the pixels from which a trap in the register took it.",
        "variance" => "Adds the noise of counting photons to that of reading.",
        "assemble" => "Trims the overscan and turns the amplifier to the order of the sky.",
        "bias" => "Subtracts the master bias: what every exposure has without light.",
        "dark" => "Subtracts the master dark, scaled to the exposure time.",
        "flat" => "Divides by the master flat: the response of each pixel.",
        "split" => "Cuts the detector into one science image per amplifier.",
        _ => "",
    }
}

/// The steps with what can be set of them.
pub(super) fn steps(settings: &[Setting]) -> Vec<StepInfo> {
    let info = |setting: &Setting| StepInfo {
        step: setting.step.clone(),
        title: title(&setting.step),
        summary: summary(&setting.step),
        schema: parameters(setting),
        defaults: setting.params.clone(),
        can_switch_off: !matches!(setting.step.as_str(), "assemble" | "split" | "overscan"),
    };
    settings.iter().map(info).collect()
}

fn number(
    (path, label, unit): (&'static str, &'static str, &'static str),
    doc: &'static str,
    (min, max, step): (f64, f64, f64),
) -> ParamSchema {
    let kind = if step.fract() == 0.0 { ParamKind::Integer } else { ParamKind::Number };
    let (min, max, step) = (Some(min), Some(max), Some(step));
    ParamSchema { path, label, unit, doc, kind, min, max, step, choices: None, optional: false }
}

fn choice(
    (path, label): (&'static str, &'static str),
    doc: &'static str,
    choices: &[(Value, &str)],
) -> ParamSchema {
    let choices = choices.iter().map(|(value, label)| json!({ "value": value, "label": label }));
    ParamSchema {
        path,
        label,
        unit: "",
        doc,
        kind: ParamKind::Choice,
        min: None,
        max: None,
        step: None,
        choices: Some(choices.collect()),
        optional: false,
    }
}

fn optional(schema: ParamSchema) -> ParamSchema {
    ParamSchema { optional: true, ..schema }
}

fn parameters(setting: &Setting) -> Vec<ParamSchema> {
    match setting.step.as_str() {
        "saturation" => vec![optional(number(
            ("level_dn", "Full well", "DN"),
            "Raw level from which a pixel counts as full; the camera's if empty.",
            (1000.0, 65535.0, 1.0),
        ))],
        "variance" => vec![optional(number(
            ("gain_electron_per_dn", "Gain", "electron/DN"),
            "Electrons for one DN; that of the header if empty. A wrong gain shows in the errors alone.",
            (0.1, 100.0, 0.01),
        ))],
        "overscan" => vec![
            choice(
                ("columns", "Columns"),
                "Which overscan columns are used. The first ones read hold charge that the trap \
                 released late.",
                &[
                    (json!({ "last": 5 }), "the last 5"),
                    (json!({ "last": 10 }), "the last 10"),
                    (json!({ "range": [0, 5] }), "the first 5"),
                    (json!({ "range": [5, 25] }), "5 to 24"),
                    (json!({ "last": 30 }), "all 30"),
                ],
            ),
            number(
                ("columns.last", "Last columns", "columns"),
                "How many of the overscan columns are used, counted from the last one read.",
                (1.0, 30.0, 1.0),
            ),
            number(
                ("terms", "Legendre terms", ""),
                "Terms of the polynomial along the rows: 1 is a constant, 3 a quadratic.",
                (1.0, 10.0, 1.0),
            ),
            number(
                ("clip_sigma", "Clip", "σ"),
                "Rows farther than this many robust sigmas from the model are left out.",
                (1.0, 10.0, 0.1),
            ),
            choice(
                ("row", "Level of a row"),
                "The mean has the least noise; the median is safe against one odd column.",
                &[(json!("mean"), "mean"), (json!("median"), "median")],
            ),
        ],
        "pocket" => vec![
            choice(
                ("solver", "Solver"),
                "Newton's steps find the exact answer pixel by pixel; passes repeat the plain fixed \
                 point over the row.",
                &[(json!("newton"), "Newton, exact"), (json!("passes"), "passes")],
            ),
            number(
                ("iterations", "Iterations", ""),
                "Newton's steps for each pixel, or passes over the row.",
                (1.0, 20.0, 1.0),
            ),
        ],
        _ => Vec::new(),
    }
}
