//! The most memory that tasks of a full-size detector may need: four amplifiers of 3080 x 3072 pixels.
//!
//! A plane of 32-bit numbers of one amplifier has 36 MiB. A master bias holds one, the variance, which is written
//! behind the image; the rest of its ceiling are the program, the overscan of the frames and a few rows of each. A
//! detrend holds the raw amplifier, three planes of the bias and three of the flat, and three of the product, in turn
//! some of them packed. Both hold one amplifier at a time, and a master bias needs no more for more frames than
//! their overscan. The sandbox adds its engine.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod command;

use std::fs;

use serde_json::Value;

use command::{folder, good, names};

/// An engine, and the ceilings of a master bias and of a detrend in it (MiB).
const CEILINGS: [(&str, u64, u64); 2] = [("native", 96, 512), ("sandbox", 192, 576)];

/// What the last attempt at a task took (MiB).
fn peak(record: &[u8]) -> u64 {
    let record: Value = serde_json::from_slice(record).unwrap();
    record["cost"]["process_bytes"].as_u64().unwrap() >> 20
}

#[test]
fn a_master_bias_and_a_detrend_of_a_full_size_detector_stay_below_their_ceilings() {
    let root = folder("memory");
    good(
        &root,
        "simulate --camera ztf --out night --biases 8 --flats 2 --leds 7 --exposures 1 --engine native",
    );
    for (engine, most_bias, most_detrend) in CEILINGS {
        good(&root, &format!("reduce night -o {engine} --engine {engine} --jobs 1"));
        let attempts = root.join(engine).join("attempts");
        let all = names(&attempts);
        let task = |start: &str| all.iter().find(|name| name.starts_with(start)).unwrap();
        let peak = |start: &str| peak(&fs::read(attempts.join(task(start))).unwrap());
        let (bias, detrend) = (peak("bias-"), peak("detrend-"));
        assert!((1..=most_bias).contains(&bias), "master bias, {engine}: {bias} MiB");
        assert!((1..=most_detrend).contains(&detrend), "detrend, {engine}: {detrend} MiB");
    }
    fs::remove_dir_all(&root).unwrap();
}
