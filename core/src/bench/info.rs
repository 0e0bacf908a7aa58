//! What is told of an exposure and of its stages, in words and numbers.

use serde::Serialize;

use crate::ids::AmpId;
use crate::image::PixelUnit;
use crate::instrument::Instrument;
use crate::mask;
use crate::numerics::stats::{median, median_and_sigma};
use crate::recipe::Step;

use super::chain::Chain;
use super::exposure::Exposure;
use super::image_file::ImageChoice;
use super::kept::{Kept, SkyView};
use super::schema;
use super::settings::Setting;
use super::subject::Subject;
use super::view::stride;

/// One amplifier's part of the detector (pixels).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AmpInfo {
    /// Its number.
    pub amp: u32,
    /// First column.
    pub x0: usize,
    /// First row.
    pub y0: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// Something beside the exposure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CalibrationInfo {
    /// What, such as `master bias`.
    pub what: String,
    /// What was found; nothing if it is missing.
    pub found: Option<String>,
}

/// What an exposure is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExposureInfo {
    /// Name of its file.
    pub name: String,
    /// Name of the camera.
    pub camera: String,
    /// `raw`: it is reduced; `image`: it is looked at.
    pub kind: &'static str,
    /// Number of the detector.
    pub detector: u32,
    /// Band code.
    pub band: Option<String>,
    /// Day of the start (UTC).
    pub start: Option<String>,
    /// Exposure time (s).
    pub exposure_s: Option<f64>,
    /// Its amplifiers.
    pub amps: Vec<AmpInfo>,
    /// Columns of the detector.
    pub width: usize,
    /// Rows of the detector.
    pub height: usize,
    /// Whether the truth is known.
    pub simulated: bool,
    /// Seed of the simulation.
    pub seed: Option<u64>,
    /// What stands beside it, and what is missing.
    pub calibration: Vec<CalibrationInfo>,
    /// The HDU of an image.
    pub hdu: Option<usize>,
    /// The images of its file, of which that HDU is one; none of a raw exposure.
    pub images: Vec<ImageChoice>,
    /// What a person should know of an image, such as why it is not reduced; sentences.
    pub notes: Vec<String>,
}

/// Numbers of an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// Mean of the finite pixels (unit of the image), like all that follow.
    pub mean: f64,
    /// Their median.
    pub median: f64,
    /// 1.4826 MAD.
    pub sigma: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Pixels that are NaN (count).
    pub n_nan: usize,
    /// Pixels with a bit of the mask that makes them bad (count).
    pub n_masked: usize,
    /// All pixels (count).
    pub n_pixels: usize,
}

/// Image minus truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ToTruth {
    /// Median (DN).
    pub median: f64,
    /// `sqrt(median² + (1.4826 MAD)²)` (DN): a root mean square without its outliers.
    pub rms: f64,
}

/// What a stage is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There.
    Ok,
    /// To be made.
    Stale,
    /// Cannot be made of this exposure.
    Skipped,
    /// Switched off.
    Off,
    /// Its step failed.
    Failed,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageInfo {
    /// `raw`, or the step that makes it.
    pub stage: String,
    /// Its name for a person.
    pub title: String,
    /// Unit of its pixels.
    pub unit: String,
    /// What it is now.
    pub state: State,
    /// Why it was skipped or failed.
    pub reason: Option<String>,
    /// Numbers of its image.
    pub stats: Option<Statistics>,
    /// Image minus truth, if the truth is known.
    pub to_truth: Option<ToTruth>,
    /// Defects that its step met.
    pub warnings: Vec<String>,
    /// What its step reports.
    pub report: serde_json::Value,
}

