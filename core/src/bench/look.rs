//! Which of the dropped files is looked at, for files among which there is nothing to reduce.

use crate::error::{Error, Result};
use crate::formats::fits::FitsFile;
use crate::header::Header;
use crate::instrument::built_in_names;
use crate::store::{Key, Source, Store};

use super::files::{Files, Look};
use super::image_file;
use super::preparation::{Preparation, cameras_for};

/// What the archive's names of a science image and of its mask hold.
const SCIENCE: &str = "sciimg";
const MASK: &str = "mskimg";

/// The first file with an image of two axes, a science image before others, with the mask and the
/// catalogues beside it. `hdu` names another of its images; `why` says why nothing is reduced.
///
/// # Errors
/// What is wrong with the first file, if none has an image; [`Error::Input`] if there is no file.
pub fn looked_at(
    store: &mut dyn Store,
    names: &[Key],
    (hdu, why): (Option<usize>, &str),
) -> Result<Preparation> {
    let image = first_image(store, names)?;
    let mask = mask_beside(&image, names);
    let is_catalogue = |key: &&Key| {
        let lower = key.to_ascii_lowercase();
        lower.ends_with(".parquet") || lower.ends_with(".csv")
    };
    let catalogue: Vec<Key> = names.iter().filter(is_catalogue).cloned().collect();
    let used = |key: &Key| *key == image || Some(key) == mask.as_ref() || catalogue.contains(key);
    let left_out = names.iter().filter(|key| !used(key));
    let left_out = left_out.map(|key| format!("{key}: one image is looked at at a time")).collect();
    let look = Look { hdu, mask, why: why.to_owned() };
    let files = Files { raw: image, catalogue, look: Some(look), ..Files::default() };
    Ok(Preparation { units: Vec::new(), of_masters: Vec::new(), files, left_out })
}

/// The built-in camera whose words an image is read in: that which its header names, that whose
/// files are named so, else the general one.
pub fn camera_of_image(store: &mut dyn Store, names: &[Key]) -> &'static str {
    let named = first_image(store, names).ok().and_then(|key| primary(store, &key).ok());
    let named = named.as_ref().and_then(|header| header.text("CAMERA"));
    let known = built_in_names().find(|name| Some(*name) == named);
    let likely = cameras_for(names);
    let by_name = || {
        let prefix = format!("{}_", likely.first()?);
        let begins = |key: &Key| key.rsplit('/').next().unwrap_or_default().starts_with(&prefix);
        likely.first().copied().filter(|_| names.iter().any(begins))
    };
    known.or_else(by_name).or(likely.last().copied()).unwrap_or("generic")
}

fn primary(store: &mut dyn Store, key: &str) -> Result<Header> {
    let file = FitsFile::open(&mut Source::open(store, key)?)?;
    Ok(file.hdus().first().map(|hdu| hdu.header.clone()).unwrap_or_default())
}

fn first_image(store: &mut dyn Store, names: &[Key]) -> Result<Key> {
    let is_table = |key: &&Key| {
        let lower = key.to_ascii_lowercase();
        [".parquet", ".csv", ".json", ".toml"].iter().any(|end| lower.ends_with(end))
    };
    let mut candidates: Vec<&Key> = names.iter().filter(|key| !is_table(key)).collect();
    candidates.sort_by_key(|key| match (key.contains(SCIENCE), key.contains(MASK)) {
        (true, _) => 0,
        (_, false) => 1,
        _ => 2,
    });
    let mut refusal = None;
    for key in candidates {
        match has_image(store, key) {
            Ok(()) => return Ok(key.clone()),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    let nothing = || Error::input("bench", "file", "no FITS file", "a FITS file with an image");
    Err(refusal.unwrap_or_else(nothing))
}

fn has_image(store: &mut dyn Store, key: &str) -> Result<()> {
    let file = FitsFile::open(&mut Source::open(store, key)?)?;
    if !image_file::images(&file).is_empty() {
        return Ok(());
    }
    let found = image_file::contents(&file);
    Err(Error::input("bench", &format!("content of {key}"), found, "an image of two axes"))
}

/// The mask of the same name, or the only one beside a science image.
fn mask_beside(image: &str, names: &[Key]) -> Option<Key> {
    let last = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
    let stem = |key: &str| last(key).split('.').next().unwrap_or_default().to_owned();
    let wanted = stem(image).replace(SCIENCE, MASK);
    let is_mask = |key: &&Key| key.contains(MASK) && key.as_str() != image;
    let mut masks = names.iter().filter(is_mask);
    let same = names.iter().filter(is_mask).find(|key| stem(key) == wanted);
    same.or_else(|| masks.next().filter(|_| masks.next().is_none())).cloned()
}
