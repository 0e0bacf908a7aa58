//! The sandboxed program that comes with this one.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// The WASI module, built by the build script.
pub const MODULE: &[u8] = include_bytes!(env!("GUEST_WASM_PATH"));

/// SHA-256 of the module: its name in content keys.
pub fn digest() -> String {
    static DIGEST: OnceLock<String> = OnceLock::new();
    DIGEST.get_or_init(|| hex(&Sha256::digest(MODULE))).clone()
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
