//! What a run can prove: verify, provenance, gc, check, explain.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod command;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use command::{bad, folder, good, names, night, rawsky, walk};

fn reduced(name: &str) -> PathBuf {
    let root = folder(name);
    night(&root);
    good(&root, "reduce night --camera toy -o run");
    root
}

/// Exit code and JSON of a command.
fn told(root: &Path, line: &str) -> (Option<i32>, Value) {
    let output = rawsky(root, &format!("{line} --json"));
    let json = serde_json::from_slice(&output.stdout);
    (output.status.code(), json.unwrap_or_else(|_| panic!("rawsky {line}: {output:?}")))
}

fn problems(json: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = json["problems"].as_array().unwrap();
    problems.iter().map(|p| (text(&p["kind"]), text(&p["file"]), text(&p["found"]))).collect()
}

/// The published file whose name ends so.
fn published(root: &Path, end: &str) -> PathBuf {
    let mut files = walk(&root.join("run/out"));
    files.retain(|path| path.to_string_lossy().ends_with(end));
    files.remove(0)
}

/// Writes a file whose name does not change, whatever its permissions.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

fn flip(path: &Path, at: usize) -> Vec<u8> {
    let before = fs::read(path).unwrap();
    let mut bytes = before.clone();
    bytes[at] ^= 1;
    overwrite(path, &bytes);
    before
}

