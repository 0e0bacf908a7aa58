//! Options of the commands that find objects and put an image on the sky.

use std::path::PathBuf;

use clap::Args;

use super::{Masks, above_zero, pair};

/// A science image and the catalogue of its field.
#[derive(Debug, Clone, Args)]
pub struct Calibrate {
    /// Science image.
    pub science: PathBuf,
    /// Catalogue with `ra` and `dec` (deg), optional `pmra`, `pmdec` (mas/yr), `ref_epoch` (yr) and
    /// magnitudes: parquet, CSV, a folder; of files …_pix64_N.parquet those that the image needs are taken.
    #[arg(long, value_name = "FILE|DIR")]
    pub catalogue: PathBuf,
    /// Mask of another pipeline, or the folder that holds it.
    #[arg(long, value_name = "FILE|DIR")]
    pub masks: Option<PathBuf>,
    /// Middle of the image (deg) instead of the image's own WCS; needs --scale.
    #[arg(long, value_parser = pair, allow_hyphen_values = true, value_name = "RA,DEC", requires = "scale")]
    pub pointing: Option<(f64, f64)>,
    /// Side of a pixel (arcsec), with --pointing.
    #[arg(long, value_parser = above_zero, value_name = "ARCSEC", requires = "pointing")]
    pub scale: Option<f64>,
    /// Angle from the rows' direction to north, toward east (deg), with --pointing.
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true, value_name = "DEG")]
    pub rotation: f64,
    /// East lies to the right of north, with --pointing.
    #[arg(long)]
    pub mirrored: bool,
    /// Largest error of the start (arcmin) [default: the recipe's, 10].
    #[arg(long, value_parser = above_zero, value_name = "ARCMIN")]
    pub search: Option<f64>,
    /// Largest error of the rotation (deg) [default: the recipe's, 5].
    #[arg(long, value_parser = above_zero, value_name = "DEG")]
    pub turn: Option<f64>,
    /// Column of the magnitude [default: the recipe's, or phot_g_mean_mag, mag, ..., the first there is].
    #[arg(long, value_name = "COLUMN")]
    pub magnitude: Option<String>,
    /// Two columns whose difference is the color of a color term [default: the recipe's].
    #[arg(long, value_delimiter = ',', num_args = 1, value_name = "BLUE,RED")]
    pub color: Vec<String>,
    /// Epoch of the positions where the catalogue has none (Julian year) [default: the recipe's, 2016].
    #[arg(long, value_parser = above_zero, value_name = "YEAR")]
    pub epoch: Option<f64>,
    /// Find objects in one pass, without the second one whose filter is as wide as the stars [default: the recipe's,
    /// two].
    #[arg(long)]
    pub no_second_pass: bool,
    /// Keep objects that the wings of a brighter one explain [default: the recipe's, they are removed].
    #[arg(long)]
    pub no_cleaning: bool,
    /// Gain where the image has none (electron/DN).
    #[arg(long, value_parser = above_zero)]
    pub gain: Option<f64>,
    /// What is marked before objects are found.
    #[command(flatten)]
    pub marked: Masks,
    /// The image on the sky with its mask; beside it OUT_objects.parquet in pixels, written first and kept if there is no
    /// match, and OUT_catalogue.parquet with positions and magnitudes.
    #[arg(short, long, value_name = "OUT.fits")]
    pub output: PathBuf,
}
