//! Stack: one amplifier's frames to the image that becomes a master.
//!
//! Amplifier steps and `assemble` run on each frame; then `combine`; then the steps of the detector.
//! Those are linear, so that they are done once, on the stack. Where a recipe adds in 32 bits
//! ([`Precision::F32`]), as packages do that subtract the masters first, the pixels come from frames of which
//! each went through the steps of the detector; variance, mask and reports are the same in both ways.

use ndarray::Array2;

use super::bands::{self, Course};
use super::gathered::Gathered;
use super::{AmpCalibration, Log, Masters, correct_amplifier, correct_detector};
use crate::error::{Error, Result};
use crate::ids::{AmpId, DetectorId};
use crate::image::{AmpPart, CANONICAL_NAN, CcdImage, PixelUnit, RawAmp, run, run_mut};
use crate::mask;
use crate::numerics::precision::Precision;
use crate::recipe::{Step, at_assemble};
use crate::stack::combine::{self, combine};
use crate::steps;

/// Pixels that do not enter a stack.
const NOT_STACKED: u32 = mask::SATURATED | mask::NO_DATA | mask::NONLINEAR;

/// Frames of a stack, loaded one after the other.
pub trait Frames {
    /// How many there are.
    fn count(&self) -> usize;

    /// Loads one amplifier of a frame with what the camera knows of it.
    ///
    /// # Errors
    /// Whatever keeps the frame from being read.
    fn load(&mut self, index: usize) -> Result<(RawAmp, AmpCalibration)>;

    /// Loads the masters that the steps after `assemble` need, at the latest moment.
    ///
    /// # Errors
    /// Whatever keeps a master from being read.
    fn masters(&mut self) -> Result<Masters>;
}

/// One amplifier's frames to their stack (DN): amplifier steps and `assemble` on each frame, then
/// `combine`, then the steps of the detector.
///
/// # Errors
/// The first error of a frame or step.
pub fn stack(
    frames: &mut dyn Frames,
    detector: DetectorId,
    (steps, params): (&[Step], &combine::Params),
    log: &mut Log<'_>,
) -> Result<CcdImage> {
    let detector_steps = at_assemble(steps).1;
    let each = match params.sums {
        Precision::F32 => Some(frames.masters()?),
        Precision::F64 => None,
    };
    let mut kept = Kept::default();
    for index in 0..frames.count() {
        let (raw, calibration) = frames.load(index)?;
        drop(kept.last.take());
        let ccd = assembled(raw, detector, (steps, &calibration), log)?;
        let image = match &each {
            Some(masters) => Some(corrected_image(&ccd, detector_steps, masters)?),
            None => None,
        };
        kept.take(ccd, image)?;
    }
    let (mut ccd, images) = kept.finish()?;
    let variance = std::mem::take(&mut ccd.planes.variance);
    let (planes, report) = combine(&images, variance, params)?;
    drop(images);
    let amp = ccd.amps.first().map_or(AmpId(0), |part| part.amp);
    log.note(amp, "combine", report);
    ccd.planes = planes;
    log.after("combine", &ccd.planes)?;
    let Some(masters) = each else {
        correct_detector(&mut ccd, detector_steps, &frames.masters()?, log)?;
        return Ok(ccd);
    };
    let image = ccd.planes.image.clone();
    correct_detector(&mut ccd, detector_steps, &masters, log)?;
    ccd.planes.image = image;
    Ok(ccd)
}

/// One amplifier of a frame as it enters a stack that adds in 64 bits: the amplifier steps and `assemble`
/// of `steps`, a NaN where a pixel does not count.
///
/// # Errors
/// The first error of a step.
pub fn frame(
    raw: RawAmp,
    detector: DetectorId,
    known: (&[Step], &AmpCalibration),
) -> Result<CcdImage> {
    let mut log = Log { records: &mut Vec::new(), probe: &mut () };
    let mut ccd = assembled(raw, detector, known, &mut log)?;
    ccd.planes.image = without_masked(ccd.planes.image, &ccd.planes.mask);
    Ok(ccd)
}

