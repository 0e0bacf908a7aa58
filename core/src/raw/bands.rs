//! One amplifier of a raw file, read in bands of rows.

use std::ops::Range;

use ndarray::Array2;

use super::layout::{Part, locate};
use super::{RawFile, geometry};
use crate::error::{Error, Result};
use crate::formats::fits::{Content, ImageBands};
use crate::geometry::Section;
use crate::ids::AmpId;
use crate::image::RawAmp;
use crate::instrument::Instrument;
use crate::store::{Source, Store};

/// Rows that are read together where only their overscan is kept.
const AT_ONCE: usize = 64;

/// An amplifier of which the overscan alone is held.
pub struct AmpBands<'f> {
    file: &'f RawFile,
    imaging: ImageBands<'f>,
    /// The imaging pixels in their stored array.
    section: Section,
    /// All pixels of the overscan, readout order.
    overscan: Option<Array2<f32>>,
    /// Everything but pixels; the steps of the encoding are those of all rows.
    about: RawAmp,
    stored: Vec<f32>,
}

impl RawFile {
    /// One amplifier in bands of rows; `None` if the file or the place of its sections wants it as a whole.
    ///
    /// # Errors
    /// Those of [`RawFile::read`] that do not need the imaging pixels.
    pub fn bands(
        &self,
        store: &mut dyn Store,
        camera: &Instrument,
        amp: AmpId,
    ) -> Result<Option<AmpBands<'_>>> {
        let Some(amplifier) = camera.amplifier(amp) else { return Ok(None) };
        let layout = locate(&self.file, amplifier)?;
        let Some(mut imaging) = self.image_bands(store, layout.imaging.hdu)? else {
            return Ok(None);
        };
        let whole = Section::at((0, 0), imaging.shape());
        let section = layout.imaging.section.unwrap_or(whole);
        let overscan = match layout.overscan {
            Some(part) if part.hdu == layout.imaging.hdu => {
                Some(self.columns(store, &mut imaging, part)?)
            }
            Some(part) => Some(self.region(store, part)?.0),
            None => None,
        };
        let rows = section.shape().0;
        let shapes = (section.shape(), overscan.as_ref().map(Array2::dim));
        let geometry = geometry(camera, amplifier, shapes, &layout)?;
        let beside = overscan.as_ref().is_none_or(|overscan| overscan.nrows() == rows);
        if !(beside && section.fits(whole.shape()) && geometry.rows(0..rows, rows).is_some()) {
            return Ok(None);
        }
        let flip = geometry.readout_from_stored;
        let quantum = imaging.quantum.get(section.row_start..section.row_end).unwrap_or_default();
        let mut quantum = quantum.to_vec();
        if flip.rows {
            quantum.reverse();
        }
        let (gain, read_noise) = self.electronics(camera, amplifier)?;
        let image = Array2::zeros((0, 0));
        let about = RawAmp { image, amp, geometry, gain, read_noise, quantum };
        let overscan = overscan.map(|overscan| flip.apply(overscan));
        Ok(Some(AmpBands { file: self, imaging, section, overscan, about, stored: Vec::new() }))
    }

    fn image_bands(&self, store: &mut dyn Store, hdu: usize) -> Result<Option<ImageBands<'_>>> {
        let content = self.file.hdus().get(hdu).map(|hdu| &hdu.content);
        if !matches!(content, Some(Content::Image(_))) {
            return Ok(None);
        }
        self.file.bands(&mut Source::open(store, &self.key)?, hdu)
    }

    /// A section of the array that holds the imaging pixels too, stored order.
    fn columns(
        &self,
        store: &mut dyn Store,
        image: &mut ImageBands<'_>,
        part: Part,
    ) -> Result<Array2<f32>> {
        let (rows, columns) = image.shape();
        let section = part.section.unwrap_or(Section::at((0, 0), (rows, columns)));
        let odd = || {
            let found = format!("{section:?} of {rows} x {columns}");
            Error::input("raw", "section of the overscan", found, "one inside the array")
        };
        if !section.fits((rows, columns)) {
            return Err(odd());
        }
        let mut source = Source::open(store, &self.key)?;
        let (mut kept, mut values) = (Vec::new(), Vec::new());
        for first in (section.row_start..section.row_end).step_by(AT_ONCE) {
            values.clear();
            image.read(&mut source, first..section.row_end.min(first + AT_ONCE), &mut values)?;
            for row in values.chunks(columns) {
                kept.extend(row.get(section.column_start..section.column_end).unwrap_or_default());
            }
        }
        Array2::from_shape_vec(section.shape(), kept).map_err(|_| odd())
    }
}

impl AmpBands<'_> {
    /// Which amplifier, with gain and read noise, but without a pixel.
    pub fn about(&self) -> &RawAmp {
        &self.about
    }

    /// All pixels of its overscan, readout order.
    pub fn overscan(&self) -> Option<&Array2<f32>> {
        self.overscan.as_ref()
    }

    /// Reads some rows (readout order), overscan attached: an image of their own, whose sections count from the
    /// first of them.
    ///
    /// # Errors
    /// [`Error::Format`] if their pixels are damaged, [`Error::Input`] if there are no such rows.
    pub fn read(&mut self, store: &mut dyn Store, rows: Range<usize>) -> Result<RawAmp> {
        let (all, width) = self.section.shape();
        let odd = || Error::input("raw", "rows", format!("{rows:?}"), format!("some of {all}"));
        let geometry = self.about.geometry.rows(rows.clone(), all).ok_or_else(odd)?;
        let flip = geometry.readout_from_stored;
        let from = match flip.rows {
            true => all - rows.end..all - rows.start,
            false => rows.clone(),
        };
        let first = self.section.row_start;
        self.stored.clear();
        let mut source = Source::open(store, &self.file.key)?;
        self.imaging.read(&mut source, first + from.start..first + from.end, &mut self.stored)?;
        let more = self.overscan.as_ref().map_or(0, Array2::ncols);
        let mut pixels = Vec::with_capacity(rows.len() * (width + more));
        let stored = self.stored.chunks(self.imaging.shape().1.max(1));
        let columns = self.section.column_start..self.section.column_end;
        for (index, row) in rows.clone().enumerate() {
            let place = if flip.rows { rows.len() - 1 - index } else { index };
            let lit = stored.clone().nth(place).and_then(|row| row.get(columns.clone()));
            let lit = lit.ok_or_else(odd)?;
            match flip.columns {
                true => pixels.extend(lit.iter().rev()),
                false => pixels.extend_from_slice(lit),
            }
            if let Some(overscan) = &self.overscan {
                pixels.extend(overscan.row(row));
            }
        }
        let image = Array2::from_shape_vec((rows.len(), width + more), pixels);
        let image = image.map_err(|_| odd())?;
        let quantum = self.about.quantum.get(rows.clone()).ok_or_else(odd)?.to_vec();
        let RawAmp { amp, gain, read_noise, .. } = self.about;
        Ok(RawAmp { image, amp, geometry, gain, read_noise, quantum })
    }
}
