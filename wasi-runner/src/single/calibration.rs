//! `calibrate`: the masks of a science image, its objects, then its map to the sky and its zero point.

use std::path::{Path, PathBuf};

use rawsky_core::job::{self, Electronics, Pointing, Task};
use rawsky_core::provenance::Provenance;
use rawsky_core::store::Key;
use serde_json::{Map, Value as Json};
use toml::{Table, Value};

use super::photometry::{catalogue_files, mask_of};
use super::{File, keys, masks, missing, numbered};
use crate::args;
use crate::class::{Class, Failure};
use crate::context::Context;
use crate::dag::keyed;
use crate::names::{Names, OBJECTS};
use crate::night;
use crate::runner::Done;
use crate::scratch::Scratch;
use crate::sky;
use crate::staging::record_bytes;

/// `rawsky calibrate`.
///
/// # Errors
/// Those of the files and of the core. Without a match ([`Class::NoMatch`]) the table of objects is
/// there all the same, and what the stars tell in pixels is printed.
pub fn calibrate(context: &mut Context, args: &args::Calibrate) -> Result<(), Failure> {
    let changed = context.lay_over("calibrate", wishes(args)?)?;
    let context = &*context;
    let mut scratch = Scratch::beside(&args.output, context)?;
    if let Some(camera) = changed {
        scratch.replace_camera(&camera)?;
    }
    let mut image = vec![(keyed("made", &args.science), args.science.clone())];
    let catalogues = numbered("catalogue", &catalogues(&scratch, args, &image[0])?)?;
    if let Some(masks) = &args.masks {
        let mask = mask_of(&args.science, masks)?;
        image.push((keyed("masks", &mask), mask));
    }
    let (marked, masked) = masks::masked(&scratch, &image, args.gain)?;
    let objects = Names::beside_science(&image[0].0, OBJECTS);
    let task = task(args, (masked.0.clone(), objects), keys(&catalogues));
    let found = detect(&scratch, &masked, (&task.objects, args.gain))?;
    let objects = beside(&args.output, "objects.parquet");
    scratch.deliver(&found, &task.objects, &objects)?;
    let table = beside(&args.output, "catalogue.parquet");
    let mut files = vec![masked, (task.objects.clone(), objects.clone())];
    files.extend(catalogues);
    let outputs = vec![IMAGE.to_owned(), TABLE.to_owned()];
    let done = match scratch.job(Task::Calibrate(Box::new(task)), &files, outputs) {
        Err(failure) if failure.class == Class::NoMatch => {
            let told = told(&marked)?.into_iter().chain(told(&found)?).collect();
            print(context, &told, &[objects]);
            return Err(failure);
        }
        done => done?,
    };
    let told = told(&marked)?.into_iter().chain(told(&done)?).collect();
    scratch.deliver(&done, IMAGE, &args.output)?;
    scratch.deliver(&done, TABLE, &table)?;
    print(context, &told, &[args.output.clone(), objects, table]);
    Ok(())
}

/// Keys of what is made.
const IMAGE: &str = "calibrated.fits";
const TABLE: &str = "catalogue.parquet";

/// The name of a table beside an image.
fn beside(image: &Path, ending: &str) -> PathBuf {
    let name = night::name(image);
    image.with_file_name(format!("{}_{ending}", night::stem(&name)))
}

/// The catalogue files in the order of a run: those that the image needs, if it says where it lies.
fn catalogues(
    scratch: &Scratch<'_>,
    args: &args::Calibrate,
    image: &File,
) -> Result<Vec<PathBuf>, Failure> {
    let all = catalogue_files(&args.catalogue)?;
    if all.is_empty() {
        return Err(missing(&args.catalogue, "a catalogue, .parquet or .csv"));
    }
    let needed = match args.pointing {
        Some(_) => all,
        None => sky::of_image(scratch, image, all)?,
    };
    Ok(night::in_order_of_name(needed))
}

fn detect(
    scratch: &Scratch<'_>,
    image: &File,
    (output, gain): (&Key, Option<f64>),
) -> Result<Done, Failure> {
    let task = job::Detect {
        science: image.0.clone(),
        mask: None,
        detector: Electronics { gain_electron_per_dn: gain, ..Electronics::default() },
        output: output.clone(),
    };
    scratch.job(Task::Detect(task), std::slice::from_ref(image), vec![output.clone()])
}

