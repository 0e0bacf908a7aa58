//! The bench against the batch's own jobs, the truth, and its promise to redo only what a change
//! touches.

use super::*;
use crate::formats::memory::Memory;
use crate::ids::Role;
use crate::job::{self, AmpFile, Detrend, Job, Task, Text};
use crate::master::Kind;
use crate::measure::aperture;
use crate::simulate::NightParams;
use crate::store::load;

pub(super) struct Table {
    pub(super) bench: Bench,
    pub(super) store: Memory,
    pub(super) files: Files,
}

pub(super) fn night() -> NightParams {
    NightParams {
        biases: 6,
        flats_per_lamp: 3,
        lamps: vec![3],
        exposures: 1,
        ..NightParams::default()
    }
}

/// A simulated exposure, open but not yet reduced.
pub(super) fn table() -> Table {
    let mut bench = Bench::new("teaching").unwrap();
    let mut store = Memory::default();
    let preparation = simulated(bench.camera(), &night()).unwrap();
    for unit in preparation.units.iter().chain(&preparation.of_masters) {
        unit.run(&mut store).unwrap();
    }
    let info = bench.open(&mut store, preparation.files.clone()).unwrap();
    assert!(info.simulated && info.amps.len() == 4 && info.width == 512, "{info:?}");
    Table { bench, store, files: preparation.files }
}

impl Table {
    pub(super) fn run(&mut self, amp: u32) -> Vec<&'static str> {
        let mut done = Vec::new();
        while let Some(step) = self.bench.advance(&mut self.store, AmpId(amp)).unwrap() {
            done.push(step);
        }
        done
    }

    pub(super) fn change(&mut self, step: &str, key: &str, value: serde_json::Value) {
        let mut settings = self.bench.settings().to_vec();
        let setting = settings.iter_mut().find(|setting| setting.step == step).unwrap();
        setting.params.insert(key.to_owned(), value);
        self.bench.set(settings).unwrap();
    }
}

pub(super) const ALL: [&str; 10] = [
    "raw",
    "saturation",
    "overscan",
    "linearity",
    "pocket",
    "variance",
    "assemble",
    "bias",
    "flat",
    "split",
];

#[test]
fn only_what_depends_on_a_change_is_done_again() {
    let mut table = table();
    assert_eq!(table.run(1), ALL);
    assert!(table.run(1).is_empty());
    table.change("overscan", "terms", 2.into());
    assert_eq!(table.run(1), ALL[2..]);
    table.change("pocket", "iterations", 5.into());
    assert_eq!(table.run(1), ALL[4..]);
    let mut settings = table.bench.settings().to_vec();
    settings.iter_mut().find(|setting| setting.step == "flat").unwrap().on = false;
    table.bench.set(settings.clone()).unwrap();
    assert_eq!(table.run(1), ["split"]);
    settings.iter_mut().for_each(|setting| setting.on = true);
    table.bench.set(settings).unwrap();
    assert_eq!(table.run(1), ["flat", "split"]);
    let radii_pix = vec![2.0, 5.0];
    table
        .bench
        .set_aperture(aperture::Params { radii_pix, ..aperture::Params::default() })
        .unwrap();
    assert!(table.run(1).is_empty());
    assert_eq!(table.bench.photometry(AmpId(1)).unwrap().unwrap().radii_pix, [2.0, 5.0]);
    // What was forgotten is made again from the start.
    let bytes = table.bench.bytes();
    table.bench.forget(AmpId(1)).unwrap();
    assert!(table.bench.bytes() < bytes / 4);
    assert_eq!(table.run(1), ALL);
    table.bench.forget(AmpId(1)).unwrap();
    // Nothing of the other amplifiers was touched.
    assert!(table.bench.executed().is_empty());
}

/// The job that makes the science images of the table's exposure, `out_q1.fits` to `out_q4.fits`.
pub(super) fn detrend(table: &Table) -> Task {
    let files = table.files.clone();
    let outputs = (1..=4).map(|amp| AmpFile { amp: AmpId(amp), key: format!("out_q{amp}.fits") });
    Task::Detrend(Detrend {
        raw: files.raw,
        bias: files.bias,
        dark: None,
        flat: files.flat,
        focal_plane: files.level,
        headers: files.headers,
        masks: files.masks,
        outputs: outputs.collect(),
        mask_outputs: Vec::new(),
    })
}

