//! Jobs on one small simulated night: header sources, cut-up catalogues, layouts, whole detectors.

mod calibrate;
mod defects;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::aperture::{OpenedImage, read_image};
use super::*;
use crate::error::Error;
use crate::formats::fits::FitsFile;
use crate::formats::memory::Memory;
use crate::formats::parquet;
use crate::header::Value;
use crate::ids::DetectorId;
use crate::instrument::Instrument;
use crate::mask;
use crate::numerics::healpix;
use crate::numerics::sky::DEGREE;
use crate::simulate::NightParams;
use crate::store::{Sink, Source};
use crate::table::{Table, Values};

const CAMERA: &str = "ztf";
const SHAPE: (usize, usize) = (140, 100);
const DETECTOR: DetectorId = DetectorId(13);
const LARGEST_RADIUS_PIX: f64 = 12.0;

/// A store of files, to which jobs add theirs.
#[derive(Clone)]
struct Files(BTreeMap<Key, Vec<u8>>);

impl Files {
    fn run(&mut self, task: Task) -> Result<Provenance> {
        self.run_by(Text::BuiltIn("default".to_owned()), task)
    }

    fn run_by(&mut self, recipe: Text, task: Task) -> Result<Provenance> {
        self.run_with(Vec::new(), recipe, task)
    }

    fn run_with(&mut self, inputs: Vec<InputId>, recipe: Text, task: Task) -> Result<Provenance> {
        let mut store = Memory::default();
        self.0.iter().try_for_each(|(key, bytes)| store.append(key, bytes))?;
        let camera = Text::BuiltIn(CAMERA.to_owned());
        let job = Job { version: VERSION, camera, recipe, inputs, task };
        let record = execute(&job, &mut store, &mut ())?;
        for key in &record.products {
            self.0.insert(key.clone(), store.bytes(key));
        }
        Ok(record)
    }

    fn store(&self, key: &str) -> Memory {
        Memory::with(key, self.0[key].clone())
    }

    fn image(&self, key: &str) -> OpenedImage {
        read_image(&mut self.store(key), key).unwrap()
    }

    fn table(&self, key: &str) -> Table {
        parquet::read(key, self.0[key].clone(), None).unwrap().0
    }

    fn keep(&mut self, key: &str, table: &Table) {
        let mut store = Memory::default();
        parquet::write(table, &mut Sink::new(&mut store, key)).unwrap();
        self.0.insert(key.to_owned(), store.bytes(key));
    }
}

/// A night of one detector with its masters, made once.
fn night() -> Files {
    static NIGHT: OnceLock<Files> = OnceLock::new();
    NIGHT.get_or_init(simulate_night).clone()
}

fn night_params() -> NightParams {
    NightParams {
        detectors: vec![DETECTOR.0],
        shape: Some(SHAPE),
        biases: 4,
        flats_per_lamp: 3,
        lamps: vec![7],
        exposures: 1,
        stars_per_amplifier: Some(60),
        ..NightParams::default()
    }
}

fn simulate_night() -> Files {
    let params = night_params();
    let mut files = Files(BTreeMap::new());
    let camera = Instrument::built_in(CAMERA).unwrap();
    for part in simulation_parts(&camera, &params, RawEncoding::None).unwrap() {
        files.run(part.task).unwrap();
    }
    let raws = |files: &Files, kind: &str| -> Vec<Key> {
        files.0.keys().filter(|key| key.ends_with(kind)).cloned().collect()
    };
    let biases = raws(&files, "_b.fits.fz");
    files.run(Task::MasterBias { raws: biases, output: "bias".to_owned() }).unwrap();
    let (flats, bias) = (raws(&files, "_f.fits.fz"), Some("bias".to_owned()));
    let lamp = Task::LampFlat { raws: flats, bias, dark: None, output: "lamp".to_owned() };
    files.run(lamp).unwrap();
    let flats = vec!["lamp".to_owned()];
    files.run(Task::BandFlat { flats, output: "flat".to_owned() }).unwrap();
    files
}

fn raw_key(files: &Files) -> Key {
    files.0.keys().find(|key| key.ends_with("_o.fits.fz")).unwrap().clone()
}

fn per_amp(key: impl Fn(u32) -> Key) -> Vec<AmpFile> {
    (1..=4).map(|amp| AmpFile { amp: AmpId(amp), key: key(amp) }).collect()
}

fn beside(files: &Files, suffix: &str) -> Vec<AmpFile> {
    let raw = raw_key(files);
    let stem = raw.split('.').next().unwrap().to_owned();
    per_amp(|amp| format!("{stem}_q{amp}_{suffix}"))
}

