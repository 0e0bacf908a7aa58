//! One exposure, and one stack, as calls in order.
//!
//! ```text
//! amplifier:  saturation ▸ overscan ▸ linearity ▸ pocket ▸ variance      (readout order)
//! detector:   assemble ▸ bias ▸ dark ▸ flat ▸ split                      (sky order ▸ stored order)
//! stack:      frames ▸ amplifier steps ▸ assemble ▸ combine              then detector steps
//! ```
//!
//! Everything runs amplifier by amplifier, so that a task holds one of them at a time, and where nobody watches the
//! planes, in bands of rows (`pipeline/bands.rs`).

mod advance;
mod bands;
mod gathered;
mod stack;
mod streamed;

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::ids::AmpId;
use crate::image::{AmpImage, CcdImage, CcdView, PixelUnit, Planes};
use crate::instrument::{EquilibriumCurve, Instrument, Linearity, PocketParams, VisitInfo};
use crate::numerics::stats::{CountingMedian, RADIX_PASSES};
use crate::probe::Probe;
use crate::provenance::StepRecord;
use crate::recipe::Step;
use crate::steps;
use crate::steps::dark::WithoutMaster;
use crate::steps::pocket::{Correction, Model};
use crate::time::Day;

pub use advance::{Underway, advance, detrend, known_of};
pub use stack::{Frames, frame, stack};
pub use streamed::{Rows, Streamed};

/// What the camera knows of one amplifier at one date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AmpCalibration {
    /// Raw level from which a pixel is saturated (DN).
    pub saturation_dn: f64,
    /// Linearity relation.
    pub linearity: Linearity,
    /// Pocket parameters, if the camera has any at that date.
    pub pocket: Option<PocketParams>,
    /// Equilibrium curve of the trap, if the steps ask for that model.
    pub equilibrium: Option<EquilibriumCurve>,
    /// Level (DN) that stays in an image without overscan until the master bias is subtracted.
    pub pedestal_dn: f64,
}

/// The masters of one amplifier's part of the detector.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Masters {
    /// Master bias (DN).
    pub bias: Option<CcdImage>,
    /// Master dark (DN) and the exposure time over its own (a ratio).
    pub dark: Option<(CcdImage, f64)>,
    /// Master flat of the band (relative).
    pub flat: Option<CcdImage>,
    /// Focal-plane level of the band over the level of the flat (a ratio); 1 without one.
    pub scale_ratio: f64,
}

/// The pixels of masters that lie under an image.
struct MastersView<'a> {
    bias: Option<CcdView<'a>>,
    dark: Option<(CcdView<'a>, f64)>,
    flat: Option<CcdView<'a>>,
    scale_ratio: f64,
}

impl Masters {
    /// All pixels of all masters.
    fn view(&self) -> MastersView<'_> {
        MastersView {
            bias: self.bias.as_ref().map(CcdImage::view),
            dark: self.dark.as_ref().map(|(master, ratio)| (master.view(), *ratio)),
            flat: self.flat.as_ref().map(CcdImage::view),
            scale_ratio: self.scale_ratio,
        }
    }
}

/// Where a pipeline writes down what its steps report.
pub struct Log<'a> {
    /// The records so far.
    pub records: &'a mut Vec<StepRecord>,
    /// Who watches.
    pub probe: &'a mut dyn Probe,
}

impl Log<'_> {
    fn note(&mut self, amp: AmpId, step: &str, report: impl Serialize) {
        let report = serde_json::to_value(report).unwrap_or(serde_json::Value::Null);
        self.records.push(StepRecord { amp: amp.0, step: step.to_owned(), report });
    }

    fn after(&mut self, step: &str, planes: &Planes) -> Result<()> {
        match self.probe.after(step, planes) {
            std::ops::ControlFlow::Continue(()) => Ok(()),
            std::ops::ControlFlow::Break(()) => Err(Error::Stopped { step: step.to_owned() }),
        }
    }
}

/// What `camera` knows of an amplifier at the date of a visit, as far as `steps` need it.
///
/// # Errors
/// [`Error::Calibration`] if a table of the camera lacks the amplifier.
pub fn calibration(
    camera: &Instrument,
    visit: &VisitInfo,
    amp: AmpId,
    steps: &[Step],
) -> Result<AmpCalibration> {
    let (detector, mut as_of, mut equilibrium) = (visit.detector, visit.mjd, None);
    for step in steps {
        match step {
            Step::Linearity(p) => as_of = p.as_of.map_or(visit.mjd, Day::mjd),
            Step::Pocket(p) if p.model == Model::Equilibrium => {
                let temperature = visit.temperature_k;
                equilibrium = Some(camera.equilibrium(detector, amp, visit.mjd, temperature)?);
            }
            _ => {}
        }
    }
    Ok(AmpCalibration {
        saturation_dn: camera.electronics_of(amp).saturation_dn,
        linearity: camera.linearity(detector, amp, as_of)?,
        pocket: camera.pocket(detector, amp, visit.mjd)?,
        equilibrium,
        pedestal_dn: 0.0,
    })
}

/// Runs the steps of an amplifier.
///
/// # Errors
/// The first error of a step, or [`Error::Stopped`].
pub fn correct_amplifier(
    amp: &mut AmpImage,
    steps: &[Step],
    calibration: &AmpCalibration,
    log: &mut Log<'_>,
) -> Result<()> {
    for step in steps {
        let report = correct_amplifier_once(amp, step, calibration, log.probe)?;
        log.note(amp.amp, step.name(), report);
        log.after(step.name(), &amp.planes)?;
    }
    Ok(())
}

