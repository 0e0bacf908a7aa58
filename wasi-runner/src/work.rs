//! One piece of work as the host sees it: a job, the files behind its keys, what it may write.

use std::path::PathBuf;

use rawsky_core::job::Job;
use rawsky_core::provenance::InputId;
use rawsky_core::store::Key;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::guest;

/// Version of the form of content keys and manifests.
pub const VERSION: u32 = 1;

/// A file behind a key of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The key in the job.
    pub key: Key,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// One piece of work.
#[derive(Debug, Clone)]
pub struct Work {
    /// The job, with the digests of its inputs.
    pub job: Job,
    /// Its inputs.
    pub inputs: Vec<Input>,
    /// Keys of exactly what it is to write, apart from its record.
    pub outputs: Vec<Key>,
}

impl Work {
    /// The work of a job; fills in what the job is told about its inputs.
    pub fn new(mut job: Job, inputs: Vec<Input>, outputs: Vec<Key>) -> Work {
        job.inputs = inputs
            .iter()
            .map(|input| InputId {
                name: last(&input.key).to_owned(),
                sha256: input.sha256.clone(),
            })
            .collect();
        Work { job, inputs, outputs }
    }

    /// SHA-256 of everything that decides the products: format, program, job and input bytes, but
    /// no path, time or place.
    pub fn content_key(&self) -> String {
        self.key_under(&guest::digest())
    }

    /// The content key that it has, or had, under the program of a digest.
    pub fn key_under(&self, module_sha256: &str) -> String {
        let inputs = self.inputs.iter().map(|input| (&input.key, &input.sha256)).collect();
        let identity = Identity { version: VERSION, module: module_sha256, job: &self.job, inputs };
        let text = serde_json::to_value(identity).unwrap_or_default().to_string();
        guest::hex(&Sha256::digest(text))
    }
}

#[derive(Serialize)]
struct Identity<'a> {
    version: u32,
    module: &'a str,
    job: &'a Job,
    inputs: Vec<(&'a Key, &'a String)>,
}

/// A key without its folders.
pub fn last(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// Whether a name can be a product's: letters, digits, `.`, `_`, `-`, not hidden, not too long.
pub fn safe_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(plain)
}

/// Whether every part of a relative path is a [`safe_name`].
pub fn safe_path(path: &str) -> bool {
    path.split('/').all(safe_name)
}

/// A name with everything that is not safe replaced.
pub fn made_safe(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-+".contains(c) { c } else { '_' };
    let name: String = name.trim_start_matches('.').chars().map(plain).take(150).collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rawsky_core::job::{Task, Text, VERSION};

    fn work(path: &str, sha256: &str) -> Work {
        let job = Job {
            version: VERSION,
            camera: Text::BuiltIn("toy".into()),
            recipe: Text::BuiltIn("default".into()),
            inputs: Vec::new(),
            task: Task::Inspect { file: "raw/a.fits".into(), output: "a.json".into() },
        };
        let input = Input { key: "raw/a.fits".into(), path: path.into(), sha256: sha256.into() };
        Work::new(job, vec![input], vec!["a.json".into()])
    }

    #[test]
    fn the_content_key_follows_bytes_and_not_places() {
        let key = work("/night/a.fits", "11").content_key();
        assert_eq!(key, work("/elsewhere/b.fits", "11").content_key());
        assert_ne!(key, work("/night/a.fits", "12").content_key());
        assert_eq!(work("/night/a.fits", "11").job.inputs[0].name, "a.fits");
    }

    #[test]
    fn names_of_products_are_plain() {
        for good in ["a.fits", "truth_c01-x.json"] {
            assert!(safe_name(good), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "a b", "ä", "a\n", &"a".repeat(201)] {
            assert!(!safe_name(bad), "{bad:?}");
        }
        assert!(
            safe_path("a/b.c") && !safe_path("/a") && !safe_path("a/../b") && !safe_path("a//b")
        );
        assert_eq!(made_safe("../my file.fits"), "_my_file.fits");
    }
}
