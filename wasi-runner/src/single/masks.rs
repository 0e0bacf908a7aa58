//! The masks that a science image gets before its objects are found.

use std::path::PathBuf;

use rawsky_core::job::{self, CosmicRays, Electronics, Growth, Interpolation, MaskParams, Task};
use rawsky_core::store::Key;

use super::{File, keys};
use crate::args;
use crate::class::Failure;
use crate::runner::Done;
use crate::scratch::Scratch;

/// Key of the masked image.
pub(super) const MASKED: &str = "masked.fits";
/// Farthest neighbor from which a value is put in (pix).
const REACH_PIX: usize = 20;

/// Searches an image, beside which another pipeline's mask may lie.
///
/// # Errors
/// Those of the files and of the core.
pub(super) fn masked(
    scratch: &Scratch<'_>,
    image: &[File],
    args: &args::Masks,
    gain: Option<f64>,
) -> Result<(Done, File), Failure> {
    let mut keys = keys(image).into_iter();
    let task = job::Masks {
        science: keys.next().unwrap_or_default(),
        mask: keys.next(),
        detector: Electronics { gain_electron_per_dn: gain, ..Electronics::default() },
        fwhm_pix: args.fwhm,
        params: params(args),
        output: MASKED.to_owned(),
    };
    let done = scratch.job(Task::Masks(task), image, vec![MASKED.to_owned()])?;
    let file: (Key, PathBuf) = (MASKED.to_owned(), done.folder.join(MASKED));
    Ok((done, file))
}

fn params(args: &args::Masks) -> MaskParams {
    let mut params = MaskParams::default();
    if args.no_trails {
        params.trails = None;
    }
    match args.cosmic_rays {
        args::RaysName::Shape => {}
        args::RaysName::Laplacian => params.cosmic_rays = CosmicRays::Laplacian(Default::default()),
        args::RaysName::None => params.cosmic_rays = CosmicRays::None,
    }
    (params.edges.border_pix, params.edges.seam_pix) = (args.edge, args.edge);
    if !args.grow.is_empty() {
        let grown = |(bit, by_pix): &(String, usize)| Growth { bit: bit.clone(), by_pix: *by_pix };
        params.growth = args.grow.iter().map(grown).collect();
    }
    if !args.interpolate.is_empty() {
        let (bits, along) = (args.interpolate.clone(), Default::default());
        params.interpolation = Some(Interpolation { bits, along, reach_pix: REACH_PIX });
    }
    params
}
