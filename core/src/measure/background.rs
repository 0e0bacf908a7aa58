//! The sky under the stars: a mesh of robust levels, smoothed, and interpolated at every pixel.
//!
//! The definition is that of SExtractor and sep, so that numbers can be compared:
//!
//! * each cell of the mesh gives a level and an rms (`cell.rs`), from its unmasked pixels; a cell
//!   with less than half of them is filled with the mean of the nearest good cells;
//! * both maps pass through a median filter whose window shrinks at the edges, so that it stays
//!   centered;
//! * cubic splines through the cells, down the columns first, give the maps at every pixel
//!   (`mesh.rs`). Along a row, the pixel `c` lies at `(c + 1/2) / width - 1/2` cells, along a
//!   column the pixel `r` lies at `r / height - 1/2` cells (sep's half pixel is kept: parity is
//!   worth more here than half a pixel of a cell); beyond the outer cells the last piece is
//!   continued.
//!
//! * Planes: `image`, `mask`, any order of pixels. Nothing is changed until `subtract_from`.
//! * References: Bertin & Arnouts 1996, A&AS 117, 393; sep 1.4.1 (the same maps, bit for bit).
//! * A level is the mode as in sep, or the clipped mean ([`Estimator`]).
//! * Departures from sep: a cell of one pixel has that pixel's level; infinite pixels are left out.

mod cell;
mod mesh;

use ndarray::{Array2, ArrayView2, s};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::mask;

use cell::Statistics;
use mesh::{Mesh, median};

const STEP: &str = "background";

/// Size of the mesh and of its filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Width of a cell (pixel).
    pub mesh_width_pix: usize,
    /// Height of a cell (pixel).
    pub mesh_height_pix: usize,
    /// Width of the median filter (cells, odd).
    pub filter_width: usize,
    /// Height of the median filter (cells, odd).
    pub filter_height: usize,
    /// What the level of a cell is.
    pub estimator: Estimator,
}

/// What the level of a cell is, after clipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// SExtractor's mode, 2.5 median - 1.5 mean: holds against stars that no mask names, but lies
    /// 2.5 / (6 gain) DN below the mean of a Poisson sky, whose median is 1/6 electron below it.
    #[default]
    Mode,
    /// The mean: right where a mask names the stars.
    Mean,
    /// The mean if the mask names any star, the mode otherwise.
    Auto,
}

impl Default for Params {
    /// Cells of 192 x 220 pixels, which divide 3072 x 3080, and a filter of 3 x 3.
    fn default() -> Params {
        Params {
            mesh_width_pix: 192,
            mesh_height_pix: 220,
            filter_width: 3,
            filter_height: 3,
            estimator: Estimator::Mode,
        }
    }
}

impl Params {
    /// Refuses sizes that make no mesh.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the field.
    pub fn check(&self) -> Result<()> {
        let sizes =
            [("mesh_width_pix", self.mesh_width_pix), ("mesh_height_pix", self.mesh_height_pix)];
        for (name, size) in sizes {
            if !(2..=100_000).contains(&size) {
                return Err(Error::parameter(&format!("background.{name}"), size, "2 to 100000"));
            }
        }
        let filters = [("filter_width", self.filter_width), ("filter_height", self.filter_height)];
        for (name, size) in filters {
            if size % 2 == 0 || size > 99 {
                let needed = "an odd number, 1 to 99";
                return Err(Error::parameter(&format!("background.{name}"), size, needed));
            }
        }
        Ok(())
    }
}

/// The background of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Background {
    shape: (usize, usize),
    cell_size: (usize, usize),
    level: Mesh,
    rms: Mesh,
    /// Cells (row, column) that had too few pixels of their own.
    filled: Array2<bool>,
    /// Median of the smoothed levels of all cells (DN).
    pub global_level: f32,
    /// Median of the smoothed rms of all cells (DN).
    pub global_rms: f32,
}

