//! The sandbox against hostile guests, and what the real guest asks for.

use std::fs;
use std::path::PathBuf;

use super::*;

const SMALL: Limits = Limits { memory_bytes: 64 << 20, seconds: 20, disk_bytes: 1 << 20 };

/// A guest with one memory and a body; `$open` and the like are declared in `CALLS`.
fn guest(body: &str) -> Vec<u8> {
    wat::parse_str(format!(r#"(module {CALLS} (memory (export "memory") 2) {body})"#)).unwrap()
}

const CALLS: &str = r#"
  (import "wasi_snapshot_preview1" "path_open" (func $open
    (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink
    (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;

fn folders(name: &str) -> (PathBuf, PathBuf) {
    let root = std::env::temp_dir().join(format!("rawsky-sandbox-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    let (input, output) = (root.join("in"), root.join("out"));
    fs::create_dir_all(&input).unwrap();
    fs::create_dir_all(&output).unwrap();
    fs::write(root.join("outside"), "secret").unwrap();
    fs::write(input.join("inside"), "data").unwrap();
    (input, output)
}

fn run_guest(name: &str, wasm: &[u8], limits: Limits) -> Ended {
    let (input, output) = folders(name);
    let ended = run(&compile(wasm).unwrap(), &input, &output, limits).unwrap();
    fs::remove_dir_all(input.parent().unwrap()).unwrap();
    ended
}

/// Opens `path` below preopened folder 3 (`/in`) or 4 (`/out`), and exits with the errno.
fn open_guest(folder: u32, path: &str, flags: u32, rights: u64) -> Vec<u8> {
    let length = path.len();
    guest(&format!(
        r#"(data (i32.const 1024) "{path}")
        (func (export "_start") (call $exit (call $open (i32.const {folder}) (i32.const 1)
          (i32.const 1024) (i32.const {length}) (i32.const {flags}) (i64.const {rights})
          (i64.const 0) (i32.const 0) (i32.const 8))))"#
    ))
}

const READ: u64 = 2;
const WRITE: u64 = 64;
const CREATE: u32 = 1;

#[test]
fn declared_files_can_be_read_and_products_written() {
    assert_eq!(run_guest("read", &open_guest(3, "inside", 0, READ), SMALL).exit, Ok(0));
    assert_eq!(run_guest("write", &open_guest(4, "made", CREATE, WRITE), SMALL).exit, Ok(0));
}

#[test]
fn nothing_outside_can_be_opened_and_inputs_cannot_be_written() {
    let (input, _) = folders("links");
    for path in ["../outside", "/etc/passwd", "a/../../outside", "../in/../outside", "link"] {
        for folder in [3, 4] {
            let (input, output) = folders("escape");
            for place in [&input, &output] {
                std::os::unix::fs::symlink("../outside", place.join("link")).unwrap();
            }
            let code = compile(&open_guest(folder, path, 0, READ)).unwrap();
            let ended = run(&code, &input, &output, SMALL).unwrap();
            assert!(matches!(ended.exit, Ok(errno) if errno != 0), "{path}: {ended:?}");
        }
    }
    for (path, flags) in [("inside", 0), ("new", CREATE)] {
        let ended = run_guest("readonly", &open_guest(3, path, flags, WRITE), SMALL);
        assert!(matches!(ended.exit, Ok(errno) if errno != 0), "{path}: {ended:?}");
    }
    fs::remove_dir_all(input.parent().unwrap()).unwrap();
}

#[test]
fn environment_clock_and_random_bytes_are_the_same_everywhere() {
    // Exits with 1, 2, 4 added for an environment, a clock that is not zero, a random byte.
    let wasm = guest(
        r#"(func (export "_start")
          (drop (call $environ (i32.const 0) (i32.const 4)))
          (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 8)))
          (drop (call $random (i32.const 16) (i32.const 8)))
          (call $exit (i32.add (i32.add
            (i32.ne (i32.load (i32.const 0)) (i32.const 0))
            (i32.mul (i32.const 2) (i64.ne (i64.load (i32.const 8)) (i64.const 0))))
            (i32.mul (i32.const 4) (i64.ne (i64.load (i32.const 16)) (i64.const 0))))))"#,
    );
    assert_eq!(run_guest("fixed", &wasm, SMALL).exit, Ok(0));
}

#[test]
fn more_memory_than_the_cap_is_class_memory() {
    let wasm = guest(
        r#"(func (export "_start") (loop $more
          (drop (memory.grow (i32.const 16))) (br $more)))"#,
    );
    let ended = run_guest("memory", &wasm, SMALL);
    assert_eq!(ended.exit.unwrap_err().class, Class::Memory);
    assert!(ended.memory_bytes <= SMALL.memory_bytes);
    assert!(ended.memory_bytes > SMALL.memory_bytes - (2 << 20));
}

#[test]
fn an_endless_loop_is_class_time() {
    let wasm = guest(r#"(func (export "_start") (loop $on (br $on)))"#);
    let ended = run_guest("time", &wasm, Limits { seconds: 1, ..SMALL });
    assert_eq!(ended.exit.unwrap_err().class, Class::Time);
}

#[test]
fn a_panic_and_endless_recursion_are_class_trap() {
    for body in [
        r#"(func (export "_start") unreachable)"#,
        r#"(func $again (export "_start") (call $again))"#,
        r#"(func (export "_start") (drop (i32.load (i32.const 0x7fffffff))))"#,
    ] {
        assert_eq!(run_guest("trap", &guest(body), SMALL).exit.unwrap_err().class, Class::Trap);
    }
}

#[test]
fn a_call_that_is_not_on_the_list_traps_with_its_name() {
    let wasm = guest(
        r#"(func (export "_start") (drop (call $symlink (i32.const 0) (i32.const 1)
          (i32.const 4) (i32.const 0) (i32.const 1))))"#,
    );
    let failure = run_guest("symlink", &wasm, SMALL).exit.unwrap_err();
    assert_eq!(failure.class, Class::Trap);
    assert!(failure.reason.contains("path_symlink"), "{}", failure.reason);
}

#[test]
fn a_flood_of_output_is_cut() {
    // One vector of 64 KiB at address 0, written to standard error 100 times.
    let wasm = guest(
        r#"(func (export "_start") (local $n i32)
          (i32.store (i32.const 4) (i32.const 65536))
          (loop $on
            (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $on (i32.lt_u (local.get $n) (i32.const 100)))))"#,
    );
    assert!(run_guest("flood", &wasm, SMALL).printed.len() <= PRINTED);
}

#[test]
fn relaxed_simd_and_shared_memory_are_refused() {
    let relaxed = wat::parse_str(
        "(module (func (param v128 v128 v128) (result v128)
          (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))))",
    );
    let shared = wat::parse_str("(module (memory 1 1 shared))");
    for wasm in [relaxed.unwrap(), shared.unwrap(), b"no module".to_vec()] {
        assert_eq!(compile(&wasm).unwrap_err().class, Class::ModuleBad);
    }
}

#[test]
fn the_guest_names_few_calls_beyond_the_list() {
    // Named by the standard library, never made: they trap.
    let known_unused: [&str; 0] = [];
    for (module, name) in imports(crate::guest::MODULE).unwrap() {
        assert_eq!(module, WASI);
        assert!(ALLOWED.contains(&&*name) || known_unused.contains(&&*name), "{name}");
    }
}
