//! Products become visible together, by one rename, or not at all.
//!
//! Order: every product is on the disk, then the manifest, then the folder's own entries, then the
//! rename to the content key, then the parent's entries. What exists is never replaced: equal bytes
//! are success, other bytes are a conflict.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rawsky_core::job::Job;
use serde::{Deserialize, Serialize};

use crate::class::{Class, Failure};
use crate::guest;
use crate::keep::DROPPED;
use crate::staging::Product;
use crate::work::{VERSION, Work};

/// Name of the manifest in the folder of a task.
pub const MANIFEST: &str = "manifest.json";

/// What is in a published folder, and what it was made of. Holds no time and no place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format: 1.
    pub version: u32,
    /// SHA-256 of the sandboxed program.
    pub module_sha256: String,
    /// The job with the digests of its inputs.
    pub job: Job,
    /// The files.
    pub products: Vec<Product>,
}

impl Manifest {
    /// The manifest of a piece of work.
    pub fn new(work: &Work, products: Vec<Product>) -> Manifest {
        let module_sha256 = guest::digest();
        Manifest { version: VERSION, module_sha256, job: work.job.clone(), products }
    }

    /// The manifest of a published folder, if there is a whole one: readable, and every product
    /// there with its length. Products that were dropped need not be there.
    pub fn read(folder: &Path) -> Option<Manifest> {
        let text = fs::read(folder.join(MANIFEST)).ok()?;
        let manifest: Manifest = serde_json::from_slice(&text).ok()?;
        let dropped = folder.join(DROPPED).exists();
        let whole = manifest.products.iter().all(|product| {
            let about = fs::symlink_metadata(folder.join(&product.key));
            let own = [rawsky_guest::RECORD, rawsky_guest::EVIDENCE].contains(&&*product.key);
            match about {
                Ok(about) => about.is_file() && about.len() == product.bytes,
                Err(_) => dropped && !own,
            }
        });
        (whole && manifest.version == VERSION).then_some(manifest)
    }
}

/// Publishes the output folder of a task under its final name.
///
/// # Errors
/// [`Class::Conflict`] if other bytes are there, else those of the disk; then nothing is published.
pub fn publish(output: &Path, manifest: &Manifest, target: &Path) -> Result<(), Failure> {
    let io = |error| Failure::io(target.display(), &error);
    freeze(output, manifest).map_err(io)?;
    let parent = target.parent().unwrap_or(Path::new("."));
    match fs::rename(output, target) {
        Ok(()) => sync_folder(parent).map_err(io),
        Err(error) => match Manifest::read(target) {
            Some(there) if there == *manifest => Ok(()),
            Some(_) => {
                let reason = format!("{} holds other bytes of the same work", target.display());
                Err(Failure::new(Class::Conflict, reason))
            }
            None => Err(io(error)),
        },
    }
}

fn freeze(output: &Path, manifest: &Manifest) -> std::io::Result<()> {
    for product in &manifest.products {
        fs::set_permissions(output.join(&product.key), Permissions::from_mode(0o444))?;
    }
    write_synced(&output.join(MANIFEST), &serde_json::to_vec_pretty(manifest)?)?;
    let mut folders: Vec<_> = manifest
        .products
        .iter()
        .flat_map(|product| Path::new(&product.key).ancestors().skip(1))
        .collect();
    folders.sort();
    folders.dedup();
    folders.iter().try_for_each(|folder| sync_folder(&output.join(folder)))
}

/// Writes a new file and waits for the disk.
///
/// # Errors
/// Those of the file system.
pub fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits until the entries of a folder are on the disk.
///
/// # Errors
/// Those of the file system.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a file whole or not at all, replacing one that is there.
///
/// # Errors
/// Those of the file system.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let _ = fs::remove_file(&fresh);
    let written = write_synced(&fresh, bytes).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}
