//! The steps as a person sets them: in order, each on or off, with its parameters.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::recipe::{Recipe, Stage, Step};

/// One step as it is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name in a recipe.
    pub step: String,
    /// Whether it is done.
    pub on: bool,
    /// Its parameters.
    pub params: Map<String, Value>,
}

/// The science steps of a recipe, all on.
pub(super) fn of_recipe(recipe: &Recipe) -> Vec<Setting> {
    recipe.steps(Stage::Science).iter().map(setting).collect()
}

fn setting(step: &Step) -> Setting {
    let mut params = match serde_json::to_value(step) {
        Ok(Value::Object(params)) => params,
        _ => Map::new(),
    };
    params.remove("step");
    Setting { step: step.name().to_owned(), on: true, params }
}

/// A recipe with these science steps.
///
/// # Errors
/// [`Error::Parameter`] if a step or value is unknown, or the order is impossible.
pub(super) fn recipe_with(recipe: &Recipe, settings: &[Setting]) -> Result<Recipe> {
    let on = settings.iter().filter(|setting| setting.on);
    let science: Vec<Step> = on.map(step).collect::<Result<_>>()?;
    let recipe = Recipe { science, ..recipe.clone() };
    recipe.check()?;
    Ok(recipe)
}

fn step(setting: &Setting) -> Result<Step> {
    let mut fields = setting.params.clone();
    fields.insert("step".to_owned(), Value::String(setting.step.clone()));
    serde_json::from_value(Value::Object(fields)).map_err(|error| {
        Error::parameter(&format!("step {}", setting.step), error, "values that it understands")
    })
}
