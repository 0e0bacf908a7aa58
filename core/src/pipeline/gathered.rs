//! Planes that grow by bands of rows, from the first row on.

use ndarray::Array2;

use crate::error::Result;
use crate::image::{Planes, run};

/// Rows so far.
pub(super) struct Gathered {
    shape: (usize, usize),
    image: Vec<f32>,
    variance: Vec<f32>,
    mask: Vec<u32>,
}

impl Gathered {
    /// Planes of `shape` of which no row is there.
    pub(super) fn new(shape: (usize, usize)) -> Gathered {
        let count = shape.0.saturating_mul(shape.1);
        Gathered {
            shape,
            image: Vec::with_capacity(count),
            variance: Vec::with_capacity(count),
            mask: Vec::with_capacity(count),
        }
    }

    /// Takes the next rows.
    pub(super) fn take(&mut self, planes: &Planes) {
        self.image.extend_from_slice(&run(&planes.image));
        self.variance.extend_from_slice(&run(&planes.variance));
        self.mask.extend_from_slice(&run(&planes.mask));
    }

    /// The planes, once all rows are there.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if rows are missing.
    pub(super) fn planes(self) -> Result<Planes> {
        Planes::new(
            plane(self.shape, self.image)?,
            plane(self.shape, self.variance)?,
            plane(self.shape, self.mask)?,
        )
    }
}

fn plane<T>(shape: (usize, usize), pixels: Vec<T>) -> Result<Array2<T>> {
    let found = pixels.len();
    Array2::from_shape_vec(shape, pixels).map_err(|_| {
        crate::error::Error::input("bands", "pixels", found, format!("those of {shape:?}"))
    })
}
