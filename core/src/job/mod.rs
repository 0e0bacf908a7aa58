//! The whole system from outside: a [`Job`], a [`Store`], a [`Probe`], and [`execute`].
//!
//! A job is plain data (JSON outside). It names its inputs by keys of the store and its products by
//! the keys under which they are to be written; the host decides what file stands behind a key.

mod aperture;
mod calibrate;
mod compare;
mod context;
mod descriptions;
mod detector;
mod detrend;
mod focal_plane;
mod headers;
mod inspect;
mod masks;
mod master_header;
mod masters;
mod names;
mod objects;
mod quality;
mod simulate;
mod sky;
mod stars;
mod streamed;
mod survey;
mod tables;

#[cfg(test)]
mod camera_tests;
#[cfg(test)]
mod real_camera_tests;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::AmpId;
use crate::probe::Probe;
use crate::provenance::{InputId, Provenance};
use crate::store::{Key, Store};

pub use calibrate::{Calibrate, Pointing};
pub use compare::Comparison;
pub use focal_plane::FocalPlaneLevel;
pub use masks::Masks;
pub use names::flat_name;
pub use objects::Detect;
pub use simulate::{RawEncoding, SimulationPart, simulation_parts};
pub use sky::{Sky, SkyField, SkyRequest};
pub use survey::{Finished, FinishedKind, Survey, Surveyed, Visit};

#[cfg(test)]
pub(crate) use aperture::read_science;
pub(crate) use aperture::{date, frame_from_stored, params as aperture_params};
pub(crate) use compare::read_truth;
pub(crate) use detrend::{image_cards, join_mask, read_mask};
pub(crate) use focal_plane::read_level;
pub(crate) use headers::science_headers;
pub(crate) use tables::read_all as read_catalogues;

use context::Context;

/// The HEALPix pixel (nside 64, nested) whose stars a catalogue of this name holds, if it is cut up
/// that way: `…_pix64_<n>.parquet`.
pub fn catalogue_pixel(name: &str) -> Option<u64> {
    crate::measure::catalogue::pixels::pixel_of_name(name)
}

/// Version of the job format.
pub const VERSION: u32 = 1;

/// One unit of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Version of this format: 1.
    pub version: u32,
    /// The camera.
    pub camera: Text,
    /// The recipe.
    pub recipe: Text,
    /// Name and digest of every input, as the host knows them; they end in the headers of products.
    #[serde(default)]
    pub inputs: Vec<InputId>,
    /// What to do.
    pub task: Task,
}

/// A description that comes with the core, or an input of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Text {
    /// Name of a built-in description.
    BuiltIn(String),
    /// Key of a TOML file.
    File(Key),
}

