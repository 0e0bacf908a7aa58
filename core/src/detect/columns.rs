//! The table of detected objects: names as in sep and SExtractor, with units.

use super::{Detections, Object, flags};
use crate::error::Result;
use crate::table::{Table, Values};

/// A column of real numbers: name, unit, value.
type Real = (&'static str, &'static str, fn(&Object) -> f64);
/// A column of whole numbers: name, unit, value.
type Whole = (&'static str, &'static str, fn(&Object) -> i64);

const REALS: &[Real] = &[
    ("thresh", "DN", |o| o.thresh),
    ("x", "pix", |o| o.x),
    ("y", "pix", |o| o.y),
    ("x2", "pix2", |o| o.x2),
    ("y2", "pix2", |o| o.y2),
    ("xy", "pix2", |o| o.xy),
    ("errx2", "pix2", |o| o.errx2),
    ("erry2", "pix2", |o| o.erry2),
    ("errxy", "pix2", |o| o.errxy),
    ("a", "pix", |o| o.a),
    ("b", "pix", |o| o.b),
    ("theta", "rad", |o| o.theta),
    ("cxx", "pix-2", |o| o.cxx),
    ("cyy", "pix-2", |o| o.cyy),
    ("cxy", "pix-2", |o| o.cxy),
    ("cflux", "DN", |o| o.cflux),
    ("flux", "DN", |o| o.flux),
    ("cpeak", "DN", |o| f64::from(o.cpeak)),
    ("peak", "DN", |o| f64::from(o.peak)),
];

const WHOLES: &[Whole] = &[
    ("npix", "pix", |o| o.npix as i64),
    ("tnpix", "pix", |o| o.tnpix as i64),
    ("xmin", "pix", |o| i64::from(o.columns.0)),
    ("xmax", "pix", |o| i64::from(o.columns.1)),
    ("ymin", "pix", |o| i64::from(o.rows.0)),
    ("ymax", "pix", |o| i64::from(o.rows.1)),
    ("xcpeak", "pix", |o| i64::from(o.cpeak_at.0)),
    ("ycpeak", "pix", |o| i64::from(o.cpeak_at.1)),
    ("xpeak", "pix", |o| i64::from(o.peak_at.0)),
    ("ypeak", "pix", |o| i64::from(o.peak_at.1)),
];

impl Detections {
    /// The objects as a table: `number` (as in the segmentation), sep's columns, and `flag` with its
    /// registry in the metadata.
    ///
    /// # Errors
    /// None that a list of objects can make.
    pub fn table(&self) -> Result<Table> {
        let mut table = Table::new();
        let numbers = (1..).take(self.objects.len()).collect();
        table.set("number", "", Values::I64(numbers))?;
        for (name, unit, value) in REALS {
            table.set(name, unit, Values::F64(self.objects.iter().map(value).collect()))?;
        }
        for (name, unit, value) in WHOLES {
            table.set(name, unit, Values::I64(self.objects.iter().map(value).collect()))?;
        }
        let flag = self.objects.iter().map(|object| object.flag).collect();
        table.set("flag", "", Values::I32(flag))?;
        table.metadata.push((flags::METADATA_KEY.to_owned(), flags::registry_json()));
        Ok(table)
    }
}
