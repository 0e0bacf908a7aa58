//! Hostile guests through the whole runner: staged, run in a child, walked, refused with a reason.
//!
//! A guest that gets what it must not have ends by a trap; one that is refused it ends with 0, and is then
//! found to have written no product. So the class tells which it was.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod command;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rawsky_core::job::{Job, Task, Text, VERSION};
use rawsky_host::attempt::Book;
use rawsky_host::child::Engine;
use rawsky_host::class::{Class, Failure};
use rawsky_host::code;
use rawsky_host::digests::Digests;
use rawsky_host::run::{Again, Means, run_task};
use rawsky_host::runner::{Done, Runner, Settings};
use rawsky_host::sandbox::Limits;
use rawsky_host::work::{Input, Work};

use command::{folder, names};

const LIMITS: Limits = Limits { memory_bytes: 32 << 20, seconds: 20, disk_bytes: 8 << 20 };

/// The calls that the guests make, whether they may or not.
const CALLS: [(&str, &str, &str); 20] = [
    ("path_open", "$open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
    ("path_unlink_file", "$unlink", "i32 i32 i32"),
    ("path_rename", "$rename", "i32 i32 i32 i32 i32 i32"),
    ("path_link", "$link", "i32 i32 i32 i32 i32 i32 i32"),
    ("path_symlink", "$symlink", "i32 i32 i32 i32 i32"),
    ("path_readlink", "$readlink", "i32 i32 i32 i32 i32 i32"),
    ("path_filestat_set_times", "$times", "i32 i32 i32 i32 i64 i64 i32"),
    ("path_create_directory", "$mkdir", "i32 i32 i32"),
    ("path_remove_directory", "$rmdir", "i32 i32 i32"),
    ("fd_filestat_set_size", "$size", "i32 i64"),
    ("fd_allocate", "$allocate", "i32 i64 i64"),
    ("fd_readdir", "$readdir", "i32 i32 i32 i64 i32"),
    ("fd_renumber", "$renumber", "i32 i32"),
    ("poll_oneoff", "$poll", "i32 i32 i32 i32"),
    ("proc_raise", "$raise", "i32"),
    ("sched_yield", "$yield", ""),
    ("sock_accept", "$accept", "i32 i32 i32"),
    ("sock_send", "$send", "i32 i32 i32 i32 i32"),
    ("fd_write", "$write", "i32 i32 i32 i32"),
    ("fd_close", "$close", "i32"),
];

/// Functions for guests. Address 0 holds a buffer for results, 16 an (address, length) of 64 KiB at 0,
/// 1024 the words that are used as names.
const HELPERS: &str = r#"
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 20) "\00\00\01\00")
  (data (i32.const 1024) "in.txt")
  (data (i32.const 1040) "a.json")
  (data (i32.const 1056) "../outside")
  (data (i32.const 1072) "/etc/passwd")
  (data (i32.const 1088) "other.txt")
  (data (i32.const 1104) "record.json")
  (data (i32.const 1120) "stranger")
  (data (i32.const 1136) "n0000000")
  (func $must_fail (param $errno i32)
    (if (i32.eqz (local.get $errno)) (then unreachable)))
  ;; Opens a name to write below /out; its descriptor, or -1.
  (func $make (param $name i32) (param $length i32) (result i32)
    (if (result i32)
      (call $open (i32.const 4) (i32.const 1) (local.get $name) (local.get $length)
        (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8))
      (then (i32.const -1)) (else (i32.load (i32.const 8)))))
  ;; The next of the names n0000000, n0000001, … in base 64.
  (func $count (local $at i32)
    (local.set $at (i32.const 1143))
    (loop $carry
      (i32.store8 (local.get $at) (i32.add (i32.load8_u (local.get $at)) (i32.const 1)))
      (if (i32.gt_u (i32.load8_u (local.get $at)) (i32.const 111)) (then
        (i32.store8 (local.get $at) (i32.const 48))
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (br $carry)))))
  (func $fill (param $file i32) (result i32)
    (call $write (local.get $file) (i32.const 16) (i32.const 1) (i32.const 8)))
"#;