/// Runs one step of an amplifier; its report.
fn correct_amplifier_once(
    amp: &mut AmpImage,
    step: &Step,
    calibration: &AmpCalibration,
    probe: &mut dyn Probe,
) -> Result<Value> {
    Ok(match step {
        Step::Saturation(p) => {
            reported(steps::saturation::flag(amp, p, calibration.saturation_dn)?)
        }
        // Without overscan the master bias takes the whole level, and this step nothing.
        Step::Overscan(_) if amp.geometry.overscan.is_none() => {
            amp.unit = PixelUnit::Dn;
            not_applied()
        }
        Step::Overscan(p) => reported(steps::overscan::subtract(amp, p, probe)?),
        Step::Linearity(p) => {
            reported(steps::linearity::linearize(amp, p, &calibration.linearity)?)
        }
        Step::Pocket(p) if p.model == Model::Equilibrium => {
            let curve = calibration.equilibrium.as_ref().ok_or_else(|| Error::Calibration {
                role: "equilibrium curve of the trap (pocket)".to_owned(),
                asked: format!("amplifier {}", amp.amp),
                nearest: "none was looked up; ask for the calibration with these steps".to_owned(),
            })?;
            reported(steps::pocket::equilibrium::correct(amp, curve)?)
        }
        Step::Pocket(p) => match in_pieces(amp, p, calibration)? {
            Some(mut correction) => {
                correction.rows(amp, usize::MAX);
                reported(correction.finish(amp))
            }
            None => not_applied(),
        },
        Step::Variance(p) => {
            let pedestal = calibration.pedestal_dn;
            reported(steps::variance::add_photon_noise_above(amp, p, pedestal)?)
        }
        Step::Assemble | Step::Bias | Step::Dark(_) | Step::Flat(_) | Step::Split => {
            return Err(misplaced(step, "after assemble"));
        }
    })
}

fn reported(report: impl Serialize) -> Value {
    serde_json::to_value(report).unwrap_or(Value::Null)
}

fn not_applied() -> Value {
    serde_json::json!({ "applied": false })
}

/// The pocket step in pieces; none for a model that is not, and for a camera without such an effect
/// at that date, which needs no correction of it.
///
/// # Errors
/// Those of [`Correction::new`].
pub fn in_pieces(
    amp: &AmpImage,
    params: &steps::pocket::Params,
    calibration: &AmpCalibration,
) -> Result<Option<Correction>> {
    let trap = params.trap.or(calibration.pocket).filter(|_| params.model != Model::Equilibrium);
    trap.map(|trap| Correction::new(amp, params, &trap)).transpose()
}

/// Runs the steps of the detector up to `split`.
///
/// # Errors
/// The first error of a step, [`Error::Calibration`] if a master is missing, or [`Error::Stopped`].
pub fn correct_detector(
    ccd: &mut CcdImage,
    steps: &[Step],
    masters: &Masters,
    log: &mut Log<'_>,
) -> Result<()> {
    let (amp, masters) = (ccd.amps.first().map_or(AmpId(0), |part| part.amp), masters.view());
    for step in steps.iter().filter(|step| **step != Step::Split) {
        let report = correct_detector_once(ccd, step, &masters)?;
        log.note(amp, step.name(), report);
        log.after(step.name(), &ccd.planes)?;
    }
    Ok(())
}

/// Runs one step of the detector; its report.
fn correct_detector_once(
    ccd: &mut CcdImage,
    step: &Step,
    masters: &MastersView<'_>,
) -> Result<Value> {
    Ok(match step {
        Step::Bias => {
            let master = masters.bias.as_ref().ok_or_else(|| missing("master bias", ccd))?;
            reported(steps::bias::subtract(ccd, master)?)
        }
        Step::Dark(p) => match &masters.dark {
            Some((master, ratio)) => {
                reported(steps::dark::subtract(ccd, master, *ratio, masters.bias.as_ref())?)
            }
            None if p.without_master == WithoutMaster::Leave => not_applied(),
            None => return Err(missing("master dark", ccd)),
        },
        Step::Flat(p) => {
            let flat = masters.flat.as_ref().ok_or_else(|| missing("master flat", ccd))?;
            reported(steps::flat::divide(ccd, p, flat, masters.scale_ratio)?)
        }
        _ => return Err(misplaced(step, "before assemble")),
    })
}

/// The level (DN) that a master bias takes from an image without overscan: its median, 0 if it has
/// no value at all.
pub fn pedestal_dn(bias: &CcdImage) -> f64 {
    let mut median = CountingMedian::new();
    for pass in 0..RADIX_PASSES {
        if pass == 1 {
            median.begin_second_pass();
        }
        median.offer(bias.planes.image.iter().copied());
    }
    median.finish().filter(|level| level.is_finite()).unwrap_or(0.0)
}

fn missing(role: &str, ccd: &CcdImage) -> Error {
    Error::Calibration {
        role: role.to_owned(),
        asked: format!("detector {}", ccd.detector),
        nearest: "none was given; give one, or a recipe without the step".to_owned(),
    }
}

fn misplaced(step: &Step, needed: &str) -> Error {
    Error::parameter("recipe", format!("{} there", step.name()), format!("it {needed}"))
}

#[cfg(test)]
mod bands_tests;
#[cfg(test)]
mod parity_tests;