#[test]
fn an_undisturbed_run_is_reproduced_to_the_byte() {
    let root = reduced("verify-all");
    let (code, json) = told(&root, "verify run --fraction 1");
    assert_eq!((code, problems(&json)), (Some(0), Vec::new()));
    assert_eq!(json["done_again"], json["tasks"]);
    assert!(json["products_hashed"].as_u64() > json["tasks"].as_u64());
    let (_, part) = told(&root, "verify run --fraction 0.2 --seed 7");
    let again = part["done_again"].as_u64().unwrap();
    assert!(0 < again && again < json["tasks"].as_u64().unwrap(), "{part}");
    assert_eq!(told(&root, "verify run --fraction 0").1["done_again"], 0);
    let left = names(&root.join("run"));
    assert!(!left.iter().any(|name| name.starts_with(".rawsky")), "{left:?}");
    assert_eq!(rawsky(&root, "verify run --fraction 1.5").status.code(), Some(2));
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_flipped_bit_is_found_in_any_product_or_input_and_named() {
    let root = reduced("flips");
    // In the pixels of an HDU behind the first, and in a column of a table.
    let image = published(&root, "_q1_sciimg.fits");
    let length = fs::read(&image).unwrap().len();
    let before = flip(&image, length - 2880 - 5);
    let (code, json) = told(&root, "verify run --fraction 0.01");
    assert_eq!(code, Some(1));
    let found = problems(&json);
    let name = image.file_name().unwrap().to_str().unwrap();
    let of = |kind: &str| found.iter().find(|p| p.0 == kind && p.1 == name);
    assert!(of("product-changed").is_some(), "{found:?}");
    let told_place = &of("not-reproduced").unwrap().2;
    assert!(told_place.contains("HDU 2 (VARIANCE): pixel ("), "{told_place}");
    overwrite(&image, &before);

    let raw = walk(&root.join("night/raw")).remove(0);
    let before = flip(&raw, 6000);
    let (code, json) = told(&root, "verify run --fraction 0");
    let found = problems(&json);
    assert_eq!((code, found.len()), (Some(1), 1), "{found:?}");
    let named = found[0].1.ends_with(raw.file_name().unwrap().to_str().unwrap());
    assert!(found[0].0 == "input-changed" && named, "{found:?}");
    overwrite(&raw, &before);
    assert_eq!(told(&root, "verify run --fraction 0").0, Some(0));
    // Every file of every product, one after the other.
    for path in walk(&root.join("run/out")) {
        if path.ends_with("manifest.json") || path.components().any(|c| c.as_os_str() == ".tmp") {
            continue;
        }
        let length = fs::read(&path).unwrap().len();
        let key = path.file_name().unwrap().to_str().unwrap().to_owned();
        if key == "survey.json" || fs::read(path.with_file_name("survey.json")).is_ok() {
            continue;
        }
        let before = flip(&path, length / 2);
        let found = problems(&told(&root, "verify run --fraction 0").1);
        assert!(
            found.iter().any(|p| p.0 == "product-changed" && p.1 == key),
            "{path:?}: {found:?}"
        );
        overwrite(&path, &before);
    }
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_product_replaced_with_its_manifest_is_found_by_doing_it_again() {
    let root = reduced("replaced");
    let table = published(&root, "_q2_apcat.parquet");
    let other = fs::read(published(&root, "_q3_apcat.parquet")).unwrap();
    let manifest = table.with_file_name("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    fs::write(root.join("copy"), &other).unwrap();
    let product = &mut json["products"][0];
    product["bytes"] = other.len().into();
    let line = told(&root, "verify run --fraction 0").1;
    assert_eq!(problems(&line), []);
    // The digest of the other table, as its own manifest has it.
    let theirs = published(&root, "_q3_apcat.parquet").with_file_name("manifest.json");
    let theirs: Value = serde_json::from_str(&fs::read_to_string(theirs).unwrap()).unwrap();
    product["sha256"] = theirs["products"][0]["sha256"].clone();
    overwrite(&table, &other);
    overwrite(&manifest, serde_json::to_string_pretty(&json).unwrap().as_bytes());
    let name = table.file_name().unwrap().to_str().unwrap();
    let (code, json) = told(&root, "verify run --fraction 1");
    assert_eq!(code, Some(1));
    let found = problems(&json);
    let again = found.iter().find(|p| p.0 == "not-reproduced" && p.1 == name);
    assert!(again.is_some_and(|p| p.2.contains("column ")), "{found:?}");
    // The comparison that took the true table is not of these inputs.
    assert!(found.iter().any(|p| p.0 == "other-inputs"), "{found:?}");
    assert!(!found.iter().any(|p| p.0 == "product-changed"), "{found:?}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_product_is_traced_to_its_raw_files_by_its_bytes() {
    let root = reduced("origin");
    let tables = names(&root.join("run/products")).into_iter();
    let table =
        tables.filter(|name| name.ends_with("_q1_apcat.parquet")).collect::<Vec<_>>().remove(0);
    let text = good(&root, &format!("provenance run/products/{table}"));
    let raws = walk(&root.join("night/raw"));
    for part in ["-s.fits", "-z.fits", "-f.fits"] {
        let of = raws.iter().filter(|path| path.to_string_lossy().ends_with(part));
        let band = |path: &&PathBuf| part == "-z.fits" || path.to_string_lossy().contains("-tb-");
        for raw in of.filter(band).filter(|path| path.to_string_lossy().contains("-d01-")) {
            assert!(text.contains(raw.file_name().unwrap().to_str().unwrap()), "{raw:?}\n{text}");
        }
    }
    fs::copy(root.join("run/products").join(&table), root.join("copy.parquet")).unwrap();
    let (code, json) = told(&root, "provenance copy.parquet --run run");
    assert_eq!((code, &json["product"]["name"]), (Some(0), &table.as_str().into()));
    let stages = json["tasks"].as_array().unwrap().iter().map(|task| task["stage"].as_str());
    let stages: Vec<&str> = stages.flatten().collect();
    assert!(stages.contains(&"bias") && stages.contains(&"detrend"), "{stages:?}");
    let (_, error) = bad(&root, "provenance copy.parquet");
    assert!(error.contains("--run"), "{error}");
    flip(&root.join("copy.parquet"), 100);
    let (_, error) = bad(&root, "provenance copy.parquet --run run");
    assert!(error.contains("no product of these bytes"), "{error}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn only_what_dead_processes_left_is_removed() {
    let root = reduced("gc");
    let before = names(&root.join("run/out"));
    let log = names(&root.join("run/log")).remove(0);
    let host = log.trim_end_matches(".jsonl").to_owned();
    let unfinished = root.join("run/out/.tmp");
    let (dead, far) = (format!("{host}-999999999-1-5"), "elsewhere-7-1-5");
    for owner in [&*dead, far] {
        fs::create_dir_all(unfinished.join(owner).join("task-0/out")).unwrap();
        fs::write(unfinished.join(owner).join("task-0/out/half.fits"), "half").unwrap();
    }
    fs::create_dir(root.join("run/out").join("0".repeat(64))).unwrap();
    let (_, json) = told(&root, "gc run");
    assert_eq!(names(&unfinished), [far]);
    assert_eq!((&json["removed_bytes"], json["left"].as_array().unwrap().len()), (&4.into(), 1));
    // The survey is of the plan's making, and the strange folder of nobody's.
    assert_eq!(json["may_be_deleted"].as_array().unwrap().len(), 2, "{json}");
    told(&root, "gc run --days 0");
    assert!(!unfinished.exists());
    fs::remove_dir(root.join("run/out").join("0".repeat(64))).unwrap();
    assert_eq!(names(&root.join("run/out")), before);
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_check_gives_each_file_a_verdict_and_tells_what_is_missing() {
    let root = folder("check");
    night(&root);
    let text = good(&root, "check night --camera toy");
    assert!(text.contains(" 0 not; 0 missing"), "{text}");
    let raws = walk(&root.join("night/raw"));
    let cut = raws.iter().find(|path| path.to_string_lossy().contains("-z.")).unwrap();
    let bytes = fs::read(cut).unwrap();
    // At every block of the file, but between two HDUs, where nothing tells of another.
    for length in (0..bytes.len()).step_by(2880 * 3).chain([bytes.len() - 1]) {
        fs::write(root.join("cut.fits"), &bytes[..length]).unwrap();
        let code = rawsky(&root, "check cut.fits --camera toy").status.code();
        assert!(code == Some(1) || length % 2880 == 0, "{length}");
    }
    fs::write(cut, &bytes[..bytes.len() / 2]).unwrap();
    let headers = walk(&root.join("night/headers"));
    fs::remove_file(&headers[0]).unwrap();
    let mask = &walk(&root.join("night/masks"))[1];
    fs::write(mask, "no FITS").unwrap();
    let (code, json) = told(&root, "check night --camera toy");
    assert_eq!((code, &json["bad"]), (Some(3), &2.into()), "{json}");
    let files = json["files"].as_array().unwrap();
    for path in [cut, mask] {
        let file =
            files.iter().find(|one| one["file"] == path.canonicalize().unwrap().to_str().unwrap());
        assert_eq!(file.unwrap()["class"], "input-bad", "{path:?}: {json}");
    }
    assert!(json["missing"].to_string().contains("science header of"), "{json}");
    assert_eq!(names(&root), ["cut.fits", "night"]);
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_plan_explains_what_would_be_run_and_why() {
    let root = folder("explain");
    night(&root);
    let line = "plan night --camera toy -o run --explain";
    let first = good(&root, line);
    assert!(first.contains("run  bias-20200214-c01: has not been run"), "{first}");
    good(&root, "run run");
    let done = good(&root, line);
    assert!(done.contains("keep bias-20200214-c01") && !done.contains("  run  "), "{done}");
    let flat = published(&root, "_tb_c01_l00_flat.fits");
    fs::remove_dir_all(flat.parent().unwrap()).unwrap();
    let lost = good(&root, line);
    let run = lost.lines().filter(|line| line.starts_with("  run  ")).collect::<Vec<_>>();
    assert!(run[0].contains("flat-20200214-tb-c01: was done"), "{lost}");
    // What takes it waits to be looked at: with equal bytes it is not run again.
    assert!(run.iter().any(|line| line.contains("waits for what it takes")), "{lost}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn every_task_with_its_numbers_is_in_one_table() {
    let root = reduced("index");
    let tasks = told(&root, "status run").1["tasks"].as_array().unwrap().len();
    good(&root, "index run -o all.csv");
    let text = fs::read_to_string(root.join("all.csv")).unwrap();
    let head: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    for column in ["task", "state", "class", "key", "sha256", "band", "amp", "overscan_scatter_dn"]
    {
        assert!(head.contains(&column), "{column}: {head:?}");
    }
    let detrend = text.lines().find(|line| line.starts_with("detrend-")).unwrap();
    let of = |column: &str| {
        let place = head.iter().position(|name| *name == column).unwrap();
        detrend.split(',').nth(place).unwrap().to_owned()
    };
    assert_eq!((of("state"), of("amp"), of("detector")), ("done".into(), "1".into(), "1".into()));
    assert!(of("product").ends_with("_q1_sciimg.fits") && of("sha256").len() == 64, "{detrend}");
    assert!(of("overscan_scatter_dn").parse::<f64>().unwrap() > 0.1);
    let rows = text.lines().count() - 1;
    assert!(tasks < rows, "{tasks} tasks, {rows} rows");

    good(&root, "index run -o all.parquet");
    let table = told(&root, "inspect all.parquet").1;
    assert_eq!(table["table"]["rows"], rows, "{table}");
    let first = fs::read(root.join("all.parquet")).unwrap();
    fs::remove_dir_all(root.join("run/products")).unwrap();
    good(&root, "index run -o all.parquet");
    assert!(fs::read(root.join("all.parquet")).unwrap() == first);
    let quality = good(&root, "index run");
    assert_eq!(quality.lines().filter(|line| line.contains("-s q")).count(), 4, "{quality}");
    assert!(bad(&root, "index run -o all.txt").1.contains(".parquet or .csv"));
    fs::remove_dir_all(root).unwrap();
}