fn module(body: &str) -> Vec<u8> {
    let import = |(name, own, parameters): (&str, &str, &str)| {
        format!(
            r#"(import "wasi_snapshot_preview1" "{name}" (func {own} (param {parameters}) (result i32)))"#
        )
    };
    let imports: String = CALLS.map(import).concat();
    let text = format!(r#"(module {imports} {HELPERS} (func (export "_start") {body}))"#);
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{body}"))
}

/// A folder with a declared input, a file beside it, and a runner of other programs.
struct Scene {
    root: PathBuf,
}

impl Scene {
    fn new(name: &str) -> Scene {
        let root = folder(name);
        fs::create_dir(root.join("night")).unwrap();
        fs::write(root.join("night/in.txt"), "data").unwrap();
        fs::write(root.join("night/other.txt"), "not declared").unwrap();
        fs::write(root.join("outside"), "secret").unwrap();
        Scene { root }
    }

    fn work(&self) -> Work {
        let job = Job {
            version: VERSION,
            camera: Text::BuiltIn("toy".to_owned()),
            recipe: Text::BuiltIn("default".to_owned()),
            inputs: Vec::new(),
            task: Task::Inspect { file: "in.txt".to_owned(), output: "a.json".to_owned() },
        };
        let path = self.root.join("night/in.txt");
        let sha256 = Digests::default().of(&path).unwrap();
        let input = Input { key: "in.txt".to_owned(), path, sha256 };
        Work::new(job, vec![input], vec!["a.json".to_owned()])
    }

    fn run(&self, wasm: &[u8], limits: Limits) -> Result<Done, Failure> {
        let place = self.root.join("code");
        let _ = fs::remove_dir_all(&place);
        rawsky_host::staging::private_folder(&place).unwrap();
        let file = place.join("guest.code");
        code::write(&file, wasm)?;
        let settings = Settings {
            engine: Engine::Sandbox,
            limits,
            program: PathBuf::from(env!("CARGO_BIN_EXE_rawsky")),
            announce: false,
        };
        let runner = Runner::new(settings, &self.root.join("out"), Digests::default()).unwrap();
        runner.with_code(file).execute(&self.work())
    }

    /// The class and reason of a guest that must not succeed; everything else is as it was.
    fn refused(&self, body: &str, limits: Limits) -> (Class, String) {
        let failure = self.run(&module(body), limits).expect_err(body);
        self.is_untouched(body);
        (failure.class, failure.reason)
    }

    fn is_untouched(&self, body: &str) {
        let text = |name: &str| fs::read_to_string(self.root.join(name)).unwrap();
        assert_eq!(text("night/in.txt"), "data", "{body}");
        assert_eq!(text("night/other.txt"), "not declared", "{body}");
        assert_eq!(text("outside"), "secret", "{body}");
        assert_eq!(names(&self.root), ["code", "night", "out", "outside"], "{body}");
        assert_eq!(names(&self.root.join("out")), Vec::<String>::new(), "{body}");
        assert_eq!(names(&self.root.join("night")), ["in.txt", "other.txt"], "{body}");
        assert!(!Path::new("/tmp/stranger").exists());
    }
}

/// Opening (folder, name, length, how, rights, flags) is refused.
fn no_open(folder: u32, (name, length): (u32, u32), how: u32, rights: u32, flags: u32) -> String {
    format!(
        "(call $must_fail (call $open (i32.const {folder}) (i32.const 1) (i32.const {name})
          (i32.const {length}) (i32.const {how}) (i64.const {rights}) (i64.const 0)
          (i32.const {flags}) (i32.const 8)))"
    )
}

const INPUT: (u32, u32) = (1024, 6);
const PRODUCT: (u32, u32) = (1040, 6);
const OUTSIDE: (u32, u32) = (1056, 10);
const PASSWORDS: (u32, u32) = (1072, 11);
const OTHER: (u32, u32) = (1088, 9);
const STRANGER: (u32, u32) = (1120, 8);

