//! Which files of a catalogue that is cut up by HEALPix pixel an image needs.
//!
//! The core says which pixels, from the WCS of an image or of its science header, in a job of its
//! own before the plan is made; so only those files are hashed and staged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rawsky_core::ids::Role;
use rawsky_core::job::{AmpFile, Sky, SkyField, SkyRequest, Survey, Task, catalogue_pixel};
use rawsky_core::store::Key;

use crate::class::{Class, Failure};
use crate::context::Context;
use crate::dag::Sharing;
use crate::headers;
use crate::night::{self, Night};
use crate::runner::Runner;
use crate::scratch::Scratch;
use crate::survey;
use crate::work::{Input, Work, last};

/// Name of the job's product.
const OUTPUT: &str = "sky.json";

/// The pixels of the images of a night, as far as they were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    pixels: BTreeMap<SkyRequest, Vec<u64>>,
}

impl Places {
    /// The pixels of an image by its header; none were found if it has no WCS, `None` if nobody
    /// asked.
    pub fn pixels(&self, header: &AmpFile, raw: &Key) -> Option<&[u64]> {
        self.pixels.get(&request(header, raw)).map(Vec::as_slice)
    }

    /// The files that any image needs; all of them if nobody asked.
    pub fn needed(&self, catalogues: Vec<PathBuf>) -> Vec<PathBuf> {
        if self.pixels.is_empty() {
            return catalogues;
        }
        let all: BTreeSet<u64> = self.pixels.values().flatten().copied().collect();
        let all: Vec<u64> = all.into_iter().collect();
        needed(&catalogues, &all).into_iter().cloned().collect()
    }
}

/// The files of these pixels, which ascend, and all that are not cut up.
pub fn needed<'a>(catalogues: &'a [PathBuf], pixels: &[u64]) -> Vec<&'a PathBuf> {
    let is_needed = |path: &&PathBuf| match catalogue_pixel(&night::name(path)) {
        Some(pixel) => pixels.binary_search(&pixel).is_ok(),
        None => true,
    };
    catalogues.iter().filter(is_needed).collect()
}

fn is_cut_up(catalogues: &[PathBuf]) -> bool {
    catalogues.iter().any(|path| catalogue_pixel(&night::name(path)).is_some())
}

fn request(header: &AmpFile, raw: &Key) -> SkyRequest {
    let file = header.key.clone();
    if headers::is_table(&file) {
        SkyRequest { file, amp: Some(header.amp), raw: Some(raw.clone()) }
    } else {
        SkyRequest { file, amp: None, raw: None }
    }
}

/// Asks the core about the science exposures of a night: about all headers if the catalogue is cut
/// up, else about rows of tables, which may be missing.
///
/// # Errors
/// Those of the job.
pub fn of_night(
    context: &Context,
    night: &Night,
    survey: &Survey,
    runner: &Runner,
) -> Result<Places, Failure> {
    let cut_up = is_cut_up(&night.catalogues);
    let raws: BTreeMap<Key, &PathBuf> =
        night.raws.iter().map(|path| (crate::dag::raw_key(path), path)).collect();
    let mut files: BTreeMap<Key, PathBuf> = BTreeMap::new();
    let mut requests: BTreeSet<SkyRequest> = BTreeSet::new();
    for raw in survey::good(survey, Sharing::Folder).iter().filter(|raw| raw.role == Role::Science)
    {
        let stem = night::stem(last(&raw.key));
        for (header, path) in headers::of_exposure(&night.headers, stem, raw) {
            let request = request(&header, &raw.key);
            if !cut_up && request.raw.is_none() {
                continue;
            }
            files.insert(header.key.clone(), path.clone());
            if let Some(path) = request.raw.as_ref().and_then(|key| raws.get(key)) {
                files.insert(raw.key.clone(), (*path).clone());
            }
            requests.insert(request);
        }
    }
    if requests.is_empty() {
        return Ok(Places::default());
    }
    let mut inputs = Vec::new();
    for (key, path) in files.into_iter().chain(context.descriptions.files.iter().cloned()) {
        inputs.push(Input { key, sha256: runner.digests.of(&path)?, path });
    }
    let task = Task::Sky { images: requests.into_iter().collect(), output: OUTPUT.to_owned() };
    let work = Work::new(context.descriptions.job(task), inputs, vec![OUTPUT.to_owned()]);
    let done = runner.execute(&work)?;
    let fields = read(&done.folder.join(OUTPUT))?.fields;
    // An image whose header is wrong is refused, with the reason, when it is made.
    let pixels = fields.into_iter().map(|field| (field.request, field.pixels)).collect();
    Ok(Places { pixels })
}

