//! Names of products: the raw file's, with our prefix in place of the camera's.

use rawsky_core::ids::{AmpId, Band, DetectorId};
use rawsky_core::instrument::Instrument;
use rawsky_core::time::Mjd;

use crate::night::stem;
use crate::work::{last, made_safe};

/// What the names of products begin with.
pub const PREFIX: &str = "rawsky_";

/// Names after one camera's conventions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    prefix: String,
    bias_band: String,
}

impl Names {
    /// The names of a camera.
    pub fn of(camera: &Instrument) -> Names {
        Names { prefix: camera.names.prefix.clone(), bias_band: camera.names.bias_band.clone() }
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

    /// The master bias of a detector.
    pub fn bias(&self, first: Mjd, detector: DetectorId) -> String {
        let (date, band) = (date(first), made_safe(&self.bias_band));
        format!("{PREFIX}{date}_000000_{band}_c{:02}_bias.fits", detector.0)
    }

    /// The master dark of a detector and exposure time (s).
    pub fn dark(&self, first: Mjd, detector: DetectorId, seconds: f64) -> String {
        let (date, band) = (date(first), made_safe(&self.bias_band));
        let time = made_safe(&time_code(seconds));
        format!("{PREFIX}{date}_000000_{band}_c{:02}_t{time}_dark.fits", detector.0)
    }

    /// The master flat of a detector, band and lamp; lamp 0 stands for the whole band.
    pub fn flat(&self, first: Mjd, band: &Band, detector: DetectorId, lamp: i64) -> String {
        let (date, band) = (date(first), made_safe(&band.0));
        format!("{PREFIX}{date}_000000_{band}_c{:02}_l{lamp:02}_flat.fits", detector.0)
    }

    /// The level of a band over the focal plane.
    pub fn level(&self, first: Mjd, band: &Band) -> String {
        format!("{PREFIX}{}_{}_level.json", date(first), made_safe(&band.0))
    }
}

/// An exposure time (s) as a part of names: whole milliseconds, without zeros at the end.
pub fn time_code(seconds: f64) -> String {
    let text = format!("{seconds:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn date(mjd: Mjd) -> String {
    let day = mjd.day();
    format!("{:04}{:02}{:02}", day.year, day.month, day.day)
}
