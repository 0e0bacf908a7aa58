//! Names of products: the raw file's, with our prefix in place of the camera's.

use rawsky_core::ids::{AmpId, Band, DetectorId};
use rawsky_core::instrument::Instrument;
use rawsky_core::job::{AmpFile, flat_name};

use crate::night::stem;
use crate::work::{last, made_safe};

/// What the names of products begin with.
pub const PREFIX: &str = "rawsky_";

/// What is made of a science image in place of `sciimg.fits`: the image with its masks.
pub const MASKED: &str = "masked.fits";
/// Its objects, in pixels.
pub const OBJECTS: &str = "objects.parquet";
/// The masked image with its map and zero point.
pub const CALIBRATED: &str = "calibrated.fits";
/// The objects on the sky.
pub const ON_SKY: &str = "calibrated.parquet";

/// Names after one camera's conventions. `when` is the day (YYYYMMDD) or period of a master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    prefix: String,
    bias_band: String,
    /// Whether the mask of a science image is a file of its own.
    pub masks_apart: bool,
}

impl Names {
    /// The names of a camera.
    pub fn of(camera: &Instrument) -> Names {
        let (prefix, bias_band) = (camera.names.prefix.clone(), camera.names.bias_band.clone());
        Names { prefix, bias_band, masks_apart: false }
    }

    /// The same names, with masks as files of their own or not.
    #[must_use = "the changed names are returned"]
    pub fn with_masks_apart(self, masks_apart: bool) -> Names {
        Names { masks_apart, ..self }
    }

    /// The masks of an exposure's science images; none if they are not files of their own.
    pub fn masks(&self, raw: &str, amps: &[AmpId]) -> Vec<AmpFile> {
        let mask = |&amp: &AmpId| AmpFile { amp, key: self.of_amplifier(raw, amp, "mskimg.fits") };
        if self.masks_apart { amps.iter().map(mask).collect() } else { Vec::new() }
    }

    /// What tells an exposure's files from others: the raw file's name without the camera's prefix.
    pub fn exposure(&self, raw: &str) -> String {
        let stem = stem(last(raw));
        let rest = stem.strip_prefix(&self.prefix).unwrap_or(stem);
        made_safe(rest.trim_start_matches('_'))
    }

    /// A product of one amplifier of an exposure.
    pub fn of_amplifier(&self, raw: &str, amp: AmpId, kind: &str) -> String {
        format!("{PREFIX}{}_q{amp}_{kind}", self.exposure(raw))
    }

    /// What is made of a science image: its name with another kind in place of its own.
    pub fn beside_science(science: &str, kind: &str) -> String {
        let stem = stem(last(science));
        let stem = stem.strip_suffix("_sciimg").unwrap_or(stem);
        format!("{}_{kind}", made_safe(stem).replace('+', "_"))
    }

    /// The master bias of a detector.
    pub fn bias(&self, when: &str, detector: DetectorId) -> String {
        let band = made_safe(&self.bias_band);
        format!("{PREFIX}{when}_000000_{band}_c{:02}_bias.fits", detector.0)
    }

    /// The master dark of a detector and exposure time (s).
    pub fn dark(&self, when: &str, detector: DetectorId, seconds: f64) -> String {
        let band = made_safe(&self.bias_band);
        let time = made_safe(&time_code(seconds));
        format!("{PREFIX}{when}_000000_{band}_c{:02}_t{time}_dark.fits", detector.0)
    }

    /// The master flat of a detector, band and lamp; lamp 0 stands for the whole band.
    pub fn flat(&self, when: &str, band: &Band, detector: DetectorId, lamp: i64) -> String {
        flat_name(when, &made_safe(&band.0), detector, lamp)
    }

    /// The level of a band over the focal plane.
    pub fn level(&self, when: &str, band: &Band) -> String {
        format!("{PREFIX}{when}_{}_level.json", made_safe(&band.0))
    }
}

/// An exposure time (s) as a part of names: whole milliseconds, without zeros at the end.
pub fn time_code(seconds: f64) -> String {
    let text = format!("{seconds:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
