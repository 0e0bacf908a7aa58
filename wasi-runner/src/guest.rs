//! The sandboxed program that comes with this one.

use sha2::{Digest, Sha256};

/// The WASI module, built by the build script.
pub const MODULE: &[u8] = include_bytes!(env!("GUEST_WASM_PATH"));

/// SHA-256 of the module: its name in content keys.
pub fn digest() -> String {
    hex(&Sha256::digest(MODULE))
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