impl Background {
    /// Estimates the background of `image` from the pixels without any of the bits `exclude`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for sizes that make no mesh, [`Error::Input`] for an image without
    /// pixels or a mask of another shape, [`Error::Undetermined`] if no cell has enough pixels.
    pub fn estimate(
        image: ArrayView2<'_, f32>,
        mask: ArrayView2<'_, u32>,
        exclude: u32,
        params: &Params,
    ) -> Result<Background> {
        params.check()?;
        let shape = image.dim();
        if image.is_empty() || mask.dim() != shape {
            let (found, needed) = (format!("{:?}", mask.dim()), format!("{shape:?}, not empty"));
            return Err(Error::input(STEP, "shape of the mask", found, needed));
        }
        let cell_size = (params.mesh_height_pix, params.mesh_width_pix);
        let named = || mask.iter().any(|bits| bits & (mask::SOURCE | mask::PSF_SOURCE) != 0);
        let mean = match params.estimator {
            Estimator::Mode => false,
            Estimator::Mean => true,
            Estimator::Auto => named(),
        };
        let mut cells = measure_cells((image, mask), exclude, cell_size, mean);
        let filled = cells.mapv(|cell| cell.is_none());
        let n_cells = cells.len();
        if filled.iter().all(|&filled| filled) {
            let quantity = "the background".to_owned();
            return Err(Error::Undetermined { quantity, used: 0, given: n_cells });
        }
        mesh::fill(&mut cells);
        let filter = (params.filter_height, params.filter_width);
        let level = mesh::smooth(&cells.mapv(|cell| cell.map_or(0.0, |cell| cell.level)), filter);
        let rms = mesh::smooth(&cells.mapv(|cell| cell.map_or(1.0, |cell| cell.rms)), filter);
        Ok(Background {
            shape,
            cell_size,
            global_level: median(&mut level.iter().copied().collect::<Vec<_>>()),
            global_rms: median(&mut rms.iter().copied().collect::<Vec<_>>()),
            level: Mesh::new(level, cell_size, shape.1),
            rms: Mesh::new(rms, cell_size, shape.1),
            filled,
        })
    }

    /// The level at every pixel (DN).
    pub fn level(&self) -> Array2<f32> {
        self.map(&self.level)
    }

    /// The rms at every pixel (DN).
    pub fn rms(&self) -> Array2<f32> {
        self.map(&self.rms)
    }

    /// Subtracts the level.
    ///
    /// # Errors
    /// [`Error::Input`] if `image` has another shape; then it is unchanged.
    pub fn subtract_from(&self, image: &mut Array2<f32>) -> Result<()> {
        if image.dim() != self.shape {
            let (found, needed) = (format!("{:?}", image.dim()), format!("{:?}", self.shape));
            return Err(Error::input(STEP, "shape of the image", found, needed));
        }
        let mut line = vec![0.0; self.shape.1];
        for (row, mut pixels) in image.outer_iter_mut().enumerate() {
            self.level.line(row, &mut line);
            pixels.iter_mut().zip(&line).for_each(|(pixel, level)| *pixel -= level);
        }
        Ok(())
    }

    /// Number of cells that had too few pixels and were filled from others.
    pub fn n_filled(&self) -> usize {
        self.filled.iter().filter(|&&filled| filled).count()
    }

    /// Whether the pixel position `(x, y)` lies in a cell that was filled from others.
    pub fn is_filled_at(&self, x: f64, y: f64) -> bool {
        let cell = |at: f64, size: usize| ((at + 0.5).max(0.0) / size as f64) as usize;
        let at = (cell(y, self.cell_size.0), cell(x, self.cell_size.1));
        self.filled.get(at).copied().unwrap_or(false)
    }

    fn map(&self, mesh: &Mesh) -> Array2<f32> {
        let mut map = Array2::zeros(self.shape);
        for (row, mut line) in map.outer_iter_mut().enumerate() {
            if let Some(line) = line.as_slice_mut() {
                mesh.line(row, line);
            }
        }
        map
    }
}

/// Statistics of each cell, `None` where too few pixels are left.
fn measure_cells(
    (image, mask): (ArrayView2<'_, f32>, ArrayView2<'_, u32>),
    exclude: u32,
    (height, width): (usize, usize),
    mean: bool,
) -> Array2<Option<Statistics>> {
    let (rows, columns) = image.dim();
    let mut values = Vec::with_capacity(height.min(rows) * width.min(columns));
    let mut histogram = Vec::new();
    Array2::from_shape_fn((rows.div_ceil(height), columns.div_ceil(width)), |(row, column)| {
        let (top, left) = (row * height, column * width);
        let (bottom, right) = ((top + height).min(rows), (left + width).min(columns));
        let section = s![top..bottom, left..right];
        let (pixels, bits) = (image.slice(section), mask.slice(section));
        values.clear();
        for (pixels, bits) in pixels.outer_iter().zip(bits.outer_iter()) {
            let good = |(pixel, bits): (&f32, &u32)| {
                (*bits & exclude == 0 && pixel.is_finite()).then_some(*pixel)
            };
            values.extend(pixels.iter().zip(bits.iter()).filter_map(good));
        }
        cell::statistics(&values, pixels.len(), mean, &mut histogram)
    })
}

#[cfg(test)]
mod tests;
