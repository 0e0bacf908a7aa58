//! A camera's own values, laid over a recipe.

use serde_json::{Map, Value};

use super::ORDER;
use crate::error::{Error, Result};
use crate::instrument::Instrument;

/// Tables of a recipe beside its steps.
const TABLES: &[&str] = &["bias_master", "dark_master", "flat_master", "aperture"];

/// Lays every entry of the camera's defaults over a recipe.
///
/// # Errors
/// [`Error::Parameter`] for a name that no recipe has.
pub(super) fn lay_over(recipe: &mut Value, camera: &Instrument) -> Result<()> {
    camera.defaults.iter().try_for_each(|(name, values)| overlay(recipe, name, values))
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

/// Lays `values` over `table`, table by table.
fn merge(table: &mut Map<String, Value>, values: &Map<String, Value>) {
    for (key, value) in values {
        match (table.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}