#[test]
fn files_beyond_the_declared_ones_are_refused() {
    let scene = Scene::new("hostile-files");
    for body in [
        no_open(3, INPUT, 0, 64, 0),
        no_open(3, INPUT, 8, 64, 0),
        no_open(3, INPUT, 0, 64, 1),
        no_open(3, STRANGER, 1, 64, 0),
        no_open(3, OUTSIDE, 0, 2, 0),
        no_open(4, OUTSIDE, 0, 2, 0),
        no_open(4, OUTSIDE, 1, 64, 0),
        no_open(3, PASSWORDS, 0, 2, 0),
        no_open(4, PASSWORDS, 0, 2, 0),
        no_open(3, OTHER, 0, 2, 0),
        no_open(5, INPUT, 0, 2, 0),
    ] {
        let (class, reason) = scene.refused(&body, LIMITS);
        assert_eq!(class, Class::OutputRule, "{reason}: {body}");
        assert!(reason.contains("a.json"), "{reason}: {body}");
    }
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn calls_that_are_not_on_the_list_end_the_guest_and_are_named() {
    let scene = Scene::new("hostile-calls");
    for (name, own, parameters) in CALLS {
        if ["path_open", "fd_write", "fd_close"].contains(&name) {
            continue;
        }
        let of = |kind: &str| match kind {
            "i64" => "(i64.const 1)",
            _ => "(i32.const 4)",
        };
        let values: String = parameters.split_whitespace().map(of).collect();
        let (class, reason) = scene.refused(&format!("(drop (call {own} {values}))"), LIMITS);
        assert!(class == Class::Trap && reason.contains(name), "{class:?} {reason}");
    }
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn time_memory_and_the_stack_have_an_end() {
    let scene = Scene::new("hostile-bombs");
    let short = Limits { seconds: 1, ..LIMITS };
    for (body, limits, wanted) in [
        ("(loop $on (br $on))", short, Class::Time),
        ("(loop $on (drop (memory.grow (i32.const 8))) (br $on))", LIMITS, Class::Memory),
        ("unreachable", LIMITS, Class::Trap),
        ("(drop (i32.load (i32.const 0x7fffffff)))", LIMITS, Class::Trap),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", LIMITS, Class::Trap),
        ("(call $exit (i32.const 99))", LIMITS, Class::Trap),
    ] {
        let (class, reason) = scene.refused(body, limits);
        assert_eq!(class, wanted, "{reason}: {body}");
    }
    let recursion = module("(call $exit (i32.const 0))");
    let text = r#"(module (memory (export "memory") 1) (func $f (export "_start") (call $f)))"#;
    assert!(recursion.len() > 100);
    let failure = scene.run(&wat::parse_str(text).unwrap(), LIMITS).unwrap_err();
    assert_eq!(failure.class, Class::Trap, "{failure}");
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn disk_handles_and_the_log_have_an_end() {
    let scene = Scene::new("hostile-floods");
    // One file that grows for ever; many files, each of 64 KiB, closed again.
    let one = "(local $f i32) (local.set $f (call $make (i32.const 1040) (i32.const 6)))
        (loop $on (drop (call $fill (local.get $f))) (br $on))";
    let many = "(local $f i32) (loop $on (call $count)
        (local.set $f (call $make (i32.const 1136) (i32.const 8)))
        (drop (call $fill (local.get $f))) (drop (call $close (local.get $f))) (br $on))";
    for body in [one, many] {
        let (class, reason) = scene.refused(body, LIMITS);
        assert_eq!(class, Class::OutputRule, "{reason}: {body}");
        assert!(reason.contains("grew") || reason.contains("more than"), "{reason}");
    }
    // Files that stay open: refused after the handles of the child.
    let handles = "(local $n i32) (loop $on (call $count)
        (if (i32.eq (call $make (i32.const 1136) (i32.const 8)) (i32.const -1))
          (then (call $exit (i32.const 0))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $on (i32.lt_u (local.get $n) (i32.const 400)))) unreachable";
    assert_eq!(scene.refused(handles, LIMITS).0, Class::OutputRule);
    let log = "(local $n i32) (loop $on (drop (call $fill (i32.const 2)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $on (i32.lt_u (local.get $n) (i32.const 4000)))) unreachable";
    let (class, reason) = scene.refused(log, LIMITS);
    assert!(class == Class::Trap && reason.len() < 3000, "{} bytes", reason.len());
    assert!(!reason.chars().any(char::is_control), "{reason:?}");
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn what_is_left_behind_must_be_what_was_declared() {
    let scene = Scene::new("hostile-products");
    let make = |(name, length): (u32, u32)| {
        format!("(drop (call $fill (call $make (i32.const {name}) (i32.const {length}))))")
    };
    let record = make((1104, 11));
    let empty =
        format!("(drop (call $make (i32.const {}) (i32.const {}))) {record}", PRODUCT.0, PRODUCT.1);
    for (body, wanted) in [
        (String::new(), "a.json"),
        (make(PRODUCT), "record.json"),
        (record.clone(), "a.json"),
        (make(PRODUCT) + &record + &make(STRANGER), "stranger"),
        (empty, "empty"),
    ] {
        let (class, reason) = scene.refused(&body, LIMITS);
        assert!(
            class == Class::OutputRule && reason.contains(wanted),
            "{class:?} {reason}: {body}"
        );
    }
    // A refusal without a reason, and with a record that is no JSON.
    let (class, reason) = scene.refused(&format!("{record} (call $exit (i32.const 30))"), LIMITS);
    assert!(class == Class::Refused && reason.contains("no reason"), "{class:?} {reason}");
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn modules_that_want_more_than_calls_are_refused_and_the_next_task_runs() {
    let scene = Scene::new("hostile-modules");
    for text in [
        r#"(module (import "env" "memory" (memory 1)) (func (export "_start")))"#,
        r#"(module (import "env" "table" (table 1 funcref)) (func (export "_start")))"#,
        r#"(module (memory (export "memory") 1))"#,
        r#"(module (memory (export "memory") 1000) (func (export "_start")))"#,
    ] {
        let failure = scene.run(&wat::parse_str(text).unwrap(), LIMITS).unwrap_err();
        let wanted = [Class::ModuleBad, Class::Trap, Class::Memory];
        assert!(wanted.contains(&failure.class), "{failure:?}: {text}");
        scene.is_untouched(text);
    }
    // The true guest, in the same place, after all of them: it refuses a file that is none of its own.
    let true_limits = Limits { memory_bytes: 256 << 20, ..LIMITS };
    let failure = scene.run(rawsky_host::guest::MODULE, true_limits).unwrap_err();
    assert!(failure.reason.contains("in.txt"), "{failure:?}");
    fs::remove_dir_all(&scene.root).unwrap();
}

/// A program that does something with the folder `$ROOT` and then starts the true one.
fn wrapped(scene: &Scene, script: &str) -> PathBuf {
    let place = scene.root.join("code");
    fs::create_dir_all(&place).unwrap();
    let path = place.join("program");
    let (root, program) = (scene.root.display(), env!("CARGO_BIN_EXE_rawsky"));
    let text = format!("#!/bin/sh\nROOT='{root}'\n{script}\nexec '{program}' \"$@\"\n");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// How a task ends whose child is started by a script, and how often it was tried.
fn tried(scene: &Scene, script: &str, seconds: u64) -> (Result<Done, Failure>, u32) {
    let settings = Settings {
        engine: Engine::Native,
        limits: Limits { seconds, ..LIMITS },
        program: wrapped(scene, script),
        announce: false,
    };
    let runner = Runner::new(settings, &scene.root.join("out"), Digests::default()).unwrap();
    let book = Book::open(&scene.root).unwrap();
    let means = Means { runner: &runner, book: &book, again: Again::All, unneeded: false };
    let result = run_task("task", &scene.work(), means);
    (result, book.last("task").map_or(0, |last| last.number))
}

#[test]
fn a_killed_child_is_tried_three_times_and_a_refusal_once() {
    let scene = Scene::new("hostile-killed");
    let (result, number) = tried(&scene, "kill -9 $$", 20);
    assert_eq!((result.unwrap_err().class, number), (Class::Killed, 3));
    // Killed once, then left alone: the core has its say, which is that this is no image.
    let script = "[ -e \"$ROOT/code/once\" ] || { : > \"$ROOT/code/once\"; kill -9 $$; }";
    let (result, number) = tried(&scene, script, 20);
    let class = result.unwrap_err().class;
    assert!(matches!(class, Class::InputBad | Class::Refused), "{class:?}");
    assert_eq!(number, 5);
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn an_input_that_changes_during_the_work_is_found() {
    let scene = Scene::new("hostile-changed");
    // Something that the core can read.
    let cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "END",
    ];
    let mut bytes: Vec<u8> =
        cards.iter().flat_map(|card| format!("{card:80}").into_bytes()).collect();
    bytes.resize(2880, b' ');
    fs::write(scene.root.join("night/in.txt"), &bytes).unwrap();
    let (result, _) = tried(&scene, "printf ' ' >> \"$ROOT/night/in.txt\"", 20);
    assert_eq!(result.unwrap_err().class, Class::InputChanged);
    assert_eq!(names(&scene.root.join("out")), Vec::<String>::new());
    let (result, _) = tried(&scene, ":", 20);
    assert!(result.is_ok(), "{result:?}");
    fs::remove_dir_all(&scene.root).unwrap();
}

#[test]
fn a_child_that_hangs_is_killed_from_outside() {
    let scene = Scene::new("hostile-hangs");
    let begin = std::time::Instant::now();
    let (result, number) = tried(&scene, "exec /bin/sleep 300", 1);
    let failure = result.unwrap_err();
    assert_eq!((failure.class, number), (Class::Time, 1), "{failure}");
    assert!(begin.elapsed().as_secs() < 60);
    fs::remove_dir_all(&scene.root).unwrap();
}
