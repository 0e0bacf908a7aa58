//! The rules of the workspace and its results in every executor, as tests.
//!
//! * [`tidy`] holds the rules that can be read off the sources, one file per family, each proven
//!   able to fail by a test on a bad snippet; `tests/tidy.rs` applies them to the workspace.
//! * [`purity`] builds the core as a WASI module and reads what it asks of its host.
//! * [`store`] and [`probe`] are the simplest [`Store`](rawsky_core::store::Store) and
//!   [`Probe`](rawsky_core::probe::Probe).
//!
//! Tests are sentences; a failing one says where, what, and what to do.

pub mod probe;
pub mod purity;
pub mod sources;
pub mod store;
pub mod tidy;
