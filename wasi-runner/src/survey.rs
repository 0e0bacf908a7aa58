//! What the core says about raw files, from their headers, in the form that plans need.

use rawsky_core::ids::{AmpId, Band, DetectorId, Role};
use rawsky_core::job;
use rawsky_core::store::Key;
use rawsky_core::time::Mjd;

use crate::dag::Sharing;

/// One usable raw file: one detector's data of one visit.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// Its key.
    pub key: Key,
    /// What it is for.
    pub role: Role,
    /// Its detector.
    pub detector: DetectorId,
    /// Start of the exposure.
    pub mjd: Mjd,
    /// What exposures that share masters with it have in common.
    pub label: String,
    /// Exposure time (s), if it is known.
    pub exposure_s: Option<f64>,
    /// Its band, if it has one.
    pub band: Option<Band>,
    /// The lamp of a flat, if the camera has lamps.
    pub lamp: Option<i64>,
    /// The amplifiers in the file.
    pub amps: Vec<AmpId>,
}

/// The usable files in order of time, then of key.
pub fn good(survey: &job::Survey, sharing: Sharing) -> Vec<Raw> {
    let raw = |file: &job::Surveyed| {
        let visit = file.visit.clone()?;
        Some(Raw {
            label: sharing.label(&visit),
            key: file.key.clone(),
            role: visit.role,
            detector: visit.detector,
            mjd: visit.mjd,
            exposure_s: visit.exposure_s,
            band: visit.band,
            lamp: visit.lamp,
            amps: survey.amps.clone(),
        })
    };
    let mut raws: Vec<Raw> = survey.files.iter().filter_map(raw).collect();
    raws.sort_by(|a, b| a.mjd.0.total_cmp(&b.mjd.0).then_with(|| a.key.cmp(&b.key)));
    if sharing == Sharing::Folder {
        let label = raws.first().map(|raw| raw.label.clone()).unwrap_or_default();
        raws.iter_mut().for_each(|raw| raw.label.clone_from(&label));
    }
    raws
}

/// The files that cannot be used, with the reason.
pub fn bad(survey: &job::Survey) -> impl Iterator<Item = (&Key, &rawsky_core::Error)> {
    survey.files.iter().filter_map(|file| Some((&file.key, file.error.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usable_files_come_in_order_of_time() {
        let text = r#"{ "version": 1, "amps": [1, 2], "detectors": [3], "files": [
            { "key": "raw/b", "visit": { "role": "flat", "detector": 3, "mjd": 2.5,
              "day": "1858-11-19", "exposure_s": 1.0, "band": "zi", "lamp": 11 } },
            { "key": "raw/x",
              "error": { "class": "format", "file": "raw/x", "place": "HDU 0", "reason": "cut" } },
            { "key": "raw/a", "visit": { "role": "bias", "detector": 3, "mjd": 1.5,
              "day": "1858-11-18", "exposure_s": 0.0, "band": null, "lamp": null } } ] }"#;
        let survey: job::Survey = serde_json::from_str(text).unwrap();
        let keys: Vec<String> =
            good(&survey, Sharing::Day).into_iter().map(|raw| raw.key).collect();
        assert_eq!(keys, ["raw/a", "raw/b"]);
        assert_eq!(bad(&survey).next().unwrap().1.to_string(), "raw/x: HDU 0: cut");
    }
}
