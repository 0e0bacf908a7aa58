//! The log of a run: one JSON object a line, one file for each process that worked on it.

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
pub struct Log(Mutex<File>);

impl Log {
    /// The log of a process; it goes on where it ended.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn open(run: &Path, owner: &Owner) -> Result<Log, Failure> {
        let folder = run.join(LOG);
        let io = |error| Failure::io(folder.display(), &error);
        fs::create_dir_all(&folder).map_err(io)?;
        let name = format!("{}-{}-{}.jsonl", owner.host, owner.process, owner.began);
        let file = OpenOptions::new().append(true).create(true).open(folder.join(name));
        Ok(Log(Mutex::new(file.map_err(io)?)))
    }

    /// Adds the time to an object and writes it. JSON escapes line breaks and terminal escapes.
    pub fn line(&self, event: &Value) {
        let mut event = event.clone();
        event["time_s"] = now_s().into();
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A lost line loses no product.
        let _ = file.write_all(format!("{event}\n").as_bytes());
    }
}
