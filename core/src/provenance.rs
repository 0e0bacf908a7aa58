//! What was done, to what, with what: the record beside every product.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::warning::Warning;

/// SHA-256 of `bytes` as 64 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An input by name and content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputId {
    /// Key in the store, without a folder.
    pub name: String,
    /// SHA-256 of the bytes.
    pub sha256: String,
}

/// What one step of one amplifier reports: numbers with their unit in the name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Which amplifier, or 0 for the whole detector.
    pub amp: u32,
    /// Name of the step.
    pub step: String,
    /// Its report.
    pub report: serde_json::Value,
}

/// The record of one job: deterministic, without time or host.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of the core that did it.
    pub core: String,
    /// Kind of job.
    pub job: String,
    /// SHA-256 of the camera description.
    pub camera_sha256: String,
    /// SHA-256 of the recipe.
    pub recipe_sha256: String,
    /// Inputs in the order in which they were used.
    pub inputs: Vec<InputId>,
    /// Keys of the products, in the order of writing.
    pub products: Vec<String>,
    /// One record per step.
    pub steps: Vec<StepRecord>,
    /// Data defects met.
    pub warnings: Vec<Warning>,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_digest_is_sha256() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::digest(b"abc"), abc);
    }
}
