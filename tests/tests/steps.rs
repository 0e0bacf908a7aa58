//! What every step promises: it succeeds, or its input is as it was; and a probe changes nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;

use rawsky_core::Result;
use rawsky_core::geometry::{AmpGeometry, Flip, Section};
use rawsky_core::ids::{AmpId, DetectorId};
use rawsky_core::image::{AmpImage, CcdImage, PixelUnit, Planes};
use rawsky_core::instrument::{Linearity, PocketParams};
use rawsky_core::steps::{
    assemble, bias, dark, flat, linearity, overscan, pocket, saturation, split, variance,
};
use rawsky_tests::probe::Recorder;
use rawsky_tests::sources;

/// A call that must fail: the step, what is wrong, how the input is prepared, the call.
type Case<T> = (&'static str, &'static str, fn(&mut T), fn(&mut T) -> Result<()>);

/// Steps that take their input by value: there is nothing left to be changed by halves.
const BY_VALUE: [&str; 2] = ["assemble", "split"];

/// Wrong calls of the steps on an amplifier in raw DN.
const ON_AMPLIFIERS: &[Case<AmpImage>] = &[
    ("saturation", "a level that is no number", as_it_is, |amp| {
        let params = saturation::Params { level_dn: Some(f64::NAN) };
        saturation::flag(amp, &params, 6e4).map(drop)
    }),
    ("saturation", "a unit of later steps", in_dn, |amp| {
        saturation::flag(amp, &saturation::Params::default(), 6e4).map(drop)
    }),
    ("overscan", "columns beyond the section", as_it_is, |amp| {
        let columns = overscan::Columns::Range(2, 4);
        let params = overscan::Params { columns, ..overscan_params(2, 1) };
        overscan::subtract(amp, &params, &mut ()).map(drop)
    }),
    ("overscan", "more terms than rows", as_it_is, |amp| {
        overscan::subtract(amp, &overscan_params(2, 40), &mut ()).map(drop)
    }),
    (
        "overscan",
        "no overscan section",
        |amp| amp.geometry.overscan = None,
        |amp| overscan::subtract(amp, &overscan_params(2, 1), &mut ()).map(drop),
    ),
    (
        "overscan",
        "no level in any row",
        |amp| amp.planes.image.fill(f32::NAN),
        |amp| overscan::subtract(amp, &overscan_params(2, 1), &mut ()).map(drop),
    ),
    ("linearity", "an image with its pedestal", as_it_is, |amp| {
        linearity::linearize(amp, &linearity::Params::default(), &CURVE).map(drop)
    }),
    ("pocket", "an image with its pedestal", as_it_is, |amp| {
        pocket::correct(amp, &pocket::Params::default(), &TRAP).map(drop)
    }),
    ("pocket", "no iteration at all", in_dn, |amp| {
        pocket::correct(amp, &pocket::Params { iterations: 0, ..Default::default() }, &TRAP)
            .map(drop)
    }),
    ("pocket", "a trap that is no number", in_dn, |amp| {
        let trap = PocketParams { alpha: f64::NAN, ..TRAP };
        pocket::correct(amp, &pocket::Params::default(), &trap).map(drop)
    }),
    ("variance", "an image with its pedestal", as_it_is, |amp| {
        variance::add_photon_noise(amp, &variance::Params::default()).map(drop)
    }),
    ("variance", "a gain of zero", in_dn, |amp| {
        let params = variance::Params { gain_electron_per_dn: Some(0.0) };
        variance::add_photon_noise(amp, &params).map(drop)
    }),
];

/// Wrong calls of the steps on a detector in DN.
const ON_DETECTORS: &[Case<CcdImage>] = &[
    ("bias", "a master of another detector", as_it_is, |ccd| {
        let master = CcdImage { detector: DetectorId(2), ..ccd.clone() };
        bias::subtract(ccd, &master.view()).map(drop)
    }),
    ("bias", "a master of another size", as_it_is, |ccd| {
        let planes = Planes::from_image(ndarray::Array2::ones((2, 2)));
        bias::subtract(ccd, &CcdImage { planes, ..ccd.clone() }.view()).map(drop)
    }),
    ("bias", "a flat for a master", as_it_is, |ccd| {
        let master = CcdImage { unit: PixelUnit::Relative, ..ccd.clone() };
        bias::subtract(ccd, &master.view()).map(drop)
    }),
    ("dark", "a master of another detector", as_it_is, |ccd| {
        let master = CcdImage { detector: DetectorId(2), ..ccd.clone() };
        dark::subtract(ccd, &master.view(), 1.0, None).map(drop)
    }),
    ("dark", "a time that is no number", as_it_is, |ccd| {
        dark::subtract(ccd, &ccd.clone().view(), f64::NAN, None).map(drop)
    }),
    ("flat", "a bias for a flat", as_it_is, |ccd| {
        flat::divide(ccd, &flat::Params::default(), &ccd.clone().view(), 1.0).map(drop)
    }),
    ("flat", "a level of zero", as_it_is, |ccd| {
        let master = CcdImage { unit: PixelUnit::Relative, ..ccd.clone() };
        flat::divide(ccd, &flat::Params::default(), &master.view(), 0.0).map(drop)
    }),
];

fn as_it_is<T>(_input: &mut T) {}

fn in_dn(amp: &mut AmpImage) {
    amp.unit = PixelUnit::Dn;
}

const TRAP: PocketParams = PocketParams { alpha: 0.5, cmax: 30.0, beta: 0.6, nmax: 5e4 };
const CURVE: Linearity = Linearity::Rational { a: 1e-11, b: -2e-7 };

