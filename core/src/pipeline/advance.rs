//! One amplifier of one exposure through its steps, one at a time or all in a row.

use super::bands::{self, Course};
use super::gathered::Gathered;
use super::{
    AmpCalibration, Log, Masters, correct_amplifier, correct_detector, misplaced, pedestal_dn,
};
use crate::error::{Error, Result};
use crate::geometry::AmpGeometry;
use crate::header::Header;
use crate::ids::DetectorId;
use crate::image::{AmpImage, CcdImage, PixelUnit, Planes, RawAmp, ScienceImage};
use crate::recipe::Step;
use crate::steps;

/// One amplifier's image on its way from raw to science image.
#[derive(Debug, Clone, PartialEq)]
pub enum Underway {
    /// Before `assemble`: readout order, overscan attached.
    Amplifier(AmpImage),
    /// After it: sky order.
    Detector(CcdImage),
    /// After `split`: stored order.
    Science(ScienceImage),
}

impl Underway {
    /// The pixels as they are now.
    pub fn planes(&self) -> &Planes {
        match self {
            Underway::Amplifier(image) => &image.planes,
            Underway::Detector(image) => &image.planes,
            Underway::Science(image) => &image.planes,
        }
    }

    /// The same pixels, to be moved out or put in.
    pub fn planes_mut(&mut self) -> &mut Planes {
        match self {
            Underway::Amplifier(image) => &mut image.planes,
            Underway::Detector(image) => &mut image.planes,
            Underway::Science(image) => &mut image.planes,
        }
    }

    /// What they count.
    pub fn unit(&self) -> PixelUnit {
        match self {
            Underway::Amplifier(image) => image.unit,
            Underway::Detector(image) => image.unit,
            Underway::Science(image) => image.unit,
        }
    }
}

/// What the camera and the masters know of an amplifier that goes through the steps: a level that
/// stays in an image without overscan is that of the master bias.
pub fn known_of(
    geometry: &AmpGeometry,
    calibration: &AmpCalibration,
    masters: &Masters,
) -> AmpCalibration {
    let mut known = *calibration;
    if let (Some(bias), None) = (&masters.bias, geometry.overscan) {
        known.pedestal_dn = pedestal_dn(bias);
    }
    known
}

/// Takes an amplifier's image through one step.
///
/// # Errors
/// Those of the step, or [`Error::Parameter`] if it cannot stand there.
pub fn advance(
    image: Underway,
    (step, detector): (&Step, DetectorId),
    (known, masters): (&AmpCalibration, &Masters),
    log: &mut Log<'_>,
) -> Result<Underway> {
    match (image, step) {
        (Underway::Amplifier(amp), Step::Assemble) => {
            let ccd = steps::assemble::assemble(vec![amp], detector)?;
            log.after(step.name(), &ccd.planes)?;
            Ok(Underway::Detector(ccd))
        }
        (Underway::Amplifier(mut amp), step) => {
            correct_amplifier(&mut amp, std::slice::from_ref(step), known, log)?;
            Ok(Underway::Amplifier(amp))
        }
        (Underway::Detector(ccd), Step::Split) => {
            Ok(Underway::Science(only(steps::split::split(ccd)?)?))
        }
        (Underway::Detector(mut ccd), step) => {
            correct_detector(&mut ccd, std::slice::from_ref(step), masters, log)?;
            Ok(Underway::Detector(ccd))
        }
        (Underway::Science(_), step) => Err(misplaced(step, "before split")),
    }
}

/// One amplifier from raw to science image, with an empty header.
///
/// # Errors
/// The first error of a step.
pub fn detrend(
    raw: &RawAmp,
    detector: DetectorId,
    steps: &[Step],
    (calibration, masters): (&AmpCalibration, &Masters),
    log: &mut Log<'_>,
) -> Result<ScienceImage> {
    let known = known_of(&raw.geometry, calibration, masters);
    if let Some((Step::Split, steps)) = steps.split_last()
        && bands::possible(raw, steps, log.probe)
    {
        return in_bands(raw, Course { steps, known: &known, masters, detector }, log);
    }
    let mut image = Underway::Amplifier(raw.clone().into_image());
    for step in steps {
        image = advance(image, (step, detector), (&known, masters), log)?;
    }
    match image {
        Underway::Science(image) => Ok(image),
        _ => Err(Error::input("detrend", "steps", "no split", "split as the last one")),
    }
}

/// The same in bands of rows, each of which is split as a detector of its own.
fn in_bands(raw: &RawAmp, course: Course<'_>, log: &mut Log<'_>) -> Result<ScienceImage> {
    let mut whole = Gathered::new(raw.geometry.imaging.shape());
    let backwards = raw.geometry.readout_from_stored.rows;
    bands::run(raw, course, backwards, log, &mut |ccd| {
        let image = only(steps::split::split(ccd)?)?;
        whole.take(&image.planes);
        Ok(())
    })?;
    let (planes, unit) = (whole.planes()?, PixelUnit::Dn);
    let (amp, detector) = (raw.amp, course.detector);
    Ok(ScienceImage { planes, unit, detector, amp, header: Header::new() })
}

fn only(mut images: Vec<ScienceImage>) -> Result<ScienceImage> {
    images.pop().ok_or_else(|| Error::input("split", "images", 0, 1))
}