#[test]
fn the_last_stage_and_the_catalogue_are_those_of_a_batch() {
    let mut table = table();
    let recipe = table.bench.recipe().unwrap();
    let files = table.files.clone();
    let detrend = detrend(&table);
    let aperture = Task::Aperture(job::Aperture {
        science: "out_q2.fits".to_owned(),
        mask: None,
        catalogue: files.catalogue,
        detector: job::Electronics::default(),
        output: "out_q2.parquet".to_owned(),
    });
    for task in [detrend, aperture] {
        let (camera, recipe) =
            (Text::BuiltIn("teaching".to_owned()), Text::BuiltIn("default".to_owned()));
        let job = Job { version: job::VERSION, camera, recipe, inputs: Vec::new(), task };
        job::execute(&job, &mut table.store, &mut ()).unwrap();
    }
    table.run(2);
    let made = crate::job::read_science(&mut table.store, "out_q2.fits").unwrap();
    let flip = table.bench.camera().amplifier(AmpId(2)).unwrap().sky_from_stored;
    let view = table.bench.view(AmpId(2), "split").unwrap();
    assert_eq!(view.image, flip.apply(made.image));
    assert_eq!(view.variance.unwrap(), flip.apply(made.variance));
    assert_eq!(view.mask.unwrap(), flip.apply(made.mask));
    let catalogue = "out_q2.parquet".to_owned();
    let batch = crate::job::read_catalogues(&mut table.store, &[catalogue]).unwrap();
    let own = table.bench.photometry(AmpId(2)).unwrap().unwrap();
    assert!(batch.rows() > 3);
    for column in ["x", "y", "f_0", "f_3_e"] {
        assert_eq!(own.table.f64(column), batch.f64(column), "{column}");
    }
    assert_eq!(recipe.aperture.radii_pix, own.radii_pix);
}

#[test]
fn every_step_brings_the_image_nearer_to_the_truth() {
    let mut table = table();
    table.run(3);
    let stages = table.bench.stages(AmpId(3)).unwrap();
    let median = |name: &str| {
        let stage = stages.iter().find(|stage| stage.stage == name).unwrap();
        stage.to_truth.unwrap().median.abs()
    };
    let by_stage: Vec<f64> = ALL.iter().map(|name| median(name)).collect();
    assert!(by_stage[0] > 50.0 && by_stage[2] < 1.0, "{by_stage:?}");
    assert!(median("bias") < 0.5 && median("split") < 0.5, "{}", median("split"));
    // Noise of the truth's difference is what the variance plane says.
    let split = stages.last().unwrap();
    let error = table.bench.view(AmpId(3), "split").unwrap().variance.unwrap();
    let typical = f64::from(error[[100, 100]]).sqrt();
    let rms = split.to_truth.unwrap().rms;
    assert!((rms / typical - 1.0).abs() < 0.15, "{rms} {typical}");
    assert!(stages.iter().all(|stage| stage.state == State::Ok), "{stages:?}");
}

#[test]
fn a_pixel_tells_how_each_step_came_to_its_value() {
    let mut table = table();
    table.run(1);
    let (x, y) = (300, 400);
    let pixel = table.bench.pixel(x, y).unwrap();
    assert_eq!((pixel.amp, pixel.rows.len()), (1, ALL.len()));
    let value = |stage: &str| {
        pixel.rows.iter().find(|row| row.stage == stage).and_then(|row| row.value).unwrap()
    };
    let view = table.bench.view(AmpId(1), "split").unwrap();
    let there = view.image[[y - view.origin.1, x - view.origin.0]];
    assert!((value("split") - f64::from(there)).abs() < 1e-12);
    assert!((pixel.truth.unwrap() - value("split")).abs() < 60.0, "{pixel:?}");
    let overscan = pixel.rows.iter().find(|row| row.stage == "overscan").unwrap();
    let level = value("saturation") - value("overscan");
    let told = format!("{:.2} − {level:.2}", value("saturation"));
    assert_eq!(overscan.arithmetic, told);
    assert!(pixel.ra_deg.is_some_and(|ra| (0.0..360.0).contains(&ra)));
    assert!(table.bench.pixel(5000, 10).is_none());
}

