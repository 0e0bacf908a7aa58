//! Refuses a camera description that cannot be right, with the key and the reason.

use std::collections::BTreeSet;

use super::layout::MAX_SIDE;
use super::{Amplifier, Electronics, Instrument, Keywords, Region, check_dialect, check_tables};
use crate::geometry::{Flip, Section};
use crate::mask;

/// The version of the camera file that this core reads.
const VERSION: &str = "1";
/// Most detectors, amplifiers of a detector, lamps or tables.
const MAX_COUNT: usize = 1_000;
/// Largest index of an HDU.
const MAX_HDU: usize = 10_000;

/// One refusal: the key (`amplifiers[2].imaging.hdu`), what it says, what was needed.
pub(super) struct Fault {
    pub(super) key: String,
    pub(super) found: String,
    pub(super) needed: String,
}

pub(super) type Checked = std::result::Result<(), Fault>;

/// `Ok` if `good`, else the refusal of `key`.
pub(super) fn need(
    good: bool,
    key: impl Into<String>,
    found: impl ToString,
    needed: impl Into<String>,
) -> Checked {
    if good {
        return Ok(());
    }
    Err(Fault { key: key.into(), found: found.to_string(), needed: needed.into() })
}

pub(super) fn version(found: Option<String>) -> Checked {
    let found = found.unwrap_or_else(|| "not given".to_owned());
    let needed = format!("{VERSION}, the version of the camera file that this program reads");
    need(found == VERSION, "version", found, needed)
}

/// Every check of a whole camera, in the order of the file.
pub(super) fn camera(camera: &Instrument) -> Checked {
    word("name", &camera.name)?;
    side("amp_shape[0]", camera.amp_shape.0)?;
    side("amp_shape[1]", camera.amp_shape.1)?;
    detectors(camera)?;
    amplifiers(camera)?;
    sections(camera)?;
    electronics(&camera.electronics)?;
    check_dialect::dialect(camera)?;
    check_dialect::names(camera)?;
    mask_bits(camera)?;
    check_tables::tables(camera)?;
    super::calendar::check(camera)?;
    super::equilibrium::check(camera)
}

fn mask_bits(camera: &Instrument) -> Checked {
    let mut used = BTreeSet::new();
    for (name, bit) in &camera.mask_bits {
        let key = format!("mask_bits.{name}");
        let known = mask::REGISTRY.iter().map(|entry| entry.name).collect::<Vec<_>>();
        let listed = known.contains(&name.as_str());
        need(listed, "mask_bits", name, format!("names of mask bits: {}", known.join(", ")))?;
        need(*bit < 32, &key, bit, "a bit, 0 to 31")?;
        need(used.insert(*bit), &key, bit, "a bit that no other name has")?;
    }
    Ok(())
}

/// `found` must be a number of rows or columns.
fn side(key: impl Into<String>, found: usize) -> Checked {
    need((1..=MAX_SIDE).contains(&found), key, found, format!("1 to {MAX_SIDE}"))
}

pub(super) fn count(key: &str, found: usize, least: usize) -> Checked {
    let good = (least..=MAX_COUNT).contains(&found);
    need(good, key, format!("a list of {found}"), format!("{least} to {MAX_COUNT} entries"))
}

pub(super) fn is_plain(text: &str, more: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c) || more.contains(c))
}

/// `text` becomes part of file names.
pub(super) fn word(key: impl Into<String>, text: &str) -> Checked {
    let good = !text.is_empty() && text.len() <= 64 && is_plain(text, "");
    let needed = "1 to 64 of the characters A-Z a-z 0-9 . _ -, none of . and - in front";
    need(good && !text.starts_with(['.', '-']), key, format!("`{text}`"), needed)
}