impl Exposure {
    pub(super) fn info(&self, camera: &Instrument) -> crate::Result<ExposureInfo> {
        let visit = self.visit();
        let mut amps = Vec::new();
        for known in &self.layout {
            let place = camera_section(&known.on_detector);
            let (width, height) = (place.1.0, place.1.1);
            amps.push(AmpInfo { amp: known.amp.0, x0: place.0.0, y0: place.0.1, width, height });
        }
        let right = amps.iter().map(|amp| amp.x0 + amp.width).max().unwrap_or(0);
        let top = amps.iter().map(|amp| amp.y0 + amp.height).max().unwrap_or(0);
        Ok(ExposureInfo {
            name: self.files.raw.rsplit('/').next().unwrap_or_default().to_owned(),
            camera: camera.name.clone(),
            kind: "raw",
            detector: visit.detector.0,
            band: visit.band.as_ref().map(ToString::to_string),
            start: Some(visit.mjd.day().to_string()),
            exposure_s: visit.exposure_s,
            amps,
            width: right,
            height: top,
            simulated: !self.files.truth.is_empty(),
            seed: self.files.night.as_ref().map(|night| night.seed),
            calibration: self.calibration(),
            hdu: None,
            images: Vec::new(),
            notes: Vec::new(),
        })
    }

    fn calibration(&self) -> Vec<CalibrationInfo> {
        let mut all = Vec::new();
        for (step, what) in
            [("bias", "master bias"), ("dark", "master dark"), ("flat", "master flat")]
        {
            let found = self.master(step).map(|master| {
                let frames = master.header.integer("NFRAMES").map(|n| format!("{n} frames"));
                frames.or(master.header.text("LAMPS").map(|lamps| format!("lamps {lamps}")))
            });
            let found = found.map(|words| words.unwrap_or_else(|| "given".to_owned()));
            let found = found.or_else(|| self.awaits(step).then(|| "being made".to_owned()));
            if found.is_some() || step != "dark" {
                all.push(CalibrationInfo { what: what.to_owned(), found });
            }
        }
        let wcs = self.amps().filter(|amp| self.has_wcs(*amp)).count();
        let headers = (0 < wcs).then(|| format!("{wcs} amplifiers"));
        all.push(CalibrationInfo { what: "science header with WCS".to_owned(), found: headers });
        let stars = self.catalogue.as_ref().map(|table| format!("{} stars", table.rows()));
        all.push(CalibrationInfo { what: "catalogue".to_owned(), found: stars });
        all
    }
}

/// First column and row, and columns and rows, of a FITS section.
fn camera_section(text: &str) -> ((usize, usize), (usize, usize)) {
    let parsed = crate::formats::fits::FitsSection::parse(text);
    let place = parsed.and_then(crate::formats::fits::FitsSection::place);
    place.map_or(((0, 0), (0, 0)), |(section, _)| {
        let (rows, columns) = section.shape();
        ((section.column_start, section.row_start), (columns, rows))
    })
}

/// Every stage in the order of the settings, with the numbers of its image that are known already.
pub(super) fn stages(subject: &Subject, chain: &Chain, settings: &[Setting]) -> Vec<StageInfo> {
    let first = chain.kept(chain.first);
    let (state, reason) = match (first, &chain.failure) {
        (Some(_), _) => (State::Ok, None),
        (None, Some(failure)) => (State::Failed, Some(failure.clone())),
        (None, None) => (State::Stale, None),
    };
    let mut all = vec![stage((chain.first, state, reason), first)];
    // A step that comes after what failed was not tried.
    let mut failed = state == State::Failed;
    for setting in settings {
        let name = setting.step.as_str();
        let kept = chain.kept(name);
        let step = chain.steps.iter().find(|step| step.name() == name);
        let (state, reason) = match (setting.on, kept, step) {
            (false, ..) => (State::Off, None),
            (true, Some(_), _) => (State::Ok, None),
            (true, None, None) if !subject.files().awaited.is_empty() => (State::Stale, None),
            (true, None, None) => (State::Skipped, subject.missing_for(name)),
            (true, None, Some(_)) if chain.failure.is_some() && !failed => {
                failed = true;
                (State::Failed, chain.failure.clone())
            }
            (true, None, Some(_)) => (State::Stale, None),
        };
        all.push(stage((name, state, reason), kept));
    }
    if let (Some(raw), Some(exposure)) = (all.first_mut(), subject.exposure()) {
        raw.warnings = exposure.warnings.iter().map(|warning| warning.text.clone()).collect();
    }
    all
}