#[test]
fn what_is_missing_is_skipped_and_never_made_up() {
    let mut table = table();
    let files = Files { flat: None, level: None, truth: Vec::new(), ..table.files.clone() };
    let info = table.bench.open(&mut table.store, files).unwrap();
    assert!(info.calibration.iter().any(|one| one.what == "master flat" && one.found.is_none()));
    table.run(4);
    let stages = table.bench.stages(AmpId(4)).unwrap();
    let flat = stages.iter().find(|stage| stage.stage == "flat").unwrap();
    assert_eq!(flat.state, State::Skipped);
    assert!(flat.reason.as_ref().unwrap().contains("no master flat"), "{flat:?}");
    assert!(stages.last().unwrap().state == State::Ok && stages[0].to_truth.is_none());
    let residual = PlotRequest::Residual { stage: "split".to_owned(), amp: 4 };
    assert!(table.bench.plot(&residual).unwrap_err().to_string().contains("simulated"));
}

#[test]
fn an_impossible_order_or_value_changes_nothing() {
    let mut table = table();
    table.run(1);
    let mut settings = table.bench.settings().to_vec();
    settings.swap(1, 2);
    let error = table.bench.set(settings).unwrap_err().to_string();
    assert!(error.contains("passes through zero"), "{error}");
    let mut settings = table.bench.settings().to_vec();
    settings[1].params.insert("terms".to_owned(), "many".into());
    assert!(table.bench.set(settings).is_err());
    assert!(table.run(1).is_empty());
}

#[test]
fn plots_show_what_the_stages_hold() {
    let mut table = table();
    table.run(1);
    let row = PlotRequest::Row {
        at: 300,
        half_width: 0,
        stages: vec!["split".to_owned(), "truth".to_owned()],
        amp: 1,
    };
    let plot = table.bench.plot(&row).unwrap();
    let view = table.bench.view(AmpId(1), "split").unwrap();
    assert_eq!((plot.x[0], plot.series.len()), (256.0, 2));
    assert_eq!(plot.series[0].y[7], f64::from(view.image[[300 - view.origin.1, 7]]));
    let stage = "split".to_owned();
    let histogram =
        PlotRequest::Histogram { stage, low: 0.0, high: 400.0, bins: 40, sampled: false, amp: 1 };
    let counted: f64 = table.bench.plot(&histogram).unwrap().series[0].y.iter().sum();
    let inside = view.image.iter().filter(|value| (0.0..400.0).contains(*value)).count();
    assert_eq!(counted, inside as f64);
    let overscan = table.bench.plot(&PlotRequest::Overscan { amp: 1 }).unwrap();
    assert_eq!(overscan.x.len(), 256);
    assert!(overscan.summary.contains("rows are left out"));
    for request in [
        PlotRequest::Linearity { amp: 1 },
        PlotRequest::Residual { stage: "split".to_owned(), amp: 1 },
    ] {
        assert!(!table.bench.plot(&request).unwrap().summary.is_empty());
    }
    table.bench.photometry(AmpId(1)).unwrap().unwrap();
    let growth = table.bench.plot(&PlotRequest::Growth { star: 0, amp: 1 }).unwrap();
    assert!(growth.series[0].y.len() > 2);
}

#[test]
fn the_table_of_parameters_is_that_of_the_steps() {
    let bench = Bench::new("ztf").unwrap();
    for info in bench.steps() {
        for parameter in info.schema.iter().filter(|parameter| !parameter.optional) {
            let mut place = Some(&serde_json::Value::Object(info.defaults.clone()));
            for part in parameter.path.split('.') {
                place = place.and_then(|value| value.get(part)).or(None);
            }
            assert!(place.is_some(), "{}.{}", info.step, parameter.path);
        }
        let named = |key: &&String| {
            !info.schema.iter().any(|known| known.path.split('.').next() == Some(key.as_str()))
        };
        assert_eq!(info.defaults.keys().find(named), None, "{}", info.step);
    }
}