fn detrend(files: &Files, name: &str) -> Detrend {
    Detrend {
        raw: raw_key(files),
        bias: Some("bias".to_owned()),
        flat: Some("flat".to_owned()),
        dark: None,
        focal_plane: None,
        headers: beside(files, "sciimg.fits"),
        masks: beside(files, "mskimg.fits"),
        outputs: per_amp(|amp| format!("{name}_{amp}.fits")),
        mask_outputs: Vec::new(),
    }
}

fn aperture(science: &str, catalogue: Vec<Key>, output: &str) -> Aperture {
    Aperture {
        science: science.to_owned(),
        mask: None,
        catalogue,
        detector: Electronics::default(),
        output: output.to_owned(),
    }
}

fn stars() -> Vec<Key> {
    vec!["stars.parquet".to_owned()]
}

/// A card's value as a data frame of strings holds it.
fn text(value: &Value) -> String {
    match value {
        Value::Logical(true) => "T".to_owned(),
        Value::Logical(false) => "F".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(text) => text.clone(),
        Value::Undefined => String::new(),
    }
}

/// The science headers as rows of text, among rows of other exposures and amplifiers.
fn header_table(files: &Files) -> Table {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (row, file) in beside(files, "sciimg.fits").iter().enumerate() {
        let mut store = files.store(&file.key);
        let fits = FitsFile::open(&mut Source::open(&mut store, &file.key).unwrap()).unwrap();
        for card in &fits.hdus()[0].header.cards {
            let column = columns.entry(card.key.clone()).or_default();
            column.resize(row, String::new());
            column.push(text(&card.value));
        }
        // RCID = 4 (CCD - 1) + quadrant - 1.
        let rcid = 4 * (DETECTOR.0 - 1) + file.amp.0 - 1;
        columns.entry("RCID".to_owned()).or_default().push(rcid.to_string());
        columns.entry("SCAMPPTH".to_owned()).or_default().push("/a/path".to_owned());
    }
    let mut table = Table::new();
    for (name, mut texts) in columns {
        let other = if name == "EXPID" { "-1".to_owned() } else { texts[0].clone() };
        texts.insert(0, other);
        texts.reverse();
        table.set(&name, "", Values::Text(texts)).unwrap();
    }
    table
}

#[test]
fn headers_from_a_table_of_text_are_those_of_the_files() {
    let mut files = night();
    files.run(Task::Detrend(detrend(&files, "a"))).unwrap();
    files.keep("metaheader_202002.parquet", &header_table(&files));
    let mut task = detrend(&files, "b");
    task.headers = per_amp(|_| "metaheader_202002.parquet".to_owned());
    let record = files.run(Task::Detrend(task)).unwrap();
    assert!(record.warnings.iter().all(|warning| warning.kind != "no-science-header"));
    for amp in 1..=4 {
        let (a, b) = (files.image(&format!("a_{amp}.fits")), files.image(&format!("b_{amp}.fits")));
        assert_eq!(a.planes, b.planes);
        assert_eq!(b.header.card("SCAMPPTH"), None);
        for card in a.header.cards.iter().filter(|card| card.key != "HISTORY") {
            assert_eq!(
                b.header.card(&card.key).map(|card| &card.value),
                Some(&card.value),
                "{card:?}"
            );
        }
    }
}

#[test]
fn an_exposure_without_a_row_has_no_wcs_and_says_so() {
    let mut files = night();
    let mut table = header_table(&files);
    table.set("EXPID", "", Values::I64(vec![-1; 5])).unwrap();
    files.keep("metaheader_202002.parquet", &table);
    let mut task = detrend(&files, "b");
    task.headers = per_amp(|_| "metaheader_202002.parquet".to_owned());
    let record = files.run(Task::Detrend(task)).unwrap();
    let missing = record.warnings.iter().filter(|warning| warning.kind == "no-science-header");
    assert_eq!(missing.count(), 4);
    assert_eq!(files.image("b_1.fits").header.card("CRVAL1"), None);
}

/// The catalogue cut up by pixel.
fn cut_up(files: &mut Files) -> Vec<Key> {
    let whole = files.table("stars.parquet");
    let (ra, dec) = (whole.f64("ra").unwrap(), whole.f64("dec").unwrap());
    let mut pixels: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (row, (ra, dec)) in ra.into_iter().zip(dec).enumerate() {
        let pixel = healpix::pixel(6, (ra * DEGREE, dec * DEGREE)).unwrap();
        pixels.entry(pixel).or_default().push(row);
    }
    // A pixel on the other side of the sky, whose stars no image sees.
    pixels.insert(0, vec![0]);
    let mut keys = Vec::new();
    for (pixel, rows) in pixels {
        let key = format!("catalogue/gaiadr3_pix64_{pixel}.parquet");
        files.keep(&key, &whole.select(&rows));
        keys.push(key);
    }
    keys
}

