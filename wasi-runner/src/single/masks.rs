//! The masks that a science image gets before its objects are found.

use std::path::PathBuf;

use rawsky_core::job::{self, Electronics, Task};
use rawsky_core::store::Key;
use toml::{Table, Value};

use super::{File, keys};
use crate::args;
use crate::class::Failure;
use crate::names::{MASKED, Names};
use crate::runner::Done;
use crate::scratch::Scratch;

/// Searches an image, beside which another pipeline's mask may lie. The masked one is called as in a run.
///
/// # Errors
/// Those of the files and of the core.
pub(super) fn masked(
    scratch: &Scratch<'_>,
    image: &[File],
    gain: Option<f64>,
) -> Result<(Done, File), Failure> {
    let mut keys = keys(image).into_iter();
    let science = keys.next().unwrap_or_default();
    let output = Names::beside_science(&science, MASKED);
    let task = job::Masks {
        science,
        mask: keys.next(),
        detector: Electronics { gain_electron_per_dn: gain, ..Electronics::default() },
        output: output.clone(),
    };
    let done = scratch.job(Task::Masks(task), image, vec![output.clone()])?;
    let file: (Key, PathBuf) = (output.clone(), done.folder.join(output));
    Ok((done, file))
}

/// The parameters of the recipe that the command line changes, below `[calibrate.masks]`.
pub(super) fn wishes(args: &args::Masks) -> Table {
    let by = |how: &str| table([("by", how.into())]);
    let mut wishes = Table::new();
    if args.no_trails {
        wishes.insert("trails".to_owned(), by("none"));
    }
    if let Some(how) = args.cosmic_rays {
        wishes.insert("cosmic_rays".to_owned(), by(how.name()));
    }
    if let Some(width) = args.edge {
        let width = || Value::Integer(width.into());
        let sides = table([("border_pix", width()), ("seam_pix", width())]);
        wishes.insert("edges".to_owned(), sides);
    }
    if !args.grow.is_empty() {
        let grown = |(bit, by_pix): &(String, u32)| {
            table([("bit", bit.as_str().into()), ("by_pix", Value::Integer((*by_pix).into()))])
        };
        wishes.insert("growth".to_owned(), args.grow.iter().map(grown).collect::<Vec<_>>().into());
    }
    if !args.interpolate.is_empty() {
        let bits = table([("bits", args.interpolate.clone().into())]);
        wishes.insert("interpolation".to_owned(), bits);
    }
    wishes
}

fn table<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::Table(fields.collect())
}
