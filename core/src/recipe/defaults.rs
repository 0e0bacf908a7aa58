//! A camera's own values, laid over a recipe.

use serde_json::{Map, Value};

use super::{ORDER, calibration};
use crate::error::{Error, Result};
use crate::instrument::Instrument;

/// Tables of a recipe beside its steps.
const TABLES: &[&str] = &["bias_master", "dark_master", "flat_master", "aperture", CALIBRATE];

/// The table that a recipe may leave out though its work is done.
const CALIBRATE: &str = "calibrate";

/// Fills the table of the calibration, if the recipe has one or the camera wants one, and lays every entry
/// of the camera's defaults over a recipe.
///
/// # Errors
/// [`Error::Parameter`] for a name that no recipe has.
pub(super) fn lay_over(recipe: &mut Value, camera: &Instrument) -> Result<()> {
    if recipe.get(CALIBRATE).is_some() || camera.defaults.contains_key(CALIBRATE) {
        fill(recipe)?;
    }
    camera.defaults.iter().try_for_each(|(name, values)| overlay(recipe, name, values))
}

/// Gives what a recipe leaves out of the calibration its default there: that of a part of it used elsewhere
/// may be another.
fn fill(recipe: &mut Value) -> Result<()> {
    let mut whole = serde_json::to_value(calibration::Params::default())
        .map_err(|error| Error::parameter(CALIBRATE, error, "plain values"))?;
    if let (Some(whole), Some(Value::Object(given))) =
        (whole.as_object_mut(), recipe.get(CALIBRATE))
    {
        merge(whole, given);
    }
    if let Some(tables) = recipe.as_object_mut() {
        tables.insert(CALIBRATE.to_owned(), whole);
    }
    Ok(())
}

/// One entry: a table of the recipe, or every step of that name.
fn overlay(recipe: &mut Value, name: &str, values: &Value) -> Result<()> {
    let refuse = || Error::parameter(&format!("defaults.{name}"), "this name", "a step or table");
    let values = values.as_object().ok_or_else(refuse)?;
    if let Some(table) = recipe.get_mut(name).and_then(Value::as_object_mut) {
        merge(table, values);
        return Ok(());
    }
    let mut found = false;
    for stage in ["bias", "dark", "flat", "science"] {
        let steps = recipe.get_mut(stage).and_then(Value::as_array_mut);
        for step in steps.into_iter().flatten().filter_map(Value::as_object_mut) {
            if step.get("step").and_then(Value::as_str) == Some(name) {
                step.extend(values.clone());
                found = true;
            }
        }
    }
    // What a recipe leaves out needs no defaults; a name that nothing has is a slip.
    let step = ORDER.iter().any(|(first, second, _)| *first == name || *second == name);
    let known = found || step || TABLES.contains(&name);
    if known { Ok(()) } else { Err(refuse()) }
}

/// Lays `values` over `table`, table by table; parameters of one method (`by`) do not suit another one.
pub fn merge(table: &mut Map<String, Value>, values: &Map<String, Value>) {
    for (key, value) in values {
        match (table.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) if is_same_method(old, new) => {
                merge(old, new);
            }
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}

fn is_same_method(old: &Map<String, Value>, new: &Map<String, Value>) -> bool {
    new.get("by").is_none_or(|by| old.get("by") == Some(by))
}
