//! A folder of a camera that nobody described: biases, darks, flats and science exposures of one
//! amplifier, noise-free, so that every product has a closed form.

use ndarray::Array2;

use super::*;
use crate::formats::fits::{Encoding, FitsFile, FitsWriter, PixelData};
use crate::formats::memory::Memory;
use crate::header::Header;
use crate::instrument::Instrument;
use crate::store::{Sink, Source};

const SHAPE: (usize, usize) = (10, 12);
/// Columns of overscan that some of the files have.
const OVERSCAN: usize = 4;

/// Noise-free patterns of the camera, by row and column.
fn bias(row: usize, column: usize) -> f64 {
    300.0 + 2.0 * ((row + 3 * column) % 5) as f64
}

/// DN per second.
fn dark(row: usize, column: usize) -> f64 {
    0.25 * ((2 * row + column) % 4) as f64
}

fn response(row: usize, column: usize) -> f64 {
    1.0 + 0.125 * ((row + column) % 3) as f64
}

/// Light of a lamp or of the sky (DN): the same everywhere, but for one star.
struct Light {
    level: f64,
    star: f64,
}

fn exposure(light: &Light, seconds: f64, overscan: bool) -> Array2<f32> {
    let columns = SHAPE.1 + if overscan { OVERSCAN } else { 0 };
    Array2::from_shape_fn((SHAPE.0, columns), |(row, column)| {
        if SHAPE.1 <= column {
            return 300.0;
        }
        let star = if (row, column) == (4, 5) { light.star } else { 0.0 };
        let charge = response(row, column) * (light.level + star) + seconds * dark(row, column);
        (bias(row, column) + charge) as f32
    })
}

struct Folder {
    store: Memory,
    overscan: bool,
}

impl Folder {
    fn add(&mut self, name: &str, word: &str, seconds: Option<f64>, light: &Light) {
        let mut header = Header::new();
        if !word.is_empty() {
            header.set("IMAGETYP", word, "");
        }
        header.set("DATE-OBS", "2021-03-04T05:06:07", "");
        header.set("FILTER", "V", "");
        if let Some(seconds) = seconds {
            header.set("EXPTIME", seconds, "");
        }
        if self.overscan {
            header.set("BIASSEC", format!("[13:16,1:{}]", SHAPE.0), "");
        }
        let pixels = exposure(light, seconds.unwrap_or(0.0), self.overscan);
        let mut writer = FitsWriter::new(Sink::new(&mut self.store, name));
        writer.write_hdu(&header, None, PixelData::F32(pixels.view()), Encoding::Plain).unwrap();
    }

    fn new(overscan: bool) -> Folder {
        let mut folder = Folder { store: Memory::default(), overscan };
        let nothing = Light { level: 0.0, star: 0.0 };
        for n in 0..3 {
            folder.add(&format!("IMG_{n}.FIT"), "Bias Frame", Some(0.0), &nothing);
            folder.add(&format!("night {n}.fits"), "Dark Frame", Some(60.0), &nothing);
            let lamp = Light { level: 20_000.0, star: 0.0 };
            folder.add(&format!("lamp{n}.fts"), "Flat Field", Some(8.0), &lamp);
        }
        let sky = Light { level: 100.0, star: 5_000.0 };
        folder.add("m42.fits", "Light Frame", Some(150.0), &sky);
        folder
    }

    fn execute(&mut self, task: Task) -> Result<Provenance> {
        self.execute_by(Text::BuiltIn("default".to_owned()), task)
    }

    fn execute_by(&mut self, recipe: Text, task: Task) -> Result<Provenance> {
        let job = Job {
            version: VERSION,
            camera: Text::BuiltIn("generic".to_owned()),
            recipe,
            inputs: Vec::new(),
            task,
        };
        execute(&job, &mut self.store, &mut ())
    }

