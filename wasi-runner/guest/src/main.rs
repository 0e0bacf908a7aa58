//! The sandboxed program.
fn main() {}
