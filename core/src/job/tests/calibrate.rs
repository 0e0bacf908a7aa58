//! A simulated image put back on the sky, from a start that is wrong.

use super::*;
use crate::job::{Calibrate, Detect, Masks, Pointing};
use crate::numerics::sky::{ARCSECOND, Wcs, separation};

/// Detrended images and the objects of the second one.
fn scene() -> Files {
    let mut files = night();
    files.run(Task::Detrend(detrend(&files, "a"))).unwrap();
    let task = Detect {
        science: "a_2.fits".to_owned(),
        mask: None,
        detector: Electronics::default(),
        output: "objects".to_owned(),
    };
    // The image is small, and stars are near each other.
    let stars = "{ min_signal_ratio = 15.0, neighbors_fraction = 0.1, min_stars = 3 }";
    files.calibrated_with(&format!("objects.psf = {stars}"), Task::Detect(task)).unwrap();
    files
}

impl Files {
    /// Does a task by the default recipe with these lines in `[calibrate]`.
    fn calibrated_with(&mut self, lines: &str, task: Task) -> Result<Provenance> {
        let text = format!("{}\n[calibrate]\n{lines}\n", crate::recipe::BUILT_IN[0].1);
        self.0.insert("own.toml".to_owned(), text.into_bytes());
        self.run_by(Text::File("own.toml".to_owned()), task)
    }
}

#[test]
fn a_table_without_a_width_of_stars_gives_a_warning_and_no_card() {
    let mut files = scene();
    let mut objects = files.table("objects");
    objects.metadata.retain(|(key, _)| key != crate::calibrate::objects::PSF_KEY);
    files.keep("objects", &objects);
    let record = files.run(Task::Calibrate(Box::new(task(&files, "stars.parquet")))).unwrap();
    assert_eq!(record.warnings[0].kind, "no-psf");
    assert_eq!(files.image("calibrated.fits").header.card("SEEINGAS"), None);
    objects.metadata.push((crate::calibrate::objects::PSF_KEY.to_owned(), "no JSON".to_owned()));
    files.keep("objects", &objects);
    let error = files.run(Task::Calibrate(Box::new(task(&files, "stars.parquet")))).unwrap_err();
    assert!(matches!(error, Error::Format { .. }), "{error}");
}

fn wcs(files: &Files, key: &str) -> Wcs {
    Wcs::from_header(&files.image(key).header).unwrap().unwrap()
}

fn task(files: &Files, catalogue: &str) -> Calibrate {
    let (rows, columns) = SHAPE;
    let (x, y) = (0.5 * columns as f64, 0.5 * rows as f64);
    let truth = wcs(files, "a_2.fits");
    let (middle, up) = (truth.sky_from_pixel(x, y), truth.sky_from_pixel(x, y + 10.0));
    let right = truth.sky_from_pixel(x + 10.0, y);
    let direction = |to: (f64, f64)| ((to.0 - middle.0) * libm::cos(middle.1), to.1 - middle.1);
    let (up, right) = (direction(up), direction(right));
    Calibrate {
        science: "a_2.fits".to_owned(),
        mask: None,
        objects: "objects".to_owned(),
        catalogue: vec![catalogue.to_owned()],
        // Four arcminutes and three degrees off.
        pointing: Some(Pointing {
            ra_deg: middle.0 / DEGREE + 4.0 / 60.0,
            dec_deg: middle.1 / DEGREE - 4.0 / 60.0,
            scale_arcsec: 1.01,
            rotation_deg: libm::atan2(-up.0, up.1) / DEGREE + 3.0,
            mirrored: right.0 * up.1 - right.1 * up.0 > 0.0,
        }),
        output: Some("calibrated.fits".to_owned()),
        table_output: "sky.parquet".to_owned(),
    }
}