/// The parameters of the recipe that the command line changes, below `[calibrate]`.
fn wishes(args: &args::Calibrate) -> Result<Table, Failure> {
    if !matches!(args.color.len(), 0 | 2) {
        let reason = format!("--color: found {} columns, needed two", args.color.len());
        return Err(Failure::new(Class::InputBad, reason));
    }
    let mut astrometry = Table::new();
    for (name, value) in [
        ("shift_arcsec", args.search.map(|arcmin| 60.0 * arcmin)),
        ("rotation_deg", args.turn),
        ("epoch_year", args.epoch),
    ] {
        astrometry.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    let mut wishes = Table::new();
    let tables = [
        ("masks", masks::wishes(&args.marked)),
        ("objects", wishes_of_objects(args)),
        ("astrometry", astrometry),
    ];
    for (name, table) in tables {
        if !table.is_empty() {
            wishes.insert(name.to_owned(), Value::Table(table));
        }
    }
    let color = Some(args.color.clone()).filter(|color| !color.is_empty());
    wishes.extend(color.map(|color| ("color".to_owned(), color.into())));
    wishes.extend(args.magnitude.clone().map(|name| ("magnitude".to_owned(), name.into())));
    wishes.extend(args.marked.fwhm.map(|width| ("fwhm_pix".to_owned(), width.into())));
    Ok(wishes)
}

/// Those of the objects: what is not done, which a recipe says by `false`.
fn wishes_of_objects(args: &args::Calibrate) -> Table {
    let off = |name: &str| Table::from_iter([(name.to_owned(), Value::Boolean(false))]);
    let mut wishes = Table::new();
    if args.no_second_pass {
        wishes.extend(off("matched"));
    }
    if args.no_cleaning {
        wishes.insert("detection".to_owned(), off("clean_exponent").into());
    }
    wishes
}

fn task(
    args: &args::Calibrate,
    (science, objects): (Key, Key),
    catalogue: Vec<Key>,
) -> job::Calibrate {
    job::Calibrate {
        science,
        mask: None,
        objects,
        catalogue,
        pointing: args.pointing.zip(args.scale).map(|((ra_deg, dec_deg), scale_arcsec)| Pointing {
            ra_deg,
            dec_deg,
            scale_arcsec,
            rotation_deg: args.rotation,
            mirrored: args.mirrored,
        }),
        output: Some(IMAGE.to_owned()),
        table_output: TABLE.to_owned(),
    }
}

/// What the job noted of the map and the zero point.
fn told(done: &Done) -> Result<Map<String, Json>, Failure> {
    let bad = |error: serde_json::Error| Failure::new(Class::OutputRule, error);
    let record: Provenance = serde_json::from_slice(&record_bytes(&done.folder)?).map_err(bad)?;
    Ok(record.steps.into_iter().map(|step| (step.step, step.report)).collect())
}

/// What was marked, in words.
fn marks(told: &Map<String, Json>) -> String {
    let count = |path: &str| {
        let report = told.get("masks").and_then(|report| report.pointer(path));
        report.and_then(Json::as_u64).unwrap_or(0)
    };
    let rays = match told.get("masks").and_then(|report| report.pointer("/cosmic_rays/rays")) {
        Some(rays) => format!("{rays} cosmic rays of {} pixels", count("/cosmic_rays/pixels")),
        None => "cosmic rays not searched for".to_owned(),
    };
    format!(
        "masks: {rays}, {} saturated cores with trails of {} pixels, {} pixels filled in",
        count("/trails/cores"),
        count("/trails/pixels"),
        count("/interpolation/filled"),
    )
}

fn print(context: &Context, told: &Map<String, Json>, written: &[PathBuf]) {
    let number = |step: &str, name: &str| {
        told.get(step).and_then(|report| report.get(name)).and_then(Json::as_f64)
    };
    let of_map = |name: &str| number("astrometry", name).unwrap_or(f64::NAN);
    let of_map_line = || {
        format!(
            "astrometry: {} of {} stars, rms {:.4} arcsec east, {:.4} arcsec north, order {}; \
             start {:.1} arcsec and {:.3} deg off",
            of_map("matched"),
            of_map("references_on_image"),
            of_map("rms_east_arcsec"),
            of_map("rms_north_arcsec"),
            of_map("order"),
            of_map("start_off_arcsec"),
            of_map("start_turned_deg"),
        )
    };
    let mut lines = vec![marks(told)];
    lines.extend(told.get("astrometry").map(|_| of_map_line()));
    if let Some(zero) = number("zero-point", "zero_point_mag") {
        let of_zero = |name: &str| number("zero-point", name).unwrap_or(f64::NAN);
        lines.push(format!(
            "zero point: {zero:.4} mag, color term {:.4}, rms {:.4} mag, {} of {} stars",
            of_zero("color_ratio"),
            of_zero("rms_mag"),
            of_zero("n_used"),
            of_zero("n_matched"),
        ));
    }
    lines.extend(of_stars(told.get("psf")));
    let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    lines.extend(names.clone());
    let mut json = told.clone();
    json.insert("written".to_owned(), serde_json::json!(names));
    context.print(&lines.join("\n"), &Json::Object(json));
}

/// What the stars tell, as far as they do.
fn of_stars(report: Option<&Json>) -> Vec<String> {
    let number = |path: &str| report.and_then(|report| report.pointer(path)).and_then(Json::as_f64);
    let of = |path: &str| number(path).unwrap_or(f64::NAN);
    let mut lines = Vec::new();
    if number("/shape/fwhm_pix").is_some() {
        let on_sky = number("/fwhm_arcsec").zip(number("/angle_deg"));
        let on_sky = on_sky.map_or(String::new(), |(fwhm, angle)| {
            format!(", {fwhm:.3} arcsec, long axis at {angle:.0} deg")
        });
        lines.push(format!(
            "stars: FWHM {:.3} pix ({:.3} before the pixel), e1 {:.4}, e2 {:.4}, {} stars{on_sky}",
            of("/shape/fwhm_pix"),
            of("/shape/fwhm_before_pixel_pix"),
            of("/shape/e1_ratio"),
            of("/shape/e2_ratio"),
            of("/shape/stars"),
        ));
    }
    if number("/correction/correction_mag").is_some() {
        lines.push(format!(
            "aperture correction: {:.4} +- {:.4} mag from {} to {} pix, {} stars",
            of("/correction/correction_mag"),
            of("/correction/error_mag"),
            of("/correction/radius_pix"),
            of("/correction/large_radius_pix"),
            of("/correction/stars"),
        ));
    }
    if let Some(limit) = number("/limit_mag") {
        let (sigmas, radius) = (of("/limit/signal_ratio"), of("/limit/radius_pix"));
        lines.push(format!("limit: {limit:.3} mag at {sigmas} sigma within {radius} pix"));
    }
    lines
}
