//! The kernels alone, by criterion (wall time), on the inputs that `cargo xtask bench` makes.

#![allow(clippy::expect_used, reason = "a benchmark without its inputs has nothing to measure")]

use std::path::PathBuf;
use std::time::Duration;

use criterion::Criterion;
use rawsky_bench::cases;

/// Cases with their sizes: frames, stars or rows.
const CASES: [(&str, usize); 10] = [
    ("decode-float", 0),
    ("decode-16", 0),
    ("detrend", 0),
    ("pocket", 0),
    ("stack", 10),
    ("stack", 20),
    ("aperture", 10_000),
    ("sky", 10_000),
    ("background", 0),
    ("parquet", 10_000),
];

fn kernels(criterion: &mut Criterion) {
    let inputs = std::env::var_os("RAWSKY_BENCH_INPUTS").map(PathBuf::from);
    let inputs = inputs.expect("no RAWSKY_BENCH_INPUTS: start this by `cargo xtask bench kernels`");
    for (name, size) in CASES {
        let mut work = cases::prepare(name, &inputs, size).expect("inputs of the case");
        let title = if size == 0 { name.to_owned() } else { format!("{name} {size}") };
        criterion.bench_function(&title, |bencher| {
            bencher.iter_with_large_drop(|| work().expect("the case runs"));
        });
    }
}

fn main() {
    let criterion = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(5));
    let mut criterion = criterion.configure_from_args();
    kernels(&mut criterion);
    criterion.final_summary();
}
