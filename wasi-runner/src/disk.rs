//! How much disk the products of a plan take: an estimate before they are made, and what is free.

use std::path::Path;

use rawsky_core::instrument::Instrument;
use rawsky_core::job::Task;

use crate::gc::size;
use crate::plan::{Keep, Plan, PlannedTask, Stage};

/// Bytes of a pixel: image and variance. A mask is compressed to next to nothing.
const PIXEL: u64 = 8;
/// Bytes of a pixel of an image alone, and of a mask of 16 bits.
const IMAGE_PIXEL: u64 = 4;
const MASK_PIXEL: u64 = 2;
/// Headers of a FITS file, and the records of a task (byte).
const HEADERS: u64 = 40 << 10;
/// A catalogue, or a product of text (byte).
const SMALL: u64 = 50 << 10;

/// What the products of a plan take (byte); nothing is said where files decide how large images are.
pub fn estimate(plan: &Plan, camera: &Instrument) -> Option<u64> {
    if camera.sizes_from_file {
        return None;
    }
    let pixels = (camera.amp_shape.0 as u64).checked_mul(camera.amp_shape.1 as u64)?;
    let amps = camera.amplifiers.len() as u64;
    plan.tasks.iter().try_fold(0_u64, |all, task| all.checked_add(of(plan, task, (pixels, amps))?))
}

fn of(plan: &Plan, task: &PlannedTask, (pixels, amps): (u64, u64)) -> Option<u64> {
    let outputs = task.outputs.len() as u64;
    let bytes = match (&task.job.task, task.stage) {
        (Task::Detrend(_), _) if plan.keep == Keep::Catalogues => 0,
        (Task::Detrend(detrend), _) if detrend.mask_outputs.is_empty() => {
            outputs.checked_mul(pixels)?.checked_mul(PIXEL)?
        }
        (Task::Detrend(_), _) => {
            (outputs / 2).checked_mul(pixels)?.checked_mul(IMAGE_PIXEL + MASK_PIXEL)?
        }
        (Task::Masks(_), _) if plan.keep == Keep::Catalogues => 0,
        (Task::Masks(masks), _) => {
            pixels.checked_mul(if masks.mask.is_none() { PIXEL } else { IMAGE_PIXEL })?
        }
        (Task::Calibrate(calibrate), _) if calibrate.output.is_none() => SMALL,
        // At most: an image whose mask was apart has no variance.
        (Task::Calibrate(_), _) => pixels.checked_mul(PIXEL)?.checked_add(SMALL)?,
        (_, Stage::Bias | Stage::Dark | Stage::LampFlat | Stage::Flat) => {
            amps.checked_mul(pixels)?.checked_mul(PIXEL)?
        }
        _ => SMALL,
    };
    bytes.checked_add(outputs.checked_mul(HEADERS)?)
}

/// What is free on the disk of a folder (byte), where the system tells.
pub fn free(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    about.f_bavail.checked_mul(about.f_frsize)
}

/// Estimate and what is free, for a person.
pub fn forecast(plan: &Plan, camera: &Instrument, folder: &Path) -> Option<String> {
    let needed = estimate(plan, camera)?;
    let free = free(folder)?;
    let warning = if free < needed { ": NOT ENOUGH" } else { "" };
    Some(format!("products take about {}, {} are free{warning}", size(needed), size(free)))
}