    fn masters(&mut self) {
        let raws = |start: &str, end: &str| {
            (0..3).map(|n| format!("{start}{n}{end}")).collect::<Vec<String>>()
        };
        let output = |name: &str| name.to_owned();
        let (bias, dark) = (Some(output("bias")), Some(output("dark")));
        let raw = (raws("IMG_", ".FIT"), raws("night ", ".fits"), raws("lamp", ".fts"));
        self.execute(Task::MasterBias { raws: raw.0, output: output("bias") }).unwrap();
        let task = Task::MasterDark { raws: raw.1, bias: bias.clone(), output: output("dark") };
        self.execute(task).unwrap();
        let task = Task::LampFlat { raws: raw.2, bias, dark, output: output("flat") };
        self.execute(task).unwrap();
    }

    fn detrend(&mut self, raw: &str, dark: bool, output: &str) -> Result<Provenance> {
        self.execute(Task::Detrend(Detrend {
            raw: raw.to_owned(),
            bias: Some("bias".to_owned()),
            dark: dark.then(|| "dark".to_owned()),
            flat: Some("flat".to_owned()),
            focal_plane: None,
            headers: Vec::new(),
            masks: Vec::new(),
            outputs: vec![AmpFile { amp: AmpId(1), key: output.to_owned() }],
            mask_outputs: Vec::new(),
        }))
    }

    fn image(&mut self, key: &str, index: usize) -> (Header, Array2<f32>) {
        let mut source = Source::open(&mut self.store, key).unwrap();
        let file = FitsFile::open(&mut source).unwrap();
        let header = file.hdus()[0].header.clone();
        (header, file.read_image(&mut source, index).unwrap().values)
    }
}

/// Greatest difference of an image from what it must be at each place.
fn worst(image: &Array2<f32>, expected: impl Fn(usize, usize) -> f64) -> f64 {
    let pixels = image.indexed_iter();
    pixels
        .map(|((row, column), &p)| (f64::from(p) - expected(row, column)).abs())
        .fold(0.0, f64::max)
}

/// Median of the response over the detector, to which a flat is normalized.
fn middle() -> f64 {
    let mut all: Vec<f64> = (0..SHAPE.0)
        .flat_map(|row| (0..SHAPE.1).map(move |column| response(row, column)))
        .collect();
    all.sort_by(f64::total_cmp);
    0.5 * (all[all.len() / 2 - 1] + all[all.len() / 2])
}

#[test]
fn a_camera_that_nobody_described_is_reduced_to_the_light() {
    for overscan in [false, true] {
        let mut folder = Folder::new(overscan);
        folder.masters();
        let (header, image) = folder.image("bias", 1);
        let level = if overscan { 300.0 } else { 0.0 };
        assert!(worst(&image, |row, column| bias(row, column) - level) < 1e-4);
        assert_eq!(header.text("BAND"), None);
        let (header, image) = folder.image("dark", 1);
        assert!(worst(&image, |row, column| 60.0 * dark(row, column)) < 1e-4);
        assert_eq!(
            (header.text("PRODUCT"), header.real("EXPTIME")),
            (Some("master dark"), Some(60.0))
        );
        let (header, image) = folder.image("flat", 1);
        assert!(worst(&image, |row, column| response(row, column) / middle()) < 1e-6);
        assert_eq!((header.text("PRODUCT"), header.text("BAND")), (Some("band flat"), Some("V")));
        folder.detrend("m42.fits", true, "science").unwrap();
        let (header, image) = folder.image("science", 0);
        let light = |row, column| if (row, column) == (4, 5) { 5_100.0 } else { 100.0 };
        assert!(worst(&image, |row, column| middle() * light(row, column)) < 1e-3);
        assert_eq!(
            (header.text("CAMERA"), header.text("RECIPE")),
            (Some("generic"), Some("with-darks"))
        );
    }
}

#[test]
fn without_a_dark_the_charge_stays_and_the_work_goes_on() {
    let mut folder = Folder::new(true);
    folder.masters();
    let record = folder.detrend("m42.fits", false, "science").unwrap();
    let step = record.steps.iter().find(|record| record.step == "dark").unwrap();
    assert_eq!(step.report, serde_json::json!({ "applied": false }));
    let (_, image) = folder.image("science", 0);
    let flat = |row, column| response(row, column) / middle();
    let charge = |row, column| 150.0 * dark(row, column) / flat(row, column);
    let light = |row, column| if (row, column) == (4, 5) { 5_100.0 } else { 100.0 };
    assert!(worst(&image, |r, c| middle() * light(r, c) + charge(r, c)) < 1e-3);
}

