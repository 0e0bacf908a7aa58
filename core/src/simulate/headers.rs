//! Headers of a simulated night in the camera's own dialect.

use crate::error::{Error, Result};
use crate::header::{Header, Value};
use crate::ids::{AmpId, Role};
use crate::instrument::{Instrument, Keywords};
use crate::time::Mjd;

use super::detector::{AmpParams, amp_params, shares_hdu};
use super::night::SimulatedExposure;
use super::params::NightParams;
use super::scene::dither;
use super::site::Site;
use super::wcs::DetectorSky;

/// From MJD to JD (days).
const JD_OF_MJD_0: f64 = 2_400_000.5;

/// The primary header of a raw file.
///
/// # Errors
/// [`Error::Parameter`] if the camera's dialect has no word for the role of the exposure.
pub fn primary_header(
    camera: &Instrument,
    params: &NightParams,
    exposure: &SimulatedExposure,
) -> Result<Header> {
    let mut header = Header::new();
    header.set("ORIGIN", "SIMULATION", "no telescope took this");
    header.set("INSTRUME", camera.name.as_str(), "camera description");
    header.set("SIMSEED", format!("{}", params.seed), "seed of the simulated night");
    visit_cards(camera, exposure, &mut header)?;
    header.set("CCDSUM", "1 1", "binning");
    header.set("PIXSCALE", params.plate_scale_arcsec, "arcsec/pixel");
    header.set("HEADTEMP", 168.0, "detector temperature (K)");
    pointing_cards(params, &mut header);
    Ok(header)
}

/// What an exposure is, as the camera's dialect says it.
fn visit_cards(
    camera: &Instrument,
    exposure: &SimulatedExposure,
    header: &mut Header,
) -> Result<()> {
    let dialect = &camera.dialect;
    let words = match exposure.role {
        Role::Bias => &dialect.roles.bias,
        Role::Dark => &dialect.roles.dark,
        Role::Flat => &dialect.roles.flat,
        Role::Science => &dialect.roles.science,
    };
    let word = words.first().ok_or_else(|| {
        Error::parameter("dialect.roles", "no word", format!("one for {}", exposure.role))
    })?;
    let mut set = |keywords: &Keywords, value: Value, comment: &str| {
        if let Some(key) = keywords.first() {
            header.set(key, value, comment);
        }
    };
    set(&dialect.role, word.as_str().into(), "what the exposure is for");
    set(&dialect.exposure_s, exposure.exposure_s.into(), "exposure time (s)");
    let jd = Keywords(vec!["OBSJD".to_owned()]);
    set(&jd, (exposure.mjd.0 + JD_OF_MJD_0).into(), "start, UTC (JD)");
    set(&dialect.mjd, exposure.mjd.0.into(), "start, UTC (MJD)");
    if dialect.mjd.is_empty() {
        set(&dialect.date, iso(exposure.mjd).into(), "start, UTC");
    }
    set(&dialect.detector, i64::from(exposure.detector.0).into(), "detector");
    let known = camera.detectors.iter().find(|known| known.id == exposure.detector);
    let name = known.and_then(|known| known.name.as_deref()).unwrap_or_default();
    for (key, part) in dialect.detector_name.iter().zip(name.split('_')) {
        set(&Keywords(vec![key.clone()]), part.into(), "part of the detector's name");
    }
    if let Some(band) = &exposure.band {
        let named = dialect.bands.iter().find(|(_, known)| *known == band);
        let name = named.map_or(band.0.as_str(), |(name, _)| name.as_str());
        set(&dialect.filter, name.into(), "filter");
    }
    if let Some(lamp) = exposure.lamp {
        set(&dialect.lamp, lamp.into(), "lamp of the flat field");
    }
    header.set("FIELDID", i64::from(exposure.field), "sky field");
    header.set("EXPID", i64::try_from(exposure.visit).unwrap_or(0), "visit");
    Ok(())
}

fn pointing_cards(params: &NightParams, header: &mut Header) {
    let (ra, dec) = params.pointing_deg;
    let ra = ra - 360.0 * (ra / 360.0).floor();
    header.set("RA", sexagesimal(ra / 15.0, 2), "right ascension of the pointing (h)");
    header.set("DEC", sexagesimal(dec, 1), "declination of the pointing (deg)");
    header.set("RAD", ra, "right ascension of the pointing (deg)");
    header.set("DECD", dec, "declination of the pointing (deg)");
}

