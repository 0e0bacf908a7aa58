//! Which of the dropped files make up a focal plane: one exposure of each detector.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::formats::fits::{FitsFile, FitsSection};
use crate::ids::{AmpId, DetectorId, Role};
use crate::instrument::{Instrument, VisitInfo};
use crate::raw::RawFile;
use crate::store::{Key, Source, Store};

use super::read;

/// How a file holds an amplifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Raw, beside the other amplifiers of the detector.
    Raw,
    /// As a science image of its own.
    Science { hdu: usize },
}

/// An amplifier in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) detector: DetectorId,
    pub(super) amp: AmpId,
    pub(super) key: Key,
    pub(super) form: Form,
}

/// The files in order.
pub(super) struct Sorted {
    pub(super) pieces: Vec<Piece>,
    /// Rows and columns of a detector.
    pub(super) shape: (usize, usize),
    pub(super) left_out: Vec<String>,
}

/// A raw file that was read.
struct Raw {
    key: Key,
    visit: VisitInfo,
    shape: (usize, usize),
}

pub(super) fn sort(store: &mut dyn Store, camera: &Instrument, names: &[Key]) -> Result<Sorted> {
    let (mut raws, mut images) = (Vec::new(), Vec::new());
    for key in names.iter().filter(|key| may_be_image(key)) {
        match raw(store, camera, key) {
            Ok(found) => raws.push(found),
            Err(_) => images.extend(science(store, camera, key).ok().flatten()),
        }
    }
    let (chosen, left_out) = one_of_each(raws);
    let with_raw: BTreeSet<DetectorId> = chosen.keys().copied().collect();
    let mut shape = chosen.values().map(|raw| raw.shape).fold((0, 0), larger);
    let mut pieces: Vec<Piece> = Vec::new();
    for (detector, raw) in chosen {
        let piece = |amp| Piece { detector, amp, key: raw.key.clone(), form: Form::Raw };
        pieces.extend(camera.amplifiers.iter().map(|amplifier| piece(amplifier.id)));
    }
    for (piece, size) in images {
        let known = |other: &Piece| (other.detector, other.amp) == (piece.detector, piece.amp);
        if !with_raw.contains(&piece.detector) && !pieces.iter().any(known) {
            shape = larger(shape, camera.detector_shape(size));
            pieces.push(piece);
        }
    }
    let files: BTreeSet<&Key> = pieces.iter().map(|piece| &piece.key).collect();
    if files.len() < 2 {
        let found = format!("{} of the camera {}", files.len(), camera.name);
        let needed = "two, of different detectors or amplifiers";
        return Err(Error::input("mosaic", "exposures of detectors", found, needed));
    }
    pieces.sort_by_key(|piece| (piece.detector, piece.amp));
    Ok(Sorted { pieces, shape, left_out })
}

fn larger(a: (usize, usize), b: (usize, usize)) -> (usize, usize) {
    (a.0.max(b.0), a.1.max(b.1))
}

fn may_be_image(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let other = [".parquet", ".csv", ".json", ".toml"].iter().any(|end| lower.ends_with(end));
    !other && !lower.contains("mskimg")
}

fn raw(store: &mut dyn Store, camera: &Instrument, key: &Key) -> Result<Raw> {
    let file = RawFile::open(store, key, camera)?;
    let known = camera.detectors.iter().any(|known| known.id == file.visit.detector);
    if !known {
        let needed = format!("one of the camera {}", camera.name);
        return Err(Error::input("mosaic", "detector", file.visit.detector, needed));
    }
    let ends = file.describe(camera)?.into_iter().filter_map(|amp| {
        let section = FitsSection::parse(&amp.on_detector)?.place()?.0;
        Some((section.row_end, section.column_end))
    });
    let shape = ends.fold((0, 0), larger);
    Ok(Raw { key: key.clone(), visit: file.visit, shape })
}

/// A science image of one amplifier, by its header or by its name.
fn science(
    store: &mut dyn Store,
    camera: &Instrument,
    key: &Key,
) -> Result<Option<(Piece, (usize, usize))>> {
    let file = FitsFile::open(&mut Source::open(store, key)?)?;
    let Some((hdu, shape)) = read::image_of(&file) else { return Ok(None) };
    let mut header = file.hdus().first().map(|hdu| hdu.header.clone()).unwrap_or_default();
    if let Some(own) = file.hdus().get(hdu) {
        header.merge(&own.header);
    }
    let own = header.text("PRODUCT") == Some("science image");
    if !own && !key.contains("sciimg") {
        return Ok(None);
    }
    let number = |card: &str, word: &str| {
        let told = header.integer(card).filter(|_| own).and_then(|id| u32::try_from(id).ok());
        told.or_else(|| number_in_name(key, word))
    };
    let (Some(detector), Some(amp)) = (number("DETECTOR", "c"), number("AMP", "q")) else {
        return Ok(None);
    };
    let (detector, amp) = (DetectorId(detector), AmpId(amp));
    let piece = Piece { detector, amp, key: key.clone(), form: Form::Science { hdu } };
    if !camera.detectors.iter().any(|known| known.id == detector) {
        return Ok(None);
    }
    read::placed(camera, &piece, shape)?;
    Ok(Some((piece, shape)))
}

/// The number after a letter between underscores, such as 13 of `_c13_`.
fn number_in_name(key: &str, letter: &str) -> Option<u32> {
    let name = key.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    stem.split('_').find_map(|part| part.strip_prefix(letter)?.parse().ok())
}

/// Of each detector the exposure that is nearest in time to the first science exposure, or to the
/// first exposure if there is no other; what is left out of the same kind is named.
fn one_of_each(raws: Vec<Raw>) -> (BTreeMap<DetectorId, Raw>, Vec<String>) {
    let science = raws.iter().filter(|raw| raw.visit.role == Role::Science);
    let earliest = |a: &&Raw, b: &&Raw| a.visit.mjd.0.total_cmp(&b.visit.mjd.0);
    let first = science.min_by(earliest).or_else(|| raws.iter().min_by(earliest));
    let Some((role, mjd)) = first.map(|first| (first.visit.role, first.visit.mjd.0)) else {
        return (BTreeMap::new(), Vec::new());
    };
    let mut same: Vec<Raw> = raws.into_iter().filter(|raw| raw.visit.role == role).collect();
    same.sort_by(|a, b| {
        let distance = |raw: &Raw| (raw.visit.mjd.0 - mjd).abs();
        distance(a).total_cmp(&distance(b)).then_with(|| a.key.cmp(&b.key))
    });
    let (mut chosen, mut left_out) = (BTreeMap::new(), Vec::new());
    for raw in same {
        let detector = raw.visit.detector;
        match chosen.entry(detector) {
            std::collections::btree_map::Entry::Vacant(free) => drop(free.insert(raw)),
            std::collections::btree_map::Entry::Occupied(_) => {
                left_out.push(format!("{}: another exposure of detector {detector}", raw.key));
            }
        }
    }
    (chosen, left_out)
}