#[test]
fn dropped_files_are_sorted_by_what_they_are() {
    let mut table = table();
    let keys: Vec<String> = table.store.list();
    let fits: Vec<String> =
        keys.iter().filter(|key| key.starts_with("teaching")).cloned().collect();
    let raws = fits.iter().filter(|key| !key.contains("_q")).cloned().collect();
    let task = Task::Survey {
        files: raws,
        masters: vec!["bench_bias.fits".to_owned()],
        output: "survey.json".to_owned(),
    };
    let (camera, recipe) =
        (Text::BuiltIn("teaching".to_owned()), Text::BuiltIn("default".to_owned()));
    let job = Job { version: job::VERSION, camera, recipe, inputs: Vec::new(), task };
    job::execute(&job, &mut table.store, &mut ()).unwrap();
    let survey = load(&mut table.store, "survey.json", 1 << 20).unwrap();
    let survey: job::Survey = serde_json::from_slice(&survey).unwrap();
    let found = dropped(table.bench.camera(), &survey, &keys).unwrap();
    assert_eq!(found.files.raw, table.files.raw);
    assert_eq!(found.files.bias.as_deref(), Some("bench_bias.fits"));
    assert_eq!(found.files.headers.len(), 4);
    let labels: Vec<&str> = found.of_masters.iter().map(|unit| unit.label.as_str()).collect();
    assert!(labels.contains(&"stacking 3 flats"), "{labels:?}");
    assert!(found.files.biases.is_empty() && found.files.flats.len() == 3);
    let mut alone = survey;
    alone.files.retain(|file| file.visit.as_ref().is_some_and(|visit| visit.role != Role::Bias));
    let found = dropped(table.bench.camera(), &alone, &[]).unwrap();
    assert!(found.of_masters.is_empty() && found.files.flat.is_none());
    assert!(found.left_out[0].starts_with("3 raw flats: to stack them"), "{:?}", found.left_out);
}

fn shown(stage: &str, against: &str, mode: Mode) -> View {
    View {
        width: 64,
        height: 64,
        x: 384.0,
        y: 384.0,
        scale: 1.0,
        stage: stage.to_owned(),
        against: against.to_owned(),
        mode,
        split: 0.5,
        low: 0.0,
        high: 400.0,
        against_cuts: None,
        stretch: crate::display::Stretch::Linear,
        colour: crate::display::ColourMap::Grey,
        invert: false,
        mask_bits: 0,
        amps: vec![1, 2, 3, 4],
    }
}

#[test]
fn pictures_show_stages_sides_and_differences() {
    let mut table = table();
    table.run(1);
    let mut picture = |view: &View| {
        let mut bytes = vec![0; 4 * view.width * view.height];
        table.bench.draw(view, &mut bytes).unwrap();
        bytes
    };
    let one = picture(&shown("split", "raw", Mode::Single));
    let other = picture(&shown("raw", "split", Mode::Single));
    let both = picture(&shown("split", "raw", Mode::Split));
    let line = 4 * 64 * 10;
    assert_eq!(both[line..line + 4 * 32], other[line..line + 4 * 32]);
    assert_eq!(both[line + 4 * 32..line + 4 * 64], one[line + 4 * 32..line + 4 * 64]);
    let nothing = picture(&shown("split", "split", Mode::Difference));
    assert!(nothing.chunks_exact(4).all(|pixel| pixel == [0, 0, 0, 255]));
    let small = View { scale: 0.1, ..shown("split", "raw", Mode::Single) };
    let small = picture(&small);
    // Amplifier 1 alone was reduced: it covers a part of the picture.
    let drawn = small.chunks_exact(4).filter(|pixel| pixel[3] == 255).count();
    assert!((500..900).contains(&drawn), "{drawn}");
    // The view of a stage that is made anew is that of the new one.
    table.change("overscan", "terms", 1.into());
    table.run(1);
    let amps = [AmpId(1)];
    let zscale = cuts_of_name("zscale").unwrap();
    let (low, high) = table.bench.cuts(("split", Some("truth")), zscale, &amps).unwrap().unwrap();
    assert!(low < 0.0 && 0.0 < high && high < 100.0, "{low} {high}");
    assert!(table.bench.cuts(("none", None), zscale, &amps).unwrap().is_none());
    let counts = table.bench.mask_counts("split", &amps);
    let region = crate::display::Region::Circle { x: 380.0, y: 380.0, radius: 20.0 };
    let statistics = table.bench.region(&region, "split").unwrap();
    assert!(statistics.n_pixels > 1200 && counts.iter().any(|bit| bit.count > 0));
}

