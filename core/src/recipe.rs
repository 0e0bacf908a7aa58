//! A recipe: the ordered steps of each stage with their parameters, as data.
//!
//! TOML outside, the same structure as JSON in a page. A step that is not in the list is off. A
//! camera may lay its own values over a recipe's (`[defaults.<step>]`, `[defaults.aperture]`,
//! `[defaults.calibrate]`, …).

pub mod calibration;
mod defaults;
mod files;
#[cfg(any(test, feature = "toml"))]
mod text;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::instrument::Instrument;
use crate::masks::defects;
use crate::measure::aperture;
use crate::numerics::precision::Precision;
use crate::provenance;
use crate::stack::combine;
use crate::steps::{dark, flat, linearity, overscan, pocket, saturation, variance};

pub use defaults::merge;
pub use files::BUILT_IN;

/// Name and JSON of each recipe that comes with the core, read when it is built.
const COMPILED: &[(&str, &str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/recipes.rs"));

/// The recipe that a camera may replace by another one of the core.
const DEFAULT: &str = "default";

/// Ordered steps per stage, and the parameters of stacks, photometry and calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Version of this format: 1.
    pub version: u32,
    /// One word.
    pub name: String,
    /// Steps for a bias exposure.
    pub bias: Vec<Step>,
    /// Steps for a dark exposure; those after `assemble` act on the stack. Without any there are no
    /// master darks.
    #[serde(default)]
    pub dark: Vec<Step>,
    /// Steps for a flat exposure; those after `assemble` act on the stack.
    pub flat: Vec<Step>,
    /// Steps for a science exposure.
    pub science: Vec<Step>,
    /// How biases are stacked.
    pub bias_master: combine::Params,
    /// How darks of one exposure time are stacked.
    #[serde(default = "dark_stack")]
    pub dark_master: combine::Params,
    /// How flats of one lamp are stacked.
    pub flat_master: combine::Params,
    /// Marks of pixels that answer light as others do not, in the flats of a band; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defects: Option<defects::Params>,
    /// Aperture photometry.
    pub aperture: aperture::Params,
    /// Masks, objects, map to the sky and zero point; the defaults if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrate: Option<Box<calibration::Params>>,
}

/// One step with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Mark full pixels.
    Saturation(saturation::Params),
    /// Subtract the row level.
    Overscan(overscan::Params),
    /// Undo the curvature of the response.
    Linearity(linearity::Params),
    /// Give trapped charge back.
    Pocket(pocket::Params),
    /// Add photon noise to the variance.
    Variance(variance::Params),
    /// Amplifiers to the detector.
    Assemble,
    /// Minus the master bias.
    Bias,
    /// Minus the master dark, scaled to the exposure time.
    Dark(dark::Params),
    /// Over the master flat.
    Flat(flat::Params),
    /// The detector to science images.
    Split,
}

/// A stage of the reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Exposures of a master bias.
    Bias,
    /// Exposures of a master dark.
    Dark,
    /// Exposures of a master flat.
    Flat,
    /// Science exposures.
    Science,
}

/// Which step must come before which, and why.
const ORDER: &[(&str, &str, &str)] = &[
    ("saturation", "overscan", "its level is in raw DN"),
    ("overscan", "linearity", "the relation passes through zero"),
    ("overscan", "pocket", "a trap fills with charge, not with the pedestal"),
    ("overscan", "variance", "photon noise belongs to the signal above the pedestal"),
    ("overscan", "assemble", "the overscan is trimmed there"),
    ("linearity", "pocket", "the trap acts on charge"),
    ("linearity", "variance", "its slope acts on the noise of reading alone"),
    ("linearity", "assemble", "it acts on an amplifier"),
    ("pocket", "variance", "photon noise belongs where the light fell"),
    ("pocket", "assemble", "it acts along the row in the order of reading"),
    ("variance", "assemble", "it acts on an amplifier"),
    ("assemble", "bias", "masters are kept in sky order"),
    ("assemble", "flat", "masters are kept in sky order"),
    ("assemble", "dark", "masters are kept in sky order"),
    ("bias", "dark", "only what grows with time is scaled to the exposure time"),
    ("bias", "flat", "a flat is relative to the signal above the bias"),
    ("dark", "flat", "a flat is relative to the light alone"),
    ("assemble", "split", "it cuts what was put together"),
    ("bias", "split", "it needs the sky order of the masters"),
    ("dark", "split", "it needs the sky order of the masters"),
    ("flat", "split", "it needs the sky order of the masters"),
];

impl Step {
    /// Its name in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Step::Saturation(_) => "saturation",
            Step::Overscan(_) => "overscan",
            Step::Linearity(_) => "linearity",
            Step::Pocket(_) => "pocket",
            Step::Variance(_) => "variance",
            Step::Assemble => "assemble",
            Step::Bias => "bias",
            Step::Dark(_) => "dark",
            Step::Flat(_) => "flat",
            Step::Split => "split",
        }
    }
}

