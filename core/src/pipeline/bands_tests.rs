//! Bands of rows against the steps on the whole image, bit for bit, reports included.

use ndarray::Array2;

use super::{AmpCalibration, Frames, Log, Masters, bands, detrend, stack};
use crate::error::Result;
use crate::geometry::{AmpGeometry, Flip, Section};
use crate::ids::{AmpId, DetectorId};
use crate::image::{CcdImage, PixelUnit, Planes, RawAmp};
use crate::instrument::{Instrument, Linearity, PocketParams};
use crate::mask;
use crate::probe::Probe;
use crate::provenance::StepRecord;
use crate::recipe::{BUILT_IN, Recipe, Stage, Step};
use crate::stack::combine;

const TRAP: PocketParams = PocketParams { alpha: 1.4, cmax: 420.0, beta: 0.45, nmax: 120_000.0 };

/// Looks at the planes, so that every step gets the whole image.
struct Watcher;

impl Probe for Watcher {
    fn watches_planes(&self) -> bool {
        true
    }
}

/// Light, an overscan that slopes and whose first columns hold charge, a full and a missing pixel.
fn raw(rows: usize, flips: (Flip, Flip), overscan: bool) -> RawAmp {
    let (lit, dark) = (40, if overscan { 30 } else { 0 });
    let mut image = Array2::from_shape_fn((rows, lit + dark), |(row, column)| {
        let noise = ((row * 7919 + column * 104_729) % 1013) as f32 / 100.0;
        let star = if (row % 11, column % 13) == (5, 6) { 20_000.0 } else { 0.0 };
        let light = if column < lit { 300.0 + star } else { 20.0 / (1 + column - lit) as f32 };
        let odd = if row == 9 { 60.0 } else { 0.0 };
        1000.0 + 0.3 * row as f32 + light + noise + odd
    });
    image[[rows / 2, 3]] = 65_000.0;
    image[[rows - 1, 4]] = f32::NAN;
    let imaging = Section::at((0, 0), (rows, lit));
    RawAmp {
        image,
        amp: AmpId(2),
        geometry: AmpGeometry {
            imaging,
            overscan: overscan.then(|| Section::at((0, lit), (rows, dark))),
            readout_from_stored: flips.0,
            sky_from_stored: flips.1,
            on_detector: Section::at((50, 7), (rows, lit)),
        },
        gain: 6.2,
        read_noise: 10.0,
        quantum: (0..rows).map(|row| 0.1 + 0.01 * row as f64).collect(),
    }
}

fn master(raw: &RawAmp, level: f32, unit: PixelUnit) -> CcdImage {
    let shape = raw.geometry.imaging.shape();
    let image = Array2::from_shape_fn(shape, |(row, column)| {
        if (row, column) == (3, 3) { f32::NAN } else { level + 0.001 * (row + 2 * column) as f32 }
    });
    let variance = image.mapv(|pixel| 0.01 * pixel * pixel);
    let bits = Array2::from_shape_fn(shape, |(row, _)| if row == 7 { mask::FEW_FRAMES } else { 0 });
    CcdImage {
        planes: Planes::new(image, variance, bits).unwrap(),
        unit,
        detector: DetectorId(3),
        amps: Vec::new(),
        on_detector: raw.geometry.on_detector,
    }
}

fn masters(raw: &RawAmp) -> Masters {
    Masters {
        bias: Some(master(raw, 2.0, PixelUnit::Dn)),
        dark: Some((master(raw, 0.5, PixelUnit::Dn), 0.7)),
        flat: Some(master(raw, 0.9, PixelUnit::Relative)),
        scale_ratio: 1.1,
    }
}

const KNOWN: AmpCalibration = AmpCalibration {
    saturation_dn: 60_000.0,
    linearity: Linearity::Rational { a: -1.4e-11, b: 8e-7 },
    pocket: Some(TRAP),
    equilibrium: None,
    pedestal_dn: 0.0,
};