/// A pixel of 100 DN of light and 150 s of dark, gain 1, read noise 10 (the camera's):
/// the noise of the light and of the dark is that of the charge, not of the bias below it.
#[test]
fn the_variance_counts_light_and_dark_and_not_the_pedestal() {
    let mut folder = Folder::new(false);
    folder.masters();
    folder.detrend("m42.fits", true, "science").unwrap();
    let (_, variance) = folder.image("science", 2);
    // 3 frames each: a median of three has 1.346 / 3 of a frame's variance. Files are exact floats.
    let (frame, third) = (100.0, 1.346_013 / 3.0);
    for (row, column) in [(0, 0), (3, 7), (9, 11)] {
        let charge =
            |seconds: f64, light: f64| response(row, column) * light + seconds * dark(row, column);
        // The level of the bias is its median, from which a pixel's own differs by a few DN.
        let own = bias(row, column) - 304.0;
        let photon = |seconds: f64, light: f64| (charge(seconds, light) + own).max(0.0);
        let of_bias = frame * third;
        let of_dark = (frame + photon(60.0, 0.0)) * third + of_bias;
        // Image and dark share the bias: it counts (1 - r)² times, of which r² stands in the dark.
        let minus_dark = |r: f64| of_bias + r * r * of_dark - 2.0 * r * of_bias;
        let of_flat = (frame + photon(8.0, 20_000.0)) * third + minus_dark(8.0 / 60.0);
        let flat = response(row, column) / middle();
        let (level, signal) = (20_000.0 * middle(), 100.0 * response(row, column));
        let before = frame + photon(150.0, 100.0) + minus_dark(2.5);
        let ratio = signal / flat;
        let expected = (before + ratio * ratio * of_flat / (level * level)) / (flat * flat);
        let found = f64::from(variance[[row, column]]);
        assert!((found / expected - 1.0).abs() < 1e-4, "{row}, {column}: {found}, {expected}");
    }
}

/// Darks from which no bias is subtracted, because exposures of the same time are to lose both at once: the level of
/// a bias that is given all the same is what no overscan has taken, and counts no photons.
#[test]
fn a_dark_without_the_step_of_the_bias_keeps_the_level_and_has_the_noise_of_its_charge() {
    let text = crate::recipe::BUILT_IN.iter().find(|(name, _)| *name == "with-darks").unwrap().1;
    let (darks, flats) = text.split_once("# ---- flat").unwrap();
    let darks = darks.strip_suffix("[[dark]]\nstep = \"bias\"\n\n").unwrap();
    let mut folder = Folder::new(false);
    let own = format!("{darks}# ---- flat{flats}");
    folder.store.append("own.toml", own.as_bytes()).unwrap();
    folder.masters();
    let raws: Vec<Key> = (0..3).map(|n| format!("night {n}.fits")).collect();
    let mut variances = Vec::new();
    for (given, output) in [(Some("bias".to_owned()), "with"), (None, "without")] {
        let task = Task::MasterDark { raws: raws.clone(), bias: given, output: output.to_owned() };
        folder.execute_by(Text::File("own.toml".to_owned()), task).unwrap();
        let level = |row, column| bias(row, column) + 60.0 * dark(row, column);
        assert!(worst(&folder.image(output, 1).1, level) < 1e-4, "{output}");
        variances.push(folder.image(output, 2).1);
    }
    for (row, column) in [(0, 0), (3, 7), (9, 11)] {
        // Three frames of read noise 10 at gain 1, a median; 304 DN is the median of the bias.
        let charge = bias(row, column) + 60.0 * dark(row, column);
        for (variance, pedestal) in variances.iter().zip([304.0, 0.0]) {
            let expected = (100.0 + (charge - pedestal).max(0.0)) * 1.346_013 / 3.0;
            let found = f64::from(variance[[row, column]]);
            assert!((found / expected - 1.0).abs() < 1e-4, "{row}, {column}: {found}, {expected}");
        }
    }
}

