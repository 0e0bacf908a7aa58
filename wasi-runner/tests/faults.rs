//! Faults on the real command: killed at every call, a disk that fails, runners at random moments, several
//! at once. What must hold each time:
//!
//! * a published folder is absent, or complete and equal to its manifest;
//! * success means published;
//! * running again ends with the bytes of a run without faults.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and tells how many faults it tried"
)]

mod command;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rawsky_host::publish::Manifest;
use serde_json::Value;

use command::{folder, good, names, night, products, rawsky, walk};

const TASK: &str = "bias-20200214-c01";

/// Numbers that a seed decides (Marsaglia's xorshift).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The published folders of a run; panics if one is not whole.
fn published(run: &Path) -> Vec<String> {
    let out = run.join("out");
    if !out.exists() {
        return Vec::new();
    }
    let mut keys = names(&out);
    keys.retain(|key| key != ".tmp");
    for key in &keys {
        let manifest =
            Manifest::read(&out.join(key)).unwrap_or_else(|| panic!("{key} is not whole"));
        let mut files = names(&out.join(key));
        files.retain(|name| name != "manifest.json");
        let mut declared: Vec<String> =
            manifest.products.iter().map(|product| product.key.clone()).collect();
        declared.sort();
        assert_eq!(files, declared, "{key}");
    }
    keys
}

