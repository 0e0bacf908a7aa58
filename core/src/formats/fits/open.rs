//! The list of HDUs of a file, and the choice of the reader of an image.

use std::cell::Cell;

use ndarray::Array2;

use super::pixels::{Masking, Scaling, plane, plane_shape};
use super::scan::{Kind, Record, place, scan};
use super::{Content, Hdu, ImageInfo, Pixels, cards, plain, tiled};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::store::Source;

/// A FITS file whose headers have been read and whose sizes have been checked.
#[derive(Debug)]
pub struct FitsFile {
    key: String,
    length: u64,
    /// Whether any image is tile-compressed, and so `fitsio-pure` reads the whole file.
    tiled: bool,
    records: Vec<Record>,
    hdus: Vec<Hdu>,
}

impl FitsFile {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`Error::Format`] if the file is damaged or cut, [`Error::Unsupported`] if it is compressed
    /// as a whole.
    pub fn open(source: &mut Source<'_>) -> Result<FitsFile> {
        let records = scan(source)?;
        let tiled = records.iter().any(|record| record.kind == Kind::Compressed);
        let file = source.key();
        let hdus = records.iter().map(|record| describe(file, record, tiled));
        let hdus = hdus.collect::<Result<_>>()?;
        Ok(FitsFile { key: file.to_owned(), length: source.length(), tiled, records, hdus })
    }

    /// Key of the file.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Length of the file in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// All HDUs in order.
    pub fn hdus(&self) -> &[Hdu] {
        &self.hdus
    }

    /// The first HDU whose EXTNAME is `name`, in any case of letters.
    pub fn named(&self, name: &str) -> Option<&Hdu> {
        self.hdus.iter().find(|hdu| hdu.name.eq_ignore_ascii_case(name))
    }

    /// Reads the pixels of an image as physical values.
    ///
    /// # Errors
    /// [`Error::Format`] if the HDU is no plane or its data are damaged.
    pub fn read_image(&self, source: &mut Source<'_>, index: usize) -> Result<Pixels> {
        let (record, info) = self.image(source, index)?;
        let scaling = Scaling::of(info);
        let rows = plane_shape(&info.shape).map_or(0, |(rows, _)| rows);
        let (values, quantum) = if self.tiled {
            tiled::read(source, record, rows, |stored| scaling.value(stored))?
        } else {
            let values = plain::read(source, record, |stored| scaling.value(stored))?;
            (values, vec![if info.bitpix > 0 { 1.0 } else { 0.0 }; rows])
        };
        let values = plane(&self.key, index, &info.shape, values)?;
        let quantum = quantum.iter().map(|step| step * info.scale.abs()).collect();
        Ok(Pixels { values, quantum })
    }

    /// Reads the pixels of an image of whole numbers, exact to 32 bits; negative numbers are those
    /// whose 32nd bit is set.
    ///
    /// # Errors
    /// [`Error::Format`] if the HDU is no plane of whole numbers, or a number needs more bits.
    pub fn read_mask(&self, source: &mut Source<'_>, index: usize) -> Result<Array2<u32>> {
        let (record, info) = self.image(source, index)?;
        let masking = Masking::of(&self.key, index, info)?;
        let lost = Cell::new(false);
        let bits = |stored| {
            masking.bits(stored).unwrap_or_else(|| {
                lost.set(true);
                0
            })
        };
        let values = if self.tiled {
            let rows = plane_shape(&info.shape).map_or(0, |(rows, _)| rows);
            tiled::read(source, record, rows, bits)?.0
        } else {
            plain::read(source, record, bits)?
        };
        if lost.get() {
            return Err(Error::format(&self.key, place(index), "a number needs more than 32 bits"));
        }
        plane(&self.key, index, &info.shape, values)
    }

    /// The record of an image, once it is sure that `source` is the file that was opened and the
    /// image is a plane.
    fn image(&self, source: &Source<'_>, index: usize) -> Result<(&Record, &ImageInfo)> {
        if source.key() != self.key || source.length() != self.length {
            let found = format!("{} of {} bytes", source.key(), source.length());
            let needed = format!("{} of {} bytes", self.key, self.length);
            return Err(Error::input("fits", "source", found, needed));
        }
        let (Some(record), Some(hdu)) = (self.records.get(index), self.hdus.get(index)) else {
            let reason = format!("there are {} HDUs", self.hdus.len());
            return Err(Error::format(&self.key, place(index), reason));
        };
        let Content::Image(info) = &hdu.content else {
            let reason = format!("holds {:?}, needed an image", hdu.content);
            return Err(Error::format(&self.key, place(index), reason));
        };
        if plane_shape(&info.shape).is_none() {
            let reason = format!("axes {:?} (slowest first), needed a plane", info.shape);
            return Err(Error::format(&self.key, place(index), reason));
        }
        Ok((record, info))
    }
}

fn describe(file: &str, record: &Record, tiled: bool) -> Result<Hdu> {
    let read = if tiled { tiled::value } else { plain::value };
    let all = cards::all(&record.cards, read);
    let name = all.text("EXTNAME").unwrap_or_default().to_owned();
    let content = match &record.kind {
        Kind::Other(what) => Content::Other(what.clone()),
        Kind::Table => Content::Table {
            rows: record.axes.get(1).copied().unwrap_or(0),
            columns: all.integer("TFIELDS").and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        },
        Kind::Image => image(&all, record.bitpix, &record.axes, None),
        Kind::Compressed => {
            let axes = record.compressed_axes(file)?;
            let bitpix = record.integer(file, "ZBITPIX")?.unwrap_or(0);
            let kind = record.text(file, "ZCMPTYPE")?.unwrap_or_default().to_owned();
            image(&all, bitpix, &axes, Some(kind))
        }
    };
    Ok(Hdu { index: record.index, name, header: cards::content(all), content })
}

fn image(all: &Header, bitpix: i64, axes: &[u64], compression: Option<String>) -> Content {
    // A length beyond the address space is caught when pixels are asked for.
    let length = |&axis: &u64| usize::try_from(axis).unwrap_or(usize::MAX);
    let shape: Vec<usize> = axes.iter().rev().map(length).collect();
    if shape.is_empty() || shape.contains(&0) {
        return Content::Empty;
    }
    Content::Image(ImageInfo {
        shape,
        bitpix,
        scale: all.real("BSCALE").unwrap_or(1.0),
        zero: all.real("BZERO").unwrap_or(0.0),
        blank: all.integer("BLANK"),
        compression,
    })
}
