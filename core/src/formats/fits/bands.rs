//! Images read in bands of rows, without holding them.

use std::ops::Range;

use super::pixels::{Scaling, Stored, canonical, plane_shape};
use super::plain;
use super::scan::{Kind, Record};
use super::tiled::RiceBands;
use super::{FitsFile, ImageInfo};
use crate::error::{Error, Result};
use crate::store::Source;

/// An image whose rows can be read apart from the others.
pub struct ImageBands<'f> {
    record: &'f Record,
    info: &'f ImageInfo,
    shape: (usize, usize),
    rice: Option<RiceBands>,
    /// Step of the encoding for each stored row, as of [`super::Pixels`].
    pub quantum: Vec<f64>,
}

impl FitsFile {
    /// An image in bands of rows; `None` if it is stored in a way that wants it as a whole.
    ///
    /// # Errors
    /// [`Error::Format`] if the HDU is no plane, or its tables are damaged.
    pub fn bands(&self, source: &mut Source<'_>, index: usize) -> Result<Option<ImageBands<'_>>> {
        let (record, info, rows) = self.plane(source, index)?;
        let Some(shape) = plane_shape(&info.shape).filter(|_| self.gzip.is_none()) else {
            return Ok(None);
        };
        let (rice, mut quantum) = if record.kind == Kind::Compressed {
            let Some((rice, steps)) = RiceBands::open(source, record, rows)? else {
                return Ok(None);
            };
            (Some(rice), steps)
        } else {
            (None, vec![if record.bitpix > 0 { 1.0 } else { 0.0 }; rows])
        };
        quantum.iter_mut().for_each(|step| *step *= info.scale.abs());
        Ok(Some(ImageBands { record, info, shape, rice, quantum }))
    }
}

impl ImageBands<'_> {
    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The physical values of some stored rows, one after the other, at the end of `values`; those that
    /// [`FitsFile::read_image`] gives.
    ///
    /// # Errors
    /// [`Error::Format`] if they are damaged, [`Error::Input`] if there are no such rows.
    pub fn read(
        &mut self,
        source: &mut Source<'_>,
        rows: Range<usize>,
        values: &mut Vec<f32>,
    ) -> Result<()> {
        if self.shape.0 < rows.end {
            return Err(Error::input("fits", "rows", format!("{rows:?}"), self.shape.0));
        }
        let scaling = Scaling::of(self.info);
        if self.info.bitpix == -32 && scaling.keeps_floats() {
            // A conversion of its own, which goes in lanes.
            return self.numbers(source, rows, values, |number| match number {
                Stored::Single(number) => canonical(number),
                other => scaling.value(other),
            });
        }
        self.numbers(source, rows, values, |number| scaling.value(number))
    }

    fn numbers(
        &mut self,
        source: &mut Source<'_>,
        rows: Range<usize>,
        values: &mut Vec<f32>,
        convert: impl FnMut(Stored) -> f32,
    ) -> Result<()> {
        match &mut self.rice {
            Some(rice) => rice.read(source, rows, values, convert),
            None => {
                let columns = self.shape.1 as u64;
                let numbers = rows.start as u64 * columns..rows.end as u64 * columns;
                plain::read_some(source, self.record, numbers, values, convert)
            }
        }
    }
}
