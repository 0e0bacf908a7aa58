//! The core and nothing else as a WASI module, whose import list is read by a test.
//!
//! Its one export reaches the entry points of the core in a way that the compiler cannot see
//! through, so that nothing behind them is dropped: without features the arithmetic, with the file
//! formats the whole job. It is built by that test only, and never run.

#[cfg(feature = "fits")]
mod with_formats;
#[cfg(not(feature = "fits"))]
mod without_formats;

#[cfg(feature = "fits")]
use with_formats::reach;
#[cfg(not(feature = "fits"))]
use without_formats::reach;

/// Reaches everything; a number that depends on it.
#[allow(unsafe_code, reason = "an exported name is the only way to keep code in a cdylib")]
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    reach()
}
