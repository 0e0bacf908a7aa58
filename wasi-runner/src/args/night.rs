//! Options of the commands that plan a night.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::dag::Sharing;
use crate::plan::Keep;

/// A night and the folder of its run.
#[derive(Debug, Clone, Args)]
pub struct NightToRun {
    /// Folder with raw files anywhere below it.
    pub night: PathBuf,
    /// Folder of the run; made if it is not there.
    #[arg(short, long, value_name = "RUN")]
    pub output: PathBuf,
    /// How science images are written.
    #[arg(long, value_enum, default_value_t = LayoutName::Rawsky)]
    pub layout: LayoutName,
    /// What stays: all products, or no science images, masked and calibrated ones neither: they are
    /// dropped once catalogues were made of them.
    #[arg(long, value_enum, default_value_t = KeepName::All)]
    pub keep: KeepName,
    /// Calibrate every science image by the stars of the catalogue: masks, objects in pixels, and, where
    /// there is a science header to start from, the map to the sky and the zero point.
    #[arg(long)]
    pub calibrate: bool,
    /// Which exposures share masters [default: day; all for a camera that does not say when its days
    /// begin].
    #[arg(long, value_enum, value_name = "WHICH")]
    pub masters: Option<MastersName>,
    /// Largest distance between an exposure and its masters (days); those of its own day (or period)
    /// come first, then the nearest.
    #[arg(long, default_value_t = 10.0, value_parser = zero_or_more, value_name = "DAYS")]
    pub closest_calibration: f64,
    /// Folder of masters of other runs (a RUN, or files), taken where they are nearest.
    #[arg(long, value_name = "DIR")]
    pub calibration: Option<PathBuf>,
    /// Folder of science headers: FITS files, or tables metaheader_YYYYMM.parquet
    /// [default: NIGHT/headers].
    #[arg(long, value_name = "DIR")]
    pub headers: Option<PathBuf>,
    /// Folder of masks of another pipeline [default: NIGHT/masks].
    #[arg(long, value_name = "DIR")]
    pub masks: Option<PathBuf>,
    /// Folder of catalogues, or one catalogue; of files …_pix64_N.parquet those that an image
    /// needs are taken [default: NIGHT/catalogue].
    #[arg(long, value_name = "DIR|FILE")]
    pub catalogue: Option<PathBuf>,
}

/// A night, and what is told of its plan.
#[derive(Debug, Clone, Args)]
pub struct PlanOptions {
    /// The night.
    #[command(flatten)]
    pub night: NightToRun,
    /// Say of each task whether it would be run, and why.
    #[arg(long)]
    pub explain: bool,
}

/// How science images are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LayoutName {
    /// One file: image, MASK and VARIANCE.
    Rawsky,
    /// Two files, as the ZTF archive has them: the image, and a mask of 16 bits; no variance.
    Ipac,
}

/// What stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeepName {
    /// All products.
    All,
    /// Masters and catalogues.
    Catalogues,
}

impl From<KeepName> for Keep {
    fn from(name: KeepName) -> Keep {
        match name {
            KeepName::All => Keep::All,
            KeepName::Catalogues => Keep::Catalogues,
        }
    }
}

/// Which exposures share masters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MastersName {
    /// Those of one day of the camera.
    Day,
    /// Those of one of the camera's periods.
    Period,
    /// All of the folder.
    All,
}

impl From<MastersName> for Sharing {
    fn from(name: MastersName) -> Sharing {
        match name {
            MastersName::Day => Sharing::Day,
            MastersName::Period => Sharing::Period,
            MastersName::All => Sharing::Folder,
        }
    }
}

pub(super) fn zero_or_more(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if 0.0 <= number => Ok(number),
        _ => Err(format!("{text:?} is not a number of 0 or more")),
    }
}
