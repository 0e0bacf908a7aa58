//! What the kernels cost: the cases of the benchmark, the same for every executor.

pub mod arrays;
pub mod cases;
pub mod clock;
pub mod command;
pub mod compare;
pub mod inputs;
pub mod products;
pub mod run;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod store;
