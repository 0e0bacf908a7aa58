//! What a simulated night is made of, with units, and the effects that can be switched off.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::time::Day;

/// Pixels of one amplifier for which counts of stars, cosmic rays and defects are given: those of
/// 3080 x 3072. Smaller amplifiers get their share.
pub(crate) const FULL_SIZE_PIX: f64 = 3080.0 * 3072.0;

/// Largest amplifier that is simulated (pixels); beyond it the planes would not fit in memory.
const MAX_PIXELS: usize = 40_000_000;

/// A night: how many exposures of what, under which conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NightParams {
    /// Every random number follows from it.
    pub seed: u64,
    /// UTC day of the night (YYYY-MM-DD).
    pub date: String,
    /// Detectors by number; the camera's first if empty.
    pub detectors: Vec<u32>,
    /// Imaging rows and columns of an amplifier (pixels) instead of the camera's; only for a camera
    /// whose sizes come from the file.
    pub shape: Option<(usize, usize)>,
    /// Number of bias exposures.
    pub biases: usize,
    /// Number of flat exposures of each lamp (of each band for a camera without lamps).
    pub flats_per_lamp: usize,
    /// Lamps by number; all of the camera's if empty.
    pub lamps: Vec<i64>,
    /// Number of science exposures, in the bands of the lamps by turns.
    pub exposures: usize,
    /// Stars per amplifier; 3000 for 3080 x 3072 pixels and its share for fewer if absent.
    pub stars_per_amplifier: Option<usize>,
    /// Brightest and faintest magnitude.
    pub magnitudes: (f64, f64),
    /// Growth of star counts (decades per magnitude).
    pub magnitude_slope: f64,
    /// Magnitude of a star of 1 DN.
    pub zero_point_mag: f64,
    /// Full width at half maximum of a star (pixels).
    pub fwhm_pix: f64,
    /// Light of the sky in the middle of the focal plane (DN at the camera's nominal gain).
    pub sky_dn: f64,
    /// Relative change of the sky from the middle to the right edge of the focal plane.
    pub sky_gradient: f64,
    /// Lowest and highest light of a lamp (DN at the camera's nominal gain).
    pub lamp_dn: (f64, f64),
    /// Relative growth of a lamp's light from one frame to the next.
    pub lamp_drift: f64,
    /// Exposure time of a science exposure (s).
    pub exposure_s: f64,
    /// Exposure time of a flat (s).
    pub flat_s: f64,
    /// Charge at which a pixel is full (electron).
    pub full_well_electron: f64,
    /// Number of cosmic rays in a full-size bias, flat and science amplifier (dimensionless).
    pub cosmic_rays: (f64, f64, f64),
    /// Right ascension and declination of the optical axis (deg).
    pub pointing_deg: (f64, f64),
    /// Plate scale (arcsec/pixel).
    pub plate_scale_arcsec: f64,
    /// Largest offset between the pointings of science exposures along either axis (pixels).
    pub dither_pix: f64,
    /// Number of the sky field, for names and headers.
    pub field: u32,
    /// Whether raw pixels are whole numbers, as an integer file holds them.
    pub integer_raws: bool,
    /// What acts on the pixels.
    pub effects: Effects,
}

impl Default for NightParams {
    fn default() -> NightParams {
        NightParams {
            seed: 1,
            date: "2020-02-14".to_owned(),
            detectors: Vec::new(),
            shape: None,
            biases: 20,
            flats_per_lamp: 5,
            lamps: Vec::new(),
            exposures: 2,
            stars_per_amplifier: None,
            magnitudes: (12.0, 21.0),
            magnitude_slope: 0.3,
            zero_point_mag: 26.3,
            fwhm_pix: 2.1,
            sky_dn: 160.0,
            sky_gradient: 0.03,
            lamp_dn: (9e3, 1.6e4),
            lamp_drift: 0.002,
            exposure_s: 30.0,
            flat_s: 10.0,
            full_well_electron: 3.6e5,
            cosmic_rays: (2.0, 60.0, 120.0),
            pointing_deg: (55.0, 33.35),
            plate_scale_arcsec: 1.012,
            dither_pix: 8.0,
            field: 655,
            integer_raws: false,
            effects: Effects::default(),
        }
    }
}

