//! A run that keeps catalogues alone, what disk it takes, and how masters change over nights.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod command;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use command::{folder, good, json, names, night, products, walk};

fn images(run: &Path) -> Vec<PathBuf> {
    let mut files = walk(&run.join("out"));
    files.extend(walk(&run.join("products")));
    files.retain(|path| path.to_string_lossy().ends_with("_sciimg.fits"));
    files
}

fn fresh(summary: &Value) -> u64 {
    let stages = summary["stages"].as_array().unwrap();
    stages.iter().map(|stage| stage["new"].as_u64().unwrap()).sum()
}

#[test]
fn images_are_dropped_once_used_and_everything_else_is_as_ever() {
    let root = folder("keep");
    night(&root);
    good(&root, "reduce night --camera toy -o whole");
    let mut wanted = products(&root.join("whole"));
    wanted.retain(|(name, _)| !name.ends_with("_sciimg.fits"));
    let line = "plan night --camera toy -o lean --keep catalogues";
    let lean = json(&root, line)["product_bytes_estimate"].as_u64().unwrap();
    let run = root.join("lean");
    let first = json(&root, "run lean");
    assert!(images(&run).is_empty(), "{:?}", images(&run));
    assert!(products(&run) == wanted);
    assert!(0 < first["product_bytes"].as_u64().unwrap() && 0 < lean);
    assert_eq!(fresh(&json(&root, "run lean")), 0);
    assert_eq!(json(&root, "verify lean --fraction 1")["problems"], Value::Array(Vec::new()));
    // A lost catalogue needs its image, which is made again, used and dropped.
    let table = walk(&run.join("out"))
        .into_iter()
        .find(|p| p.to_string_lossy().ends_with("_q2_apcat.parquet"));
    fs::remove_dir_all(table.unwrap().parent().unwrap()).unwrap();
    let told = json(&root, "status lean")["tasks"].to_string();
    assert!(told.contains("were dropped, and are wanted again"), "{told}");
    assert_eq!(fresh(&json(&root, "run lean")), 2);
    assert!(images(&run).is_empty() && products(&run) == wanted);
    let table =
        names(&run.join("products")).into_iter().find(|name| name.ends_with("apcat.parquet"));
    let text = good(&root, &format!("provenance lean/products/{}", table.unwrap()));
    assert!(text.contains("-s.fits") && text.contains("-z.fits"), "{text}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn single_tasks_drop_images_after_their_last_use() {
    let root = folder("keep-exec");
    night(&root);
    good(&root, "plan night --camera toy -o lean --keep catalogues");
    let status = json(&root, "status lean");
    let tasks = status["tasks"].as_array().unwrap();
    let mut seen = 0;
    for task in tasks {
        good(&root, &format!("exec lean {}", task["task"].as_str().unwrap()));
        seen = seen.max(images(&root.join("lean")).len());
    }
    assert!(seen >= 4, "images were there while they were needed: {seen}");
    let left = walk(&root.join("lean/out"));
    assert!(!left.iter().any(|path| path.to_string_lossy().ends_with("_sciimg.fits")), "{left:?}");
    for task in tasks {
        let again = json(&root, &format!("exec lean {}", task["task"].as_str().unwrap()));
        assert_eq!(again["new"], false, "{again}");
    }
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn the_disk_that_products_take_is_foretold_within_a_factor() {
    let root = folder("disk");
    good(
        &root,
        "simulate --camera teaching --out night --biases 4 --flats 3 --exposures 1 --seed 3",
    );
    let plan = json(&root, "plan night --camera teaching -o run");
    let told = plan["product_bytes_estimate"].as_u64().unwrap() as f64;
    let true_bytes = json(&root, "run run")["product_bytes"].as_u64().unwrap() as f64;
    let ratio = told / true_bytes;
    assert!((0.8..1.25).contains(&ratio), "{told} foretold, {true_bytes} taken");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn masters_are_followed_from_night_to_night() {
    let root = folder("trend");
    for (number, date) in [(1, "2020-02-14"), (2, "2020-02-15")] {
        let counts = "--biases 5 --flats 3 --exposures 0";
        good(
            &root,
            &format!(
                "simulate --camera toy --out night{number} --date {date} --seed {number} {counts}"
            ),
        );
        good(&root, &format!("reduce night{number} --camera toy -o run{number}"));
    }
    let series = json(&root, "trend run1 run2 run1");
    let series = series.as_array().unwrap();
    let of = |stage: &str| series.iter().filter(|one| one["stage"] == stage).count();
    // Four amplifiers; a flat of each of two bands, each with its level.
    assert_eq!((of("bias"), of("flat")), (4, 10), "{series:?}");
    for one in series {
        let nights = one["nights"].as_array().unwrap();
        let when: Vec<&str> = nights.iter().map(|night| night["when"].as_str().unwrap()).collect();
        assert_eq!(when, ["20200214", "20200215"], "{one}");
        assert!(nights[0]["change"] == 0.0 && nights[1]["change"] != 0.0, "{one}");
    }
    let text = good(&root, "trend run1 run2");
    assert!(text.contains("level") && text.contains(" DN") && text.contains(" %"), "{text}");
    fs::remove_dir_all(root).unwrap();
}
