//! The log of a run: one JSON object a line, one file for each machine that worked on it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use serde_json::Value;

use crate::attempt::now_s;
use crate::class::Failure;
use crate::owner::Owner;

/// Folder of logs, below the folder of a run.
pub const LOG: &str = "log";

/// A log that is being written.
pub struct Log {
    file: Mutex<File>,
    process: u32,
}

impl Log {
    /// The log of a machine; it goes on where it ended.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn open(run: &Path, owner: &Owner) -> Result<Log, Failure> {
        let folder = run.join(LOG);
        let io = |error| Failure::io(folder.display(), &error);
        fs::create_dir_all(&folder).map_err(io)?;
        let name = format!("{}.jsonl", owner.host);
        let file = OpenOptions::new().append(true).create(true).open(folder.join(name));
        Ok(Log { file: Mutex::new(file.map_err(io)?), process: owner.process })
    }

    /// Adds time and process to an object and writes it at once, so that lines of several processes do
    /// not mix. JSON escapes line breaks and terminal escapes.
    pub fn line(&self, event: &Value) {
        let mut event = event.clone();
        event["time_s"] = now_s().into();
        event["process"] = self.process.into();
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A lost line loses no product.
        let _ = file.write_all(format!("{event}\n").as_bytes());
    }
}