/// The catalogue files that a science image needs.
///
/// # Errors
/// Those of the job; [`Class::InputBad`] if the image has no WCS or none of its pixels a file.
pub fn of_image(
    scratch: &Scratch<'_>,
    image: &(Key, PathBuf),
    catalogues: Vec<PathBuf>,
) -> Result<Vec<PathBuf>, Failure> {
    if !is_cut_up(&catalogues) {
        return Ok(catalogues);
    }
    let images = vec![SkyRequest { file: image.0.clone(), amp: None, raw: None }];
    let task = Task::Sky { images, output: OUTPUT.to_owned() };
    let done = scratch.job(task, std::slice::from_ref(image), vec![OUTPUT.to_owned()])?;
    let field: Option<SkyField> = read(&done.folder.join(OUTPUT))?.fields.into_iter().next();
    let pixels = match field {
        Some(SkyField { error: Some(error), .. }) => {
            return Err(Failure::new(Class::Refused, error.to_string()));
        }
        Some(SkyField { pixels, .. }) if !pixels.is_empty() => pixels,
        _ => {
            let image = image.1.display();
            let reason = format!("{image}: found no WCS; needed one to choose catalogue files");
            return Err(Failure::new(Class::InputBad, reason));
        }
    };
    let found: Vec<PathBuf> = needed(&catalogues, &pixels).into_iter().cloned().collect();
    if found.is_empty() {
        let numbers: Vec<String> = pixels.iter().map(u64::to_string).collect();
        let reason = format!(
            "{} catalogue files hold none of the pixels {} (HEALPix, nside 64, nested) of {}",
            catalogues.len(),
            numbers.join(", "),
            image.1.display()
        );
        return Err(Failure::new(Class::InputBad, reason));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Sky, Failure> {
    let bad = |error: String| Failure::new(Class::OutputRule, format!("sky: {error}"));
    let text = fs::read(path).map_err(|error| bad(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rawsky_core::ids::AmpId;

    #[test]
    fn files_of_other_pixels_are_left_out() {
        let names = ["c/a_pix64_7.parquet", "c/a_pix64_12.parquet", "c/own.csv"];
        let files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        assert_eq!(needed(&files, &[7, 8]), [&files[0], &files[2]]);
        assert!(is_cut_up(&files) && !is_cut_up(&files[2..]));
        assert_eq!(Places::default().needed(files.clone()), files);
    }

    #[test]
    fn a_row_of_a_table_is_asked_for_by_exposure_and_amplifier() {
        let of = |key: &str| AmpFile { amp: AmpId(3), key: key.to_owned() };
        let raw = "raw/x.fits".to_owned();
        let row = request(&of("headers/metaheader_202002.parquet"), &raw);
        assert_eq!((row.amp, row.raw.as_ref()), (Some(AmpId(3)), Some(&raw)));
        let mut places = Places::default();
        places.pixels.insert(row, vec![1]);
        assert_eq!(places.pixels(&of("headers/metaheader_202002.parquet"), &raw), Some(&[1][..]));
        assert_eq!(places.pixels(&of("headers/x_q3_sciimg.fits"), &raw), None);
    }
}