#[test]
fn darks_need_exposure_times_that_fit() {
    let mut folder = Folder::new(true);
    folder.masters();
    let sky = Light { level: 100.0, star: 0.0 };
    folder.add("timeless.fits", "Light Frame", None, &sky);
    let told = folder.detrend("timeless.fits", true, "none").unwrap_err().to_string();
    assert!(told.contains("exposure time (s): found none"), "{told}");
    let nothing = Light { level: 0.0, star: 0.0 };
    folder.add("short.fits", "Dark Frame", Some(30.0), &nothing);
    let dark = |folder: &mut Folder, raws: &[&str]| {
        let raws = raws.iter().map(|&raw| raw.to_owned()).collect();
        let bias = Some("bias".to_owned());
        let output = "other".to_owned();
        folder.execute(Task::MasterDark { raws, bias, output }).unwrap_err().to_string()
    };
    let told = dark(&mut folder, &["night 0.fits", "short.fits"]);
    assert!(told.contains("exposure time (s) of"), "{told}");
    folder.add("timeless dark.fits", "Dark Frame", None, &nothing);
    let told = dark(&mut folder, &["timeless dark.fits"]);
    assert!(told.contains("timeless dark.fits: found none"), "{told}");
    let told = dark(&mut folder, &["IMG_0.FIT"]);
    assert!(told.contains("found bias, needed dark"), "{told}");
}

#[test]
fn a_survey_tells_roles_without_names_and_leaves_out_products() {
    let mut folder = Folder::new(false);
    folder.masters();
    let nothing = Light { level: 0.0, star: 0.0 };
    folder.add("raw/domeflat7.fits", "", Some(3.0), &nothing);
    let files =
        ["IMG_0.FIT", "night 1.fits", "lamp2.fts", "m42.fits", "bias", "raw/domeflat7.fits"];
    let files = files.iter().map(|&file| file.to_owned()).collect();
    folder
        .execute(Task::Survey { files, masters: Vec::new(), output: "survey".to_owned() })
        .unwrap();
    let survey: Survey = serde_json::from_slice(&folder.store.bytes("survey")).unwrap();
    let roles =
        survey.files.iter().map(|file| file.visit.as_ref().map(|visit| visit.role.to_string()));
    let roles: Vec<String> = roles.map(|role| role.unwrap_or("none".to_owned())).collect();
    assert_eq!(roles, ["bias", "dark", "flat", "science", "none", "flat"]);
    let times: Vec<_> =
        survey.files.iter().map(|f| f.visit.as_ref().and_then(|v| v.exposure_s)).collect();
    assert_eq!(times, [Some(0.0), Some(60.0), Some(8.0), Some(150.0), None, Some(3.0)]);
    assert!(survey.files[4].error.as_ref().unwrap().to_string().contains("master bias"));
}

/// Headers of a simulated night are read back, whether a camera tells detectors by number or name.
#[test]
fn nights_of_the_described_cameras_are_simulated_or_refused() {
    use crate::simulate::{NightParams, night, primary_header};
    let params = NightParams { biases: 1, flats_per_lamp: 1, ..NightParams::default() };
    for name in ["generic", "saao", "stl1001", "lsst"] {
        let camera = Instrument::built_in(name).unwrap();
        for exposure in &night(&camera, &params).unwrap().exposures {
            let header = primary_header(&camera, &params, exposure).unwrap();
            let visit = camera.visit(&header).unwrap();
            assert_eq!((visit.role, visit.detector), (exposure.role, exposure.detector), "{name}");
            assert!((visit.mjd.0 - exposure.mjd.0).abs() < 1e-8, "{name}");
        }
    }
    let rules = Instrument::built_in("kast_blue").unwrap();
    let told = night(&rules, &params).unwrap_err().to_string();
    assert!(told.contains("needed one for bias"), "{told}");
}
