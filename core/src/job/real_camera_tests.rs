//! Real exposures of real cameras against a reduction written apart from this one.
//!
//! The files are not ours to ship: they are looked for in `FIRSTLIGHT_DATA` or `../shared/data`. The
//! same comparisons, and those with ccdproc, are in `tests/oracles/real_cameras/compare.py`.

use std::path::PathBuf;

use ndarray::{Array2, concatenate, s};

use super::*;
use crate::formats::fits::{FitsFile, FitsSection};
use crate::formats::memory::Memory;
use crate::geometry::{Flip, Section};
use crate::instrument::Instrument;
use crate::raw::RawFile;
use crate::store::Source;

/// A folder of the shared test material, or `None` with a line that says so.
#[expect(clippy::disallowed_methods, reason = "a test finds its material by the environment")]
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
fn data(folder: &str) -> Option<PathBuf> {
    let root = std::env::var("FIRSTLIGHT_DATA").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(folder);
    if !path.is_dir() {
        eprintln!("not tested: {} is absent (set FIRSTLIGHT_DATA)", path.display());
        return None;
    }
    Some(path)
}

/// A file of the material, packed as a whole or not.
#[expect(clippy::disallowed_methods, reason = "a test reads its material")]
fn bytes(folder: &std::path::Path, name: &str) -> Vec<u8> {
    let plain = std::fs::read(folder.join(name));
    plain.or_else(|_| std::fs::read(folder.join(format!("{name}.gz")))).unwrap()
}

fn image(store: &mut Memory, key: &str, hdu: usize) -> Array2<f64> {
    let mut source = Source::open(store, key).unwrap();
    let file = FitsFile::open(&mut source).unwrap();
    file.read_image(&mut source, hdu).unwrap().values.mapv(f64::from)
}

fn run(store: &mut Memory, (camera, recipe): (&str, Text), task: Task) {
    let camera = Text::BuiltIn(camera.to_owned());
    let job = Job { version: VERSION, camera, recipe, inputs: Vec::new(), task };
    execute(&job, store, &mut ()).unwrap();
}

/// Values at -1 to 1 of the Legendre polynomial of least squares through the kept values, by
/// Gram and Schmidt on the kept samples.
fn polynomial(level: &[f64], kept: &[bool], terms: usize) -> Vec<f64> {
    let last = level.len() as f64 - 1.0;
    let x: Vec<f64> = (0..level.len()).map(|i| 2.0 * i as f64 / last - 1.0).collect();
    let dot = |a: &[f64], b: &[f64]| -> f64 {
        (0..kept.len()).filter(|&i| kept[i]).map(|i| a[i] * b[i]).sum()
    };
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut model = vec![0.0; level.len()];
    let mut power = vec![1.0; level.len()];
    for _ in 0..terms {
        let mut new = power.clone();
        for _ in 0..2 {
            for old in &basis {
                let share = dot(&new, old);
                new.iter_mut().zip(old).for_each(|(new, old)| *new -= share * old);
            }
        }
        let length = dot(&new, &new).sqrt();
        new.iter_mut().for_each(|new| *new /= length);
        let share = dot(level, &new);
        model.iter_mut().zip(&new).for_each(|(model, new)| *model += share * new);
        basis.push(new);
        power.iter_mut().zip(&x).for_each(|(power, x)| *power *= x);
    }
    model
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}

/// The level of each row: the mean of its overscan, a polynomial through the rows, clipped about it.
fn row_level(overscan: ndarray::ArrayView2<'_, f64>, terms: usize) -> Vec<f64> {
    let level: Vec<f64> = overscan.rows().into_iter().map(|row| row.mean().unwrap()).collect();
    let mut kept = vec![true; level.len()];
    for _ in 0..10 {
        let model = polynomial(&level, &kept, terms);
        let rest: Vec<f64> = level.iter().zip(&model).map(|(a, b)| a - b).collect();
        let center = median(rest.clone());
        let limit = 3.0 * 1.4826 * median(rest.iter().map(|rest| (rest - center).abs()).collect());
        let choice: Vec<bool> = rest.iter().map(|rest| (rest - center).abs() <= limit).collect();
        if choice == kept {
            break;
        }
        kept = choice;
    }
    polynomial(&level, &kept, terms)
}

/// A raw exposure of Kast blue without the level of its overscan: columns 1 to 1024 by 2057 to 2080,
/// 1025 to 2048 by 2081 to 2104.
fn without_overscan(raw: &Array2<f64>) -> Array2<f64> {
    let mut out = raw.slice(s![.., ..2048]).to_owned();
    for (light, overscan) in [((0, 1024), (2056, 2080)), ((1024, 2048), (2080, 2104))] {
        let level = row_level(raw.slice(s![.., overscan.0..overscan.1]), 8);
        for (mut row, level) in out.rows_mut().into_iter().zip(level) {
            row.slice_mut(s![light.0..light.1]).mapv_inplace(|pixel| pixel - level);
        }
    }
    out
}

