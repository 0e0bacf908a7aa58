//! How a science image is calibrated: the table `[calibrate]` of a recipe.
//!
//! ```toml
//! [calibrate]
//! magnitude = "phot_g_mean_mag"
//! color = ["bp", "rp"]
//! masks.cosmic_rays = { by = "laplacian", sigclip = 5.0 }
//! astrometry.shift_arcsec = 60.0
//! ```
//!
//! What is left out has its default, and so has all of it without the table. `false` stands for "none" where a
//! value may be missing: it undoes the default (`objects.matched = false` is one pass alone), or the value of a layer
//! below.

use serde::{Deserialize, Serialize};

use crate::astrometry;
use crate::calibrate::{objects, zero_point};
use crate::error::{Error, Result};
use crate::json::switch;
use crate::masks::{cosmic_rays, search};

/// Parameters of masks, objects, the map to the sky and the zero point.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Full width at half maximum of the stars (pixel), by which cosmic rays are told from them. Without it
    /// that of the header, or that of the image's stars; if it is below 2, or there are too few stars,
    /// cosmic rays are not searched for by their shape.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "switch::deserialize")]
    pub fwhm_pix: Option<f64>,
    /// Column of the magnitude; without it one that is known.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "switch::deserialize")]
    pub magnitude: Option<String>,
    /// Two columns whose difference is the color of a color term; without them there is none.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "switch::deserialize")]
    pub color: Option<(String, String)>,
    /// What is marked before objects are found.
    pub masks: search::Params,
    /// The objects, and their stars.
    pub objects: objects::Params,
    /// The map to the sky.
    pub astrometry: astrometry::Params,
    /// The zero point.
    pub zero_point: zero_point::Params,
}

impl Params {
    /// Refuses what any of the steps refuses.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the field's place in the recipe.
    pub fn check(&self) -> Result<()> {
        if let Some(width) = self.fwhm_pix.filter(|width| !(0.5..=1000.0).contains(width)) {
            return Err(Error::parameter("calibrate.fwhm_pix", width, "0.5 to 1000"));
        }
        if let search::CosmicRays::Shape(shape) = &self.masks.cosmic_rays
            && shape.fwhm_pix.total_cmp(&cosmic_rays::Params::default().fwhm_pix).is_ne()
        {
            let name = "calibrate.masks.cosmic_rays.fwhm_pix";
            let needed = "calibrate.fwhm_pix in its place: else the stars of each image tell it";
            return Err(Error::parameter(name, shape.fwhm_pix, needed));
        }
        let objects = &self.objects;
        within("masks", self.masks.check())?;
        within("objects.detection", objects.detection.check())?;
        within("objects.shapes", objects.shapes.check())?;
        if let Some(matched) = &objects.matched {
            within("objects", matched.check())?;
        }
        within("objects", objects.psf.check())?;
        within("astrometry", self.astrometry.check())?;
        within("zero_point", self.zero_point.check())
    }
}

