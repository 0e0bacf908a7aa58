//! A night that is put on the sky: by a run, by the single step, with a wrong catalogue, without images.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod command;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use command::{bad, folder, good, json, names, products, rawsky, walk};

const STAGES: [&str; 3] = ["masks", "objects", "calibrate"];

fn night(root: &Path) {
    let counts = "--biases 4 --flats 2 --exposures 1 --stars 80 --seed 3";
    good(root, &format!("simulate --camera teaching --out night {counts}"));
}

/// A recipe for images that are small, whose stars are near each other.
fn recipe(root: &Path) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/recipes/default.toml");
    let stars = "{ min_signal_ratio = 15.0, neighbors_fraction = 0.1, min_stars = 3 }";
    let text = fs::read_to_string(path).unwrap();
    fs::write(root.join("own.toml"), format!("{text}\n[calibrate]\nobjects.psf = {stars}\n"))
        .unwrap();
}

/// The products with this ending.
fn made(run: &Path, ending: &str) -> Vec<String> {
    names(&run.join("products")).into_iter().filter(|name| name.ends_with(ending)).collect()
}

fn plan(root: &Path, run: &str) -> Value {
    serde_json::from_slice(&fs::read(root.join(run).join("plan.json")).unwrap()).unwrap()
}

/// The cells of a line of CSV; those that hold commas are quoted.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            letter => cells.last_mut().unwrap().push(letter),
        }
    }
    cells
}

/// The rows of the index of a run, by column.
fn index(root: &Path, run: &str) -> Vec<BTreeMap<String, String>> {
    good(root, &format!("index {run} -o rows.csv"));
    let text = fs::read_to_string(root.join("rows.csv")).unwrap();
    let mut lines = text.lines();
    let heads = cells(lines.next().unwrap());
    let row = |line: &str| heads.iter().cloned().zip(cells(line)).collect();
    lines.map(row).collect()
}

#[test]
fn a_night_is_calibrated_by_the_same_bytes_in_every_way() {
    let root = folder("on-sky");
    night(&root);
    recipe(&root);
    let by = "--camera teaching --recipe own.toml";
    good(&root, &format!("plan night {by} -o plain"));
    good(&root, &format!("reduce night {by} --calibrate -o sandbox -j 2"));
    good(&root, &format!("reduce night {by} --calibrate -o native --engine native -j 2"));
    let (one, other) = (products(&root.join("sandbox")), products(&root.join("native")));
    assert!(one == other);
    for ending in ["_masked.fits", "_objects.parquet", "_calibrated.fits", "_calibrated.parquet"] {
        assert_eq!(made(&root.join("sandbox"), ending).len(), 4, "{ending}");
    }
    // Without the wish the plan is what it is with it, but for these tasks.
    let (plain, mut wished) = (plan(&root, "plain"), plan(&root, "sandbox"));
    let tasks = wished["tasks"].as_array_mut().unwrap();
    let all = tasks.len();
    tasks.retain(|task| !STAGES.iter().any(|stage| task["stage"] == *stage));
    assert_eq!(all - tasks.len(), 12);
    assert_eq!(plain, wished);
    single_steps_agree(&root, by);
    quadrants_are_summed_up(&root);
    fs::remove_dir_all(root).unwrap();
}