/// One amplifier's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmpFile {
    /// Which amplifier.
    pub amp: AmpId,
    /// Its file.
    pub key: Key,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Task {
    /// What raw files and masters are, from their headers: writes a [`Survey`] as JSON.
    Survey {
        /// Raw FITS files.
        files: Vec<Key>,
        /// Masters of other runs: FITS files, and levels (`.json`).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        masters: Vec<Key>,
        /// The JSON product.
        output: Key,
    },
    /// Which pixels of a cut-up catalogue each image needs: writes a [`Sky`] as JSON.
    Sky {
        /// The images, or their headers.
        images: Vec<SkyRequest>,
        /// The JSON product.
        output: Key,
    },
    /// HDUs, shapes and statistics of a file, as JSON.
    Inspect {
        /// FITS or parquet file.
        file: Key,
        /// The JSON product.
        output: Key,
    },
    /// Tables (parquet or CSV) as one parquet table, row after row, with the columns that all have.
    Table {
        /// The tables.
        files: Vec<Key>,
        /// The parquet product.
        output: Key,
    },
    /// The master bias of one detector.
    MasterBias {
        /// Raw biases of one detector in order of time.
        raws: Vec<Key>,
        /// The product.
        output: Key,
    },
    /// The master dark of one detector and exposure time.
    MasterDark {
        /// Raw darks of one detector and exposure time in order of time.
        raws: Vec<Key>,
        /// Master bias.
        bias: Option<Key>,
        /// The product.
        output: Key,
    },
    /// The master flat of one detector and lamp (or of one band where there are no lamps).
    LampFlat {
        /// Raw flats of one detector and lamp in order of time.
        raws: Vec<Key>,
        /// Master bias.
        bias: Option<Key>,
        /// Master dark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dark: Option<Key>,
        /// The product.
        output: Key,
    },
    /// The master flat of one detector and band: the weighted mean of its lamps.
    BandFlat {
        /// Lamp flats of one detector and band.
        flats: Vec<Key>,
        /// The product.
        output: Key,
    },
    /// The level of a band over the focal plane, as JSON.
    FocalPlane {
        /// Band flats of all detectors of one band.
        flats: Vec<Key>,
        /// The JSON product.
        output: Key,
    },
    /// The science images of one exposure of one detector.
    Detrend(Detrend),
    /// The aperture catalogue of one science image.
    Aperture(Aperture),
    /// The aperture catalogue of all science images of one detector, put together.
    ApertureDetector(ApertureDetector),
    /// One science image with masks of its own.
    Masks(Masks),
    /// The objects of one science image.
    Detect(Detect),
    /// The map to the sky and the zero point of one science image.
    Calibrate(Box<Calibrate>),
    /// One file (or group of files) of a simulated night.
    Simulate {
        /// The night.
        night: crate::simulate::NightParams,
        /// Which part of it.
        part: crate::simulate::Part,
        /// How raw files are encoded.
        #[serde(default)]
        encoding: RawEncoding,
    },
    /// Science images and catalogues against the truth of a simulated night, as JSON.
    Compare(Compare),
}

/// The inputs and products of [`Task::Detrend`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detrend {
    /// Raw exposure.
    pub raw: Key,
    /// Master bias.
    pub bias: Option<Key>,
    /// Master dark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dark: Option<Key>,
    /// Master flat of the band.
    pub flat: Option<Key>,
    /// Focal-plane level of the band.
    #[serde(default)]
    pub focal_plane: Option<Key>,
    /// Science headers: FITS files, or a parquet table that may be named for every amplifier.
    #[serde(default)]
    pub headers: Vec<AmpFile>,
    /// Masks of another pipeline.
    #[serde(default)]
    pub masks: Vec<AmpFile>,
    /// The products, one per amplifier.
    pub outputs: Vec<AmpFile>,
    /// Masks as files of their own, one per amplifier: 16 bits, numbered as the camera's archive
    /// does. Then the products hold the image alone; without them, mask and variance beside it.
    #[serde(default)]
    pub mask_outputs: Vec<AmpFile>,
}

/// The inputs and the product of [`Task::Aperture`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aperture {
    /// Science image.
    pub science: Key,
    /// Mask of another pipeline, in stored order.
    #[serde(default)]
    pub mask: Option<Key>,
    /// Catalogues (parquet or CSV), read one after the other. Of files that hold one HEALPix pixel
    /// each (see [`catalogue_pixel`]) only those that the image needs are read.
    pub catalogue: Vec<Key>,
    /// Values where the image has none.
    #[serde(default)]
    pub detector: Electronics,
    /// The parquet product.
    pub output: Key,
}

/// The inputs and the product of [`Task::ApertureDetector`].
///
/// A star whose apertures and annulus lie inside one amplifier has the same numbers as by
/// [`Task::Aperture`] on that amplifier's image, but for the rounding of sums, `x`, `y` (here of the
/// detector in sky order; the image's are `x_amp`, `y_amp`) and `isolated`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApertureDetector {
    /// Science images of one exposure of one detector, each with a WCS.
    pub sciences: Vec<AmpFile>,
    /// Masks of another pipeline, in stored order.
    #[serde(default)]
    pub masks: Vec<AmpFile>,
    /// Catalogues, as for one image.
    pub catalogue: Vec<Key>,
    /// Values where the images have none.
    #[serde(default)]
    pub detector: Electronics,
    /// The parquet product.
    pub output: Key,
}