fn median_of(frames: &[Array2<f64>]) -> Array2<f64> {
    Array2::from_shape_fn(frames[0].dim(), |at| median(frames.iter().map(|f| f[at]).collect()))
}

/// Both halves of the detector, of which each amplifier has a file or an HDU.
fn halves(left: &Array2<f64>, right: &Array2<f64>) -> Array2<f64> {
    concatenate(ndarray::Axis(1), &[left.view(), right.view()]).unwrap()
}

/// Most differences in units of `2e-3 DN x scale`, and the part of the pixels beyond one.
fn beyond(ours: &Array2<f64>, theirs: &Array2<f64>, scale: impl Fn(usize, usize) -> f64) -> f64 {
    let pixels = ours.indexed_iter().zip(theirs);
    let odd = pixels.filter(|(((row, column), ours), theirs)| {
        2e-3 * scale(*row, *column) < (*ours - *theirs).abs() || ours.is_nan()
    });
    odd.count() as f64 / ours.len() as f64
}

/// Three biases, three flats and two science exposures of two amplifiers side by side.
#[test]
fn kast_blue_is_reduced_as_a_plain_reduction_does_and_joins_without_a_step() {
    let Some(folder) = data("kast_blue") else { return };
    let mut store = Memory::default();
    let name = |n: i32| format!("b{n}.fits");
    for n in [11, 12, 13, 21, 22, 23, 24, 27] {
        store.append(&name(n), &bytes(&folder, &name(n))).unwrap();
    }
    let with = || ("kast_blue", Text::BuiltIn("default".to_owned()));
    let output = "bias".to_owned();
    let raws = [21, 22, 23].map(name).to_vec();
    run(&mut store, with(), Task::MasterBias { raws, output });
    let (raws, output, bias) =
        ([11, 12, 13].map(name).to_vec(), "flat".to_owned(), "bias".to_owned());
    run(&mut store, with(), Task::LampFlat { raws, bias: Some(bias), dark: None, output });
    for n in [24, 27] {
        let image = |amp: u32| AmpFile { amp: AmpId(amp), key: format!("science {n} {amp}") };
        let task = Detrend {
            mask_outputs: Vec::new(),
            raw: name(n),
            bias: Some("bias".to_owned()),
            dark: None,
            flat: Some("flat".to_owned()),
            focal_plane: None,
            headers: Vec::new(),
            masks: Vec::new(),
            outputs: vec![image(1), image(2)],
        };
        run(&mut store, with(), Task::Detrend(task));
    }

    let mut reduced = |n: i32| without_overscan(&image(&mut store, &name(n), 0));
    let bias = median_of(&[21, 22, 23].map(&mut reduced));
    let flat = median_of(&[11, 12, 13].map(&mut reduced)) - &bias;
    let science = [24, 27].map(&mut reduced);
    let level = median(flat.iter().copied().collect());
    // HDUs 1 and 4 of a master are the images of its two amplifiers.
    let mut master = |key: &str| halves(&image(&mut store, key, 1), &image(&mut store, key, 4));
    assert!(beyond(&master("bias"), &bias, |_, _| 1.0) <= 1e-4);
    // A flat is stored over its level in 32-bit floats: two units in their last place.
    let units = |row: usize, column: usize| (flat[[row, column]].abs() * 1.2e-4).max(1.0);
    assert!(beyond(&(master("flat") * level), &flat, units) <= 1e-4);
    for (n, raw) in [24, 27].into_iter().zip(&science) {
        let mut half = |amp| image(&mut store, &format!("science {n} {amp}"), 0);
        let ours = halves(&half(1), &half(2));
        let theirs = (raw - &bias) / (&flat / level);
        // Unlit pixels have flats near zero, which magnify the rounding of 32-bit floats; where the
        // flat is not positive there is no value.
        let scale = |row: usize, column: usize| (level / flat[[row, column]]).max(1.0);
        let positive = |row: usize, column: usize| 0.0 < flat[[row, column]];
        let hidden = Array2::from_shape_fn(ours.dim(), |(row, column)| {
            if positive(row, column) { ours[[row, column]] } else { theirs[[row, column]] }
        });
        assert!(beyond(&hidden, &theirs, scale) <= 1e-4, "b{n}");
        let dark = ours.indexed_iter().filter(|((row, column), _)| !positive(*row, *column));
        assert!(dark.map(|(_, pixel)| pixel).all(|pixel| pixel.is_nan()));
        let lit = |row: &usize| 2_000.0 < flat[[*row, 1010]];
        let step = |column: usize| {
            median(
                (0..350).filter(lit).map(|r| ours[[r, column]] - ours[[r, column - 1]]).collect(),
            )
        };
        let elsewhere: Vec<f64> = (984..1064).filter(|&c| c != 1024).map(step).collect();
        let scatter =
            (elsewhere.iter().map(|s| s * s).sum::<f64>() / elsewhere.len() as f64).sqrt();
        assert!(step(1024).abs() < 3.0 * scatter, "b{n}: {} of {scatter}", step(1024));
        assert!(scatter < 1.5, "b{n}: {scatter} DN hides a step");
    }
}

