//! The list of HDUs of a file, and the choice of the reader of an image.

use ndarray::Array2;

use super::pixels::{Masking, Scaling, Stored, canonical, plane, plane_shape};
use super::scan::{Kind, Record, check_head, place, scan};
use super::{Content, Hdu, ImageInfo, Pixels, TableForm, cards, gzip, inflate, plain, tiled};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::store::Source;

/// A FITS file whose headers have been read and whose sizes have been checked.
#[derive(Debug)]
pub struct FitsFile {
    key: String,
    length: u64,
    /// Where to begin inside a file that is gzip-compressed as a whole.
    pub(super) gzip: Option<gzip::Index>,
    pub(super) records: Vec<Record>,
    hdus: Vec<Hdu>,
}

impl FitsFile {
    /// Reads the headers. A file that begins as gzip, whatever its name, is read as what it holds.
    ///
    /// # Errors
    /// [`Error::Format`] if the file is damaged or cut, [`Error::Unsupported`] if it is compressed
    /// as a whole in another way.
    pub fn open(source: &mut Source<'_>) -> Result<FitsFile> {
        let (key, length) = (source.key().to_owned(), source.length());
        let mut head = [0; 2];
        if inflate::MAGIC.len() as u64 <= length {
            source.read_at(0, &mut head)?;
        }
        let gzip = match head {
            inflate::MAGIC => Some(gzip::Index::new(source, gzip::LIMIT, check_head)?),
            _ => None,
        };
        let records = content(source, gzip.as_ref(), scan)?;
        let tiled = records.iter().any(|record| record.kind == Kind::Compressed);
        let hdus = records.iter().map(|record| describe(&key, record, tiled));
        let hdus = hdus.collect::<Result<_>>()?;
        Ok(FitsFile { key, length, gzip, records, hdus })
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
        let (record, info, rows) = self.plane(source, index)?;
        let scaling = Scaling::of(info);
        let (values, quantum) = if info.bitpix == -32 && scaling.keeps_floats() {
            // A conversion of its own, which goes in lanes.
            self.numbers(source, record, rows, |number| match number {
                Stored::Single(number) => canonical(number),
                other => scaling.value(other),
            })?
        } else {
            self.numbers(source, record, rows, |number| scaling.value(number))?
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
        let (record, info, rows) = self.plane(source, index)?;
        let masking = Masking::of(&self.key, index, info)?;
        let mut lost = false;
        let bits = |stored| {
            let bits = masking.bits(stored);
            lost |= bits.is_none();
            bits.unwrap_or(0)
        };
        let values = self.numbers(source, record, rows, bits)?.0;
        if lost {
            return Err(Error::format(&self.key, place(index), "a number needs more than 32 bits"));
        }
        plane(&self.key, index, &info.shape, values)
    }

    /// Shows every physical value of an image of any number of axes, in the order of the file and
    /// not rounded to f32.
    ///
    /// # Errors
    /// [`Error::Format`] if the HDU is no image or its data are damaged.
    pub fn for_each_value(
        &self,
        source: &mut Source<'_>,
        index: usize,
        mut look: impl FnMut(f64),
    ) -> Result<()> {
        let (record, info) = self.image(source, index)?;
        let scaling = Scaling::of(info);
        self.numbers(source, record, 0, |stored| look(scaling.real(stored)))?;
        Ok(())
    }

    /// The stored numbers, converted one by one, and the step of the encoding of each of `rows`
    /// rows.
    fn numbers<T: Clone>(
        &self,
        source: &mut Source<'_>,
        record: &Record,
        rows: usize,
        convert: impl FnMut(Stored) -> T,
    ) -> Result<(Vec<T>, Vec<f64>)> {
        content(source, self.gzip.as_ref(), |source| {
            if record.kind == Kind::Compressed {
                return tiled::read(source, record, rows, convert);
            }
            let values = plain::read(source, record, convert)?;
            Ok((values, vec![if record.bitpix > 0 { 1.0 } else { 0.0 }; rows]))
        })
    }

    /// The record of an image that is a plane, and its rows.
    pub(super) fn plane(
        &self,
        source: &Source<'_>,
        index: usize,
    ) -> Result<(&Record, &ImageInfo, usize)> {
        let (record, info) = self.image(source, index)?;
        let Some((rows, _)) = plane_shape(&info.shape) else {
            let reason = format!("axes {:?} (slowest first), needed a plane", info.shape);
            return Err(Error::format(&self.key, place(index), reason));
        };
        Ok((record, info, rows))
    }

    /// The record of an image, once it is sure that `source` is the file that was opened.
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
            let reason = format!("holds {}, needed an image", hdu.content);
            return Err(Error::format(&self.key, place(index), reason));
        };
        Ok((record, info))
    }
}

/// Reads from the FITS file that `source` is or packs.
pub(super) fn content<T>(
    source: &mut Source<'_>,
    gzip: Option<&gzip::Index>,
    read: impl FnOnce(&mut Source<'_>) -> Result<T>,
) -> Result<T> {
    let Some(index) = gzip else { return read(source) };
    let key = source.key().to_owned();
    let mut content = gzip::Content::new(source, index);
    read(&mut Source::open(&mut content, &key)?)
}

fn describe(file: &str, record: &Record, tiled: bool) -> Result<Hdu> {
    let read = if tiled { tiled::value } else { plain::value };
    let all = cards::all(&record.cards, read);
    let name = all.text("EXTNAME").unwrap_or_default().to_owned();
    let content = match &record.kind {
        Kind::Other(what) => Content::Other(what.clone()),
        Kind::Table { ascii } => {
            let packed = record.compressed_table(file)?;
            let form = match packed {
                Some(_) => TableForm::Compressed,
                None if *ascii => TableForm::Ascii,
                None => TableForm::Binary,
            };
            let rows = packed.or(record.axes.get(1).copied()).unwrap_or(0);
            let columns = all.integer("TFIELDS").and_then(|n| u64::try_from(n).ok());
            Content::Table { rows, columns: columns.unwrap_or(0), form }
        }
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