/// Every byte that was published, by key and name.
fn bytes(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    published(run)
        .iter()
        .flat_map(|key| walk(&run.join("out").join(key)))
        .map(|path| (path.strip_prefix(run).unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect()
}

/// A command that strace watches, with what it is to do.
fn traced(root: &Path, arguments: &[&str], line: &str) -> Option<i32> {
    let child = Command::new("strace")
        .args(arguments)
        .arg(env!("CARGO_BIN_EXE_rawsky"))
        .args(line.split_whitespace())
        .current_dir(root)
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    child.expect("this test needs strace: `apt-get install strace`").code()
}

/// A run of which one task is done, and the same run before.
struct Scene {
    root: PathBuf,
    whole: BTreeMap<PathBuf, Vec<u8>>,
}

impl Scene {
    fn new(name: &str) -> Scene {
        let root = folder(name);
        night(&root);
        good(&root, "plan night --camera toy -o run");
        good(&root, &format!("exec run {TASK}"));
        let whole = bytes(&root.join("run"));
        let scene = Scene { root, whole };
        scene.undo();
        scene
    }

    fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// The folder of the task's products.
    fn target(&self) -> PathBuf {
        let of = self.whole.keys().find(|path| path.to_string_lossy().ends_with("_bias.fits"));
        self.run().join(of.unwrap().parent().unwrap())
    }

    fn undo(&self) {
        let _ = fs::remove_dir_all(self.target());
    }

    /// How often the command makes each of the calls that change or read the disk.
    fn calls(&self) -> Vec<(String, usize)> {
        let wanted =
            "openat,mkdir,write,fsync,rename,link,linkat,unlink,rmdir,chmod,fchmodat,unlinkat";
        let code = self.traced(&["-e", &format!("trace={wanted}")]);
        assert_eq!(code, Some(0));
        let calls = self.made().into_iter().collect();
        self.undo();
        calls
    }

    /// Runs the task under strace, which writes down its calls.
    fn traced(&self, options: &[&str]) -> Option<i32> {
        let trace = self.root.join("trace");
        let mut all = vec!["-qq", "-o", trace.to_str().unwrap()];
        all.extend(options);
        traced(&self.root, &all, &format!("exec run {TASK}"))
    }

    /// How often it made each of them.
    fn made(&self) -> BTreeMap<String, usize> {
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        for line in fs::read_to_string(self.root.join("trace")).unwrap().lines() {
            if let Some((call, _)) = line.split_once('(') {
                *calls.entry(call.trim().to_owned()).or_default() += 1;
            }
        }
        calls
    }

    /// Runs the task with a fault; nothing half-done may be seen, and success must mean published.
    fn inject(&self, call: &str, fault: &str, number: usize) -> Option<i32> {
        let option = format!("inject={call}:{fault}:when={number}");
        let code = self.traced(&["-e", &format!("trace={call}"), "-e", &option]);
        let there = published(&self.run());
        let done = there.iter().any(|key| self.target().ends_with(key));
        assert!(code != Some(0) || done, "{option} ended with success and no product");
        assert!(code != Some(1) && code != Some(2), "{option} ended with {code:?}");
        self.undo();
        code
    }

    fn converges(&self) {
        good(&self.root, &format!("exec run {TASK}"));
        assert!(bytes(&self.run()) == self.whole);
        good(&self.root, "gc run");
        assert!(!self.run().join("out/.tmp").exists());
        fs::remove_dir_all(&self.root).unwrap();
    }
}

/// Places among `count`, at most `most` of them, evenly.
fn spread(count: usize, most: usize) -> Vec<usize> {
    let step = count.div_ceil(most).max(1);
    (1..=count).rev().step_by(step).collect()
}

#[test]
fn a_task_killed_at_any_call_under_strace_is_absent_or_complete() {
    let scene = Scene::new("kill");
    let mut tried = 0;
    for (call, count) in scene.calls() {
        for number in spread(count, 12) {
            // A run that takes longer looks more often at what its job writes.
            let killed = scene.inject(&call, "signal=KILL", number) != Some(0);
            let made = scene.made().get(&call).copied().unwrap_or(0);
            assert!(killed || made < number, "{call} {number} of {made}: was not killed");
            tried += usize::from(killed);
        }
    }
    assert!(tried > 40, "{tried}");
    println!("killed at {tried} calls");
    scene.converges();
}

#[test]
fn a_task_on_a_failing_disk_under_strace_is_an_error_or_complete() {
    let scene = Scene::new("disk");
    let (mut tried, mut failed) = (0, 0);
    for (call, count) in scene.calls() {
        let errors: &[&str] = match call.as_str() {
            "write" | "fsync" | "mkdir" => &["ENOSPC", "EIO", "EDQUOT"],
            "rename" => &["ENOSPC", "EIO"],
            _ => continue,
        };
        for error in errors {
            for number in spread(count, 6) {
                let code = scene.inject(&call, &format!("error={error}"), number);
                let known = [0, 20, 21, 35, 36, 50, 51];
                assert!(
                    code.is_some_and(|code| known.contains(&code)),
                    "{call} {number} {error}: {code:?}"
                );
                failed += usize::from(code != Some(0));
                tried += 1;
            }
        }
    }
    assert!(tried > 30 && failed > 10, "{failed} of {tried}");
    println!("{tried} errors of the disk, {failed} of them told by the exit code");
    scene.converges();
}

#[test]
fn a_slow_disk_under_strace_changes_no_byte() {
    let scene = Scene::new("slow");
    // Five milliseconds before each call, of the process of the job too.
    let slow = "inject=openat,statx,read,write,fsync,rename:delay_enter=5000";
    let options = ["-f", "-qq", "-o", "/dev/null", "-e", slow];
    assert_eq!(traced(&scene.root, &options, &format!("exec run {TASK}")), Some(0));
    assert!(bytes(&scene.run()) == scene.whole);
    scene.converges();
}

#[test]
fn the_disk_under_strace_is_told_to_keep_products_before_they_get_their_name() {
    let scene = Scene::new("order");
    let trace = scene.root.join("trace");
    let options = ["-qq", "-y", "-o", trace.to_str().unwrap(), "-e", "trace=fsync,rename"];
    assert_eq!(traced(&scene.root, &options, &format!("exec run {TASK}")), Some(0));
    let text = fs::read_to_string(&trace).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let key = scene.target().file_name().unwrap().to_string_lossy().into_owned();
    let place = |wanted: &dyn Fn(&str) -> bool| {
        lines.iter().position(|line| wanted(line)).unwrap_or_else(|| panic!("{text}"))
    };
    let renamed = place(&|line| line.starts_with("rename(") && line.contains(&key));
    for file in ["_bias.fits>", "record.json>", "manifest.json>", "/out>"] {
        let synced = place(&|line| line.starts_with("fsync(") && line.contains(file));
        assert!(synced < renamed, "{file} after the rename:\n{text}");
    }
    let manifest = place(&|line| line.starts_with("fsync(") && line.contains("manifest.json>"));
    let product = place(&|line| line.starts_with("fsync(") && line.contains("_bias.fits>"));
    assert!(product < manifest, "{text}");
    let after =
        lines[renamed..].iter().any(|line| line.starts_with("fsync(") && line.contains("run/out>"));
    assert!(after, "the parent after the rename:\n{text}");
    scene.converges();
}

fn start(root: &Path, line: &str) -> Child {
    start_with(root, line, Path::new(env!("CARGO_TARGET_TMPDIR")))
}

/// Starts the command with a folder for the code that it keeps.
fn start_with(root: &Path, line: &str, cache: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_rawsky"))
        .current_dir(root)
        .env("XDG_CACHE_HOME", cache)
        .args(line.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the processes that a process has started; how many.
fn kill_children(process: u32) -> usize {
    let mut killed = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            let kill = Command::new("/bin/sh").args(["-c", &format!("kill -9 {child}")]).status();
            killed += usize::from(kill.unwrap().success());
        }
    }
    killed
}

#[test]
fn a_night_killed_at_random_moments_ends_with_the_same_bytes() {
    let root = folder("random-kills");
    good(&root, "simulate --camera toy --ccds 1,2 --out night --biases 3 --flats 2 --exposures 1");
    let begin = Instant::now();
    good(&root, "reduce night --camera toy -o whole");
    let usual = begin.elapsed();
    let whole = bytes(&root.join("whole"));
    good(&root, "plan night --camera toy -o run");
    let mut draw = Draw(20_261_121);
    let (mut kills, mut of_children, mut finished) = (0, 0, 0);
    while kills < 50 {
        let mut child = start(&root, "run run -j 2");
        let moment = Duration::from_millis(draw.below(1 + usual.as_millis() as u64 / 3));
        std::thread::sleep(moment);
        if draw.below(3) == 0 {
            // The runner lives on, and tries the task again.
            of_children += kill_children(child.id());
            std::thread::sleep(moment);
        }
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        if published(&root.join("run")).len() == whole.len_of_keys() {
            assert!(bytes(&root.join("run")) == whole);
            finished += 1;
            fs::remove_dir_all(root.join("run/out")).unwrap();
            good(&root, "plan night --camera toy -o run");
        }
    }
    good(&root, "run run");
    assert!(bytes(&root.join("run")) == whole);
    assert!(products(&root.join("run")) == products(&root.join("whole")));
    assert!(!root.join("run/out/.tmp").exists());
    println!(
        "{kills} kills of runners, {of_children} of tasks, the night ended {} times",
        finished + 1
    );
    fs::remove_dir_all(root).unwrap();
}

trait Keys {
    fn len_of_keys(&self) -> usize;
}

impl Keys for BTreeMap<PathBuf, Vec<u8>> {
    fn len_of_keys(&self) -> usize {
        let keys: std::collections::BTreeSet<_> =
            self.keys().filter_map(|path| path.parent()).collect();
        keys.len()
    }
}

#[test]
fn runners_at_once_on_one_folder_do_no_harm() {
    let root = folder("at-once");
    night(&root);
    good(&root, "reduce night --camera toy -o whole");
    let whole = bytes(&root.join("whole"));
    for _ in 0..3 {
        let _ = fs::remove_dir_all(root.join("run"));
        good(&root, "plan night --camera toy -o run");
        let mut runners: Vec<Child> = (0..3).map(|_| start(&root, "run run -j 2")).collect();
        for runner in &mut runners {
            assert!(runner.wait().unwrap().success());
        }
        assert!(bytes(&root.join("run")) == whole);
        assert!(!root.join("run/out/.tmp").exists());
    }
    for _ in 0..5 {
        fs::remove_dir_all(root.join("run/out")).unwrap();
        let mut runners: Vec<Child> =
            (0..4).map(|_| start(&root, &format!("exec run {TASK}"))).collect();
        for runner in &mut runners {
            assert!(runner.wait().unwrap().success());
        }
        assert_eq!(published(&root.join("run")).len(), 1);
    }
    println!("3 rounds of 3 runners, 5 rounds of 4 copies of a task");
    fs::remove_dir_all(root).unwrap();
}

/// Does one drawn fault to a run; its name.
fn fault(draw: &mut Draw, root: &Path) -> &'static str {
    let run = root.join("run");
    let files = |folder: &Path, end: &str| {
        let mut files = if folder.exists() { walk(folder) } else { Vec::new() };
        files.retain(|path| path.to_string_lossy().ends_with(end));
        files
    };
    let mut pick = |mut files: Vec<PathBuf>| {
        (!files.is_empty()).then(|| files.swap_remove(draw.below(files.len() as u64) as usize))
    };
    let cut = |path: Option<PathBuf>| {
        if let Some(path) = path {
            let bytes = fs::read(&path).unwrap();
            let _ = fs::remove_file(&path);
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }
    };
    let faults = [
        "nothing",
        "kill",
        "lose a product",
        "cut a product",
        "cut a manifest",
        "cut an attempt",
        "cut the digests",
        "lose the names",
        "leave a temporary",
        "damage the kept code",
    ];
    let kind = faults[pick_number(&mut pick, faults.len())];
    match kind {
        "lose a product" => {
            if let Some(path) = pick(files(&run.join("out"), ".fits")) {
                fs::remove_file(path).unwrap();
            }
        }
        "cut a product" => cut(pick(files(&run.join("out"), ".fits"))),
        "cut a manifest" => cut(pick(files(&run.join("out"), "manifest.json"))),
        "cut an attempt" => cut(pick(files(&run.join("attempts"), ".json"))),
        "cut the digests" => cut(Some(run.join("digests.json")).filter(|path| path.exists())),
        "lose the names" => drop(fs::remove_dir_all(run.join("products"))),
        "leave a temporary" => {
            fs::create_dir_all(run.join("out/.tmp/elsewhere-1-1-1/task-0")).unwrap();
        }
        "damage the kept code" => {
            let cache = root.join("cache/rawsky");
            for path in files(&cache, ".code") {
                let mut bytes = fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                let fresh = path.with_extension("new");
                fs::write(&fresh, bytes).unwrap();
                let mode = fs::metadata(&path).unwrap().permissions();
                fs::set_permissions(&fresh, mode).unwrap();
                fs::rename(fresh, path).unwrap();
            }
        }
        _ => {}
    }
    kind
}

/// A number below `count` by way of the drawing of a file.
fn pick_number(pick: &mut dyn FnMut(Vec<PathBuf>) -> Option<PathBuf>, count: usize) -> usize {
    let names = (0..count).map(|number| PathBuf::from(number.to_string())).collect();
    pick(names).unwrap().to_string_lossy().parse().unwrap()
}

#[test]
fn drawn_faults_and_a_clean_run_end_with_the_same_bytes() {
    let seed: u64 =
        std::env::var("RAWSKY_FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    println!("seed {seed} (RAWSKY_FAULTS)");
    let root = folder("drawn");
    night(&root);
    good(&root, "reduce night --camera toy -o whole");
    let whole = products(&root.join("whole"));
    good(&root, "plan night --camera toy -o run");
    let mut draw = Draw(seed + 1);
    // Damaged code must not reach other tests.
    let cache = root.join("cache");
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..20 {
        let kind = fault(&mut draw, &root);
        *tried.entry(kind).or_default() += 1;
        let mut child = start_with(&root, "run run -j 2", &cache);
        if kind == "kill" || draw.below(2) == 0 {
            std::thread::sleep(Duration::from_millis(draw.below(700)));
            let _ = child.kill();
        }
        child.wait().unwrap();
        let status = rawsky(&root, "status run --json");
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        let all = &status["counts"]["all"];
        let counts = all.as_object().unwrap().values().map(|count| count.as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), status["tasks"].as_array().unwrap().len() as u64);
        assert_eq!(all["failed"], 0, "{kind}: {status}");
    }
    assert!(start_with(&root, "run run", &cache).wait().unwrap().success());
    assert!(products(&root.join("run")) == whole);
    // The survey is no task of the plan: a damaged one is made again by the next planning.
    good(&root, "plan night --camera toy -o run");
    assert!(bytes(&root.join("run")) == bytes(&root.join("whole")));
    good(&root, "verify run --fraction 0.3");
    println!("{tried:?}");
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn time_zone_language_home_and_mask_change_no_byte() {
    let root = folder("surroundings");
    night(&root);
    good(&root, "reduce night --camera toy -o whole");
    let whole = bytes(&root.join("whole"));
    fs::create_dir(root.join("elsewhere")).unwrap();
    let line = format!(
        "umask 077; exec '{}' reduce ../night --camera toy -o ../other",
        env!("CARGO_BIN_EXE_rawsky")
    );
    let status = Command::new("/bin/sh")
        .args(["-c", &line])
        .current_dir(root.join("elsewhere"))
        .env_clear()
        .envs([("TZ", "Pacific/Kiritimati"), ("LC_ALL", "tr_TR.UTF-8"), ("HOME", "/nonexistent")])
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());
    assert!(bytes(&root.join("other")) == whole);
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn records_cut_at_any_byte_are_as_if_they_were_not_there() {
    let root = folder("cut-records");
    night(&root);
    good(&root, "plan night --camera toy -o run");
    good(&root, &format!("exec run {TASK}"));
    let run = root.join("run");
    let plan = fs::read(run.join("plan.json")).unwrap();
    let record = run.join("attempts").join(format!("{TASK}.json"));
    let attempt = fs::read(&record).unwrap();
    let mut manifests =
        published(&run).into_iter().map(|key| run.join("out").join(key).join("manifest.json"));
    let of_bias = |path: &PathBuf| fs::read_to_string(path).unwrap().contains("master-bias");
    let manifest_path = manifests.find(of_bias).unwrap();
    let manifest = fs::read(&manifest_path).unwrap();
    let mut cuts = 0;
    for length in 0..manifest.len() - 1 {
        fs::write(&manifest_path, &manifest[..length]).unwrap();
        assert!(Manifest::read(manifest_path.parent().unwrap()).is_none(), "{length}");
        cuts += 1;
    }
    fs::write(&manifest_path, &manifest).unwrap();
    for length in 0..attempt.len() {
        fs::write(&record, &attempt[..length]).unwrap();
        assert!(rawsky_host::attempt::last(&run, TASK).is_none(), "{length}");
        cuts += 1;
    }
    for length in (0..plan.len() - 2).step_by(211) {
        fs::write(run.join("plan.json"), &plan[..length]).unwrap();
        assert!(rawsky_host::plan::Plan::read(&run).is_err(), "{length}");
        cuts += 1;
    }
    fs::write(run.join("plan.json"), &plan).unwrap();
    good(&root, "run run");
    println!("{cuts} cuts");
    fs::remove_dir_all(root).unwrap();
}