/// Recipe of the overscan alone, without clipping.
const OVERSCAN_ONLY: &str = r#"
version = 1
name = "overscan-only"
bias = [{ step = "assemble" }]
flat = [{ step = "assemble" }]
science = [
  { step = "overscan", columns = { last = 1000 }, terms = 3, clip_sigma = 1e9 },
  { step = "assemble" },
  { step = "split" },
]
bias_master = { minimum_frames = 1, clip_sigma = 3.0, maximum_passes = 50, merge = "median" }
flat_master = { minimum_frames = 1, clip_sigma = 3.0, maximum_passes = 50, merge = "median" }
aperture = { radii_pix = [3.0] }
"#;

/// ccdproc 2.5.1: `trim_image(subtract_overscan(ccd, fits_section="[4:13,1:520]", overscan_axis=1,
/// median=False, model=Legendre1D(2)), fits_section="[17:528,1:520]")`, by
/// `tests/oracles/real_cameras/compare.py`, which compares every pixel.
#[test]
fn saao_is_trimmed_and_freed_of_its_overscan_as_ccdproc_does() {
    let Some(folder) = data("ccd") else { return };
    let mut store = Memory::with("a8280271.fits", bytes(&folder, "a8280271.fits"));
    store.append("recipe.toml", OVERSCAN_ONLY.as_bytes()).unwrap();
    let task = Detrend {
        mask_outputs: Vec::new(),
        raw: "a8280271.fits".to_owned(),
        bias: None,
        dark: None,
        flat: None,
        focal_plane: None,
        headers: Vec::new(),
        masks: Vec::new(),
        outputs: vec![AmpFile { amp: AmpId(1), key: "out".to_owned() }],
    };
    run(&mut store, ("saao", Text::File("recipe.toml".to_owned())), Task::Detrend(task));
    let ours = image(&mut store, "out", 0);
    assert_eq!(ours.dim(), (520, 512));
    let raw = image(&mut store, "a8280271.fits", 0);
    let every = vec![true; 520];
    let level: Vec<f64> =
        raw.slice(s![.., 3..13]).rows().into_iter().map(|row| row.mean().unwrap()).collect();
    let model = polynomial(&level, &every, 3);
    let theirs = Array2::from_shape_fn((520, 512), |(r, c)| raw[[r, c + 16]] - model[r]);
    assert_eq!(beyond(&ours, &theirs, |_, _| 1.0), 0.0);
    for ((row, column), value) in CCDPROC {
        assert!((ours[[row, column]] - value).abs() < 2e-3, "{row}, {column}: {value}");
    }
}

/// Pixels of the image that ccdproc leaves (DN).
const CCDPROC: [((usize, usize), f64); 4] =
    [((0, 0), 77.80771), ((519, 511), 4.91496), ((260, 256), 90.0103), ((37, 411), 94.85478)];

/// Sixteen amplifiers, whose sections, mirroring and place the headers give: E2V and ITL detectors, of
/// the telescope's convention and of test stands.
#[test]
fn lsst_amplifiers_lie_where_their_headers_say() {
    let Some(folder) = data("ccd") else { return };
    let camera = Instrument::built_in("lsst").unwrap();
    for (name, detector) in [
        ("7024032100720-R22-S11-det094.fits.fz", 94),
        ("3019031900001-R10-S02-det029.fits", 29),
        ("2023103100227-R21-S01-det010.fits", 82),
    ] {
        let mut store = Memory::with(name, bytes(&folder, name));
        let raw = RawFile::open(&mut store, name, &camera).unwrap();
        assert_eq!(raw.visit.detector.0, detector);
        let mut covered = 0;
        let mut places: Vec<Section> = Vec::new();
        for amplifier in &camera.amplifiers {
            let header = raw.header(amplifier);
            let of = |key: &str| FitsSection::parse(header.text(key).unwrap()).unwrap();
            let amp = raw.amplifier(&mut store, &camera, amplifier.id).unwrap();
            let (place, mirrored) = of("DETSEC").place().unwrap();
            assert_eq!((amp.geometry.on_detector, amp.geometry.sky_from_stored), (place, mirrored));
            let (light, along) = of("DATASEC").within((2048, 576)).unwrap();
            assert_eq!((amp.geometry.imaging.shape(), along), (light.shape(), Flip::NONE));
            let overscan = amp.geometry.overscan.unwrap();
            assert_eq!(overscan.shape(), (light.shape().0, 576 - light.column_end));
            let meets = |other: &Section| {
                place.row_start < other.row_end
                    && other.row_start < place.row_end
                    && place.column_start < other.column_end
                    && other.column_start < place.column_end
            };
            assert!(!places.iter().any(meets), "{name}: {place:?} is taken");
            covered += place.shape().0 * place.shape().1;
            places.push(place);
        }
        let rows = places.iter().map(|place| place.row_end).max().unwrap();
        let columns = places.iter().map(|place| place.column_end).max().unwrap();
        assert_eq!(covered, rows * columns, "{name}");
    }
}