fn stage((name, state, reason): (&str, State, Option<String>), kept: Option<&Kept>) -> StageInfo {
    StageInfo {
        stage: name.to_owned(),
        title: schema::title(name).to_owned(),
        unit: kept.map_or_else(|| "DN".to_owned(), Kept::unit),
        state,
        reason,
        stats: kept.and_then(|kept| kept.statistics.get().copied()),
        to_truth: kept.and_then(|kept| kept.to_truth.get().copied().flatten()),
        warnings: Vec::new(),
        report: kept.map_or(serde_json::Value::Null, |kept| kept.report.clone()),
    }
}

pub(super) fn unit(unit: PixelUnit) -> &'static str {
    match unit {
        PixelUnit::RawDn | PixelUnit::Dn => "DN",
        PixelUnit::Relative => "",
    }
}

/// Takes the numbers of every stage that is there, unless they are known.
pub(super) fn take_numbers(subject: &Subject, chain: &Chain) {
    for (_, kept) in chain.all() {
        kept.statistics.get_or_init(|| statistics(&kept.sky()));
        kept.to_truth.get_or_init(|| to_truth(subject, (chain.amp, &chain.steps), kept));
    }
}

/// Numbers of an image; beyond 262,144 pixels those of a regular grid of them.
fn statistics(view: &SkyView<'_>) -> Statistics {
    let step = stride(view.image.dim());
    let (mut values, mut n_nan, mut n_masked) = (Vec::new(), 0, 0);
    let (mut min, mut max, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    let (rows, columns) = view.image.dim();
    for row in (0..rows).step_by(step) {
        for column in (0..columns).step_by(step) {
            let value = f64::from(view.image[[row, column]]);
            let bits = view.mask.map_or(0, |mask| mask[[row, column]]);
            n_masked += usize::from(bits & mask::BAD != 0);
            if !value.is_finite() {
                n_nan += 1;
                continue;
            }
            (min, max, sum) = (min.min(value), max.max(value), sum + value);
            values.push(value);
        }
    }
    let mean = sum / values.len().max(1) as f64;
    let (median, sigma) = median_and_sigma(&values).unwrap_or((f64::NAN, f64::NAN));
    let share = step * step;
    Statistics {
        mean,
        median,
        sigma,
        min,
        max,
        n_nan: n_nan * share,
        n_masked: n_masked * share,
        n_pixels: view.image.len(),
    }
}

/// Image minus truth over the pixels that are neither bad nor near an injected cosmic ray.
fn to_truth(subject: &Subject, (amp, steps): (AmpId, &[Step]), kept: &Kept) -> Option<ToTruth> {
    let truth = subject.truth_of(amp, kept.stage, steps)?;
    let cosmic = &subject.truth(amp)?.near_cosmic;
    let view = kept.sky();
    if view.image.dim() != truth.dim() {
        return None;
    }
    let (step, (rows, columns)) = (stride(view.image.dim()), truth.dim());
    let mut differences = Vec::new();
    for row in (0..rows).step_by(step) {
        for column in (0..columns).step_by(step) {
            let at = [row, column];
            let bad = view.mask.is_some_and(|mask| mask[at] & mask::BAD != 0) || cosmic[at];
            let difference = f64::from(view.image[at]) - f64::from(truth[at]);
            if !bad && difference.is_finite() {
                differences.push(difference);
            }
        }
    }
    let middle = median(&mut differences)?;
    let mut distances: Vec<f64> = differences.iter().map(|d| (d - middle).abs()).collect();
    let sigma = 1.4826 * median(&mut distances)?;
    Some(ToTruth { median: middle, rms: libm::hypot(middle, sigma) })
}
