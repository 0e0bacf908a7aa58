//! Options of the commands that look after a run.

use std::path::PathBuf;

use clap::Args;

use super::night::zero_or_more;

/// The codes of `exec`.
pub(super) const EXIT_CODES: &str = "Exit codes: 0 done, 2 wrong use, 20 blocked, 21 input-bad, \
    22 input-changed, 30 refused, 32 time, 33 memory, 34 trap, 35 output-rule, 36 module-bad, \
    40 conflict, 50 no-space, 51 io, 75 killed.";

/// How a status is shown.
#[derive(Debug, Clone, Args)]
pub struct StatusOptions {
    /// Folder with the plan.
    pub run: PathBuf,
    /// Show it again every so many seconds, until the run is over.
    #[arg(long, value_name = "S", num_args = 0..=1, default_missing_value = "2")]
    pub watch: Option<u64>,
    /// Write a page for a browser, too.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// What is looked at.
#[derive(Debug, Clone, Args)]
pub struct CheckOptions {
    /// The folder of a night, or files.
    #[arg(required = true, value_name = "NIGHT|FILES")]
    pub paths: Vec<PathBuf>,
    /// Folder of science headers [default: NIGHT/headers].
    #[arg(long, value_name = "DIR")]
    pub headers: Option<PathBuf>,
    /// Folder of masks of another pipeline [default: NIGHT/masks].
    #[arg(long, value_name = "DIR")]
    pub masks: Option<PathBuf>,
    /// Folder of catalogues, or one catalogue [default: NIGHT/catalogue].
    #[arg(long, value_name = "DIR|FILE")]
    pub catalogue: Option<PathBuf>,
    /// Largest distance between an exposure and its masters (days).
    #[arg(long, default_value_t = 10.0, value_parser = zero_or_more, value_name = "DAYS")]
    pub closest_calibration: f64,
}

/// How much of a run is verified.
#[derive(Debug, Clone, Args)]
pub struct VerifyOptions {
    /// Folder with the plan.
    pub run: PathBuf,
    /// Part of the finished tasks that is done again and compared byte by byte, 0 to 1; all products
    /// and inputs are hashed in any case.
    #[arg(long, default_value_t = 0.1, value_parser = part, value_name = "F")]
    pub fraction: f64,
    /// Another seed draws other tasks.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// A table of a run.
#[derive(Debug, Clone, Args)]
pub struct IndexOptions {
    /// Folder with the plan.
    pub run: PathBuf,
    /// The table of all tasks and what their steps reported (.parquet or .csv); without it, a short
    /// one of the quality of each quadrant is shown.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A product whose origin is wanted.
#[derive(Debug, Clone, Args)]
pub struct ProvenanceOptions {
    /// A product, or a copy of one.
    pub product: PathBuf,
    /// The run that made it [default: the one that it lies in].
    #[arg(long, value_name = "RUN")]
    pub run: Option<PathBuf>,
}

/// What is removed.
#[derive(Debug, Clone, Args)]
pub struct GcOptions {
    /// Folder with the plan.
    pub run: PathBuf,
    /// Temporaries of other machines, too, if they are at least so old.
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u64>,
}

fn part(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok(number),
        _ => Err(format!("{text:?} is not a number from 0 to 1")),
    }
}
