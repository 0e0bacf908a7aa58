//! Masks: what a science image itself says of its bad pixels, joined to its mask.

use serde::{Deserialize, Serialize};

use super::aperture::open_image;
use super::calibrate::write;
use super::{Context, Electronics};
use crate::calibrate::marked::{Widths, mark, named, seams};
use crate::error::Result;
use crate::masks::search::Known;
use crate::store::Key;
use crate::warning::Warning;

const STEP: &str = "masks";

/// The inputs and the product of [`Task::Masks`](super::Task::Masks).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Masks {
    /// Science image.
    pub science: Key,
    /// Mask of another pipeline, in stored order.
    #[serde(default)]
    pub mask: Option<Key>,
    /// Values where the image has none.
    #[serde(default)]
    pub detector: Electronics,
    /// The science image with its mask.
    pub output: Key,
}

/// Searches a science image as the recipe says, and writes it with what was found.
pub(super) fn masks(context: &mut Context<'_>, task: &Masks) -> Result<()> {
    let files = (&task.science, task.mask.as_ref());
    let mut image = open_image((context.store, &context.camera), files)?;
    let (header, has_variance) = image.known();
    let known = Known {
        has_variance,
        gain: task.detector.gain_electron_per_dn.or(header.real("GAIN")),
        seams: seams(&context.camera, named(header)),
    };
    let mesh = context.recipe.aperture.background.unwrap_or_default();
    let recipe = context.recipe.calibration();
    let header = context.camera.dialect.seeing_pix.number(header);
    let widths = Widths { given: recipe.fwhm_pix, header };
    let params = (&recipe.masks, &recipe.objects);
    let (report, left_out) = mark(&mut image.planes, (&known, widths), &mesh, params)?;
    if let Some(reason) = left_out {
        context.warn(Warning::new(STEP, "cosmic-rays-not-searched", 1, reason));
    }
    context.note("masks", report);
    context.provenance_cards(&mut image.header);
    write(context, &task.output, &image)
}
