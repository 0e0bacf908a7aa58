//! SHA-256 of files, remembered while a file is the same by device, inode, size and time of change.
//!
//! The time of status change cannot take part: staging by hard link changes it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::class::{Class, Failure};
use crate::guest::hex;

/// What a file looked like when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    device: u64,
    inode: u64,
    bytes: u64,
    modified_s: i64,
    modified_ns: i64,
    sha256: String,
}

/// Digests of files by path.
#[derive(Debug, Default)]
pub struct Digests {
    known: Mutex<BTreeMap<PathBuf, Seen>>,
    memory: Option<PathBuf>,
}

impl Digests {
    /// Digests that are kept in a file; a damaged file counts as empty.
    pub fn kept_in(memory: &Path) -> Digests {
        let known = fs::read(memory).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Digests { known: Mutex::new(known.unwrap_or_default()), memory: Some(memory.to_owned()) }
    }

    /// The digest of a regular file.
    ///
    /// # Errors
    /// [`Class::InputBad`] if it is missing, no file, or cannot be read.
    pub fn of(&self, path: &Path) -> Result<String, Failure> {
        let bad = |error: std::io::Error| {
            Failure::new(Class::InputBad, format!("{}: {error}", path.display()))
        };
        let now = look(path).map_err(bad)?;
        let known = self.lock().get(path).cloned();
        if let Some(seen) = known.filter(|seen| same(seen, &now)) {
            return Ok(seen.sha256);
        }
        let sha256 = file_digest(path).map_err(bad)?;
        self.lock().insert(path.to_owned(), Seen { sha256: sha256.clone(), ..now });
        Ok(sha256)
    }

    /// The digests of many files, by two threads per processor at most.
    ///
    /// # Errors
    /// The first failure in the order of the files.
    pub fn of_all(&self, paths: &[PathBuf]) -> Result<Vec<String>, Failure> {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let share = paths.len().div_ceil(threads).max(1);
        let parts: Vec<Vec<Result<String, Failure>>> = std::thread::scope(|scope| {
            let work = |part: &[PathBuf]| part.iter().map(|path| self.of(path)).collect();
            let threads: Vec<_> =
                paths.chunks(share).map(|part| scope.spawn(move || work(part))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
        });
        parts.into_iter().flatten().collect()
    }

    /// Remembers a digest that was just made of this file.
    pub fn remember(&self, path: &Path, sha256: &str) {
        if let Ok(now) = look(path) {
            self.lock().insert(path.to_owned(), Seen { sha256: sha256.to_owned(), ..now });
        }
    }

    /// Writes the memory file; losing it costs time only.
    pub fn save(&self) {
        if let Some(memory) = &self.memory {
            let text = serde_json::to_vec(&*self.lock()).unwrap_or_default();
            let fresh = memory.with_extension(format!("{}.new", std::process::id()));
            let _ = fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, memory));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, Seen>> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn look(path: &Path) -> std::io::Result<Seen> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(std::io::Error::other("is not a file"));
    }
    Ok(Seen {
        device: about.dev(),
        inode: about.ino(),
        bytes: about.len(),
        modified_s: about.mtime(),
        modified_ns: about.mtime_nsec(),
        sha256: String::new(),
    })
}

fn same(seen: &Seen, now: &Seen) -> bool {
    Seen { sha256: String::new(), ..seen.clone() } == *now
}

/// SHA-256 of a file's bytes.
///
/// # Errors
/// Those of opening and reading.
pub fn file_digest(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_read_again_and_an_unchanged_one_is_not() {
        let folder = std::env::temp_dir().join(format!("rawsky-digests-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, memory) = (folder.join("a"), folder.join("memory.json"));
        fs::write(&file, "abc").unwrap();
        let digests = Digests::kept_in(&memory);
        let first = digests.of(&file).unwrap();
        assert!(first.starts_with("ba7816bf"));
        digests.remember(&file, "known");
        digests.save();
        assert_eq!(Digests::kept_in(&memory).of(&file).unwrap(), "known");
        fs::write(&file, "other").unwrap();
        assert_ne!(digests.of(&file).unwrap(), "known");
        assert_eq!(digests.of(&folder).unwrap_err().class, Class::InputBad);
        fs::remove_dir_all(&folder).unwrap();
    }
}
