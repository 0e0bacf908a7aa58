//! Sky: directions to pixels through the distortion of a science header (TPV).

use std::path::Path;

use anyhow::{Context, Result};
use rawsky_core::formats::fits::FitsFile;
use rawsky_core::numerics::sky::Wcs;
use rawsky_core::store::Source;

use super::{Answer, Work};
use crate::arrays::read_f64;
use crate::store::Folder;

/// The first `count` directions of the list.
pub(super) fn prepare(inputs: &Path, count: usize) -> Result<Work> {
    let mut store = Folder::new(inputs);
    let file = FitsFile::open(&mut Source::open(&mut store, "header.fits")?)?;
    let header = &file.hdus().first().context("header.fits is empty")?.header;
    let wcs = Wcs::from_header(header)?.context("header.fits has no sky")?;
    let sky = read_f64(&inputs.join("sky.f64"))?;
    let sky: Vec<_> = sky.as_chunks().0.iter().take(count).map(|[ra, dec]| (*ra, *dec)).collect();
    Ok(Box::new(move || {
        let (mut x, mut y) = (Vec::with_capacity(sky.len()), Vec::with_capacity(sky.len()));
        for &(ra, dec) in &sky {
            // Degrees as in a catalogue, which is what the peer is given.
            let place = wcs.pixel_from_sky(ra.to_radians(), dec.to_radians());
            let place = place.unwrap_or((f64::NAN, f64::NAN));
            x.push(place.0);
            y.push(place.1);
        }
        Ok(Answer::Numbers(vec![x, y]))
    }))
}