fn detectors(camera: &Instrument) -> Checked {
    count("detectors", camera.detectors.len(), 1)?;
    let (mut ids, mut places, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (n, detector) in camera.detectors.iter().enumerate() {
        let key = |field: &str| format!("detectors[{n}].{field}");
        need(ids.insert(detector.id), key("id"), detector.id, "a number used once")?;
        need(detector.row < MAX_COUNT, key("row"), detector.row, "a row below 1000")?;
        need(detector.column < MAX_COUNT, key("column"), detector.column, "a column below 1000")?;
        let place = (detector.row, detector.column);
        let found = format!("{place:?} again");
        need(places.insert(place), key("row"), found, "a place of its own (row, column)")?;
        if let Some(name) = &detector.name {
            need(names.insert(name), key("name"), format!("`{name}`"), "a name used once")?;
        }
    }
    let gap = camera.gap_pix.0.max(camera.gap_pix.1);
    need(gap <= MAX_SIDE, "gap_pix", gap, format!("at most {MAX_SIDE}"))
}

fn amplifiers(camera: &Instrument) -> Checked {
    count("amplifiers", camera.amplifiers.len(), 1)?;
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (n, amp) in camera.amplifiers.iter().enumerate() {
        let key = |field: &str| format!("amplifiers[{n}].{field}");
        need(ids.insert(amp.id), key("id"), amp.id, "a number used once")?;
        need(amp.id.0 > 0, key("id"), amp.id, "a number above 0 (0 is the whole detector)")?;
        let place = (amp.row, amp.column);
        let found = format!("{place:?} again");
        need(places.insert(place), key("row"), found, "a place of its own (row, column)")?;
        own_values(amp, &camera.electronics, n)?;
        keywords(&key("place_keys"), &amp.place_keys)?;
        let needed = "no flip, because place_keys gives place and order";
        let flipped = !amp.place_keys.is_empty() && amp.sky_from_stored != Flip::NONE;
        need(!flipped, key("sky_from_stored"), "a flip", needed)?;
    }
    grid(camera)
}

/// The amplifiers must fill a rectangle of the detector: no hole, no absurd size.
fn grid(camera: &Instrument) -> Checked {
    let rows = camera.amplifiers.iter().map(|amp| amp.row).max().unwrap_or(0);
    let columns = camera.amplifiers.iter().map(|amp| amp.column).max().unwrap_or(0);
    let places = rows.saturating_add(1).saturating_mul(columns.saturating_add(1));
    let found = format!("{} of {places} places", camera.amplifiers.len());
    let needed = "one amplifier at each (row, column) of a rectangle: there is a hole";
    need(places == camera.amplifiers.len(), "amplifiers", found, needed)?;
    let shape = camera.detector_shape(camera.amp_shape);
    let needed = format!("a detector of at most {MAX_SIDE} rows and columns");
    need(shape.0.max(shape.1) <= MAX_SIDE, "amp_shape", format!("{shape:?} in all"), needed)
}

fn own_values(amp: &Amplifier, common: &Electronics, n: usize) -> Checked {
    let key = |field: &str| format!("amplifiers[{n}].{field}");
    if let Some(gain) = amp.gain_electron_per_dn {
        positive(key("gain_electron_per_dn"), gain)?;
    }
    if let Some(noise) = amp.read_noise_electron {
        not_negative(key("read_noise_electron"), noise)?;
    }
    let Some(level) = amp.saturation_dn else { return Ok(()) };
    saturation(key("saturation_dn"), level, common.full_scale_dn)
}

/// Which pixels of the file belong to which amplifier: right shapes, each pixel once.
fn sections(camera: &Instrument) -> Checked {
    let mut taken: Vec<(usize, Section)> = Vec::new();
    for (n, amp) in camera.amplifiers.iter().enumerate() {
        overscan_columns(amp, n)?;
        let strip = (camera.amp_shape.0, amp.overscan_columns);
        let parts = [(Some(&amp.imaging), "imaging"), (amp.overscan.as_ref(), "overscan")];
        let shapes = [camera.amp_shape, strip];
        for ((region, what), shape) in parts.into_iter().zip(shapes) {
            let Some(region) = region else { continue };
            let key = format!("amplifiers[{n}].{what}");
            one_region(camera, (amp, region), &key)?;
            if shape.1 == 0 {
                // Only the header of an exposure says whether there is an overscan, and where.
                continue;
            }
            let section = region.section.unwrap_or_else(|| Section::at((0, 0), shape));
            one_section(&key, &section, shape)?;
            let place = region.nominal_hdu();
            let free = taken.iter().all(|(hdu, old)| *hdu != place || apart(old, &section));
            let found = format!("pixels of HDU {place} that are used already");
            need(free, key, found, "pixels of its own")?;
            taken.push((place, section));
        }
    }
    Ok(())
}

fn overscan_columns(amp: &Amplifier, n: usize) -> Checked {
    let told = amp.overscan.as_ref().is_some_and(|region| !region.section_keys.is_empty());
    let some = amp.overscan.is_some();
    let needed = if some { "at least 1, with overscan" } else { "0, without overscan" };
    let columns = amp.overscan_columns;
    let good = (some == (columns > 0) || told) && columns <= MAX_SIDE;
    need(good, format!("amplifiers[{n}].overscan_columns"), columns, needed)
}

/// What can be said of a region by itself, and of overscan beside its imaging pixels.
fn one_region(camera: &Instrument, (amp, region): (&Amplifier, &Region), key: &str) -> Checked {
    let hdu = region.nominal_hdu();
    need(hdu <= MAX_HDU, format!("{key}.hdu"), hdu, "at most 10000")?;
    keywords(&format!("{key}.section_keys"), &region.section_keys)?;
    let needed = "no section where sizes_from_file is true (whole arrays only)";
    let told = !region.section_keys.is_empty() || region.rest;
    let both = camera.sizes_from_file && region.section.is_some() && !told;
    need(!both, format!("{key}.section"), "a section", needed)?;
    let beside = amp.overscan.as_ref().is_some_and(|overscan| std::ptr::eq(overscan, region))
        && region.hdu == amp.imaging.hdu;
    let needed = "false, but for overscan in the HDU of its imaging pixels";
    need(!region.rest || beside, format!("{key}.rest"), region.rest, needed)
}

/// FITS keywords in upper case.
pub(super) fn keywords(key: &str, keywords: &Keywords) -> Checked {
    count(key, keywords.0.len(), 0)?;
    for (n, keyword) in keywords.iter().enumerate() {
        // A list of one may be written without brackets, and then has no number.
        let key = if keywords.0.len() == 1 { key.to_owned() } else { format!("{key}[{n}]") };
        let good = (1..=64).contains(&keyword.len())
            && keyword.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
            && *keyword == keyword.trim().to_ascii_uppercase();
        need(good, key, format!("`{keyword}`"), "a FITS keyword in upper case")?;
    }
    Ok(())
}

fn one_section(key: &str, section: &Section, shape: (usize, usize)) -> Checked {
    let key = format!("{key}.section");
    let found = format!("{:?} (rows, columns)", section.shape());
    need(section.shape() == shape, &*key, found, format!("{shape:?}"))?;
    let end = section.row_end.max(section.column_end);
    need(end <= MAX_SIDE, key, end, format!("at most {MAX_SIDE}"))
}

fn apart(a: &Section, b: &Section) -> bool {
    a.row_end <= b.row_start
        || b.row_end <= a.row_start
        || a.column_end <= b.column_start
        || b.column_end <= a.column_start
}

pub(super) fn positive(key: impl Into<String>, value: f64) -> Checked {
    need(value > 0.0 && value <= 1e6, key, value, "a number above 0, at most 1e6")
}

fn not_negative(key: impl Into<String>, value: f64) -> Checked {
    need((0.0..=1e6).contains(&value), key, value, "a number from 0 to 1e6")
}

fn saturation(key: impl Into<String>, level: f64, full_scale: f64) -> Checked {
    let needed = format!("above 0, at most full_scale_dn ({full_scale})");
    need(level > 0.0 && level <= full_scale, key, level, needed)
}

fn electronics(values: &Electronics) -> Checked {
    positive("electronics.gain_electron_per_dn", values.gain_electron_per_dn)?;
    not_negative("electronics.read_noise_electron", values.read_noise_electron)?;
    let full = values.full_scale_dn;
    need(full > 0.0 && full <= 1e10, "electronics.full_scale_dn", full, "above 0, at most 1e10")?;
    saturation("electronics.saturation_dn", values.saturation_dn, full)
}
