//! A simulated image put back on the sky, from a start that is wrong.

use super::*;
use crate::job::{Calibrate, Detect, Pointing};
use crate::numerics::sky::{ARCSECOND, Wcs, separation};

/// Detrended images and the objects of the second one.
fn scene() -> Files {
    let mut files = night();
    files.run(Task::Detrend(detrend(&files, "a"))).unwrap();
    let task = Detect {
        science: "a_2.fits".to_owned(),
        mask: None,
        detector: Electronics::default(),
        params: crate::calibrate::objects::Params::default(),
        output: "objects".to_owned(),
    };
    files.run(Task::Detect(task)).unwrap();
    files
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
        astrometry: Default::default(),
        zero_point: Default::default(),
        magnitude: None,
        color: None,
        output: "calibrated.fits".to_owned(),
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
    assert!(matches!(error, Error::Input { .. }) && text.contains("chance"), "{text}");
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