/// The same names of files give the same bytes.
fn single_steps_agree(root: &Path, by: &str) {
    let image = made(&root.join("native"), "_q2_sciimg.fits").remove(0);
    let run = root.join("native/products");
    fs::create_dir(root.join("steps")).unwrap();
    let line = format!(
        "calibrate native/products/{image} --catalogue night/catalogue {by} --engine native"
    );
    let text = good(root, &format!("{line} -o steps/one.fits"));
    assert!(text.contains("zero point"), "{text}");
    let stem = image.strip_suffix("_sciimg.fits").unwrap();
    for (step, batch) in [
        ("one.fits", "calibrated.fits"),
        ("one_objects.parquet", "objects.parquet"),
        ("one_catalogue.parquet", "calibrated.parquet"),
    ] {
        let step = fs::read(root.join("steps").join(step)).unwrap();
        assert!(step == fs::read(run.join(format!("{stem}_{batch}"))).unwrap(), "{batch}");
    }
    // An option goes over the recipe, whose digest tells it.
    let text = good(root, &format!("{line} --cosmic-rays none --search 2 -o steps/two.fits"));
    assert!(text.contains("not searched for"), "{text}");
    let header = |name: &str| {
        let bytes = fs::read(root.join("steps").join(name)).unwrap();
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(2880 * 8)]).into_owned();
        text.split("RECIPEID= ").nth(1).unwrap()[..66].to_owned()
    };
    assert_ne!(header("one.fits"), header("two.fits"));
    // What is not done is what a recipe says by `false`.
    let text = fs::read_to_string(root.join("own.toml")).unwrap();
    let off = "objects.matched = false\nobjects.detection.clean_exponent = false\n";
    fs::write(root.join("off.toml"), format!("{text}{off}")).unwrap();
    good(root, &format!("{line} --no-second-pass --no-cleaning -o steps/by-option.fits"));
    let line = line.replace("own.toml", "off.toml");
    good(root, &format!("{line} -o steps/by-recipe.fits"));
    assert_ne!(header("one.fits"), header("by-recipe.fits"));
    assert_eq!(header("by-option.fits"), header("by-recipe.fits"));
}

fn quadrants_are_summed_up(root: &Path) {
    let rows = index(root, "native");
    let number = |row: &BTreeMap<String, String>, name: &str| -> Option<f64> {
        row.get(name).unwrap_or_else(|| panic!("{name}")).parse().ok()
    };
    let calibrated: Vec<_> = rows.iter().filter(|row| row["stage"] == "calibrate").collect();
    assert_eq!(calibrated.len(), 4);
    // Enough stars are alone on some of the quadrants.
    let widths = calibrated.iter().filter_map(|row| number(row, "psf_shape_fwhm_pix"));
    assert!(widths.count() > 1);
    for row in calibrated {
        assert!(row["product"].ends_with("_calibrated.fits"), "{row:?}");
        for (name, least, most) in [
            ("astrometry_matched", 8.0, 1000.0),
            ("astrometry_rms_east_arcsec", 0.0, 0.3),
            ("astrometry_rms_north_arcsec", 0.0, 0.3),
            ("zero_point_zero_point_mag", 20.0, 30.0),
            ("zero_point_rms_mag", 0.0, 0.3),
            ("psf_shape_fwhm_pix", 1.0, 5.0),
            ("psf_fwhm_arcsec", 1.0, 5.0),
            ("psf_ellipticity_ratio", 0.0, 0.2),
            ("psf_limit_mag", 18.0, 24.0),
            ("masks_sky_level_dn", 10.0, 1e4),
            ("masks_sky_rms_dn", 1.0, 1e3),
            ("masks_bad_fraction", 0.0, 0.2),
            ("masks_cosmic_rays_rays", 0.0, 1000.0),
            ("detect_objects", 10.0, 1000.0),
        ] {
            let Some(found) = number(row, name) else {
                assert!(name.contains("fwhm") || name.contains("ellipticity"), "{name}: {row:?}");
                continue;
            };
            assert!((least..=most).contains(&found), "{name}: {found}");
        }
        assert_eq!(number(row, "overscan_level_dn"), None);
    }
    let bias = rows.iter().find(|row| row["stage"] == "bias").unwrap();
    assert_eq!(number(bias, "psf_limit_mag"), None);
    let text = good(root, "index native");
    assert!(text.contains("zero point") && text.contains("limit"), "{text}");
    good(root, "index native -o rows.parquet");
    let told = json(root, "inspect rows.parquet --camera teaching").to_string();
    assert!(told.contains("zero_point_zero_point_mag"), "{told}");
}

/// A catalogue of stars that are not there, about the middle of an image.
fn wrong_catalogue(root: &Path) {
    let image = walk(&root.join("night/headers")).remove(0);
    let header = String::from_utf8_lossy(&fs::read(image).unwrap()).into_owned();
    let card = |key: &str| -> f64 {
        let value = header.split(&format!("{key:8}=")).nth(1).unwrap()[..22].trim();
        value.parse().unwrap()
    };
    let mut text = String::from("ra,dec,mag\n");
    let mut draw = 1_u32;
    let mut next = || {
        draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(draw >> 8) / f64::from(1 << 24)
    };
    for _ in 0..300 {
        let (east, north, mag) = (next() - 0.5, next() - 0.5, 14.0 + 6.0 * next());
        let (ra, dec) = (card("CRVAL1") + 0.5 * east, card("CRVAL2") + 0.5 * north);
        text += &format!("{ra:.6},{dec:.6},{mag:.3}\n");
    }
    fs::write(root.join("wrong.csv"), text).unwrap();
}