/// Rows in the order of a column of whole numbers.
fn sorted(table: &Table, by: &str) -> Table {
    let Some(Values::I64(ids)) = table.get(by) else { panic!("{by}") };
    let mut rows: Vec<usize> = (0..ids.len()).collect();
    rows.sort_by_key(|&row| ids[row]);
    table.select(&rows)
}

#[test]
fn a_catalogue_cut_up_by_pixel_gives_the_stars_of_the_whole_one() {
    let mut files = night();
    files.run(Task::Detrend(detrend(&files, "a"))).unwrap();
    let keys = cut_up(&mut files);
    let requests = |file: &str| vec![SkyRequest { file: file.to_owned(), amp: None, raw: None }];
    files.run(Task::Sky { images: requests("a_2.fits"), output: "sky".to_owned() }).unwrap();
    let sky: Sky = serde_json::from_slice(&files.0["sky"]).unwrap();
    let needed = &sky.fields[0].pixels;
    let there = keys.iter().filter_map(|key| catalogue_pixel(key)).filter(|n| needed.contains(n));
    let missing = needed.len() - there.count();
    files.run(Task::Aperture(aperture("a_2.fits", stars(), "whole"))).unwrap();
    let record = files.run(Task::Aperture(aperture("a_2.fits", keys.clone(), "cut"))).unwrap();
    let warned = record.warnings.iter().find(|warning| warning.kind == "no-pixel-file");
    assert_eq!(warned.map(|warning| warning.count), Some(missing as u64));
    let (whole, cut) = (files.table("whole"), files.table("cut"));
    assert!(whole.rows() > 20 && missing > 0);
    // NaN differs from itself, so the text is compared.
    let told = |table: &Table| format!("{:?}", sorted(table, "source_id").columns());
    assert!(told(&cut) == told(&whole), "{} of {} stars", cut.rows(), whole.rows());
    let elsewhere = vec![keys[0].clone()];
    let error = files.run(Task::Aperture(aperture("a_2.fits", elsewhere, "none"))).unwrap_err();
    assert!(matches!(error, Error::Input { .. }), "{error}");
}

#[test]
fn the_sky_of_a_row_of_a_table_is_that_of_the_file() {
    let mut files = night();
    files.keep("metaheader_202002.parquet", &header_table(&files));
    let headers = beside(&files, "sciimg.fits");
    let from_files =
        headers.iter().map(|header| SkyRequest { file: header.key.clone(), amp: None, raw: None });
    let from_table = headers.iter().map(|header| SkyRequest {
        file: "metaheader_202002.parquet".to_owned(),
        amp: Some(header.amp),
        raw: Some(raw_key(&files)),
    });
    let missing = SkyRequest { file: "nothing.fits".to_owned(), amp: None, raw: None };
    let images = from_files.chain(from_table).chain([missing]).collect();
    files.run(Task::Sky { images, output: "sky".to_owned() }).unwrap();
    let sky: Sky = serde_json::from_slice(&files.0["sky"]).unwrap();
    for amp in 0..4 {
        assert!(!sky.fields[amp].pixels.is_empty());
        assert_eq!(sky.fields[amp].pixels, sky.fields[amp + 4].pixels);
    }
    assert!(sky.fields[8].error.is_some() && sky.fields[8].pixels.is_empty());
}

#[test]
fn image_and_mask_as_a_pair_hold_what_the_one_file_holds() {
    let mut files = night();
    files.run(Task::Detrend(detrend(&files, "a"))).unwrap();
    let mut task = detrend(&files, "pair");
    task.mask_outputs = per_amp(|amp| format!("pair_{amp}_msk.fits"));
    let record = files.run(Task::Detrend(task)).unwrap();
    let mut n_dropped = 0;
    for amp in 1..=4 {
        let whole = files.image(&format!("a_{amp}.fits"));
        let pair = files.image(&format!("pair_{amp}.fits"));
        assert_eq!(pair.planes.image, whole.planes.image);
        let key = format!("pair_{amp}_msk.fits");
        let mut store = files.store(&key);
        let fits = FitsFile::open(&mut Source::open(&mut store, &key).unwrap()).unwrap();
        assert_eq!((fits.hdus().len(), fits.hdus()[0].header.integer("MP_SATUR")), (1, Some(8)));
        let bits = super::detrend::read_mask(&mut store, &key).unwrap();
        // The archive's bits are 0 to 12; ours from 16 on have no place.
        assert_eq!(bits, whole.planes.mask.mapv(|bits| bits & 0x1fff));
        let ours = mask::REGISTRY.iter().filter(|entry| entry.bit >= 16);
        n_dropped += ours.map(|entry| mask::count(&whole.planes.mask, entry.value())).sum::<u64>();
        let mut task = aperture(&format!("pair_{amp}.fits"), stars(), &format!("cat_{amp}"));
        task.mask = Some(key);
        files.run(Task::Aperture(task)).unwrap();
        assert!(files.table(&format!("cat_{amp}")).rows() > 20);
    }
    let warned = record.warnings.iter().filter(|warning| warning.kind == "mark-dropped");
    assert_eq!(warned.map(|warning| warning.count).sum::<u64>(), n_dropped);
}