fn assembled(
    raw: RawAmp,
    detector: DetectorId,
    (steps, known): (&[Step], &AmpCalibration),
    log: &mut Log<'_>,
) -> Result<CcdImage> {
    let (before, after) = at_assemble(steps);
    let steps = steps.get(..steps.len() - after.len()).unwrap_or_default();
    if bands::possible(&raw, steps, log.probe) {
        let masters = &Masters::default();
        return in_bands(&raw, Course { steps, known, masters, detector }, log);
    }
    let mut amp = raw.into_image();
    correct_amplifier(&mut amp, before, known, log)?;
    steps::assemble::assemble(vec![amp], detector)
}

/// The same in bands of rows.
fn in_bands(raw: &RawAmp, course: Course<'_>, log: &mut Log<'_>) -> Result<CcdImage> {
    let geometry = raw.geometry;
    let mut whole = Gathered::new(geometry.imaging.shape());
    let backwards = geometry.sky_from_readout().rows;
    bands::run(raw, course, backwards, log, &mut |ccd| {
        whole.take(&ccd.planes);
        Ok(())
    })?;
    Ok(CcdImage {
        planes: whole.planes()?,
        unit: PixelUnit::Dn,
        detector: course.detector,
        amps: vec![AmpPart { amp: raw.amp, geometry, gain: raw.gain, read_noise: raw.read_noise }],
        on_detector: geometry.on_detector,
    })
}

/// The pixels of `ccd` after the steps of the detector, without reports.
fn corrected_image(ccd: &CcdImage, steps: &[Step], masters: &Masters) -> Result<Array2<f32>> {
    let mut ccd = ccd.clone();
    let mut log = Log { records: &mut Vec::new(), probe: &mut () };
    correct_detector(&mut ccd, steps, masters, &mut log)?;
    Ok(ccd.planes.image)
}

/// What is kept of the frames: their pixels, the sum of their variances, and the last one's frame.
#[derive(Default)]
pub(super) struct Kept {
    images: Vec<Array2<f32>>,
    variance_sum: Option<Array2<f32>>,
    last: Option<CcdImage>,
}

impl Kept {
    /// Takes the pixels of `ccd`, or `image` in their place.
    pub(super) fn take(&mut self, mut ccd: CcdImage, image: Option<Array2<f32>>) -> Result<()> {
        let image = image.unwrap_or_else(|| std::mem::take(&mut ccd.planes.image));
        self.images.push(without_masked(image, &ccd.planes.mask));
        match &mut self.variance_sum {
            None => self.variance_sum = Some(std::mem::take(&mut ccd.planes.variance)),
            Some(sum) if sum.dim() == ccd.planes.variance.dim() => {
                let more = run(&ccd.planes.variance);
                run_mut(sum).iter_mut().zip(more.iter()).for_each(|(sum, more)| *sum += more);
            }
            Some(sum) => {
                let (found, needed) = (ccd.planes.variance.dim(), sum.dim());
                let (found, needed) = (format!("{found:?}"), format!("{needed:?}"));
                return Err(Error::input("stack", "shape of a frame", found, needed));
            }
        }
        self.last = Some(ccd);
        Ok(())
    }

    /// The last frame with the mean variance of all, and all images.
    pub(super) fn finish(self) -> Result<(CcdImage, Vec<Array2<f32>>)> {
        let none = || Error::input("stack", "frames", 0, "at least one");
        let (mut ccd, mut variance) =
            (self.last.ok_or_else(none)?, self.variance_sum.ok_or_else(none)?);
        variance /= self.images.len() as f32;
        ccd.planes.variance = variance;
        Ok((ccd, self.images))
    }
}

fn without_masked(mut image: Array2<f32>, bits: &Array2<u32>) -> Array2<f32> {
    for (pixel, bits) in run_mut(&mut image).iter_mut().zip(run(bits).iter()) {
        *pixel = if bits & NOT_STACKED == 0 { *pixel } else { CANONICAL_NAN };
    }
    image
}
