//! What a job is told about its inputs, as a batch tells it: names and digests.

use crate::error::Result;
use crate::provenance::{InputId, digest};
use crate::store::{Key, Store, load};

/// The largest input that is hashed (byte).
const LARGEST: u64 = 1 << 31;

/// Name and SHA-256 of every file.
///
/// # Errors
/// Those of reading the files.
pub(super) fn identify(store: &mut dyn Store, keys: &[Key]) -> Result<Vec<InputId>> {
    let mut inputs = Vec::with_capacity(keys.len());
    for key in keys {
        let bytes = load(store, key, LARGEST)?;
        let name = key.rsplit('/').next().unwrap_or_default().to_owned();
        inputs.push(InputId { name, sha256: digest(&bytes) });
    }
    Ok(inputs)
}
