//! A camera as data: detectors, amplifiers, sections, flips, header dialect, lamps, coefficients.
//!
//! A camera is a TOML file (`core/instruments/*.toml`, or a user's own). Nothing in the code knows a
//! camera's name; new behaviour is a new variant of a tagged enum, chosen by the file.
//!
//! What is the same in every exposure stands in the camera file. What the headers of the exposures
//! say is read from them: the camera file names the keywords ([`Keywords`], one or a list in order
//! of preference) of sections ([`Region`]), of an amplifier's place on the detector
//! ([`Amplifier::place_keys`]), and of everything about the visit ([`Dialect`]). Where headers say
//! nothing, a rule may look at the name of the file under [`FILE_NAME`]. An example:
//!
//! ```toml
//! version = 1
//! name = "mine"
//! description = "One amplifier, sections in the header"
//! sizes_from_file = true
//! amp_shape = [1024, 1024]
//! detectors = [{ id = 1, row = 0, column = 0 }]
//! amplifiers = [{ id = 1, row = 0, column = 0, imaging = { section_keys = "TRIMSEC" }, overscan = { section_keys = "BIASSEC" } }]
//! electronics = { gain_electron_per_dn = 1.5, read_noise_electron = 6.0, saturation_dn = 60000.0, full_scale_dn = 65535.0 }
//! names = { raw = "mine_{date}_{fraction}_{band}_{kind}.fits", prefix = "", kinds = { bias = "b", dark = "d", flat = "f", science = "o" }, bias_band = "none" }
//!
//! [dialect]
//! role = ["IMAGETYP", "OBSTYPE"]
//! roles = { bias = ["zero"], flat = ["flat"], science = ["object"] }
//! date = "DATE-OBS"
//! exposure_s = "EXPTIME"
//! filter = "FILTER"
//! other_filters = "own-name"
//! gain = "GAIN"
//! ```

mod built_in;
mod calendar;
#[cfg(any(test, feature = "toml"))]
mod check;
#[cfg(any(test, feature = "toml"))]
mod check_dialect;
#[cfg(any(test, feature = "toml"))]
mod check_tables;
mod date;
mod dialect;
mod equilibrium;
mod files;
mod keywords;
mod lamps;
mod layout;
mod mask_bits;
#[cfg(any(test, feature = "toml"))]
mod parse;
mod pocket;
mod response;
mod roles;

use serde::{Deserialize, Serialize};

use crate::geometry::{Flip, Section};
use crate::ids::{AmpId, Band, DetectorId};

pub use built_in::{built_in_descriptions, built_in_names, built_in_text, has_built_in};
pub use calendar::Period;
pub use dialect::{Dialect, HeaderTable, OtherFilters, VisitInfo};
pub use equilibrium::{EquilibriumCurve, EquilibriumModel, EquilibriumRow};
pub use files::BUILT_IN;
pub use keywords::{FILE_NAME, Keywords};
pub use lamps::Lamp;
pub use mask_bits::{OwnBits, TheirBits};
pub use pocket::{PocketParams, PocketRow, PocketTable};
pub use response::{Linearity, LinearityRow, LinearityTable};
pub use roles::{Condition, RoleRule, Roles};

/// A camera.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Version of this file format: 1.
    pub version: u32,
    /// One word.
    pub name: String,
    /// One line for a person, with the source of the values.
    pub description: String,
    /// Whether sections follow the arrays found in a file instead of the nominal shapes.
    #[serde(default)]
    pub sizes_from_file: bool,
    /// Shape of one amplifier's imaging array (rows, columns), nominal.
    pub amp_shape: (usize, usize),
    /// The detectors and their places in the focal plane.
    pub detectors: Vec<Detector>,
    /// Space between detectors in the focal plane (rows, columns) in pixels.
    #[serde(default)]
    pub gap_pix: (usize, usize),
    /// The amplifiers of every detector, in the order of the file.
    pub amplifiers: Vec<Amplifier>,
    /// Gain, read noise and full range where no header gives them.
    pub electronics: Electronics,
    /// How headers say what an exposure is.
    pub dialect: Dialect,
    /// Lamps of the flat field, by number.
    #[serde(default)]
    pub lamps: Vec<Lamp>,
    /// Linearity relations with their dates; none means that the amplifiers are taken as linear.
    #[serde(default)]
    pub linearity: Vec<LinearityTable>,
    /// Pocket-effect parameters with their dates; none means that there is no such effect.
    #[serde(default)]
    pub pocket: Vec<PocketTable>,
    /// Equilibrium curves of the same traps, for a recipe that asks for that model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pocket_equilibrium: Vec<EquilibriumRow>,
    /// Hour (UTC) at which its days begin, best near noon at the telescope. Exposures of a day share
    /// masters; absent, all exposures of a folder do.
    #[serde(default)]
    pub day_begins_utc_h: Option<f64>,
    /// Its periods in order of time, for masters per period.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<Period>,
    /// Bits of the masks that come with its exposures, by the name of our bit; a bit that is not
    /// named keeps its place.
    #[serde(default)]
    pub mask_bits: std::collections::BTreeMap<String, u32>,
    /// File names.
    pub names: Names,
    /// The recipe of the core that this camera means by `default`; the recipe of that name if
    /// absent.
    #[serde(default)]
    pub recipe: Option<String>,
    /// Values laid over the recipe: `[defaults.overscan]`, `[defaults.aperture]`, ….
    #[serde(default)]
    pub defaults: serde_json::Map<String, serde_json::Value>,
    /// SHA-256 of the camera file; empty in a description that was not read from one.
    #[serde(skip)]
    pub digest: String,
}

