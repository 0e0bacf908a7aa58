//! What goes into the private folder of a task, and what may come out of it.
//!
//! In: exactly the declared inputs, as hard links where the disk allows it. Out: exactly the declared
//! products and the record, as plain files without other names.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rawsky_core::store::Key;
use rawsky_guest::{EVIDENCE, JOB, RECORD};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::child::{INPUT, OUTPUT};
use crate::class::{Class, Failure};
use crate::digests::Digests;
use crate::guest::hex;
use crate::work::{Input, Work};

/// The largest record that is read (byte).
const LARGEST_RECORD: u64 = 64 << 20;

/// A file that a job wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its key, which is its path below the folder of the task.
    pub key: Key,
    /// Its length (byte).
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A new folder that only this user can enter.
///
/// # Errors
/// Those of the file system.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Fills the private folder: the inputs, the job, an output folder with the folders of products.
///
/// # Errors
/// [`Class::InputBad`] or [`Class::InputChanged`] for an input, else those of the host's disk.
pub fn stage(folder: &Path, work: &Work, digests: &Digests) -> Result<(), Failure> {
    let (input, output) = (folder.join(INPUT), folder.join(OUTPUT));
    let io = |error| Failure::io(folder.display(), &error);
    fs::create_dir(&input).map_err(io)?;
    fs::create_dir(&output).map_err(io)?;
    for file in &work.inputs {
        unchanged(file, digests)?;
        let place = input.join(&file.key);
        parents(&input, &file.key).map_err(io)?;
        link(&file.path, &place)
            .map_err(|error| Failure::io(format!("{}: staging", file.path.display()), &error))?;
    }
    work.outputs.iter().try_for_each(|key| parents(&output, key)).map_err(io)?;
    let job = serde_json::to_vec_pretty(&work.job).unwrap_or_default();
    fs::write(input.join(JOB), job).map_err(io)?;
    let keys: Vec<&Key> = work.inputs.iter().map(|file| &file.key).collect();
    let keys = serde_json::to_vec(&keys).unwrap_or_default();
    fs::write(input.join(rawsky_guest::store::KEYS), keys).map_err(io)
}

/// That an input still has the bytes that it was planned with.
///
/// # Errors
/// [`Class::InputBad`] if it cannot be read, [`Class::InputChanged`] if it differs.
pub fn unchanged(file: &Input, digests: &Digests) -> Result<(), Failure> {
    if digests.of(&file.path)? == file.sha256 {
        return Ok(());
    }
    let reason = format!("{} has other bytes than when it was planned", file.path.display());
    Err(Failure::new(Class::InputChanged, reason))
}

fn parents(root: &Path, key: &str) -> io::Result<()> {
    root.join(key).parent().map_or(Ok(()), fs::create_dir_all)
}

/// A hard link costs nothing; other disks, and files of other users, need a copy.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    let from = from.canonicalize()?;
    match fs::hard_link(&from, to) {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(&from, to).map(|_| ()),
    }
}

/// The products of a job that ended well, after checking that nothing else is there.
///
/// # Errors
/// [`Class::OutputRule`] if a product is missing, undeclared, or no plain file.
pub fn collect(output: &Path, outputs: &[Key]) -> Result<Vec<Product>, Failure> {
    let mut keys = outputs.to_vec();
    let found = walk(output)?;
    if let Some(stranger) = found.iter().find(|name| !declared(name, &keys)) {
        return rule(format!("wrote {stranger:?}, which it did not declare"));
    }
    keys.push(RECORD.to_owned());
    keys.extend(found.iter().filter(|name| *name == EVIDENCE).cloned());
    keys.iter().map(|key| seal(output, key)).collect()
}

fn declared(name: &str, keys: &[Key]) -> bool {
    name == RECORD || name == EVIDENCE || keys.iter().any(|key| key == name)
}

fn rule<T>(reason: impl std::fmt::Display) -> Result<T, Failure> {
    Err(Failure::new(Class::OutputRule, format!("the job {reason}")))
}

/// The bytes of the record.
///
/// # Errors
/// [`Class::OutputRule`] if there is none, or it is too long.
pub fn record_bytes(output: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = open(&output.join(RECORD))
        .and_then(|file| file.take(LARGEST_RECORD + 1).read_to_end(&mut bytes));
    match read {
        Ok(count) if count as u64 <= LARGEST_RECORD => Ok(bytes),
        Ok(_) => rule("wrote a record of more than 64 MiB"),
        Err(error) => rule(format!("left no {RECORD}: {error}")),
    }
}

/// Paths of everything below a folder that is not a folder, relative to it.
fn walk(root: &Path) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder));
        for entry in entries.map_err(|error| Failure::io(root.display(), &error))? {
            let entry = entry.map_err(|error| Failure::io(root.display(), &error))?;
            let path = folder.join(entry.file_name());
            // The type of the entry itself: links are not followed.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn open(path: &Path) -> io::Result<File> {
    // Neither a link is followed, nor does a pipe block.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)
}

/// Checks one product, takes its digest, and makes it durable.
fn seal(output: &Path, key: &str) -> Result<Product, Failure> {
    let io = |error| Failure::io(key, &error);
    let mut file = match open(&output.join(key)) {
        Ok(file) => file,
        Err(error) => return rule(format!("did not write {key} as a plain file: {error}")),
    };
    let about = file.metadata().map_err(io)?;
    if !about.is_file() || about.nlink() != 1 {
        return rule(format!("did not write {key} as a plain file"));
    }
    if about.len() == 0 {
        return rule(format!("left {key} empty"));
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(io)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    file.sync_all().map_err(io)?;
    Ok(Product { key: key.to_owned(), bytes: about.len(), sha256: hex(&hasher.finalize()) })
}

#[cfg(test)]
#[path = "staging_tests.rs"]
mod tests;
