//! Which masters an exposure takes: over days, New Year, periods, and from other runs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod command;

use std::fs;
use std::path::Path;

use serde_json::Value;

use command::{bad, folder, good, names, products};

/// Raw files of a day: biases, flats of each lamp, exposures.
fn day(root: &Path, date: &str, (biases, flats, exposures): (u32, u32, u32)) {
    let made = format!("made-{date}");
    let counts = format!("--biases {biases} --flats {flats} --exposures {exposures}");
    good(root, &format!("simulate --camera toy --out {made} --date {date} {counts} --seed 5"));
    fs::create_dir_all(root.join("night")).unwrap();
    fs::rename(root.join(made).join("raw"), root.join("night").join(date)).unwrap();
}

fn plan(root: &Path, more: &str) -> Value {
    let _ = fs::remove_dir_all(root.join("run"));
    good(root, &format!("plan night --camera toy -o run {more}"));
    serde_json::from_slice(&fs::read(root.join("run/plan.json")).unwrap()).unwrap()
}

/// The master `kind` that the first exposure of a plan takes.
fn taken(plan: &Value, kind: &str) -> Option<String> {
    let tasks = plan["tasks"].as_array().unwrap();
    let exposure = tasks.iter().find(|task| task["stage"] == "detrend").unwrap();
    exposure["job"]["task"][kind].as_str().map(str::to_owned)
}

fn notes(plan: &Value) -> String {
    plan["notes"].to_string()
}

#[test]
fn an_exposure_takes_the_nearest_days_masters_across_new_year() {
    let root = folder("new-year");
    day(&root, "2019-12-30", (5, 3, 0));
    day(&root, "2020-01-01", (0, 0, 1));
    day(&root, "2020-01-05", (5, 3, 0));
    let near = plan(&root, "");
    for kind in ["bias", "flat", "focal_plane"] {
        let master = taken(&near, kind).unwrap();
        assert!(master.contains("20191230"), "{kind}: {master}");
    }
    assert!(notes(&near).contains("bias of 20191230 taken by 1 tasks of 20200101"), "{near}");
    let ids = near["tasks"].to_string();
    assert!(ids.contains("\"bias-20191230-c01\"") && ids.contains("\"bias-20200105-c01\""));
    good(&root, "run run --camera toy");
    let header =
        fs::read(root.join("run/products/rawsky_20191230_000000_none_c01_bias.fits")).unwrap();
    let header = String::from_utf8_lossy(&header[..2880]).into_owned();
    assert!(header.contains("DAY     = '2019-12-30'"), "{header}");

    let too_far = plan(&root, "--closest-calibration 1.5");
    assert_eq!(taken(&too_far, "bias"), None);
    assert!(notes(&too_far).contains("no bias within 1.5 days; the nearest, of 20191230, is 2."));
    let (_, error) = bad(&root, "plan night --camera toy -o run --closest-calibration=-1");
    assert!(error.contains("0 or more"), "{error}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_day_with_too_few_biases_takes_its_neighbours() {
    let root = folder("few");
    day(&root, "2020-02-14", (5, 3, 0));
    day(&root, "2020-02-15", (2, 3, 1));
    let plan = plan(&root, "");
    assert!(taken(&plan, "bias").unwrap().contains("20200214"));
    assert!(taken(&plan, "flat").unwrap().contains("20200215"));
    let text = notes(&plan);
    assert!(text.contains("no bias of detector 1 is made of 20200215: found 2"), "{text}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn masters_are_shared_by_folder_and_by_period() {
    let root = folder("shared");
    day(&root, "2020-02-14", (2, 2, 0));
    day(&root, "2020-02-15", (2, 1, 0));
    day(&root, "2020-03-20", (0, 0, 1));
    let biases = |plan: &Value| {
        let tasks = plan["tasks"].as_array().unwrap().clone();
        let of = tasks.into_iter().find(|task| task["stage"] == "bias").unwrap();
        (of["outputs"][0].as_str().unwrap().to_owned(), of["inputs"].as_array().unwrap().len())
    };
    let all = biases(&plan(&root, "--masters all"));
    assert_eq!(all, ("rawsky_20200214_000000_none_c01_bias.fits".to_owned(), 4));
    let (_, error) = bad(&root, "plan night --camera toy -o run2 --masters period");
    assert!(error.contains("[[periods]]"), "{error}");

    let toy =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../core/instruments/toy.toml"));
    let periods = "periods = [{ begins = \"2019-12-08\", name = \"quiet\" }]\n";
    fs::write(root.join("own.toml"), periods.to_owned() + &toy.unwrap()).unwrap();
    good(&root, "plan night --camera own.toml -o run3 --masters period");
    let plan = serde_json::from_slice(&fs::read(root.join("run3/plan.json")).unwrap()).unwrap();
    // Four raw files and the camera.
    assert_eq!(biases(&plan), ("rawsky_quiet_000000_none_c01_bias.fits".to_owned(), 5));
    // A month later, but the same period: no distance.
    assert!(taken(&plan, "flat").unwrap().contains("quiet"), "{plan}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn masters_of_another_run_give_the_bytes_that_they_gave_there() {
    let root = folder("other-run");
    good(&root, "simulate --camera toy --out whole --biases 5 --flats 3 --exposures 1 --seed 5");
    good(&root, "reduce whole --camera toy -o first");
    fs::create_dir_all(root.join("night/raw")).unwrap();
    for name in names(&root.join("whole/raw")) {
        let old = root.join("whole/raw").join(&name);
        // Raw files may lie in folders by date.
        let files = if old.is_dir() { command::walk(&old) } else { vec![old] };
        for file in files.iter().filter(|file| file.to_string_lossy().contains("-s.")) {
            fs::copy(file, root.join("night/raw").join(file.file_name().unwrap())).unwrap();
        }
    }
    let beside = "--headers whole/headers --masks whole/masks --catalogue whole/catalogue";
    good(&root, &format!("reduce night --camera toy -o second --calibration first {beside}"));
    let second = products(&root.join("second"));
    assert!(!second.is_empty());
    let first = products(&root.join("first"));
    for (name, bytes) in second {
        let same = first.iter().find(|(known, _)| *known == name).expect("made before");
        assert!(same.1 == bytes, "{name}");
    }
    fs::create_dir_all(root.join("empty")).unwrap();
    let (_, error) = bad(&root, "plan night --camera toy -o third --calibration empty");
    assert!(error.contains("found no masters"), "{error}");
    fs::write(root.join("empty/broken.fits"), "no FITS").unwrap();
    let text = good(&root, "plan night --camera toy -o third --calibration empty");
    assert!(text.contains("broken.fits: left out"), "{text}");
    fs::remove_dir_all(root).unwrap();
}