/// A refused parameter with its place.
fn within(place: &str, checked: Result<()>) -> Result<()> {
    checked.map_err(|error| match error {
        Error::Parameter { name, found, needed } => {
            Error::parameter(&format!("calibrate.{place}.{name}"), found, needed)
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Instrument;
    use crate::recipe::{BUILT_IN, Recipe};

    fn camera() -> Instrument {
        Instrument::built_in("toy").unwrap()
    }

    fn parse(table: &str, camera: &Instrument) -> Result<Recipe> {
        Recipe::parse(&format!("{}\n[calibrate]\n{table}", BUILT_IN[0].1), camera)
    }

    #[test]
    fn a_recipe_without_the_table_is_what_it_was_and_calibrates_by_the_defaults() {
        let recipe = Recipe::built_in("default", &camera()).unwrap();
        assert!(!serde_json::to_string(&recipe).unwrap().contains("calibrate"));
        assert_eq!(recipe.calibration(), Params::default());
        Params::default().check().unwrap();
        let told = parse("", &camera()).unwrap();
        assert_eq!(told.calibration(), Params::default());
    }

    #[test]
    fn the_lines_that_the_default_recipe_shows_are_the_defaults() {
        let text = BUILT_IN[0].1;
        let (_, shown) = text.split_once("# [calibrate]\n").unwrap();
        let lines: Vec<&str> = shown.lines().map(|line| line.trim_start_matches("# ")).collect();
        assert!(lines.len() > 5);
        let found = parse(&lines.join("\n"), &camera()).unwrap().calibration();
        assert_eq!(found, Params::default());
    }

    #[test]
    fn every_value_comes_back_from_a_file() {
        let table = "magnitude = \"mag\"\ncolor = [\"bp\", \"rp\"]\nfwhm_pix = 3\n\
                     masks.trails = { by = \"none\" }\nobjects.psf.min_stars = 7\n\
                     masks.cosmic_rays = { by = \"laplacian\", sigclip = 5.0 }\n\
                     masks.growth = [{ bit = \"SPIKE\", by_pix = 2 }]\n\
                     masks.interpolation.bits = [\"SPIKE\"]\nzero_point.min_stars = 9\n\
                     astrometry.shift_arcsec = 60.0\n";
        let recipe = parse(table, &camera()).unwrap();
        let found = recipe.calibration();
        assert_eq!((found.fwhm_pix, found.magnitude.as_deref()), (Some(3.0), Some("mag")));
        assert_eq!(found.color, Some(("bp".to_owned(), "rp".to_owned())));
        let search::CosmicRays::Laplacian(rays) = found.masks.cosmic_rays else { panic!() };
        assert_eq!((rays.sigclip, rays.objlim), (5.0, 5.0));
        assert_eq!((found.masks.trails, found.masks.growth.len()), (search::Trails::None, 1));
        assert_eq!(found.masks.interpolation.as_ref().unwrap().reach_pix, 20);
        assert_eq!((found.objects.psf.min_stars, found.zero_point.min_stars), (7, 9));
        assert_eq!(found.astrometry.shift_arcsec, 60.0);
        let again = Recipe::parse(&recipe.to_text().unwrap(), &camera()).unwrap();
        assert_eq!(again, recipe);
    }

    #[test]
    fn what_may_be_missing_is_switched_off_in_a_file_and_by_a_camera() {
        let table = "objects.matched = false\nobjects.detection.clean_exponent = false\n";
        let recipe = parse(table, &camera()).unwrap();
        let found = recipe.calibration();
        assert_eq!((found.objects.matched, found.objects.detection.clean_exponent), (None, None));
        let again = Recipe::parse(&recipe.to_text().unwrap(), &camera()).unwrap();
        assert_eq!(again, recipe);
        // A camera undoes what a recipe says, stacks included.
        let mut camera = camera();
        let own = r#"{ "fwhm_pix": false, "magnitude": false, "color": false, "objects": { "matched": false,
            "detection": { "clean_exponent": false, "gain_electron_per_dn": false } },
            "masks": { "interpolation": false } }"#;
        camera.defaults.insert("calibrate".to_owned(), serde_json::from_str(own).unwrap());
        let stack = serde_json::json!({ "use_last": false, "noisy_factor": false });
        camera.defaults.insert("bias_master".to_owned(), stack);
        let told = "fwhm_pix = 3\nmagnitude = \"mag\"\ncolor = [\"bp\", \"rp\"]\n\
                    masks.interpolation.bits = [\"SPIKE\"]\nobjects.matched.fwhm_pix = 3\n\
                    objects.detection.gain_electron_per_dn = 2.0";
        let recipe = parse(told, &camera).unwrap();
        let mut expected = Params::default();
        (expected.objects.matched, expected.objects.detection.clean_exponent) = (None, None);
        assert_eq!(recipe.calibration(), expected);
        assert_eq!((recipe.bias_master.use_last, recipe.bias_master.noisy_factor), (None, None));
    }

    #[test]
    fn what_is_switched_off_where_nothing_was_leaves_the_digest() {
        let off = "fwhm_pix = false\nmagnitude = false\ncolor = false\nmasks.interpolation = false\n\
                   objects.matched = { fwhm_pix = false, clean_exponent = false }";
        let [off, plain] = [off, ""].map(|table| parse(table, &camera()).unwrap().sha256());
        assert_eq!(off, plain);
        let other = parse("objects.matched = false", &camera()).unwrap().sha256();
        assert_ne!(other, plain);
    }

    #[test]
    fn a_slip_is_refused_with_its_place() {
        for (table, told) in [
            ("search = 1.0", "search"),
            ("masks.trails = { by = \"height\", gap = 1 }", "gap"),
            ("masks.growth = [{ bit = \"FULL\", by_pix = 2 }]", "calibrate.masks.growth.bit"),
            ("masks.cosmic_rays = { by = \"shape\", fwhm_pix = 3.0 }", "calibrate.fwhm_pix"),
            ("fwhm_pix = 0", "0.5 to 1000"),
            ("fwhm_pix = true", "f64"),
            ("objects.matched = 3", "Matched"),
            ("objects.psf.min_stars = 1", "calibrate.objects.psf.min_stars"),
            ("objects.detection.threshold_sigma = 0", "calibrate.objects.detection.threshold"),
            ("objects.shapes.kron_factor = 0", "calibrate.objects.shapes.kron_factor"),
            ("astrometry.voters = 1", "calibrate.astrometry.voters"),
            ("zero_point.clip_sigma = 0", "calibrate.zero_point.clip_sigma"),
        ] {
            let message = parse(table, &camera()).unwrap_err().to_string();
            assert!(message.contains(told), "{table}: {message}");
        }
    }

    #[test]
    fn a_camera_lays_its_values_over_a_recipe_with_and_without_the_table() {
        let mut camera = camera();
        let own =
            r#"{ "astrometry": { "voters": 99 }, "masks": { "cosmic_rays": { "by": "none" } } }"#;
        camera.defaults.insert("calibrate".to_owned(), serde_json::from_str(own).unwrap());
        let told =
            "masks.cosmic_rays = { by = \"laplacian\", niter = 2 }\nmasks.edges.seam_pix = 3";
        let recipes =
            [Recipe::built_in("default", &camera).unwrap(), parse(told, &camera).unwrap()];
        for recipe in &recipes {
            let found = recipe.calibration();
            assert_eq!(found.masks.cosmic_rays, search::CosmicRays::None);
            assert_eq!(found.astrometry.voters, 99);
        }
        assert_eq!(recipes[1].calibration().masks.edges.seam_pix, 3);
    }
}