impl Recipe {
    /// A recipe of this structure, with the defaults of `camera` laid over it.
    fn with_defaults(mut recipe: Value, camera: &Instrument) -> Result<Recipe> {
        defaults::lay_over(&mut recipe, camera)?;
        let recipe: Recipe = serde_json::from_value(recipe).map_err(|error| {
            let defaults = format!("[defaults] of camera {}", camera.name);
            Error::parameter(&defaults, error, "recipe values")
        })?;
        recipe.check()?;
        Ok(recipe)
    }

    /// A recipe that comes with the core, for `camera`; `default` is the one that the camera means
    /// by it.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is none of that name.
    pub fn built_in(name: &str, camera: &Instrument) -> Result<Recipe> {
        let known = || COMPILED.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
        let own = camera.recipe.as_deref().filter(|_| name == DEFAULT);
        let name = own.unwrap_or(name);
        let json = COMPILED.iter().find(|(known, ..)| *known == name).map(|(_, json, ..)| *json);
        let json = json.ok_or_else(|| {
            Error::parameter("recipe", name, format!("one of {}, or a file", known()))
        })?;
        let recipe = serde_json::from_slice(json.as_bytes())
            .map_err(|error| Error::parameter("recipe", error, "a recipe"))?;
        Recipe::with_defaults(recipe, camera)
    }

    /// The steps of a stage.
    pub fn steps(&self, stage: Stage) -> &[Step] {
        match stage {
            Stage::Bias => &self.bias,
            Stage::Dark => &self.dark,
            Stage::Flat => &self.flat,
            Stage::Science => &self.science,
        }
    }

    /// How exposures of a stage are stacked.
    pub fn stack(&self, stage: Stage) -> &combine::Params {
        match stage {
            Stage::Bias => &self.bias_master,
            Stage::Dark => &self.dark_master,
            Stage::Flat | Stage::Science => &self.flat_master,
        }
    }

    /// How science images are calibrated.
    pub fn calibration(&self) -> calibration::Params {
        self.calibrate.as_deref().cloned().unwrap_or_default()
    }

    /// Whether a stage has a step of this name.
    pub fn has(&self, stage: Stage, name: &str) -> bool {
        self.steps(stage).iter().any(|step| step.name() == name)
    }