macro_rules! effects {
    ($($(#[doc = $doc:literal])+ $field:ident = $name:literal;)*) => {
        /// What acts on the pixels; each can be switched off by its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
        pub struct Effects {
            $($(#[doc = $doc])+ pub $field: bool,)*
        }

        impl Effects {
            /// The names, in the order in which the effects act.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// No effect at all: a raw pixel is the light that fell on it.
            pub const NONE: Effects = Effects { $($field: false,)* };

            fn switch(&mut self, name: &str) -> Option<&mut bool> {
                match name {
                    $($name => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }

        impl Default for Effects {
            fn default() -> Effects {
                Effects { $($field: true,)* }
            }
        }
    };
}

effects! {
    /// Stars shine. Off, they stay in the catalogue with no flux.
    stars = "stars";
    /// The optics darken the field towards its corners.
    vignetting = "vignetting";
    /// Pixels differ in sensitivity by about 0.8 %.
    pixel_response = "pixel-response";
    /// Each lamp lights the field in its own way.
    lamps_gradient = "lamps-gradient";
    /// Amplifiers differ in gain by about 3 %.
    gains = "gains";
    /// Low-response columns, dead pixels, hot pixels.
    defects = "defects";
    /// Photons are counted.
    photon_noise = "photon-noise";
    /// Cosmic rays.
    cosmics = "cosmics";
    /// Full well and the end of the converter's range.
    saturation = "saturation";
    /// Charge is caught and released along a row.
    pocket = "pocket";
    /// The amplifier's output bends.
    linearity = "linearity";
    /// Level, its change over rows and from exposure to exposure, pattern, glow.
    bias_structure = "bias-structure";
    /// Noise of the amplifier.
    read_noise = "read-noise";
}

impl Effects {
    /// All effects but those named.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a name that is not in [`Effects::NAMES`].
    pub fn without<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Effects> {
        let mut effects = Effects::default();
        for name in names {
            let switch = effects.switch(name).ok_or_else(|| {
                Error::parameter("without", name, format!("one of {}", Self::NAMES.join(", ")))
            })?;
            *switch = false;
        }
        Ok(effects)
    }
}

impl NightParams {
    /// The day as a date.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is none.
    pub fn day(&self) -> Result<Day> {
        Day::parse(&self.date)
            .ok_or_else(|| Error::parameter("date", &self.date, "a day as YYYY-MM-DD"))
    }

    /// Stars of an amplifier of `shape`.
    pub(crate) fn stars(&self, shape: (usize, usize)) -> usize {
        let share = 3000.0 * share_of_full_size(shape);
        self.stars_per_amplifier.unwrap_or_else(|| share.max(8.0) as usize)
    }

    /// Refuses values that cannot give a night.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the name, the value and what is needed.
    pub fn check(&self) -> Result<()> {
        self.day()?;
        let (bright, faint) = self.magnitudes;
        let (low, high) = self.lamp_dn;
        let (bias, flat, science) = self.cosmic_rays;
        let reals = [
            ("magnitudes", bright, -30.0, faint),
            ("magnitudes", faint, bright, 60.0),
            ("magnitude_slope", self.magnitude_slope, 1e-3, 3.0),
            ("zero_point_mag", self.zero_point_mag, -10.0, 60.0),
            ("fwhm_pix", self.fwhm_pix, 0.5, 30.0),
            ("sky_dn", self.sky_dn, 0.0, 1e6),
            ("sky_gradient", self.sky_gradient, -0.5, 0.5),
            ("lamp_dn", low, 0.0, high),
            ("lamp_dn", high, low, 1e6),
            ("lamp_drift", self.lamp_drift, -0.01, 0.01),
            ("exposure_s", self.exposure_s, 0.0, 1e5),
            ("flat_s", self.flat_s, 0.0, 1e5),
            ("full_well_electron", self.full_well_electron, 1.0, 1e9),
            ("cosmic_rays", bias, 0.0, 1e6),
            ("cosmic_rays", flat, 0.0, 1e6),
            ("cosmic_rays", science, 0.0, 1e6),
            ("pointing_deg", self.pointing_deg.0, -360.0, 360.0),
            ("pointing_deg", self.pointing_deg.1, -80.0, 80.0),
            ("plate_scale_arcsec", self.plate_scale_arcsec, 1e-3, 60.0),
            ("dither_pix", self.dither_pix, 0.0, 100.0),
        ];
        let counts = [
            ("biases", self.biases, 1000),
            ("flats_per_lamp", self.flats_per_lamp, 200),
            ("exposures", self.exposures, 500),
            ("stars_per_amplifier", self.stars_per_amplifier.unwrap_or(0), 1_000_000),
        ];
        reals.into_iter().try_for_each(|(name, value, low, high)| {
            let needed = || format!("a number from {low} to {high}");
            let inside = value >= low && value <= high;
            inside.then_some(()).ok_or_else(|| Error::parameter(name, value, needed()))
        })?;
        counts.into_iter().try_for_each(|(name, value, most)| {
            let needed = || format!("at most {most}");
            (value <= most).then_some(()).ok_or_else(|| Error::parameter(name, value, needed()))
        })
    }
}

/// Pixels of `shape` over those of a full-size amplifier.
pub(crate) fn share_of_full_size(shape: (usize, usize)) -> f64 {
    shape.0 as f64 * shape.1 as f64 / FULL_SIZE_PIX
}

/// Refuses an amplifier without pixels, or with more than fit in memory.
pub(crate) fn check_size(rows: usize, columns: usize) -> Result<()> {
    let pixels = rows.checked_mul(columns).filter(|&pixels| pixels <= MAX_PIXELS);
    if pixels.is_none_or(|pixels| pixels == 0) {
        let needed = format!("1 to {MAX_PIXELS} pixels");
        return Err(Error::parameter("shape", format!("{rows} x {columns}"), needed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_can_be_switched_off_by_its_name_and_only_it() {
        for name in Effects::NAMES {
            let mut effects = Effects::without([*name]).unwrap();
            assert!(!*effects.switch(name).unwrap());
            *effects.switch(name).unwrap() = true;
            assert_eq!(effects, Effects::default());
        }
        let all = Effects::without(Effects::NAMES.iter().copied()).unwrap();
        assert_eq!(all, Effects::NONE);
        assert!(Effects::without(["cosmic"]).unwrap_err().to_string().contains("cosmics"));
    }

    #[test]
    fn names_are_those_of_the_serialized_form() {
        let value = serde_json::to_value(Effects::default()).unwrap();
        let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let mut names = Effects::NAMES.to_vec();
        keys.sort_unstable();
        names.sort_unstable();
        assert_eq!(keys, names);
    }

    #[test]
    fn unknown_fields_and_impossible_values_are_refused() {
        assert!(serde_json::from_str::<NightParams>(r#"{"sead": 3}"#).is_err());
        let params: NightParams = serde_json::from_str(r#"{"seed": 3}"#).unwrap();
        assert_eq!(params, NightParams { seed: 3, ..NightParams::default() });
        params.check().unwrap();
        let wrong = [
            NightParams { date: "2020-02-30".to_owned(), ..params.clone() },
            NightParams { sky_dn: f64::NAN, ..params.clone() },
            NightParams { magnitudes: (21.0, 12.0), ..params.clone() },
            NightParams { biases: 5000, ..params.clone() },
        ];
        assert!(wrong.iter().all(|params| params.check().is_err()));
        assert!(check_size(usize::MAX, 2).is_err() && check_size(0, 5).is_err());
    }
}