/// `YYYY-MM-DDThh:mm:ss.sss`.
fn iso(mjd: Mjd) -> String {
    let day = mjd.day();
    let milliseconds =
        ((mjd.0 - day.mjd().0) * 86_400_000.0 + 0.5).floor().min(86_399_999.0) as i64;
    let (seconds, fraction) = (milliseconds / 1000, milliseconds % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{day}T{hours:02}:{minutes:02}:{:02}.{fraction:03}", seconds % 60)
}

/// `±dd:mm:ss.s`, with this many decimals.
fn sexagesimal(value: f64, decimals: u32) -> String {
    let units = (0..decimals).fold(1_i64, |units, _| units * 10);
    let total = (value.abs() * 3600.0 * units as f64 + 0.5).floor() as i64;
    let (seconds, fraction) = (total / units, total % units);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let sign = if value < 0.0 { '-' } else { '+' };
    let width = decimals as usize;
    format!("{sign}{hours:02}:{minutes:02}:{:02}.{fraction:0width$}", seconds % 60)
}

/// The header of one amplifier's HDU; `name` is its EXTNAME.
pub(crate) fn amplifier_header(site: &Site<'_>, amp: &AmpParams, name: &str) -> Header {
    let (camera, dialect) = (site.camera, &site.camera.dialect);
    let number = i64::from(site.amplifier.id.0);
    let mut header = Header::new();
    header.set("EXTNAME", name, "");
    if let Some(key) = dialect.detector.first() {
        header.set(key, i64::from(site.detector.0), "detector");
    }
    // Counted from zero, whatever number the camera begins with.
    let first = camera.amplifiers.iter().map(|amp| amp.id.0).min().unwrap_or(0);
    header.set("AMP_ID", number - i64::from(first), "amplifier, from 0");
    if !shares_hdu(site) {
        electronics_cards(camera, amp, &mut header);
    }
    header
}

fn electronics_cards(camera: &Instrument, amp: &AmpParams, header: &mut Header) {
    if let Some(key) = camera.dialect.gain.first() {
        header.set(key, amp.gain_electron_per_dn, "electron/DN");
    }
    if let Some(key) = camera.dialect.read_noise.first() {
        header.set(key, amp.read_noise_electron, "electron");
    }
}

/// The header that comes with a science amplifier: WCS, visit, gain; stored order.
///
/// # Errors
/// If the camera lacks the detector or the amplifier, or a parameter is wrong.
pub fn science_header(
    camera: &Instrument,
    params: &NightParams,
    exposure: &SimulatedExposure,
    amp: AmpId,
) -> Result<Header> {
    let site = Site::new(camera, params, exposure.detector, amp)?;
    let constants = amp_params(&site)?;
    let mut header = Header::new();
    header.set("ORIGIN", "SIMULATION", "no telescope took this");
    visit_cards(camera, exposure, &mut header)?;
    header.merge(&amplifier_header(&site, &constants, ""));
    header.remove("EXTNAME");
    header.set("SATURATE", camera.electronics_of(amp).saturation_dn, "DN");
    header.set("MAGZP", params.zero_point_mag, "magnitude of 1 DN");
    pointing_cards(params, &mut header);
    header.merge(&DetectorSky::new(&site).header(&site, dither(&site, exposure)));
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_to_the_millisecond() {
        assert_eq!(iso(Mjd(57_162.175_191_319_446)), "2015-05-20T04:12:16.530");
        assert_eq!(iso(Mjd(57_162.999_999_999_9)), "2015-05-20T23:59:59.999");
    }

    #[test]
    fn sexagesimal_text_carries_and_keeps_its_sign() {
        assert_eq!(sexagesimal(55.0 / 15.0, 2), "+03:40:00.00");
        assert_eq!(sexagesimal(-0.5, 1), "-00:30:00.0");
        assert_eq!(sexagesimal(9.999_999_999, 1), "+10:00:00.0");
    }
}