/// One detector's place in the focal plane, in sky order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Its number.
    pub id: DetectorId,
    /// Its name, where headers tell detectors apart by name.
    #[serde(default)]
    pub name: Option<String>,
    /// Row of the grid, 0 at the bottom.
    pub row: usize,
    /// Column of the grid, 0 at the left.
    pub column: usize,
}

/// One amplifier of a detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amplifier {
    /// Its number.
    pub id: AmpId,
    /// Row of its place on the detector in sky order, counted in amplifiers, 0 at the bottom.
    pub row: usize,
    /// Column of its place on the detector in sky order, counted in amplifiers, 0 at the left.
    pub column: usize,
    /// Where the imaging pixels are in the file.
    pub imaging: Region,
    /// Where the serial overscan is in the file, if there is one.
    #[serde(default)]
    pub overscan: Option<Region>,
    /// Columns of the serial overscan, nominal; 0 without one, and where only the header of an
    /// exposure says whether there is one.
    #[serde(default)]
    pub overscan_columns: usize,
    /// Keywords of the imaging HDU that hold the place of the imaging pixels on the detector as a
    /// FITS section (`[x1:x2,y1:y2]`); an axis that runs backwards is mirrored. Where the header has
    /// none, `row`, `column` and `sky_from_stored` count.
    #[serde(default)]
    pub place_keys: Keywords,
    /// From the stored order of the file to readout order.
    #[serde(default)]
    pub readout_from_stored: Flip,
    /// From the stored order of the file to sky order.
    #[serde(default)]
    pub sky_from_stored: Flip,
    /// Gain (electron/DN), if it differs from that of `electronics`.
    #[serde(default)]
    pub gain_electron_per_dn: Option<f64>,
    /// Read noise (electron), if it differs from that of `electronics`.
    #[serde(default)]
    pub read_noise_electron: Option<f64>,
    /// Raw level of saturation (DN), if it differs from that of `electronics`.
    #[serde(default)]
    pub saturation_dn: Option<f64>,
}

/// A part of one HDU, in stored order: where the header says, else `rest`, else `section`, else the
/// whole array (of imaging pixels: without the overscan that the header names in the same array).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Index of the HDU, 0 for the primary; the first with an image if absent.
    #[serde(default)]
    pub hdu: Option<usize>,
    /// Which part. With `sizes_from_file` only where keywords come first.
    #[serde(default)]
    pub section: Option<Section>,
    /// Keywords of that HDU (or the primary one) that hold the part as a FITS section
    /// (`[x1:x2,y1:y2]`).
    #[serde(default)]
    pub section_keys: Keywords,
    /// What becomes of a section of the header that is none, or lies outside the array.
    #[serde(default)]
    pub unusable: Unusable,
    /// For overscan: all columns of the imaging HDU that are read after the imaging section.
    #[serde(default)]
    pub rest: bool,
}

/// What becomes of a section that a header names and the array does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unusable {
    /// The exposure is refused.
    #[default]
    Refuse,
    /// The exposure is read as if the keyword were not there, with a warning.
    Ignore,
}

impl Region {
    /// Index of the HDU in a file of the camera itself; programs that compress files move images.
    pub fn nominal_hdu(&self) -> usize {
        self.hdu.unwrap_or(0)
    }
}

/// Values for amplifiers whose header does not give them and that have none of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Electronics {
    /// Gain (electron/DN).
    pub gain_electron_per_dn: f64,
    /// Read noise (electron).
    pub read_noise_electron: f64,
    /// Raw level from which a pixel counts as saturated (DN).
    pub saturation_dn: f64,
    /// Largest value of the converter (DN).
    pub full_scale_dn: f64,
}

/// File names, as templates of `{name}` fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// A raw file: fields `date` (YYYYMMDD), `fraction` (six digits of the day), `field` (six
    /// digits), `band`, `detector` (two digits), `kind` (one letter).
    pub raw: String,
    /// What the names of raw files begin with; products put their own prefix in its place. Empty
    /// where names say nothing: every FITS file may then be a raw one.
    pub prefix: String,
    /// The letter of each role: bias, dark, flat, science.
    pub kinds: Kinds,
    /// The band code in the name of a bias.
    pub bias_band: String,
}

/// The letters by which raw file names tell roles apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// Bias.
    pub bias: String,
    /// Dark.
    pub dark: String,
    /// Flat.
    pub flat: String,
    /// Science.
    pub science: String,
}

impl Instrument {
    /// The amplifier with this number.
    pub fn amplifier(&self, amp: AmpId) -> Option<&Amplifier> {
        self.amplifiers.iter().find(|amplifier| amplifier.id == amp)
    }

    /// The number of an amplifier in the focal plane, from 0 in the order of the camera file.
    pub fn number_in_focal_plane(&self, detector: DetectorId, amp: AmpId) -> Option<usize> {
        let detector = self.detectors.iter().position(|known| known.id == detector)?;
        let amp = self.amplifiers.iter().position(|known| known.id == amp)?;
        Some(detector * self.amplifiers.len() + amp)
    }

    /// Whether the camera has this detector.
    pub fn has_detector(&self, detector: DetectorId) -> bool {
        self.detectors.iter().any(|known| known.id == detector)
    }

    /// The band that a lamp stands for.
    pub fn band_of_lamp(&self, lamp: i64) -> Option<&Band> {
        self.lamps.iter().find(|known| known.lamp == lamp).map(|known| &known.band)
    }
}

#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod tests;
