//! Decode: a compressed exposure of a detector from its file to images, all amplifiers and overscans.

use std::path::Path;

use anyhow::Result;
use rawsky_core::formats::fits::{Content, FitsFile};
use rawsky_core::store::Source;

use super::{Answer, Work};
use crate::store::Folder;

/// Reads `name` anew in every run.
pub(super) fn prepare(inputs: &Path, name: &'static str) -> Result<Work> {
    let root = inputs.to_owned();
    Ok(Box::new(move || {
        let mut store = Folder::new(&root);
        let mut source = Source::open(&mut store, name)?;
        let file = FitsFile::open(&mut source)?;
        let is_image = |content: &Content| matches!(content, Content::Image(_));
        let images = file.hdus().iter().filter(|hdu| is_image(&hdu.content)).map(|hdu| hdu.index);
        let images = images.map(|index| Ok(file.read_image(&mut source, index)?.values));
        Ok(Answer::Images(images.collect::<Result<_>>()?))
    }))
}