    /// SHA-256 of the recipe as it is applied.
    pub fn sha256(&self) -> String {
        provenance::digest(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// Refuses impossible values and orders.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn check(&self) -> Result<()> {
        if self.version != 1 {
            return Err(Error::parameter("recipe version", self.version, 1));
        }
        self.bias_master.check("bias_master")?;
        self.dark_master.check("dark_master")?;
        self.flat_master.check("flat_master")?;
        self.defects.map_or(Ok(()), |params| params.check())?;
        self.aperture.check()?;
        self.calibrate.as_ref().map_or(Ok(()), |params| params.check())?;
        check_stage(
            "bias",
            &self.bias,
            &["assemble"],
            &["pocket", "bias", "dark", "flat", "split"],
        )?;
        if !self.dark.is_empty() {
            check_stage("dark", &self.dark, &["assemble"], &["dark", "flat", "split"])?;
        }
        check_stage("flat", &self.flat, &["assemble"], &["flat", "split"])?;
        check_stage("science", &self.science, &["assemble", "split"], &[])
    }
}

/// How darks are stacked by a recipe that does not say it.
fn dark_stack() -> combine::Params {
    combine::Params {
        skip_first: None,
        use_last: None,
        minimum_frames: 3,
        clip_sigma: 3.0,
        maximum_passes: 50,
        merge: combine::Merge::Median,
        sums: Precision::F64,
        noisy_factor: None,
    }
}

/// The steps before and after `assemble`.
pub fn at_assemble(steps: &[Step]) -> (&[Step], &[Step]) {
    let place = steps.iter().position(|step| *step == Step::Assemble).unwrap_or(steps.len());
    (steps.get(..place).unwrap_or_default(), steps.get(place + 1..).unwrap_or_default())
}

fn check_stage(stage: &str, steps: &[Step], needed: &[&str], refused: &[&str]) -> Result<()> {
    let names: Vec<&str> = steps.iter().map(Step::name).collect();
    let list = format!("[[{stage}]]");
    let place = |name: &str| names.iter().position(|known| *known == name);
    for (index, name) in names.iter().enumerate() {
        if refused.contains(name) {
            return Err(Error::parameter(&list, name, "steps that this stage can have"));
        }
        if place(name) != Some(index) {
            return Err(Error::parameter(&list, format!("{name} twice"), "each step at most once"));
        }
    }
    if let Some(missing) = needed.iter().find(|name| place(name).is_none()) {
        return Err(Error::parameter(&list, format!("without {missing}"), "that step"));
    }
    let on_raw =
        |step: &Step| matches!(step, Step::Linearity(p) if p.input == linearity::Input::Raw);
    let raw_linearity = steps.iter().any(on_raw);
    for rule in ORDER {
        let (first, second, reason) = match rule {
            ("overscan", "linearity", _) if raw_linearity => {
                &("linearity", "overscan", "its input is raw DN here")
            }
            rule => rule,
        };
        if let (Some(a), Some(b)) = (place(first), place(second))
            && b < a
        {
            let found = format!("{second} before {first}");
            return Err(Error::parameter(&list, found, format!("{first} first: {reason}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Instrument {
        Instrument::built_in("toy").unwrap()
    }

    fn default_text() -> &'static str {
        BUILT_IN[0].1
    }

    #[test]
    fn the_default_recipe_suits_every_built_in_camera() {
        for (name, _) in crate::instrument::BUILT_IN {
            Recipe::built_in("default", &Instrument::built_in(name).unwrap()).unwrap();
        }
    }

    #[test]
    fn the_switches_of_the_peers_do_not_show_in_the_default_recipe() {
        let text = serde_json::to_string(&Recipe::built_in("default", &camera()).unwrap()).unwrap();
        let switches = [
            "clip_about",
            "fit",
            "rows",
            "input",
            "as_of",
            "not_positive",
            "skip_first",
            "masked",
            "flag_rule",
            "keep",
            "frame",
            "table",
            "model",
        ];
        for switch in switches {
            assert!(!text.contains(&format!("\"{switch}\"")), "{switch} in {text}");
        }
    }

    #[test]
    fn linearity_of_raw_pixels_stands_before_the_overscan_and_only_there() {
        let mut recipe = Recipe::built_in("ztfin2p3-0.4", &camera()).unwrap();
        recipe.science.swap(0, 1);
        let message = recipe.check().unwrap_err().to_string();
        assert!(message.contains("overscan before linearity"), "{message}");
        let mut recipe = Recipe::built_in("ztfin2p3-0.6", &camera()).unwrap();
        recipe.science.swap(0, 1);
        assert!(recipe.check().is_err());
    }

    #[test]
    fn a_camera_lays_its_values_over_the_recipe() {
        let recipe = Recipe::built_in("default", &camera()).unwrap();
        assert_eq!(recipe.aperture.radii_pix, [2.0, 3.0]);
    }

    #[test]
    fn a_wrong_order_is_refused_with_the_reason() {
        let mut recipe = Recipe::built_in("default", &camera()).unwrap();
        recipe.science.swap(1, 2);
        let message = recipe.check().unwrap_err().to_string();
        assert!(message.contains("linearity before overscan"), "{message}");
        assert!(message.contains("passes through zero"), "{message}");
    }

    #[test]
    fn a_slip_in_the_file_is_refused_with_its_line() {
        let text = default_text().replacen("terms = 3", "trems = 3", 1);
        let message = Recipe::parse(&text, &camera()).unwrap_err().to_string();
        assert!(message.contains("trems") || message.contains("terms"), "{message}");
        let text = default_text().replacen("version = 1", "version = = 1", 1);
        let message = Recipe::parse(&text, &camera()).unwrap_err().to_string();
        assert!(message.contains("line 5"), "{message}");
    }

    #[test]
    fn every_recipe_of_the_core_suits_every_built_in_camera() {
        for (camera, _) in crate::instrument::BUILT_IN {
            for (recipe, _) in BUILT_IN {
                Recipe::built_in(recipe, &Instrument::built_in(camera).unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn a_camera_chooses_what_it_means_by_the_default() {
        let mut camera = camera();
        assert!(!Recipe::built_in("default", &camera).unwrap().has(Stage::Science, "dark"));
        camera.recipe = Some("with-darks".to_owned());
        let recipe = Recipe::built_in("default", &camera).unwrap();
        assert_eq!(recipe.name, "with-darks");
        assert!(recipe.has(Stage::Science, "dark") && recipe.has(Stage::Flat, "dark"));
        camera.recipe = Some("with-rain".to_owned());
        let message = Recipe::built_in("default", &camera).unwrap_err().to_string();
        assert!(message.contains("with-rain"), "{message}");
    }

    #[test]
    fn a_dark_out_of_order_is_refused_with_the_reason() {
        let mut recipe = Recipe::built_in("with-darks", &camera()).unwrap();
        let names: Vec<_> = recipe.science.iter().map(Step::name).collect();
        let place = names.iter().position(|name| *name == "dark").unwrap();
        assert_eq!(names[place - 1..place + 2], ["bias", "dark", "flat"]);
        recipe.science.swap(place - 1, place);
        let message = recipe.check().unwrap_err().to_string();
        assert!(message.contains("dark before bias"), "{message}");
        assert!(message.contains("grows with time"), "{message}");
        recipe.science.swap(place - 1, place);
        recipe.science.swap(place, place + 1);
        assert!(recipe.check().unwrap_err().to_string().contains("flat before dark"));
        recipe.science.swap(place, place + 1);
        recipe.dark.push(Step::Flat(flat::Params::default()));
        assert!(recipe.check().is_err());
    }

    #[test]
    fn a_step_twice_or_missing_is_refused() {
        let mut recipe = Recipe::built_in("default", &camera()).unwrap();
        recipe.bias.push(Step::Assemble);
        assert!(recipe.check().is_err());
        recipe.bias.truncate(2);
        assert!(recipe.check().is_err());
    }
}
