//! The command from outside, on a small night: sandbox and native engine, failures, repeats.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod command;

use std::fs;
use std::path::Path;

use serde_json::Value;

use command::{bad, folder, good, names, night, products, walk};

#[test]
fn a_night_gives_the_same_bytes_in_the_sandbox_and_natively() {
    let root = folder("engines");
    night(&root);
    let text = good(&root, "reduce night --camera toy -o sandbox -j 2");
    assert!(text.contains("products"), "{text}");
    good(&root, "reduce night --camera toy -o native --engine native -j 1");
    let (one, other) = (products(&root.join("sandbox")), products(&root.join("native")));
    assert!(one.len() > 8, "{:?}", names(&root.join("sandbox/products")));
    assert_eq!(one, other);
    assert_eq!(names(&root.join("sandbox/out")), names(&root.join("native/out")));
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn what_is_done_is_not_done_again_and_what_is_lost_is() {
    let root = folder("again");
    night(&root);
    good(&root, "reduce night --camera toy -o run");
    let before = products(&root.join("run"));
    let fresh = |text: &str| -> u64 {
        let summary: Value = serde_json::from_str(text).unwrap();
        let stages = summary["stages"].as_array().unwrap();
        stages.iter().map(|stage| stage["new"].as_u64().unwrap()).sum()
    };
    assert_eq!(fresh(&good(&root, "run run --json")), 0);
    let flat = names(&root.join("run/products")).into_iter().find(|n| n.contains("_l00_")).unwrap();
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    let lost = inode(&root.join("run/products").join(&flat));
    for key in names(&root.join("run/out")) {
        let place = root.join("run/out").join(key).join(&flat);
        if place.exists() && inode(&place) == lost {
            fs::remove_file(place).unwrap();
        }
    }
    assert_eq!(fresh(&good(&root, "run run --json")), 1);
    assert_eq!(products(&root.join("run")), before);
    assert!(!root.join("run/out/.tmp").exists());
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn another_plan_in_the_same_run_is_refused() {
    let root = folder("other");
    night(&root);
    good(&root, "plan night --camera toy -o run");
    good(&root, "plan night --camera toy -o run");
    let raw = walk(&root.join("night/raw")).pop().unwrap();
    fs::remove_file(raw).unwrap();
    let (code, error) = bad(&root, "plan night --camera toy -o run");
    assert_eq!(code, 1);
    assert!(error.contains("another plan"), "{error}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn one_bad_file_costs_its_exposure_only() {
    let root = folder("cone");
    night(&root);
    good(&root, "plan night --camera toy -o run");
    // Cut after the plan was made: the bytes are no longer those that were planned with.
    let mut science = walk(&root.join("night/raw"));
    science.retain(|path| path.to_string_lossy().contains("-s."));
    let bytes = fs::read(&science[0]).unwrap();
    fs::write(&science[0], &bytes[..bytes.len() / 2]).unwrap();
    let (code, error) = bad(&root, "run run");
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("other bytes"), "{error}");
    let made = names(&root.join("run/products"));
    assert!(made.iter().any(|name| name.ends_with("_bias.fits")), "{made:?}");
    assert!(!made.iter().any(|name| name.ends_with("_sciimg.fits")), "{made:?}");
    fs::write(&science[0], bytes).unwrap();
    good(&root, "run run");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn single_steps_make_what_the_batch_makes() {
    let root = folder("steps");
    night(&root);
    let of = |kind: &str| -> String {
        let mut raws = walk(&root.join("night/raw"));
        raws.retain(|path| path.to_string_lossy().contains(kind));
        raws.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    good(&root, "reduce night --camera toy -o run");
    // Names of inputs are noted in products: the same names give the same bytes.
    fs::create_dir(root.join("steps")).unwrap();
    let (bias, flat) = ("_none_c01_bias.fits", "_tb_c01_l00_flat.fits");
    let [bias, flat] = [bias, flat].map(|end| format!("rawsky_20200214_000000{end}"));
    good(&root, &format!("master-bias --camera toy {} -o steps/{bias}", of("-z.")));
    let flats =
        of("-f.fits").split(' ').filter(|f| f.contains("-tb-")).collect::<Vec<_>>().join(" ");
    let bias_option = format!("--bias steps/{bias}");
    good(&root, &format!("master-flat --camera toy {flats} {bias_option} -o steps/{flat}"));
    for name in [bias, flat] {
        let [step, batch] = ["steps", "run/products"].map(|f| fs::read(root.join(f).join(&name)));
        assert!(step.unwrap() == batch.unwrap(), "{name}");
    }
    good(&root, &format!("inspect --camera toy {}", of("-s.")));
    let (code, error) = bad(&root, &format!("master-bias --camera toy {} -o no.fits", of("-s.")));
    assert_eq!(code, 1);
    assert_eq!(error.lines().count(), 1, "{error}");
    let (code, _) = bad(&root, "master-bias --camera toy missing.fits -o no.fits");
    assert_eq!(code, 1);
    let (_, error) = bad(&root, "master-bias --camera toy night -o no.fits");
    assert!(error.contains("night"), "{error}");
    let (_, error) = bad(&root, &format!("master-bias {} -o nowhere/no.fits", of("-z.")));
    assert!(error.contains("nowhere"), "{error}");
    assert_eq!(names(&root), ["night", "run", "steps"], "nothing is left behind");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn wrong_use_is_told_from_failure() {
    let root = folder("use");
    assert_eq!(bad(&root, "reduce").0, 2);
    assert_eq!(bad(&root, "unheard-of").0, 2);
    assert_eq!(bad(&root, "reduce missing -o run --camera toy").0, 1);
    let (code, error) = bad(&root, "reduce . -o run --camera none");
    assert_eq!(code, 1);
    assert!(error.contains("toy"), "{error}");
    fs::create_dir(root.join("empty")).unwrap();
    let (_, error) = bad(&root, "reduce empty -o run --camera toy");
    assert!(error.contains("no file at all"), "{error}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn too_little_memory_is_said_and_nothing_is_made() {
    let root = folder("memory");
    let cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                  -32",
        "NAXIS   =                    2",
        "NAXIS1  =                 4096",
        "NAXIS2  =                 4096",
        "END",
    ];
    let mut bytes: Vec<u8> = cards.iter().flat_map(|c| format!("{c:80}").into_bytes()).collect();
    bytes.resize(2880, b' ');
    bytes.resize(2880 + (4096_usize * 4096 * 4).next_multiple_of(2880), 0);
    fs::write(root.join("large.fits"), bytes).unwrap();
    fs::write(root.join("stars.csv"), "x,y\n30,40\n").unwrap();
    let line = "aperture --memory 64 large.fits --catalogue stars.csv -o out.parquet";
    let (code, error) = bad(&root, line);
    assert_eq!(code, 1);
    assert!(error.contains("64 MiB") && error.contains("--memory"), "{error}");
    good(&root, "aperture --memory 1024 large.fits --catalogue stars.csv -o out.parquet");
    fs::remove_dir_all(root).unwrap();
}