/// The picture of parts and tables alone, as a graphics processor draws it.
fn assembled(bench: &mut Bench, view: &View) -> Vec<u8> {
    let tables = view.tables().unwrap();
    let mut bytes = vec![0; 4 * view.width * view.height];
    for part in bench.parts(view).unwrap() {
        let (rows, columns) = part.size;
        let pixels = bench.pixels(&part.source, Plane::Image, (0..rows, 0..columns)).unwrap();
        let table = &tables[8192 * part.side..8192 * (part.side + 1)];
        for (line, row) in part.footprint.rows.iter().enumerate() {
            for (at, column) in part.footprint.columns.iter().enumerate() {
                let value = f32::from_bits(pixels[row * columns + column]);
                let order = crate::display::table::order(value);
                let step = table.chunks(2).rposition(|entry| entry[0] <= order).unwrap();
                let place = (part.footprint.first_line + line) * view.width
                    + part.footprint.first_column
                    + at;
                let color = table[2 * step + 1].to_le_bytes();
                bytes[4 * place..4 * place + 4].copy_from_slice(&color);
            }
        }
    }
    bytes
}

#[test]
fn parts_and_tables_make_the_picture() {
    let mut table = table();
    (1..=4).for_each(|amp| drop(table.run(amp)));
    let split = View { against_cuts: Some((900.0, 1500.0)), ..shown("split", "raw", Mode::Split) };
    let views = [
        View { x: 250.3, y: 262.8, ..shown("split", "raw", Mode::Single) },
        View { x: 250.3, y: 262.8, split: 0.3, ..split.clone() },
        View { x: 100.0, y: 20.0, scale: 0.13, ..split },
        View { scale: 0.4, low: -900.0, high: -800.0, ..shown("split", "raw", Mode::Difference) },
        View { low: 0.0, high: 0.0, ..shown("split", "split", Mode::Difference) },
        shown("split", "none", Mode::Split),
    ];
    for view in views {
        let mut bytes = vec![0; 4 * view.width * view.height];
        table.bench.draw(&view, &mut bytes).unwrap();
        assert!(bytes.chunks_exact(4).any(|pixel| pixel[3] == 255), "{view:?}");
        assert!(assembled(&mut table.bench, &view) == bytes, "{view:?}");
    }
}

#[test]
fn a_part_has_another_version_once_its_pixels_are_made_anew() {
    let mut table = table();
    table.run(1);
    let of = |bench: &Bench, stage: &str| {
        bench.parts(&shown(stage, "raw", Mode::Single)).unwrap()[0].version.clone()
    };
    let before = ["raw", "split", "truth"].map(|stage| of(&table.bench, stage));
    table.change("overscan", "terms", 1.into());
    assert!(table.bench.parts(&shown("split", "raw", Mode::Single)).unwrap().is_empty());
    table.run(1);
    let after = ["raw", "split", "truth"].map(|stage| of(&table.bench, stage));
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    assert_ne!(before[2], after[2]);
}

#[test]
fn pixels_that_are_not_there_are_refused() {
    let mut table = table();
    table.run(1);
    let source = Source { amp: 1, stage: "split".to_owned(), minus: String::new(), level: 1 };
    let mut ask = |source: &Source, rows, columns| {
        table.bench.pixels(source, Plane::Mask, (rows, columns)).map(|bits| bits.len())
    };
    assert_eq!(ask(&source, 3..128, 0..128).unwrap(), 125 * 128);
    assert!(ask(&source, 0..129, 0..1).is_err());
    assert!(ask(&source, 0..1, 7..usize::MAX).is_err());
    #[expect(clippy::reversed_empty_ranges, reason = "what a page may ask")]
    let reversed = ask(&source, 5..4, 0..1);
    assert!(reversed.is_err());
    let deep = Source { level: u32::MAX, ..source.clone() };
    assert!(ask(&deep, 0..1, 0..1).is_err());
    for missing in
        [Source { amp: 9, ..source.clone() }, Source { stage: "none".to_owned(), ..source }]
    {
        assert!(ask(&missing, 0..1, 0..1).is_err());
    }
}

