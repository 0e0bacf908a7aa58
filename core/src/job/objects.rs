//! Detect: the objects of one science image as a table in pixels.

use serde::{Deserialize, Serialize};

use super::aperture::{OpenedImage, open_image};
use super::{Context, Electronics, tables};
use crate::calibrate::objects::{self, Width};
use crate::detect::flags;
use crate::error::Result;
use crate::psf::Psf;
use crate::store::Key;
use crate::table::Table;
use crate::warning::Warning;

/// The inputs and the product of [`Task::Detect`](super::Task::Detect).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detect {
    /// Science image.
    pub science: Key,
    /// Mask of another pipeline, in stored order.
    #[serde(default)]
    pub mask: Option<Key>,
    /// Values where the image has none.
    #[serde(default)]
    pub detector: Electronics,
    /// The parquet product.
    pub output: Key,
}

/// Finds the objects of a science image as the recipe says.
pub(super) fn detect(context: &mut Context<'_>, task: &Detect) -> Result<()> {
    let files = (&task.science, task.mask.as_ref());
    let image = open_image((context.store, &context.camera), files)?;
    let (mut table, psf) = find(context, &image, task)?;
    context.note("detect", report(&table));
    context.note("psf", &psf);
    if psf.shape.is_none() {
        let text = "too few stars are bright, whole and alone: the image has no width of a star";
        context.warn(Warning::new("psf", "no-stars", 1, text));
    }
    signed(context, &mut table);
    tables::write(context, &task.output, &table)
}

/// What was found, with which filter, and how much of it is sharper than a star.
fn report(table: &Table) -> serde_json::Value {
    let noted = table.metadata.iter().find(|(key, _)| key == objects::FILTER_KEY);
    let filter = noted.and_then(|(_, json)| serde_json::from_str::<Option<Width>>(json).ok());
    let sharp = |flag: &&f64| **flag as i32 & flags::SHARP != 0;
    let flags = table.f64("flag").unwrap_or_default();
    serde_json::json!({
        "objects": table.rows(),
        "sharp": flags.iter().filter(sharp).count(),
        "filter": filter,
    })
}

fn find(context: &Context<'_>, image: &OpenedImage, task: &Detect) -> Result<(Table, Psf)> {
    let (header, has_variance) = image.known();
    let gain = task.detector.gain_electron_per_dn.or(header.real("GAIN"));
    let mesh = context.recipe.aperture.background.unwrap_or_default();
    let params = context.recipe.calibration().objects;
    objects::objects(&image.planes, has_variance, gain, &mesh, &params)
}

/// Says in the metadata what made a table.
pub(super) fn signed(context: &Context<'_>, table: &mut Table) {
    table.metadata.push(("creator".to_owned(), format!("rawsky {}", context.record.core)));
    table.metadata.push(("recipe_sha256".to_owned(), context.record.recipe_sha256.clone()));
    for input in &context.job.inputs {
        table.metadata.push((format!("input {}", input.name), input.sha256.clone()));
    }
}
