//! FITS files: headers and images in, headers and images out.
//!
//! | file | what it does |
//! |---|---|
//! | `scan` | where each HDU begins and ends, checked against the file's length; which parser |
//! | `cards` | 80-byte cards to [`Header`] and back: CONTINUE, HIERARCH, commentary |
//! | `open` | [`FitsFile`]: the list of HDUs and the choice of the reader of an image |
//! | `plain` | images that are not compressed; the only file that names `fitsrs` |
//! | `tiled` | tile-compressed images, read and written; the only file that names `fitsio-pure` |
//! | `rows`, `rice`, `dither` | Rice images whose tiles are rows, decoded without `fitsio-pure` |
//! | `bands`, `rice_bands` | [`ImageBands`]: rows of an image, read without holding it |
//! | `untiled` | in its place in a build without the feature `tiles`: refusals |
//! | `tiles`, `forms`, `heap` | what a tile table promises, checked before it is decoded |
//! | `gzip`, `inflate` | files that are gzip-compressed as a whole, read at any place |
//! | `unzipped` | in their place in a build without the feature `gzip`: refusals |
//! | `pixels` | stored numbers to physical values and masks |
//! | `section` | the text of sections, `[x1:x2,y1:y2]` |
//! | `write`, `write_bands` | [`FitsWriter`]; [`FloatRows`] and [`MaskRows`] of it, band by band |
//!
//! Cards of a file with at least one tile-compressed image (`ZIMAGE = T`) are parsed by `fitsio-pure`, those of any
//! other by `fitsrs`: one parser per file, chosen by `scan`, which looks at header blocks only. Arrays are `(row, column)` = (NAXIS2, NAXIS1).
//!
//! References: FITS standard 4.0 (Pence et al. 2010, A&A 524, A42, and its 2018 revision), its
//! chapter 10 for tile compression; the CONTINUE and HIERARCH conventions of the FITS registry.

mod bands;
mod cards;
#[cfg(feature = "tiles")]
mod dither;
#[cfg(feature = "tiles")]
mod forms;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(not(feature = "gzip"))]
#[path = "unzipped.rs"]
mod gzip;
#[cfg(feature = "tiles")]
mod heap;
#[cfg(feature = "gzip")]
mod inflate;
mod open;
mod pixels;
mod plain;
#[cfg(feature = "tiles")]
mod rice;
#[cfg(feature = "tiles")]
mod rice_bands;
#[cfg(feature = "tiles")]
mod rows;
mod scan;
mod section;
#[cfg(feature = "tiles")]
mod tiled;
#[cfg(not(feature = "tiles"))]
#[path = "untiled.rs"]
mod tiled;
#[cfg(feature = "tiles")]
mod tiles;
mod write;
mod write_bands;

#[cfg(feature = "tiles")]
#[cfg(test)]
mod bands_tests;
#[cfg(feature = "tiles")]
#[cfg(test)]
mod corpus_tests;
#[cfg(feature = "tiles")]
#[cfg(test)]
mod damage_tests;
#[cfg(feature = "tiles")]
#[cfg(test)]
mod fixture;
#[cfg(feature = "tiles")]
#[cfg(test)]
mod gzip_tests;
#[cfg(feature = "tiles")]
#[cfg(test)]
mod mutation_tests;
#[cfg(feature = "tiles")]
#[cfg(test)]
mod round_trip_tests;

use std::fmt;

use ndarray::Array2;

use crate::header::Header;
#[cfg(not(feature = "gzip"))]
use gzip as inflate;

pub use bands::ImageBands;
pub use open::FitsFile;
pub use section::{FitsSection, section_text};
pub use write::{Encoding, FitsWriter, PixelData};
pub use write_bands::{FloatRows, MaskRows};

/// One header-data unit, its header read.
#[derive(Debug, Clone, PartialEq)]
pub struct Hdu {
    /// Position in the file, the primary HDU being 0.
    pub index: usize,
    /// EXTNAME, or an empty string.
    pub name: String,
    /// Its cards, without those of structure, scaling, compression and checksums, and without
    /// EXTNAME; long strings joined, HIERARCH keys without that word.
    pub header: Header,
    /// What the data unit holds.
    pub content: Content,
}

/// What a data unit holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing.
    Empty,
    /// An array of numbers.
    Image(ImageInfo),
    /// A table, ASCII or binary.
    Table {
        /// Number of rows.
        rows: u64,
        /// Number of columns.
        columns: u64,
        /// How it is stored.
        form: TableForm,
    },
    /// Something else: the value of XTENSION, or `random groups`.
    Other(String),
}

/// How a table is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableForm {
    /// As text.
    Ascii,
    /// As binary numbers.
    Binary,
    /// As a binary table of packed columns (`ZTABLE = T`), which is not unpacked.
    Compressed,
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Empty => f.write_str("no data"),
            Content::Image(_) => f.write_str("image"),
            Content::Table { rows, columns, form } => {
                let form = match form {
                    TableForm::Ascii => "ASCII",
                    TableForm::Binary => "binary",
                    TableForm::Compressed => "compressed",
                };
                write!(f, "{form} table of {rows} rows, {columns} columns")
            }
            Content::Other(what) => f.write_str(what),
        }
    }
}

/// Shape and encoding of an image, as its header states them.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageInfo {
    /// Axis lengths, slowest first: `[rows, columns]` for a plane.
    pub shape: Vec<usize>,
    /// Bits per stored number; negative for floats. For a compressed image, of the original.
    pub bitpix: i64,
    /// BSCALE: physical = zero + scale x stored.
    pub scale: f64,
    /// BZERO.
    pub zero: f64,
    /// BLANK: the stored whole number that means "no value".
    pub blank: Option<i64>,
    /// ZCMPTYPE of a tile-compressed image, such as `RICE_1`.
    pub compression: Option<String>,
}

/// An image as physical values.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    /// Values with BSCALE and BZERO applied, BLANK and NaN as
    /// [`CANONICAL_NAN`](crate::image::CANONICAL_NAN).
    pub values: Array2<f32>,
    /// Step of the encoding for each stored row, in units of `values`: |BSCALE| for whole numbers,
    /// the largest ZSCALE x |BSCALE| of the row's tiles for quantized floats, 0 for exact floats.
    pub quantum: Vec<f64>,
}
