//! The rules of the workspace and its results in every executor, as tests.
//!
//! * [`tidy`] holds the rules that can be read off the sources, one file per family, each proven
//!   able to fail by a test on a bad snippet; `tests/tidy.rs` applies them to the workspace.
//! * [`purity`] builds the core as a WASI module and reads what it asks of its host.
//! * [`night`] is a simulated night with every job of its reduction; [`executors`] does a job
//!   natively, in the sandbox, in the browser module and under another WASI.
//! * [`store`] and [`probe`] are the simplest [`Store`](rawsky_core::store::Store) and
//!   [`Probe`](rawsky_core::probe::Probe).
//!
//! Tests are sentences; a failing one says where, what, and what to do.

pub mod executors;
pub mod night;
pub mod probe;
pub mod purity;
pub mod sources;
pub mod store;
pub mod tidy;
