//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use rawsky_core::job::RawEncoding;

use crate::child::Engine;
use crate::class::Class;

mod care;
mod masks;
mod night;
mod sky;

pub use care::{
    CheckOptions, GcOptions, IndexOptions, ProvenanceOptions, StatusOptions, VerifyOptions,
};
pub use masks::{Masks, RaysName};
pub use night::{KeepName, LayoutName, MastersName, NightToRun, PlanOptions};
pub use sky::Calibrate;

use care::EXIT_CODES;

/// The camera that is meant when none is named: the first that comes with the core.
const DEFAULT_CAMERA: &str = rawsky_core::instrument::BUILT_IN[0].0;

/// Raw CCD exposures to science images and aperture catalogues, in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "rawsky", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong use, 3 some tasks failed.")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What all commands understand.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Camera: a built-in one, or a TOML file.
    #[arg(long, global = true, default_value = DEFAULT_CAMERA, value_name = "NAME|FILE")]
    pub camera: String,
    /// Recipe: `default` (which a camera may choose), `with-darks`, `ztfin2p3-0.4`, `ztfin2p3-0.6`, or
    /// a TOML file.
    #[arg(long, global = true, default_value = "default", value_name = "NAME|FILE")]
    pub recipe: String,
    /// What runs the jobs; both give the same bytes.
    #[arg(long, global = true, value_enum, default_value_t = EngineName::Sandbox)]
    pub engine: EngineName,
    /// Jobs at a time [default: one per processor].
    #[arg(short, long, global = true, value_name = "N")]
    pub jobs: Option<usize>,
    /// Memory of one job in the sandbox (MiB).
    #[arg(long, global = true, default_value_t = 1024, value_name = "MIB",
          value_parser = clap::value_parser!(u64).range(16..=4096))]
    pub memory: u64,
    /// Time of one job (s).
    #[arg(long, global = true, default_value_t = 3600, value_name = "S",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub seconds: u64,
    /// Disk of the products of one job (MiB).
    #[arg(long, global = true, default_value_t = 16384, value_name = "MIB",
          value_parser = clap::value_parser!(u64).range(1..=16_777_216))]
    pub disk: u64,
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub json: bool,
    /// A line for every task.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// What runs the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// WebAssembly in the sandbox.
    Sandbox,
    /// Machine code, without the sandbox and its memory cap.
    Native,
}

