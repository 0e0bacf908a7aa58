//! Images that are looked at as they are, against arrays whose numbers are known.

use ndarray::{Array2, array};

use super::*;
use crate::display::Region;
use crate::formats::fits::{Encoding, FitsWriter, PixelData};
use crate::formats::memory::Memory;
use crate::header::Header;
use crate::job::{self, AmpFile, Detrend, Job, Task, Text};
use crate::mask;
use crate::master::mask_cards;
use crate::simulate::NightParams;
use crate::store::Sink;

const SHAPE: (usize, usize) = (5, 7);

/// `10 row + column`, so that a pixel tells where it is.
fn ramp() -> Array2<f32> {
    Array2::from_shape_fn(SHAPE, |(row, column)| (10 * row + column) as f32)
}

/// HDUs of these names, each with its pixels and cards.
fn file(store: &mut Memory, key: &str, hdus: &[(Option<&str>, PixelData<'_>, Header)]) {
    let mut writer = FitsWriter::new(Sink::new(store, key));
    for (name, pixels, header) in hdus {
        writer.write_hdu(header, *name, *pixels, Encoding::Plain).unwrap();
    }
}

fn header(cards: &[(&str, &str)]) -> Header {
    let mut header = Header::new();
    cards.iter().for_each(|(key, value)| header.set(key, *value, ""));
    header
}

/// The bench with the image of these files on it, read.
fn bench(store: &mut Memory, names: &[&str], hdu: Option<usize>) -> Result<(Bench, ExposureInfo)> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut bench = Bench::new("generic")?;
    let prepared = looked_at(store, &names, (hdu, "It is no raw exposure."))?;
    let info = bench.open(store, prepared.files)?;
    while bench.advance(store, AmpId(1))?.is_some() {}
    Ok((bench, info))
}

fn refusal(store: &mut Memory, names: &[&str]) -> String {
    bench(store, names, None).err().map_or_else(String::new, |error| error.to_string())
}

#[test]
fn an_image_is_shown_as_it_is_stored_with_its_numbers() {
    let mut store = Memory::default();
    let mut pixels = ramp();
    pixels[[4, 6]] = f32::NAN;
    let cards = header(&[("BUNIT", "electron"), ("OBJECT", "ramp")]);
    file(&mut store, "a.fits", &[(None, PixelData::F32(pixels.view()), cards)]);
    let (bench, info) = bench(&mut store, &["a.fits"], None).unwrap();
    assert_eq!((info.kind, info.width, info.height, info.hdu), ("image", 7, 5, Some(0)));
    assert_eq!(info.notes, ["It is no raw exposure."]);
    let view = bench.view(AmpId(1), "image").unwrap();
    assert!(view.variance.is_none() && view.mask.is_none());
    assert_eq!(view.image[[2, 3]], 23.0);
    // Row 0 is the bottom: y grows with the row.
    let pixel = bench.pixel(3, 2).unwrap();
    assert_eq!((pixel.stored_x, pixel.stored_y, pixel.rows.len()), (3, 2, 1));
    let row = &pixel.rows[0];
    assert_eq!((row.value, row.unit.as_str(), row.error), (Some(23.0), "electron", None));
    assert!(pixel.ra_deg.is_none() && bench.pixel(7, 0).is_none() && bench.pixel(0, 5).is_none());
    // 34 values 0 … 46 without the last one: their sum is 35 × 23 − 46.
    let stage = &bench.stages(AmpId(1)).unwrap()[0];
    let stats = stage.stats.unwrap();
    assert_eq!((stats.min, stats.max, stats.n_nan, stats.n_pixels), (0.0, 45.0, 1, 35));
    assert_eq!(stats.mean, (35.0 * 23.0 - 46.0) / 34.0);
    assert_eq!(stats.median, 22.5);
    assert_eq!((stage.unit.as_str(), stage.title.as_str()), ("electron", "Image"));
    assert!(bench.steps().is_empty() && bench.settings().is_empty());
    let header = bench.header(AmpId(1), "shown").unwrap();
    assert_eq!(header.text("OBJECT"), Some("ramp"));
}

#[test]
fn regions_profiles_cuts_and_histograms_are_those_of_the_array() {
    let mut store = Memory::default();
    let pixels = ramp();
    file(&mut store, "a.fits", &[(None, PixelData::F32(pixels.view()), Header::new())]);
    let (mut bench, _) = bench(&mut store, &["a.fits"], None).unwrap();
    // Columns 1 to 3 of rows 1 and 2: 11, 12, 13, 21, 22, 23.
    let region = Region::Rectangle { x0: 1.0, y0: 1.0, x1: 3.0, y1: 2.0 };
    let found = bench.region(&region, "image").unwrap();
    assert_eq!((found.n_pixels, found.mean), (6, Some(17.0)));
    let stages = vec!["image".to_owned()];
    let row = PlotRequest::Row { at: 2, half_width: 0, stages: stages.clone(), amp: 1 };
    let plot = bench.plot(&row).unwrap();
    assert_eq!(plot.series[0].y, [20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0]);
    assert_eq!(plot.y_label, "value (file units)");
    let column = PlotRequest::MeanColumn { stages, amp: 1 };
    assert_eq!(bench.plot(&column).unwrap().series[0].y, [3.0, 13.0, 23.0, 33.0, 43.0]);
    let stage = "image".to_owned();
    let histogram =
        PlotRequest::Histogram { stage, low: 0.0, high: 50.0, bins: 5, sampled: false, amp: 1 };
    assert_eq!(bench.plot(&histogram).unwrap().series[0].y, [7.0; 5]);
    let all = cuts_of_name("minmax").unwrap();
    assert_eq!(bench.cuts(("image", None), all, &[AmpId(1)]).unwrap(), Some((0.0, 46.0)));
    let overscan = bench.plot(&PlotRequest::Overscan { amp: 1 });
    assert!(overscan.unwrap_err().to_string().contains("overscan"));
}

#[test]
fn every_kind_of_number_is_read_with_its_scale() {
    let card = |text: String| format!("{text:80}");
    for (bitpix, bytes) in [(8_i64, 1), (16, 2), (32, 4), (64, 8), (-32, 4), (-64, 8)] {
        let mut cards = vec![card("SIMPLE  =                    T".to_owned())];
        let whole = [("BITPIX", bitpix), ("NAXIS", 3), ("NAXIS1", 3), ("NAXIS2", 2), ("NAXIS3", 1)];
        cards.extend(whole.map(|(key, value)| card(format!("{key:8}= {value:20}"))));
        cards.push(card("BSCALE  =                  0.5".to_owned()));
        cards.push(card("BZERO   =                100.0".to_owned()));
        cards.push(card("END".to_owned()));
        let mut file = cards.concat().into_bytes();
        file.resize(2880, b' ');
        for number in 1..=6_u8 {
            let stored = match bitpix {
                -32 => f32::from(number).to_be_bytes().to_vec(),
                -64 => f64::from(number).to_be_bytes().to_vec(),
                _ => i64::from(number).to_be_bytes()[8 - bytes..].to_vec(),
            };
            file.extend(stored);
        }
        file.resize(2 * 2880, 0);
        let mut store = Memory::with("a.fits", file);
        let (bench, info) = bench(&mut store, &["a.fits"], None).unwrap();
        let view = bench.view(AmpId(1), "image").unwrap();
        assert_eq!(view.image, array![[100.5, 101.0, 101.5], [102.0, 102.5, 103.0]], "{bitpix}");
        assert!(info.images[0].stored.starts_with(&bitpix.unsigned_abs().to_string()));
    }
}

#[test]
fn a_mask_inside_or_beside_the_file_is_shown_by_the_names_of_the_registry() {
    let mut store = Memory::default();
    let (image, variance) = (ramp(), Array2::from_elem(SHAPE, 4.0_f32));
    let mut bits = Array2::<u32>::zeros(SHAPE);
    (bits[[1, 2]], bits[[3, 3]]) = (mask::SATURATED | mask::DEAD, mask::SOURCE);
    let mut names = Header::new();
    mask_cards(&mut names);
    let science = |names: Header| {
        [
            (None, PixelData::F32(image.view()), header(&[("PRODUCT", "science image")])),
            (Some("MASK"), PixelData::Mask(bits.view()), names),
            (Some("VARIANCE"), PixelData::F32(variance.view()), Header::new()),
        ]
    };
    file(&mut store, "inside.fits", &science(names.clone()));
    file(&mut store, "x_sciimg.fits", &[(None, PixelData::F32(image.view()), Header::new())]);
    file(&mut store, "x_mskimg.fits", &[(None, PixelData::Mask(bits.view()), Header::new())]);
    for (names, error) in
        [(&["inside.fits"][..], Some(2.0)), (&["x_mskimg.fits", "x_sciimg.fits"][..], None)]
    {
        let (bench, info) = bench(&mut store, names, None).unwrap();
        let counts = bench.mask_counts("image", &[AmpId(1)]);
        let counted: Vec<&str> =
            counts.iter().filter(|bit| bit.count == 1).map(|bit| bit.name).collect();
        assert_eq!(counted, ["SOURCE", "SATURATED", "DEAD"], "{names:?}");
        let row = bench.pixel(2, 1).unwrap().rows.remove(0);
        assert_eq!((row.flags, row.error), (vec!["SATURATED", "DEAD"], error));
        assert_eq!(bench.stages(AmpId(1)).unwrap()[0].stats.unwrap().n_masked, 1);
        assert!(info.name != "x_mskimg.fits", "{info:?}");
    }
    // Bits that another program numbers otherwise are not given our names.
    names.set("MP_SATUR", 1_i64, "");
    file(&mut store, "other.fits", &science(names));
    let (bench, info) = bench(&mut store, &["other.fits"], None).unwrap();
    assert_eq!(info.notes[1], "Its header says: science image.");
    assert!(info.notes[2].contains("MP_SATUR = 1"), "{:?}", info.notes);
    assert!(bench.view(AmpId(1), "image").unwrap().mask.is_none());
}

#[test]
fn a_mask_of_another_shape_is_refused_and_the_stage_says_so() {
    let mut store = Memory::default();
    let (image, bits) = (ramp(), Array2::<u32>::zeros((4, 7)));
    file(&mut store, "x_sciimg.fits", &[(None, PixelData::F32(image.view()), Header::new())]);
    file(&mut store, "x_mskimg.fits", &[(None, PixelData::Mask(bits.view()), Header::new())]);
    let names = ["x_sciimg.fits".to_owned(), "x_mskimg.fits".to_owned()];
    let mut bench = Bench::new("generic").unwrap();
    let prepared = looked_at(&mut store, &names, (None, "")).unwrap();
    bench.open(&mut store, prepared.files).unwrap();
    let error = bench.advance(&mut store, AmpId(1)).unwrap_err().to_string();
    assert!(error.contains("(4, 7)") && error.contains("(5, 7)"), "{error}");
    let stage = &bench.stages(AmpId(1)).unwrap()[0];
    assert_eq!((stage.state, stage.reason.as_ref()), (State::Failed, Some(&error)));
}

#[test]
fn a_place_on_the_sky_is_told_where_there_is_one() {
    let mut store = Memory::default();
    let image = ramp();
    let mut cards = header(&[("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN")]);
    for (key, value) in [
        ("CRVAL1", 150.0),
        ("CRVAL2", 2.0),
        ("CRPIX1", 4.0),
        ("CRPIX2", 3.0),
        ("CD1_1", -0.001),
        ("CD1_2", 0.0),
        ("CD2_1", 0.0),
        ("CD2_2", 0.001),
    ] {
        cards.set(key, value, "");
    }
    file(&mut store, "a.fits", &[(None, PixelData::F32(image.view()), cards)]);
    let (bench, _) = bench(&mut store, &["a.fits"], None).unwrap();
    // The reference pixel (4, 3) of FITS is (3, 2) counted from zero.
    let pixel = bench.pixel(3, 2).unwrap();
    assert!((pixel.ra_deg.unwrap() - 150.0).abs() < 1e-12);
    assert!((pixel.dec_deg.unwrap() - 2.0).abs() < 1e-12);
    assert!(bench.pixel(4, 2).unwrap().ra_deg.unwrap() < 149.9995);
}

#[test]
fn of_several_images_the_first_is_shown_and_the_others_are_offered() {
    let mut store = Memory::default();
    let (first, second) = (ramp(), Array2::from_elem((2, 3), 8.0_f32));
    let hdus = [
        (None, PixelData::None, header(&[("OBJECT", "two")])),
        (Some("LEFT"), PixelData::F32(first.view()), Header::new()),
        (Some("RIGHT"), PixelData::F32(second.view()), Header::new()),
    ];
    file(&mut store, "a.fits", &hdus);
    let (_, info) = bench(&mut store, &["a.fits"], None).unwrap();
    let offered: Vec<(usize, &str)> =
        info.images.iter().map(|one| (one.hdu, one.name.as_str())).collect();
    assert_eq!((info.hdu, offered), (Some(1), vec![(1, "LEFT"), (2, "RIGHT")]));
    let (other, info) = bench(&mut store, &["a.fits"], Some(2)).unwrap();
    assert_eq!((info.hdu, info.width, info.height), (Some(2), 3, 2));
    assert_eq!(other.view(AmpId(1), "image").unwrap().image, second);
    // The primary header holds for all of them.
    assert_eq!(other.header(AmpId(1), "shown").unwrap().text("OBJECT"), Some("two"));
    let error = bench(&mut store, &["a.fits"], Some(0)).err().unwrap().to_string();
    assert!(error.contains("HDU 2 (RIGHT)") && error.contains("in HDU 0"), "{error}");
}

#[test]
fn what_has_no_image_or_is_damaged_is_refused_with_what_was_found() {
    let mut store = Memory::default();
    let line = Array2::from_elem((1, 7), 1.0_f32);
    let hdus = [
        (None, PixelData::None, Header::new()),
        (Some("SPECTRUM"), PixelData::F32(line.view()), Header::new()),
    ];
    file(&mut store, "line.fits", &hdus);
    let told = refusal(&mut store, &["line.fits"]);
    assert!(told.contains("HDU 1 (SPECTRUM): array of 7 x 1 pixels"), "{told}");
    assert!(refusal(&mut store, &["stars.csv"]).contains("no FITS file"));
    let image = ramp();
    file(&mut store, "whole.fits", &[(None, PixelData::F32(image.view()), Header::new())]);
    let whole = store.bytes("whole.fits");
    // Wherever the file is cut, somebody is told; 35 numbers of 4 byte end at 3020.
    for length in [0, 1, 79, 80, 2000, 2880, 2881, 3019] {
        let mut cut = Memory::with("cut.fits", whole[..length].to_vec());
        assert!(!refusal(&mut cut, &["cut.fits"]).is_empty(), "{length}");
    }
    let mut words = Memory::with("words.fits", b"this is no FITS file".repeat(400));
    assert!(refusal(&mut words, &["words.fits"]).contains("words.fits"));
    // A damaged file does not hide a good one.
    let (_, info) = bench(&mut store, &["line.fits", "whole.fits"], None).unwrap();
    assert_eq!(info.name, "whole.fits");
}

#[test]
fn a_master_is_looked_at_and_a_science_image_is_measured_as_a_batch_does() {
    let mut store = Memory::default();
    let mut raw = Bench::new("teaching").unwrap();
    let night = NightParams {
        biases: 3,
        flats_per_lamp: 2,
        lamps: vec![3],
        exposures: 1,
        ..NightParams::default()
    };
    let prepared = simulated(raw.camera(), &night).unwrap();
    prepared
        .units
        .iter()
        .chain(&prepared.of_masters)
        .for_each(|unit| unit.run(&mut store).unwrap());
    let mut execute = |job: &Job| job::execute(job, &mut store, &mut ()).unwrap();
    let Files { raw: exposure, bias, flat, level, headers, masks, catalogue, .. } = prepared.files;
    let outputs = (1..=4).map(|amp| AmpFile { amp: AmpId(amp), key: format!("out_q{amp}.fits") });
    let detrend = Task::Detrend(Detrend {
        raw: exposure,
        bias,
        dark: None,
        flat,
        focal_plane: level,
        headers,
        masks,
        outputs: outputs.collect(),
        mask_outputs: Vec::new(),
    });
    let aperture = Task::Aperture(job::Aperture {
        science: "out_q2.fits".to_owned(),
        mask: None,
        catalogue: catalogue.clone(),
        detector: job::Electronics::default(),
        output: "batch.parquet".to_owned(),
    });
    for task in [detrend, aperture] {
        let (camera, recipe) =
            (Text::BuiltIn("teaching".to_owned()), Text::BuiltIn("default".to_owned()));
        execute(&Job { version: job::VERSION, camera, recipe, inputs: Vec::new(), task });
    }
    let names = [vec!["out_q2.fits".to_owned()], catalogue].concat();
    assert_eq!(camera_of_image(&mut store, &names), "teaching");
    let prepared = looked_at(&mut store, &names, (None, "")).unwrap();
    let info = raw.open(&mut store, prepared.files).unwrap();
    assert_eq!(info.images.len(), 3, "{:?}", info.images);
    raw.advance(&mut store, AmpId(1)).unwrap();
    let own = raw.photometry(AmpId(1)).unwrap().unwrap();
    let batch = crate::job::read_catalogues(&mut store, &["batch.parquet".to_owned()]).unwrap();
    assert!(batch.rows() > 3);
    for column in ["x", "y", "f_0", "f_3_e"] {
        assert_eq!(own.table.f64(column), batch.f64(column), "{column}");
    }
    let command = raw.command().unwrap();
    assert!(command.starts_with("rawsky aperture out_q2.fits --catalogue"), "{command}");
    assert!(raw.image_job(&mut store).unwrap_err().to_string().contains("raw exposure"));
    let (bench, info) = bench(&mut store, &["bench_bias.fits"], None).unwrap();
    let named: Vec<&str> = info.images.iter().map(|one| one.name.as_str()).collect();
    assert!(["IMAGE1", "IMAGE2", "IMAGE3", "IMAGE4"].iter().all(|name| named.contains(name)));
    assert!(bench.view(AmpId(1), "image").unwrap().mask.is_some(), "MASK1 belongs to IMAGE1");
}