fn bits(planes: &Planes) -> Vec<u32> {
    let real = planes.image.iter().chain(&planes.variance).map(|pixel| pixel.to_bits());
    real.chain(planes.mask.iter().copied()).collect()
}

/// The steps of every built-in recipe of the survey camera.
fn recipes(stage: Stage) -> Vec<(String, Vec<Step>)> {
    let camera = Instrument::built_in("ztf").unwrap();
    let of = |name: &&str| Recipe::built_in(name, &camera).unwrap().steps(stage).to_vec();
    BUILT_IN.iter().map(|(name, _)| ((*name).to_owned(), of(name))).collect()
}

const FLIPS: [Flip; 4] = [
    Flip::NONE,
    Flip { rows: true, columns: false },
    Flip { rows: false, columns: true },
    Flip { rows: true, columns: true },
];

fn done<T>(probe: &mut dyn Probe, act: impl FnOnce(&mut Log<'_>) -> T) -> (T, Vec<StepRecord>) {
    let mut records = Vec::new();
    let image = act(&mut Log { records: &mut records, probe });
    (image, records)
}

#[test]
fn a_science_image_in_bands_is_the_one_of_whole_steps() {
    for (name, steps) in recipes(Stage::Science) {
        for (rows, flip, overscan) in [1, 16, 33]
            .into_iter()
            .flat_map(|rows| FLIPS.map(|flip| (rows, flip, true)))
            .chain([(21, FLIPS[1], false)])
        {
            let raw = raw(rows.max(10), (flip, FLIPS[rows % 4]), overscan);
            let apart = steps.split_last().unwrap().1;
            assert!(bands::possible(&raw, apart, &()), "{name}");
            let (masters, detector) = (masters(&raw), DetectorId(3));
            let given = (&KNOWN, &masters);
            let (bands, told) =
                done(&mut (), |log| detrend(&raw, detector, &steps, given, log).unwrap());
            let (whole, records) =
                done(&mut Watcher, |log| detrend(&raw, detector, &steps, given, log).unwrap());
            assert_eq!(bits(&bands.planes), bits(&whole.planes), "{name}, {rows} rows, {flip:?}");
            assert_eq!((bands.unit, bands.amp), (whole.unit, whole.amp));
            assert_eq!(told, records, "{name}");
        }
    }
}

/// Frames of a stack, each a bit brighter than the one before.
struct Brighter(RawAmp);

impl Frames for Brighter {
    fn count(&self) -> usize {
        5
    }

    fn load(&mut self, index: usize) -> Result<(RawAmp, AmpCalibration)> {
        let mut raw = self.0.clone();
        raw.image.mapv_inplace(|pixel| pixel + index as f32);
        Ok((raw, KNOWN))
    }

    fn masters(&mut self) -> Result<Masters> {
        Ok(masters(&self.0))
    }
}

#[test]
fn a_stack_of_frames_in_bands_is_the_one_of_whole_steps() {
    let camera = Instrument::built_in("ztf").unwrap();
    for (name, stage) in BUILT_IN
        .iter()
        .flat_map(|(name, _)| [Stage::Bias, Stage::Dark, Stage::Flat].map(|stage| (*name, stage)))
    {
        let recipe = Recipe::built_in(name, &camera).unwrap();
        let steps = recipe.steps(stage);
        if steps.is_empty() {
            continue;
        }
        let params: combine::Params = recipe.flat_master;
        for flip in FLIPS {
            let mut frames = Brighter(raw(33, (flip, FLIPS[1]), true));
            let mut stacked = |probe: &mut dyn Probe| {
                done(probe, |log| stack(&mut frames, DetectorId(3), (steps, &params), log).unwrap())
            };
            let ((bands, told), (whole, records)) = (stacked(&mut ()), stacked(&mut Watcher));
            assert_eq!(bits(&bands.planes), bits(&whole.planes), "{name}, {stage:?}, {flip:?}");
            assert_eq!((bands.amps, bands.on_detector), (whole.amps, whole.on_detector));
            assert_eq!(told, records, "{name}, {stage:?}");
        }
    }
}