fn overscan_params(last: usize, terms: usize) -> overscan::Params {
    overscan::Params {
        columns: overscan::Columns::Last(last),
        terms,
        clip_sigma: 3.0,
        row: overscan::RowLevel::Mean,
        clip_about: overscan::ClipAbout::Model,
        fit: overscan::Fit::LeastSquares,
        rows: overscan::Rows::Aligned,
    }
}

/// An amplifier of 6 x 4 imaging pixels and 3 overscan columns, no two pixels alike.
fn amplifier() -> AmpImage {
    let shape = (6, 7);
    let image = ndarray::Array2::from_shape_fn(shape, |(row, column)| {
        if column < 4 { 1500.0 + (7 * row + column) as f32 } else { 1000.0 + row as f32 }
    });
    AmpImage {
        planes: Planes::from_image(image),
        unit: PixelUnit::RawDn,
        amp: AmpId(1),
        geometry: AmpGeometry {
            imaging: Section::at((0, 0), (6, 4)),
            overscan: Some(Section::at((0, 4), (6, 3))),
            readout_from_stored: Flip { rows: false, columns: true },
            sky_from_stored: Flip { rows: true, columns: true },
            on_detector: Section::at((0, 0), (6, 4)),
        },
        gain: 2.0,
        read_noise: 4.0,
        quantum: vec![1.0; 6],
        zero: None,
    }
}

fn detector() -> CcdImage {
    let amp = AmpImage { unit: PixelUnit::Dn, ..amplifier() };
    assemble::assemble(vec![amp], DetectorId(1)).unwrap()
}

/// All bits of planes, so that NaN equals itself.
fn bits(planes: &Planes) -> Vec<u32> {
    let real = planes.image.iter().chain(&planes.variance).map(|pixel| pixel.to_bits());
    real.chain(planes.mask.iter().copied()).collect()
}

/// Makes the wrong calls of `cases` and compares what `state` tells of the input before and after.
fn assert_unchanged<T, S: PartialEq + std::fmt::Debug>(
    cases: &[Case<T>],
    input: fn() -> T,
    state: fn(&T) -> S,
) {
    for (step, what, prepare, call) in cases {
        let mut input = input();
        prepare(&mut input);
        let before = state(&input);
        assert!(call(&mut input).is_err(), "{step} took {what}");
        assert_eq!(state(&input), before, "{step}, given {what}, changed its input");
    }
}

#[test]
fn a_step_that_fails_leaves_its_amplifier_as_it_was() {
    let state = |amp: &AmpImage| (bits(&amp.planes), amp.unit, amp.geometry, amp.quantum.clone());
    assert_unchanged(ON_AMPLIFIERS, amplifier, state);
}

#[test]
fn a_step_that_fails_leaves_its_detector_as_it_was() {
    let state = |ccd: &CcdImage| (bits(&ccd.planes), ccd.unit, ccd.on_detector);
    assert_unchanged(ON_DETECTORS, detector, state);
}

#[test]
#[should_panic(expected = "changed its input")]
fn a_step_that_fails_halfway_is_found() {
    let half: &[Case<AmpImage>] = &[("half", "anything", as_it_is, |amp| {
        amp.planes.mask[[5, 6]] = 1;
        Err(rawsky_core::Error::input("half", "anything", 1, 2))
    })];
    assert_unchanged(half, amplifier, |amp| bits(&amp.planes));
}

#[test]
fn no_step_is_forgotten_here() {
    let amplifiers = ON_AMPLIFIERS.iter().map(|(step, ..)| *step);
    let detectors = ON_DETECTORS.iter().map(|(step, ..)| *step);
    let known: BTreeSet<&str> = amplifiers.chain(detectors).chain(BY_VALUE).collect();
    let files = sources::files("rs").unwrap();
    let steps = files.iter().filter_map(|path| {
        let name = path.strip_prefix("core/src/steps/")?.strip_suffix(".rs")?;
        (!name.contains('/') && !["mod", "fixture"].contains(&name)).then_some(name)
    });
    let missing: Vec<&str> = steps.filter(|step| !known.contains(step)).collect();
    assert!(missing.is_empty(), "add calls of {missing:?} that must fail to tests/tests/steps.rs");
}

#[test]
fn a_probe_changes_nothing_and_sees_what_was_done() {
    let (mut watched, mut alone) = (amplifier(), amplifier());
    let mut recorder = Recorder::default();
    let params = overscan_params(2, 2);
    let report = overscan::subtract(&mut watched, &params, &mut recorder).unwrap();
    assert_eq!(overscan::subtract(&mut alone, &params, &mut ()).unwrap(), report);
    assert_eq!(watched, alone);
    let model = recorder.evidence.iter().find(|shown| shown.tag == "row_model").unwrap();
    assert_eq!((model.values.len(), model.unit.as_str()), (6, "DN"));
    for (row, level) in model.values.iter().enumerate() {
        assert!((level - 1000.0 - row as f64).abs() < 1e-6, "row {row}: {level}");
    }
}

#[test]
fn what_is_split_is_what_was_assembled_in_stored_order() {
    let stored = &split::split(detector()).unwrap()[0];
    let amp = amplifier();
    // Readout mirrors the columns of the file; the first read column is the last stored one.
    let pixel = |planes: &Planes, at: [usize; 2]| planes.image[at].to_bits();
    assert_eq!(pixel(&stored.planes, [0, 3]), pixel(&amp.planes, [0, 0]));
    assert_eq!(pixel(&stored.planes, [5, 0]), pixel(&amp.planes, [5, 3]));
}