impl From<EngineName> for Engine {
    fn from(name: EngineName) -> Engine {
        match name {
            EngineName::Sandbox => Engine::Sandbox,
            EngineName::Native => Engine::Native,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reduce a night: plan, run, and a summary.
    Reduce(NightToRun),
    /// Write the plan of a night.
    Plan(PlanOptions),
    /// Run a plan, or what is left of it.
    Run {
        /// Folder with the plan.
        run: PathBuf,
    },
    /// Run one task of a plan; the exit code tells how it ended.
    #[command(after_help = EXIT_CODES)]
    Exec {
        /// Folder with the plan.
        run: PathBuf,
        /// The task, by its name in the plan.
        task: String,
    },
    /// Run what failed once more, and what waits for it.
    Retry {
        /// Folder with the plan.
        run: PathBuf,
        /// Failures of this class alone.
        #[arg(long, value_enum)]
        class: Option<Class>,
    },
    /// Show how far a run is, and what failed.
    Status(StatusOptions),
    /// Tell whether files are intact, and a night complete.
    #[command(after_help = "Exit codes: 0 all good, 3 some are not, 1 none is.")]
    Check(CheckOptions),
    /// Prove that a run holds what its plan makes of its files.
    Verify(VerifyOptions),
    /// Show what a product was made of, back to the raw files.
    Provenance(ProvenanceOptions),
    /// Show the quality of each quadrant, or write a table of all tasks.
    Index(IndexOptions),
    /// Show how master biases, darks and flats of several runs change from night to night.
    Trend {
        /// Folders of runs.
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<PathBuf>,
    },
    /// Remove what killed processes left unfinished; never what is published.
    Gc(GcOptions),
    /// Simulate a night with known truth.
    Simulate(Simulate),
    /// Show what is in a file, and what the camera makes of it.
    Inspect {
        /// A FITS or parquet file.
        file: PathBuf,
    },
    /// Make a master bias of the raw biases of one detector.
    MasterBias {
        /// Raw biases.
        #[arg(required = true)]
        raws: Vec<PathBuf>,
        /// The master bias.
        #[arg(short, long, value_name = "BIAS.fits")]
        output: PathBuf,
    },
    /// Make a master dark of the raw darks of one detector and exposure time.
    MasterDark {
        /// Raw darks.
        #[arg(required = true)]
        raws: Vec<PathBuf>,
        /// Master bias.
        #[arg(long, value_name = "BIAS.fits")]
        bias: PathBuf,
        /// The master dark.
        #[arg(short, long, value_name = "DARK.fits")]
        output: PathBuf,
    },
    /// Make a master flat of the raw flats of one detector and band.
    MasterFlat {
        /// Raw flats, of one lamp or more.
        #[arg(required = true)]
        raws: Vec<PathBuf>,
        /// Master bias.
        #[arg(long, value_name = "BIAS.fits")]
        bias: PathBuf,
        /// Master dark, for a recipe with the step `dark`.
        #[arg(long, value_name = "DARK.fits")]
        dark: Option<PathBuf>,
        /// The master flat.
        #[arg(short, long, value_name = "FLAT.fits")]
        output: PathBuf,
    },
    /// Take the level of one band over the focal plane from the master flats of its detectors.
    FocalPlane {
        /// Master flats of one band.
        #[arg(required = true)]
        flats: Vec<PathBuf>,
        /// The level.
        #[arg(short, long, value_name = "LEVEL.json")]
        output: PathBuf,
    },
    /// Make the science images of one raw exposure.
    Detrend(Detrend),
    /// Measure the stars of a catalogue on a science image.
    Aperture(Aperture),
    /// Find the map to the sky and the zero point of a science image from the stars of a catalogue.
    Calibrate(Box<Calibrate>),
    /// Show the page that reduces an exposure in the browser, on this machine alone.
    Serve {
        /// Folder of a run whose status is shown beside it, at `/run`.
        run: Option<PathBuf>,
        /// Port on 127.0.0.1; 0 takes a free one.
        #[arg(long, default_value_t = 8642, value_name = "PORT")]
        port: u16,
    },
    /// One job in a process of its own; started by the program itself.
    #[command(hide = true)]
    Child {
        /// The private folder of the job.
        folder: PathBuf,
    },
}

/// What to simulate.
#[derive(Debug, Clone, Args)]
pub struct Simulate {
    /// Folder of the night; must be empty or missing.
    #[arg(short, long, value_name = "NIGHT")]
    pub out: PathBuf,
    /// Every random number follows from it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Day of the night (YYYY-MM-DD, UTC).
    #[arg(long, default_value = "2020-02-14", value_name = "DAY")]
    pub date: String,
    /// Detectors by number [default: the camera's first].
    #[arg(long, value_delimiter = ',', value_name = "1,2")]
    pub ccds: Vec<u32>,
    /// Bias exposures.
    #[arg(long, default_value_t = 20)]
    pub biases: usize,
    /// Flat exposures of each lamp.
    #[arg(long, default_value_t = 5)]
    pub flats: usize,
    /// Lamps by number [default: all of the camera].
    #[arg(long, value_delimiter = ',', value_name = "7,8")]
    pub leds: Vec<i64>,
    /// Science exposures.
    #[arg(long, default_value_t = 2)]
    pub exposures: usize,
    /// Stars on each amplifier [default: 3000 on one of full size, by area].
    #[arg(long, value_name = "N")]
    pub stars: Option<usize>,
    /// How raw files are compressed.
    #[arg(long, value_enum, default_value_t = Compression::FloatRice)]
    pub compress: Compression,
    /// Effects to leave out, by name.
    #[arg(long, value_delimiter = ',', value_name = "pocket,cosmics")]
    pub without: Vec<String>,
}

/// How raw files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// Quantized floats, as fpack does.
    FloatRice,
    /// 16-bit whole numbers.
    Rice16,
    /// Not at all.
    None,
}

impl From<Compression> for RawEncoding {
    fn from(compression: Compression) -> RawEncoding {
        match compression {
            Compression::FloatRice => RawEncoding::FloatRice,
            Compression::Rice16 => RawEncoding::Rice16,
            Compression::None => RawEncoding::None,
        }
    }
}

/// A raw exposure and what it needs.
#[derive(Debug, Clone, Args)]
pub struct Detrend {
    /// Raw exposure of one detector.
    pub raw: PathBuf,
    /// Master bias; a recipe without the step `bias` needs none.
    #[arg(long, value_name = "BIAS.fits")]
    pub bias: Option<PathBuf>,
    /// Master dark, for a recipe with the step `dark`.
    #[arg(long, value_name = "DARK.fits")]
    pub dark: Option<PathBuf>,
    /// Master flat of the band; a recipe without the step `flat` needs none.
    #[arg(long, value_name = "FLAT.fits")]
    pub flat: Option<PathBuf>,
    /// Level of the band over the focal plane.
    #[arg(long, value_name = "LEVEL.json")]
    pub focal_plane: Option<PathBuf>,
    /// How science images are written.
    #[arg(long, value_enum, default_value_t = LayoutName::Rawsky)]
    pub layout: LayoutName,
    /// Folder of science headers: FITS files, or tables metaheader_YYYYMM.parquet.
    #[arg(long, value_name = "DIR")]
    pub headers: Option<PathBuf>,
    /// Folder of masks of another pipeline.
    #[arg(long, value_name = "DIR")]
    pub masks: Option<PathBuf>,
    /// Folder of the science images; made if it is not there.
    #[arg(short, long, value_name = "OUTDIR")]
    pub output: PathBuf,
}

/// A science image and where to measure on it.
#[derive(Debug, Clone, Args)]
pub struct Aperture {
    /// Science image; with --ccd those of all amplifiers of a detector, named …_qN_….
    #[arg(required = true)]
    pub science: Vec<PathBuf>,
    /// Measure all amplifiers of a detector at once: a star near a border has its whole aperture.
    #[arg(long)]
    pub ccd: bool,
    /// Catalogue with `ra` and `dec` (deg), or `x` and `y` (pixels from 0): parquet, CSV, a folder;
    /// of files …_pix64_N.parquet those that the image needs are taken.
    #[arg(long, value_name = "FILE|DIR")]
    pub catalogue: PathBuf,
    /// Mask of another pipeline, or the folder that holds it.
    #[arg(long, value_name = "FILE|DIR")]
    pub masks: Option<PathBuf>,
    /// Gain where the image has none (electron/DN).
    #[arg(long, value_parser = above_zero)]
    pub gain: Option<f64>,
    /// Read noise where the image has none (electron).
    #[arg(long, value_parser = above_zero)]
    pub read_noise: Option<f64>,
    /// Radii instead of the recipe's (pixels).
    #[arg(long, value_delimiter = ',', value_name = "3,4,..")]
    pub radii: Vec<f64>,
    /// Inner and outer radius of the annulus instead of the recipe's (pixels).
    #[arg(long, value_parser = pair, value_name = "IN,OUT")]
    pub annulus: Option<(f64, f64)>,
    /// Epoch of the positions where the catalogue has none (Julian year).
    #[arg(long)]
    pub epoch: Option<f64>,
    /// The catalogue of fluxes.
    #[arg(short, long, value_name = "OUT.parquet")]
    pub output: PathBuf,
}

fn above_zero(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if 0.0 < number && number < f64::INFINITY => Ok(number),
        _ => Err(format!("{text:?} is not a number above 0")),
    }
}

fn pair(text: &str) -> Result<(f64, f64), String> {
    let needed = || format!("{text:?} is not two numbers with a comma between");
    let (first, second) = text.split_once(',').ok_or_else(needed)?;
    match (first.trim().parse(), second.trim().parse()) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        _ => Err(needed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn common_options_stand_before_or_after_the_command() {
        for line in ["rawsky --camera toy run R -j 3", "rawsky run R --camera toy --jobs 3"] {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert_eq!((arguments.common.camera.as_str(), arguments.common.jobs), ("toy", Some(3)));
        }
        let line = "rawsky aperture S --catalogue C -o O --radii 2,3.5 --annulus 14,20";
        let Command::Aperture(aperture) =
            Arguments::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!("aperture");
        };
        assert_eq!((aperture.radii, aperture.annulus), (vec![2.0, 3.5], Some((14.0, 20.0))));
        assert_eq!((aperture.science, aperture.ccd), (vec![PathBuf::from("S")], false));
    }
}
