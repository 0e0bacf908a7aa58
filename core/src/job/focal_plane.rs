//! The focal-plane level of a band: one number for all its flats, as a product of its own.
//!
//! ```text
//! L_fp = median over all pixels of all detectors of flat × L     (DN)
//! ```
//!
//! exact, by two counting passes over the files; the detectors that took part are listed, and so are
//! those of the camera that did not. Source: ztfin2p3 0.4.1 (`FLTNORM_FP`).

use serde::{Deserialize, Serialize};

use super::Context;
use crate::error::{Error, Result};
use crate::ids::{Band, DetectorId};
use crate::json;
use crate::master::{Kind, MasterFile};
use crate::numerics::stats::{CountingMedian, RADIX_PASSES};
use crate::store::{Key, Store, load};
use crate::time::Mjd;

/// The product: a JSON file of its own, so that no flat is ever rewritten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FocalPlaneLevel {
    /// Version of this format: 1.
    pub version: u32,
    /// The band.
    pub band: Option<Band>,
    /// The level (DN).
    pub level_dn: f64,
    /// Detectors that took part, with the levels of their flats.
    pub detectors: Vec<DetectorLevel>,
    /// Detectors of the camera that did not.
    pub missing: Vec<DetectorId>,
    /// Pixels that took part.
    pub pixels: u64,
    /// Start of the first and of the last exposure of the flats (UTC, MJD in days).
    pub span: (Mjd, Mjd),
}

/// One detector's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorLevel {
    /// Which detector.
    pub detector: DetectorId,
    /// Level of its flat (DN).
    pub level_dn: f64,
}

/// Reads a level from the store.
pub(crate) fn read_level(store: &mut dyn Store, key: &str) -> Result<FocalPlaneLevel> {
    let bytes = load(store, key, 1 << 20)?;
    let level: FocalPlaneLevel =
        json::read(&bytes).map_err(|error| Error::format(key, "focal-plane level", error))?;
    let fits = level.version == 1 && level.level_dn.is_finite() && 0.0 < level.level_dn;
    if !fits {
        let found = format!("version {}, level {}", level.version, level.level_dn);
        return Err(Error::format(
            key,
            "focal-plane level",
            format!("{found}; needed 1, above zero"),
        ));
    }
    Ok(level)
}

/// The level over `flats`, which must be of one band and of different detectors.
pub(super) fn focal_plane(context: &mut Context<'_>, flats: &[Key], output: &Key) -> Result<()> {
    let mut files: Vec<(MasterFile, f64)> = Vec::with_capacity(flats.len());
    for key in flats {
        let file = MasterFile::open(context.store, key, &[Kind::BandFlat])?;
        let band = |file: &MasterFile| file.header.text("BAND").unwrap_or("none").to_owned();
        if let Some((first, _)) = files.first().filter(|(first, _)| band(first) != band(&file)) {
            let (found, needed) = (band(&file), band(first));
            return Err(Error::input("focal plane", &format!("band of {key}"), found, needed));
        }
        if files.iter().any(|(known, _)| known.detector == file.detector) {
            let what = format!("detector of {key}");
            return Err(Error::input("focal plane", &what, file.detector, "one flat per detector"));
        }
        let level = file.real("FLTNORM")?;
        files.push((file, level));
    }
    let (median, pixels) = exact_median(context, &files)?;
    let mut level = describe(context, &files, median, pixels);
    for (file, _) in &files {
        let (first, last) = (file.real("MJD-BEG")?, file.real("MJD-END")?);
        level.span = (Mjd(level.span.0.0.min(first)), Mjd(level.span.1.0.max(last)));
    }
    context.note("focal-plane", serde_json::json!({ "level_dn": median }));
    context.write_json(output, &level)
}

fn exact_median(context: &mut Context<'_>, files: &[(MasterFile, f64)]) -> Result<(f64, u64)> {
    let mut median = CountingMedian::new();
    let mut pixels = 0;
    for pass in 0..RADIX_PASSES {
        if pass == 1 {
            pixels = median.begin_second_pass();
        }
        for (file, level) in files {
            for amp in file.amps() {
                let image = file.image(context.store, amp)?;
                median.offer(image.iter().map(|&value| (f64::from(value) * level) as f32));
            }
        }
    }
    let undetermined = || Error::Undetermined {
        quantity: "focal-plane level".to_owned(),
        used: 0,
        given: files.len(),
    };
    Ok((median.finish().filter(|level| 0.0 < *level).ok_or_else(undetermined)?, pixels))
}

fn describe(
    context: &Context<'_>,
    files: &[(MasterFile, f64)],
    level_dn: f64,
    pixels: u64,
) -> FocalPlaneLevel {
    let band = files.first().and_then(|(file, _)| file.header.text("BAND"));
    let used = |id: DetectorId| files.iter().any(|(file, _)| file.detector == id);
    let missing = context.camera.detectors.iter().map(|known| known.id).filter(|id| !used(*id));
    FocalPlaneLevel {
        version: 1,
        band: band.map(|band| Band(band.to_owned())),
        level_dn,
        detectors: files
            .iter()
            .map(|(file, level)| DetectorLevel { detector: file.detector, level_dn: *level })
            .collect(),
        missing: missing.collect(),
        pixels,
        span: (Mjd(f64::INFINITY), Mjd(f64::NEG_INFINITY)),
    }
}
