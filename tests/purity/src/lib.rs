//! The core and nothing else as a WASI module, whose import list is read by a test.
//!
//! Its one export runs a job that the compiler cannot know, so that nothing of the core is dropped.
//! It is built by that test only, and never run.

use std::hint::black_box;

use rawsky_core::error::{Error, Result};
use rawsky_core::job::{self, Job};
use rawsky_core::store::{Key, Store};

/// A store without files, which the compiler cannot know.
struct Nothing;

impl Store for Nothing {
    fn list(&self) -> Vec<Key> {
        black_box(Vec::new())
    }

    fn length(&mut self, key: &str) -> Result<u64> {
        black_box(Err(Error::store(key, "nothing is here")))
    }

    fn read_at(&mut self, key: &str, _offset: u64, _buffer: &mut [u8]) -> Result<()> {
        black_box(Err(Error::store(key, "nothing is here")))
    }

    fn append(&mut self, key: &str, bytes: &[u8]) -> Result<()> {
        black_box((key, bytes));
        black_box(Ok(()))
    }
}

/// Runs a job; the number of its products.
#[allow(unsafe_code, reason = "an exported name is the only way to keep code in a cdylib")]
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    let Ok(job) = serde_json::from_slice::<Job>(black_box(b"{}")) else { return 0 };
    job::execute(&job, &mut Nothing, &mut ()).map_or(0, |record| record.products.len())
}