/// Gain and read noise given by the user.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Electronics {
    /// Gain (electron/DN).
    #[serde(default)]
    pub gain_electron_per_dn: Option<f64>,
    /// Read noise (electron).
    #[serde(default)]
    pub read_noise_electron: Option<f64>,
}

/// The inputs of [`Task::Compare`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Science image of one amplifier.
    pub science: Key,
    /// Its catalogue.
    pub catalogue: Option<Key>,
    /// Truth of the exposure's amplifier.
    pub truth: Key,
    /// Noise-free flats of the band's lamps for this detector.
    pub lamps: Vec<Key>,
    /// The JSON product.
    pub output: Key,
}

/// Does the job: reads its inputs from the store and appends its products to it.
///
/// # Errors
/// The first error met; then no product is complete and all are to be thrown away.
pub fn execute(job: &Job, store: &mut dyn Store, probe: &mut dyn Probe) -> Result<Provenance> {
    let mut context = Context::open(job, store, probe)?;
    match &job.task {
        Task::Survey { files, masters, output } => {
            survey::survey(&mut context, (files, masters), output)
        }
        Task::Sky { images, output } => sky::sky(&mut context, images, output),
        Task::Inspect { file, output } => inspect::inspect(&mut context, file, output),
        Task::Table { files, output } => {
            let table = tables::read_all(context.store, files)?;
            tables::write(&mut context, output, &table)
        }
        Task::MasterDark { raws, bias, output } => {
            masters::master_dark(&mut context, raws, bias.as_deref(), output)
        }
        Task::Detrend(task) => detrend::detrend(&mut context, task),
        Task::Aperture(task) => aperture::aperture(&mut context, task),
        Task::ApertureDetector(task) => detector::aperture(&mut context, task),
        Task::Masks(task) => masks::masks(&mut context, task),
        Task::Detect(task) => objects::detect(&mut context, task),
        Task::Calibrate(task) => calibrate::calibrate(&mut context, task),
        Task::Compare(task) => compare::compare(&mut context, task),
        _ => prepare(&mut context),
    }?;
    Ok(context.record)
}

/// Does a job that makes what an exposure needs: simulated files, masters, the level of the focal
/// plane. The same as [`execute`], for a program that has no other jobs to do and is to stay small.
///
/// # Errors
/// As [`execute`]; [`Error::Parameter`] for another kind of job.
pub fn execute_preparation(job: &Job, store: &mut dyn Store) -> Result<Provenance> {
    let mut probe = ();
    let mut context = Context::open(job, store, &mut probe)?;
    prepare(&mut context)?;
    Ok(context.record)
}

fn prepare(context: &mut Context<'_>) -> Result<()> {
    match &context.job.task {
        Task::MasterBias { raws, output } => masters::master_bias(context, raws, output),
        Task::LampFlat { raws, bias, dark, output } => {
            masters::lamp_flat(context, raws, (bias.as_deref(), dark.as_deref()), output)
        }
        Task::BandFlat { flats, output } => masters::band_flat(context, flats, output),
        Task::FocalPlane { flats, output } => focal_plane::focal_plane(context, flats, output),
        Task::Simulate { night, part, encoding } => {
            simulate::simulate(context, night, part, *encoding)
        }
        _ => Err(Error::parameter("task", "another", "one that prepares an exposure")),
    }
}

#[cfg(all(feature = "parquet", feature = "tiles"))]
#[cfg(test)]
mod streamed_tests;
#[cfg(feature = "parquet")]
#[cfg(test)]
mod tests;
