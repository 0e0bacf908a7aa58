//! The images that a FITS file offers, and the mask and variance that stand beside one of them.

use serde::Serialize;

use crate::formats::fits::{Content, FitsFile, Hdu, ImageInfo};
use crate::header::{Header, Value};
use crate::master::mask_cards;

/// At most so many HDUs are named in a refusal.
const MOST_NAMED: usize = 12;

/// An image that can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageChoice {
    /// Its HDU, the primary one being 0.
    pub hdu: usize,
    /// EXTNAME, or nothing.
    pub name: String,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// How its numbers are stored.
    pub stored: String,
}

/// The images of two axes; axes of length one beyond them do not count.
pub(super) fn images(file: &FitsFile) -> Vec<ImageChoice> {
    file.hdus().iter().filter_map(choice).collect()
}

fn choice(hdu: &Hdu) -> Option<ImageChoice> {
    let Content::Image(info) = &hdu.content else { return None };
    let [outer @ .., height, width] = info.shape.as_slice() else { return None };
    let is_plane = outer.iter().all(|length| *length == 1) && 1 < *height;
    is_plane.then(|| ImageChoice {
        hdu: hdu.index,
        name: hdu.name.clone(),
        width: *width,
        height: *height,
        stored: stored(info),
    })
}

fn stored(info: &ImageInfo) -> String {
    let bits = info.bitpix.unsigned_abs();
    let kind = if info.bitpix < 0 { "floating point" } else { "whole numbers" };
    match &info.compression {
        Some(method) => format!("{bits}-bit {kind}, {method}"),
        None => format!("{bits}-bit {kind}"),
    }
}

/// What a file holds, for a person who hoped for an image.
pub(super) fn contents(file: &FitsFile) -> String {
    let named = |hdu: &Hdu| {
        let name = if hdu.name.is_empty() { String::new() } else { format!(" ({})", hdu.name) };
        let what = match &hdu.content {
            Content::Image(info) => {
                let lengths: Vec<String> = info.shape.iter().rev().map(usize::to_string).collect();
                format!("array of {} pixels", lengths.join(" x "))
            }
            other => other.to_string(),
        };
        format!("HDU {}{name}: {what}", hdu.index)
    };
    let mut words: Vec<String> = file.hdus().iter().take(MOST_NAMED).map(named).collect();
    let more = file.hdus().len().saturating_sub(MOST_NAMED);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join("; ")
}

/// The plane of the same shape that belongs to an image: `MASK` or `VARIANCE` to the first image,
/// `MASK3` to `IMAGE3`.
pub(super) fn companion(file: &FitsFile, image: &ImageChoice, word: &str) -> Option<usize> {
    let all = images(file);
    let upper = image.name.to_ascii_uppercase();
    let wanted = match upper.strip_prefix("IMAGE") {
        Some(number) => format!("{word}{number}"),
        None if all.first().is_some_and(|first| first.hdu == image.hdu) => word.to_owned(),
        None => return None,
    };
    let same = |one: &&ImageChoice| {
        one.hdu != image.hdu
            && one.name.eq_ignore_ascii_case(&wanted)
            && (one.width, one.height) == (image.width, image.height)
    };
    all.iter().find(same).map(|one| one.hdu)
}

/// The card by which a mask names a bit otherwise than [`crate::mask::REGISTRY`], if there is one.
pub(super) fn other_bits(header: &Header) -> Option<String> {
    let mut ours = Header::new();
    mask_cards(&mut ours);
    let named = |card: &&crate::header::Card| {
        card.key.starts_with("MP_") && matches!(card.value, Value::Integer(_))
    };
    let differs =
        |card: &&crate::header::Card| ours.integer(&card.key) != header.integer(&card.key);
    let found = header.cards.iter().filter(named).find(differs)?;
    Some(format!("{} = {}", found.key, found.value))
}