#[test]
fn an_image_gets_its_map_and_zero_point_back() {
    let mut files = scene();
    let record = files.run(Task::Calibrate(Box::new(task(&files, "stars.parquet")))).unwrap();
    assert_eq!(record.products, ["calibrated.fits", "sky.parquet"]);
    assert!(record.warnings.is_empty(), "{:?}", record.warnings);
    let (before, after) = (files.image("a_2.fits"), files.image("calibrated.fits"));
    assert_eq!(before.planes, after.planes);
    assert_eq!(after.header.card("PV1_4"), None);
    let (truth, found) = (wcs(&files, "a_2.fits"), wcs(&files, "calibrated.fits"));
    let mut squares = 0.0;
    for (x, y) in [(5.0, 5.0), (95.0, 5.0), (50.0, 70.0), (5.0, 135.0), (95.0, 135.0)] {
        let off = separation(truth.sky_from_pixel(x, y), found.sky_from_pixel(x, y)) / ARCSECOND;
        squares += off * off;
    }
    let off = (squares / 5.0).sqrt();
    assert!(off < 0.1, "{off}");
    let objects = files.table("sky.parquet");
    let (ra, mag) = (objects.f64("ra").unwrap(), objects.f64("mag").unwrap());
    let rows = objects.f64("reference").unwrap();
    let stars = files.table("stars.parquet");
    let known = stars.f64("phot_g_mean_mag").unwrap();
    let matched: Vec<usize> = (0..objects.rows()).filter(|&row| rows[row] >= 0.0).collect();
    assert!(matched.len() >= 10, "{} of {}", matched.len(), objects.rows());
    assert!(ra.iter().all(|ra| (0.0..360.0).contains(ra)));
    let off = matched.iter().map(|&row| mag[row] - known[rows[row] as usize]);
    let middle = crate::numerics::stats::finite_median(off).unwrap();
    assert!(middle.abs() < 0.1, "{middle}");
    // Twelve pixels hold all light of a star; six all but some hundredths.
    let zero = after.header.real("MAGZP").unwrap();
    let simulated = NightParams::default().zero_point_mag;
    assert!((zero - simulated).abs() < 0.2, "{zero} {simulated}");
    assert!(after.header.integer("NMATCHES").unwrap() >= 5);
    // A handful of stars tells the width to some percent.
    let card = |key: &str| after.header.real(key).unwrap();
    let fwhm = NightParams::default().fwhm_pix;
    assert!((card("FWHMOPT") / fwhm - 1.0).abs() < 0.1, "{}", card("FWHMOPT"));
    let scale = found.pixel_scale_arcsec();
    assert!((card("SEEINGAS") / card("SEEING") / scale - 1.0).abs() < 1e-9);
    assert!(card("SEEING") > card("FWHMOPT") && (0.0..180.0).contains(&card("PSFPA")));
    assert_eq!((card("APRAD"), card("MAGLIMSN")), (6.0, 5.0));
    let psf = record.steps.iter().find(|step| step.step == "psf").unwrap();
    let noise = psf.report["limit"]["aperture_noise_dn"].as_f64().unwrap();
    assert!((card("MAGLIM") - (zero - 2.5 * libm::log10(5.0 * noise))).abs() < 1e-9);
    assert_eq!(after.header.integer("NPSF").map(|n| n > 2), Some(true));
    assert!(objects.get("fwhm").is_some());
    // The table is the same without the image.
    let alone = Calibrate {
        output: None,
        table_output: "alone.parquet".to_owned(),
        ..task(&files, "stars.parquet")
    };
    let record = files.run(Task::Calibrate(Box::new(alone))).unwrap();
    assert_eq!(record.products, ["alone.parquet"]);
    assert_eq!(files.0["alone.parquet"], files.0["sky.parquet"]);
}