/// How far a position is from the border of an image.
fn margin(x: f64, y: f64) -> f64 {
    let (rows, columns) = (SHAPE.0 as f64, SHAPE.1 as f64);
    (x + 0.5).min(y + 0.5).min(columns - 0.5 - x).min(rows - 0.5 - y)
}

#[test]
fn a_whole_detector_has_the_numbers_of_its_amplifiers() {
    let mut files = night();
    files.run(Task::Detrend(detrend(&files, "a"))).unwrap();
    let sciences = per_amp(|amp| format!("a_{amp}.fits"));
    let task = ApertureDetector {
        sciences,
        masks: Vec::new(),
        catalogue: stars(),
        detector: Electronics::default(),
        output: "ccd".to_owned(),
    };
    files.run(Task::ApertureDetector(task)).unwrap();
    let ccd = files.table("ccd");
    let number = |table: &Table, name: &str| table.f64(name).unwrap();
    let (ids, amps) = (number(&ccd, "source_id"), number(&ccd, "amp"));
    let (mut n_equal, mut n_more, mut n_found) = (0, 0, 0);
    for amp in 1..=4_u32 {
        let key = format!("q{amp}");
        files.run(Task::Aperture(aperture(&format!("a_{amp}.fits"), stars(), &key))).unwrap();
        let own = files.table(&key);
        let (x, y) = (number(&own, "x"), number(&own, "y"));
        for (row, id) in number(&own, "source_id").into_iter().enumerate() {
            let found = (0..ccd.rows())
                .find(|&other| ids[other].to_bits() == id.to_bits() && amps[other] as u32 == amp);
            let Some(other) = found else { continue };
            n_found += 1;
            assert_eq!(number(&ccd, "x_amp")[other].to_bits(), x[row].to_bits());
            let inside = margin(x[row], y[row]) > LARGEST_RADIUS_PIX;
            for radius in 0..10 {
                let both = |name: &str| (number(&own, name)[row], number(&ccd, name)[other]);
                let (flux, error) = (both(&format!("f_{radius}")), both(&format!("f_{radius}_e")));
                let flags = both(&format!("f_{radius}_f"));
                let scale = flux.0.abs() + error.0;
                let equal = (flux.0 - flux.1).abs() <= 1e-9 * scale
                    && (error.0 - error.1).abs() <= 1e-9 * scale
                    && flags.0.to_bits() == flags.1.to_bits()
                    && both(&format!("f_{radius}_n")).0.to_bits()
                        == both(&format!("f_{radius}_n")).1.to_bits();
                assert!(equal || !inside, "{amp} {id} {radius}: {flux:?} {error:?} {flags:?}");
                n_equal += usize::from(inside);
                n_more += usize::from(!inside && !equal);
            }
        }
    }
    assert!(n_equal > 500 && n_more > 50 && n_found == ccd.rows(), "{n_equal} {n_more} {n_found}");
    // Rows are counted up and columns across: both reach beyond the other's end of an amplifier.
    let farthest = |name: &str| number(&ccd, name).into_iter().fold(0.0, f64::max);
    assert!(farthest("y") > 2.0 * SHAPE.0 as f64 - 20.0 && farthest("x") < 2.0 * SHAPE.1 as f64);
}

#[test]
fn tables_become_one_parquet_table() {
    let mut files = night();
    files.0.insert("a.csv".to_owned(), b"name,n,x\none,1,0.5\n".to_vec());
    files.0.insert("b.csv".to_owned(), b"name,n,y\ntwo,2,\n".to_vec());
    let keys = vec!["a.csv".to_owned(), "b.csv".to_owned()];
    files.run(Task::Table { files: keys, output: "all".to_owned() }).unwrap();
    let all = files.table("all");
    let names: Vec<&str> = all.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, all.rows()), (vec!["name", "n"], 2));
    assert_eq!(all.get("n"), Some(&Values::I64(vec![1, 2])));
}