#[test]
fn the_clip_of_a_pixel_is_the_one_that_made_the_master() {
    let mut table = table();
    table.run(2);
    let stacks = table.bench.stacks(&mut table.store).unwrap();
    let titles: Vec<_> =
        stacks.iter().map(|stack| (stack.title.as_str(), stack.frames.len())).collect();
    assert_eq!(titles, [("biases", 6), ("flats of lamp 3", 3)]);
    let origin = table.bench.view(AmpId(2), "raw").unwrap().origin;
    let at = (origin.0 + 100, origin.1 + 200);
    let mut pixels = Vec::new();
    for (index, stack) in stacks.iter().enumerate() {
        for n in 1..=stack.frames.len() {
            let stacked = table.bench.stacked(&mut table.store, index, at).unwrap().unwrap();
            assert_eq!((stacked.loaded, stacked.frames), (n, stack.frames.len()));
            assert_eq!(stacked.pixel.is_some(), n == stack.frames.len());
            pixels.extend(stacked.pixel);
        }
    }
    let [bias, flat] = pixels.as_slice() else { panic!("{pixels:?}") };
    assert_eq!((bias.merged_dn, bias.amp, bias.values.len()), (bias.master, 2, 6));
    // The median of three, without the bias, over the level; one lamp is the band.
    let key = table.files.flat.clone().unwrap();
    let file = crate::master::MasterFile::open(&mut table.store, &key, &[Kind::BandFlat]).unwrap();
    let level_dn = file.real("FLTNORM").unwrap();
    let expected = (flat.merged_dn.unwrap() - bias.master.unwrap()) / level_dn;
    assert!((flat.master.unwrap() / expected - 1.0).abs() < 1e-6, "{flat:?} {expected}");
    let drawn = table.bench.view(AmpId(2), "master bias").unwrap();
    assert_eq!(f64::from(drawn.image[[200, 100]]), bias.master.unwrap());
    let stage = "master flat".to_owned();
    let request =
        PlotRequest::Histogram { stage, low: 0.5, high: 1.5, bins: 10, sampled: false, amp: 2 };
    let plot = table.bench.plot(&request).unwrap();
    assert_eq!(
        (plot.title.as_str(), plot.x_label.as_str()),
        ("Histogram of master flat", "value (relative)")
    );
    assert!(60_000.0 < plot.series[0].y.iter().sum::<f64>());
    assert!(table.bench.stacked(&mut table.store, 0, (9999, 0)).unwrap().is_none());
    assert!(table.bench.stacked(&mut table.store, 7, at).is_err());
}

#[test]
fn the_header_of_the_science_image_is_the_one_that_is_written() {
    let mut table = table();
    let recipe = table.bench.recipe_text().unwrap();
    table.store.append(RECIPE, recipe.as_bytes()).unwrap();
    let (job, outputs) = table.bench.image_job(&mut table.store).unwrap();
    job::execute(&job, &mut table.store, &mut ()).unwrap();
    let amp = AmpId(3);
    let key = &outputs.iter().find(|output| output.amp == amp).unwrap().key;
    let file = crate::formats::fits::FitsFile::open(
        &mut crate::store::Source::open(&mut table.store, key).unwrap(),
    );
    let mut written = file.unwrap().hdus()[0].header.clone();
    for key in ["CREATOR", "RECIPE", "RECIPEID", "CAMERA", "CAMERAID", "HISTORY"] {
        assert!(written.card(key).is_some(), "{key}");
        written.remove(key);
    }
    assert_eq!(table.bench.header(amp, "shown").unwrap(), written);
    let raw = table.bench.header(amp, "raw").unwrap();
    assert!(raw.card("FLTNORM").is_none() && raw.card("EXPTIME") == written.card("EXPTIME"));
    let of: Vec<String> = table.bench.headers(amp).unwrap().into_iter().map(|one| one.of).collect();
    assert_eq!(of[..5], ["shown", "raw", "bias", "flat", "hdu 0"]);
    assert!(of.iter().all(|of| table.bench.header(amp, of).is_ok()));
    for wrong in ["dark", "hdu 99", "hdu", ""] {
        assert!(table.bench.header(amp, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn names_tell_the_likeliest_camera() {
    let of = |name: &str| cameras_for(&[name.to_owned()]);
    assert_eq!(of("ztf_20200924431759_000655_zr_c13_o.fits.fz")[0], "ztf");
    assert_eq!(of("a/teaching_1_o.fits")[0], "teaching");
    let other = of("b27.fits.gz");
    assert!(!other.contains(&"ztf") && other.contains(&"generic"), "{other:?}");
}