fn masks(science: &str, output: &str) -> Masks {
    let text = format!(r#"{{ "science": "{science}", "output": "{output}" }}"#);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_image_gets_masks_of_its_own_before_its_map() {
    let mut files = scene();
    let width = format!("fwhm_pix = {}", NightParams::default().fwhm_pix);
    let task_of = masks("a_2.fits", "masked.fits");
    let record = files.calibrated_with(&width, Task::Masks(task_of)).unwrap();
    assert!(record.warnings.is_empty(), "{:?}", record.warnings);
    let (before, after) = (files.image("a_2.fits"), files.image("masked.fits"));
    assert_eq!(before.planes.image, after.planes.image);
    assert_eq!(before.planes.variance, after.planes.variance);
    let (old, new) = (&before.planes.mask, &after.planes.mask);
    assert!(old.iter().zip(new).all(|(old, new)| old & new == *old));
    let report = &record.steps.iter().find(|step| step.step == "masks").unwrap().report;
    assert_eq!(report["edges"], 2 * (140 + 98));
    let spikes = [old, new].map(|bits| mask::count(bits, mask::SPIKE));
    assert_eq!(Some(spikes[1] - spikes[0]), report["cosmic_rays"]["pixels"].as_u64());
    let mut calibrated = task(&files, "stars.parquet");
    calibrated.science = "masked.fits".to_owned();
    files.run(Task::Calibrate(Box::new(calibrated))).unwrap();
    assert_eq!(files.image("calibrated.fits").planes, after.planes);
    // What has been found is not found again.
    let again = masks("masked.fits", "again.fits");
    files.calibrated_with(&width, Task::Masks(again)).unwrap();
    let again = mask::count(&files.image("again.fits").planes.mask, mask::SPIKE);
    assert!(again <= spikes[1] + spikes[1] / 10, "{spikes:?} {again}");
}

/// Each job's inputs, those of the last one at the end; a file that two jobs read stands there once.
#[test]
fn an_image_of_several_jobs_lists_every_input_once() {
    let mut files = scene();
    let of_file = |(files, key): (&Files, &str)| InputId {
        name: key.to_owned(),
        sha256: crate::provenance::digest(&files.0[key]),
    };
    let run = |files: &mut Files, inputs: &[&str], task: Task| {
        let inputs = inputs.iter().map(|key| of_file((files, key))).collect();
        files.run_with(inputs, Text::BuiltIn("default".to_owned()), task).unwrap();
    };
    // An image's own cards stay; texts longer than a card come back in pieces.
    let listed = |files: &Files, key: &str| -> String {
        let header = files.image(key).header;
        let history = header.cards.iter().filter(|card| card.key == "HISTORY");
        history.map(|card| card.comment.clone()).collect()
    };
    let line = |(files, key): (&Files, &str)| {
        let InputId { name, sha256 } = of_file((files, key));
        format!("input {sha256} {name}")
    };
    run(&mut files, &["a_2.fits"], Task::Masks(masks("a_2.fits", "masked.fits")));
    run(&mut files, &["masked.fits", "a_2.fits"], Task::Masks(masks("masked.fits", "again.fits")));
    let (first, second) = (line((&files, "a_2.fits")), line((&files, "masked.fits")));
    assert_eq!(listed(&files, "masked.fits"), first);
    assert_eq!(listed(&files, "again.fits"), format!("{second}{first}"));
    let mut calibrated = task(&files, "stars.parquet");
    calibrated.science = "again.fits".to_owned();
    let inputs = ["again.fits", "objects", "stars.parquet"];
    run(&mut files, &inputs, Task::Calibrate(Box::new(calibrated.clone())));
    let third: String = inputs.iter().map(|key| line((&files, key))).collect();
    let all = format!("{second}{first}{third}");
    assert_eq!(listed(&files, "calibrated.fits"), all);
    // Calibrated again, with the same objects and stars.
    let before = files.0.remove("calibrated.fits").unwrap();
    files.0.insert("before.fits".to_owned(), before);
    files.0.remove(&calibrated.table_output);
    calibrated.science = "before.fits".to_owned();
    let inputs = ["before.fits", "objects", "stars.parquet"];
    run(&mut files, &inputs, Task::Calibrate(Box::new(calibrated)));
    let last: String = inputs.iter().map(|key| line((&files, key))).collect();
    let again = line((&files, "again.fits"));
    assert_eq!(listed(&files, "calibrated.fits"), format!("{second}{first}{again}{last}"));
}

#[test]
fn cosmic_rays_are_not_searched_for_among_stars_of_unknown_width() {
    let mut files = scene();
    let record = files.run(Task::Masks(masks("a_2.fits", "masked.fits"))).unwrap();
    let kinds: Vec<_> = record.warnings.iter().map(|warning| warning.kind.as_str()).collect();
    assert_eq!(kinds, ["cosmic-rays-not-searched"]);
    let [old, new] = ["a_2.fits", "masked.fits"]
        .map(|name| mask::count(&files.image(name).planes.mask, mask::SPIKE));
    assert_eq!(old, new);
}

#[test]
fn values_are_put_in_on_request_and_marked() {
    let mut files = scene();
    let asked = masks("a_2.fits", "filled.fits");
    let lines = r#"masks.interpolation = { bits = ["SPIKE", "DEAD"], reach_pix = 5 }"#;
    files.calibrated_with(lines, Task::Masks(asked.clone())).unwrap();
    let (before, after) = (files.image("a_2.fits"), files.image("filled.fits"));
    let mut filled = 0;
    for (at, bits) in after.planes.mask.indexed_iter() {
        let interpolated = bits & mask::INTERPOLATED != 0;
        filled += usize::from(interpolated);
        assert!(!interpolated || bits & (mask::SPIKE | mask::DEAD) != 0);
        let same = before.planes.image[at].to_bits() == after.planes.image[at].to_bits();
        assert!(interpolated || same, "{at:?}");
    }
    assert!(filled > 0);
    let lines = r#"masks.growth = [{ bit = "FULL", by_pix = 1 }]"#;
    let error = files.calibrated_with(lines, Task::Masks(asked)).unwrap_err().to_string();
    assert!(error.contains("calibrate.masks.growth.bit"), "{error}");
}

#[test]
fn the_stars_of_another_field_are_refused() {
    let mut files = scene();
    let mut stars = files.table("stars.parquet");
    let dec = stars.f64("dec").unwrap();
    let (low, high) = dec.iter().fold((90.0_f64, -90.0_f64), |(l, h), &d| (l.min(d), h.max(d)));
    let mirrored = dec.iter().map(|dec| low + high - dec).collect();
    stars.set("dec", "deg", Values::F64(mirrored)).unwrap();
    files.keep("other.parquet", &stars);
    let error = files.run(Task::Calibrate(Box::new(task(&files, "other.parquet")))).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::NoMatch { .. }) && text.contains("chance"), "{text}");
    assert!(!files.0.contains_key("calibrated.fits") && files.0.contains_key("objects"));
    // Nor is an image believed that has no map and gets no pointing.
    let mut lost = task(&files, "stars.parquet");
    lost.pointing = None;
    lost.science = "bare.fits".to_owned();
    let image = files.image("a_2.fits");
    let mut header = image.header.clone();
    header.remove("CTYPE1");
    header.remove("CTYPE2");
    let mut store = Memory::default();
    let mut writer = crate::formats::fits::FitsWriter::new(Sink::new(&mut store, "bare.fits"));
    let pixels = crate::formats::fits::PixelData::F32(image.planes.image.view());
    writer.write_hdu(&header, None, pixels, crate::formats::fits::Encoding::Plain).unwrap();
    files.0.insert("bare.fits".to_owned(), store.bytes("bare.fits"));
    let text = files.run(Task::Calibrate(Box::new(lost))).unwrap_err().to_string();
    assert!(text.contains("pointing"), "{text}");
}
