//! Stored numbers to physical values and masks.
//!
//! ```text
//! physical = BZERO + BSCALE x stored     in f64, rounded once to f32     (FITS 4.0, eq. 3)
//! ```

use ndarray::Array2;

use super::ImageInfo;
use super::scan::place;
use crate::error::{Error, Result};
use crate::image::CANONICAL_NAN;

/// A number as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stored {
    Whole(i64),
    Single(f32),
    Double(f64),
}

/// How an image's numbers become physical ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scaling {
    scale: f64,
    zero: f64,
    blank: Option<i64>,
    identity: bool,
}

impl Scaling {
    #[expect(clippy::float_cmp, reason = "1 and 0 are the exact neutral values of the keywords")]
    pub(super) fn of(info: &ImageInfo) -> Scaling {
        let ImageInfo { scale, zero, blank, .. } = *info;
        Scaling { scale, zero, blank, identity: scale == 1.0 && zero == 0.0 }
    }

    /// The physical value.
    #[inline(always)]
    pub(super) fn value(&self, stored: Stored) -> f32 {
        canonical(match stored {
            Stored::Single(number) if self.identity => number,
            other => self.real(other) as f32,
        })
    }

    /// Whether physical values are the stored floats.
    pub(super) fn keeps_floats(&self) -> bool {
        self.identity
    }

    /// The physical value before it is rounded to f32.
    #[inline(always)]
    pub(super) fn real(&self, stored: Stored) -> f64 {
        let number = match stored {
            Stored::Single(number) => f64::from(number),
            Stored::Double(number) => number,
            Stored::Whole(number) if self.blank == Some(number) => f64::NAN,
            Stored::Whole(number) => number as f64,
        };
        if self.identity { number } else { self.zero + self.scale * number }
    }
}

/// The number with the one NaN that is kept.
#[inline(always)]
pub(super) fn canonical(value: f32) -> f32 {
    if value.is_nan() { CANONICAL_NAN } else { value }
}

/// Whole numbers with their BZERO, as 32 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Masking {
    offset: i64,
}

impl Masking {
    /// # Errors
    /// [`Error::Format`] if the image holds floats or scaled numbers.
    #[expect(clippy::float_cmp, reason = "the scale must be the exact neutral value")]
    pub(super) fn of(file: &str, index: usize, info: &ImageInfo) -> Result<Masking> {
        let whole = info.zero.fract() == 0.0 && info.zero.abs() < 9e15;
        if info.bitpix < 0 || info.scale != 1.0 || !whole {
            let reason = format!(
                "BITPIX {}, BSCALE {}, BZERO {}: a mask needs whole numbers",
                info.bitpix, info.scale, info.zero
            );
            return Err(Error::format(file, place(index), reason));
        }
        Ok(Masking { offset: info.zero as i64 })
    }

    /// The bits, or `None` if the number does not fit into 32 of them; negative numbers are those
    /// whose 32nd bit is set.
    pub(super) fn bits(&self, stored: Stored) -> Option<u32> {
        let Stored::Whole(number) = stored else { return None };
        let number = number.checked_add(self.offset)?;
        u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(|n| n as u32))
    }
}

/// An empty vector with room for `count` values, if the address space has it.
pub(super) fn room<T>(file: &str, index: usize, count: u64) -> Result<Vec<T>> {
    let mut values = Vec::new();
    let fits = usize::try_from(count).ok().and_then(|count| values.try_reserve_exact(count).ok());
    match fits {
        Some(()) => Ok(values),
        None => Err(Error::format(file, place(index), format!("no memory for {count} pixels"))),
    }
}

/// A flat run of pixels as a plane. Axes of length one beyond the second are dropped.
pub(super) fn plane<T>(
    file: &str,
    index: usize,
    shape: &[usize],
    values: Vec<T>,
) -> Result<Array2<T>> {
    let wrong = |reason: String| Error::format(file, place(index), reason);
    let (rows, columns) = plane_shape(shape)
        .ok_or_else(|| wrong(format!("axes {shape:?} (slowest first), needed a plane")))?;
    let found = values.len();
    Array2::from_shape_vec((rows, columns), values)
        .map_err(|_| wrong(format!("{found} pixels, needed {rows} x {columns}")))
}

/// Rows and columns, if at most two axes are longer than one.
pub(super) fn plane_shape(shape: &[usize]) -> Option<(usize, usize)> {
    let extra = shape.len().saturating_sub(2);
    let (outer, plane) = shape.split_at(extra);
    if outer.iter().any(|&length| length != 1) {
        return None;
    }
    match plane {
        [rows, columns] => Some((*rows, *columns)),
        [columns] => Some((1, *columns)),
        _ => None,
    }
}