#[test]
fn stars_of_another_field_fail_their_task_alone() {
    let root = folder("wrong-sky");
    night(&root);
    wrong_catalogue(&root);
    let line = "reduce night --camera teaching --calibrate --catalogue wrong.csv -o run";
    let output = rawsky(&root, &format!("{line} --engine native --json"));
    assert_eq!(output.status.code(), Some(3));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failures = summary["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 4, "{failures:?}");
    assert!(failures.iter().all(|one| one["class"] == "no-match"), "{failures:?}");
    let run = root.join("run");
    for ending in ["_sciimg.fits", "_apcat.parquet", "_masked.fits", "_objects.parquet"] {
        assert_eq!(made(&run, ending).len(), 4, "{ending}");
    }
    assert!(made(&run, "_calibrated.fits").is_empty());
    // What bytes decide is not tried again.
    assert_eq!(rawsky(&root, "run run --engine native").status.code(), Some(3));
    let status = json(&root, "status run");
    assert_eq!(status["counts"]["classes"], json!({ "no-match": 4 }));
    assert!(status["bad"].as_array().unwrap().iter().all(|one| one["attempts"] == 1), "{status}");
    let id = status["bad"][0]["task"].as_str().unwrap();
    assert_eq!(bad(&root, &format!("exec run {id} --engine native")).0, 31);
    for row in index(&root, "run").iter().filter(|row| row["stage"] == "calibrate") {
        assert_eq!((row["state"].as_str(), row["class"].as_str()), ("failed", "no-match"));
        assert!(row["masks_bad_fraction"].parse::<f64>().is_ok(), "{row:?}");
    }
    fs::rename(root.join("night/catalogue"), root.join("away")).unwrap();
    let (code, error) = bad(&root, "plan night --camera teaching --calibrate -o none");
    assert!(code == 1 && error.contains("--catalogue"), "{error}");
    assert!(!root.join("none").exists());
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_run_that_keeps_catalogues_drops_every_image_once_all_have_used_it() {
    let root = folder("lean-sky");
    night(&root);
    let line = "reduce night --camera teaching --calibrate --engine native -j 1";
    good(&root, &format!("{line} -o whole"));
    let images = |name: &str| name.ends_with("img.fits") || name.ends_with("ed.fits");
    let mut wanted = products(&root.join("whole"));
    wanted.retain(|(name, _)| !images(name));
    good(&root, &format!("{line} --keep catalogues -o lean"));
    let run = root.join("lean");
    let left = || -> Vec<PathBuf> {
        walk(&run.join("out")).into_iter().filter(|path| images(&path.to_string_lossy())).collect()
    };
    assert_eq!(left(), Vec::<PathBuf>::new());
    assert!(products(&run) == wanted);
    let proof = json(&root, "verify lean --fraction 1 --engine native");
    assert_eq!(proof["problems"], json!([]));
    let fresh = || -> u64 {
        let summary = json(&root, "run lean --engine native");
        let stages = summary["stages"].as_array().unwrap();
        stages.iter().map(|stage| stage["new"].as_u64().unwrap()).sum()
    };
    assert_eq!(fresh(), 0);
    // Lost objects need the masked image, which needs the science image: both are made again and dropped.
    let objects = walk(&run.join("out")).into_iter();
    let lost = objects.filter(|path| path.to_string_lossy().ends_with("_q2_objects.parquet"));
    for path in lost.collect::<Vec<_>>() {
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
    let told = json(&root, "status lean")["tasks"].to_string();
    assert_eq!(told.matches("were dropped, and are wanted again").count(), 2, "{told}");
    assert_eq!(fresh(), 3);
    assert!(left().is_empty() && products(&run) == wanted);
    fs::remove_dir_all(root).unwrap();
}
