//! How tasks were tried: a record of the last attempt at each, and of those that are being tried.
//!
//! What a manifest may not hold is here: time, place, cost, failures. Losing a record loses numbers and
//! reasons, no product. `attempts/TASK.json` is the last attempt, `attempts/TASK.running` one that has
//! not ended; `log/` has a line for each begin and end, of all attempts.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::class::{Class, Failure};
use crate::log::Log;
use crate::owner::Owner;
use crate::publish::replace;
use crate::runner::{Cost, Done};
use crate::sandbox::Limits;

/// Folder of the records, below the folder of a run.
pub const ATTEMPTS: &str = "attempts";

/// How a task was run the last time that it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Identity of the task.
    pub task: String,
    /// How often it has been tried.
    pub number: u32,
    /// Content key of what was tried; none if inputs were missing.
    pub key: Option<String>,
    /// The caps that it had; none if inputs were missing.
    pub limits: Option<Limits>,
    /// How it ended.
    pub class: Class,
    /// Why, when it did not end well.
    pub reason: String,
    /// When it ended (s since 1970, UTC).
    pub ended_s: u64,
    /// What running it cost; absent for a failure.
    pub cost: Option<Spent>,
}

/// The cost of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Wall time (s).
    pub seconds: f64,
    /// The part of it that is the job itself (s), without staging, checks and publication.
    pub job_seconds: f64,
    /// The most memory of the process (byte).
    pub process_bytes: Option<u64>,
    /// The most memory of the sandboxed program (byte).
    pub guest_bytes: Option<u64>,
}

impl From<Cost> for Spent {
    fn from(cost: Cost) -> Spent {
        let Cost { seconds, job_seconds, process_bytes, guest_bytes } = cost;
        Spent { seconds, job_seconds, process_bytes, guest_bytes }
    }
}

/// An attempt that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// Who tries.
    pub owner: Owner,
    /// Since when (s since 1970, UTC).
    pub since_s: u64,
}

/// The records of a run, written by those who try.
pub struct Book {
    folder: PathBuf,
    owner: Owner,
    log: Log,
}

impl Book {
    /// The records of the run of a folder.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn open(run: &Path) -> Result<Book, Failure> {
        let folder = run.join(ATTEMPTS);
        fs::create_dir_all(&folder).map_err(|error| Failure::io(folder.display(), &error))?;
        let owner = Owner::me();
        let log = Log::open(run, &owner)?;
        Ok(Book { folder, owner, log })
    }

    /// The last attempt at a task, if there is a record of it.
    pub fn last(&self, id: &str) -> Option<Attempt> {
        read(&self.folder.join(format!("{id}.json")))
    }

    /// Notes that a task begins.
    pub fn begin(&self, id: &str) {
        let begun = Begun { owner: self.owner.clone(), since_s: now_s() };
        let text = serde_json::to_vec(&begun).unwrap_or_default();
        // Only a status would miss it.
        let _ = fs::write(self.folder.join(format!("{id}.running")), text);
        self.log.line(&serde_json::json!({ "event": "begin", "task": id }));
    }

    /// Notes how it ended; nothing is noted of what had been done before.
    pub fn end(&self, id: &str, tried: Option<(String, Limits)>, result: &Result<Done, Failure>) {
        let (class, reason, cost) = match result {
            Ok(done) => (Class::Done, String::new(), done.run.map(Spent::from)),
            Err(failure) => (failure.class, failure.reason.clone(), None),
        };
        let seconds = cost.map(|cost| cost.seconds);
        if !matches!(result, Ok(Done { run: None, .. })) {
            let number = self.last(id).map_or(0, |last| last.number).saturating_add(1);
            let (key, limits) = tried.unzip();
            let (task, reason) = (id.to_owned(), reason.clone());
            let ended_s = now_s();
            let attempt = Attempt { task, number, key, limits, class, reason, ended_s, cost };
            let text = serde_json::to_vec_pretty(&attempt).unwrap_or_default();
            let _ = replace(&self.folder.join(format!("{id}.json")), &text);
        }
        let _ = fs::remove_file(self.folder.join(format!("{id}.running")));
        self.log.line(&serde_json::json!({
            "event": "end", "task": id, "class": class, "reason": reason, "seconds": seconds,
        }));
    }
}

/// The last attempt at a task, if there is a record of it.
pub fn last(run: &Path, id: &str) -> Option<Attempt> {
    read(&run.join(ATTEMPTS).join(format!("{id}.json")))
}

/// Who has begun with a task and not ended it, as far as it is noted.
pub fn begun(run: &Path, id: &str) -> Option<Begun> {
    read(&run.join(ATTEMPTS).join(format!("{id}.running")))
}

/// A record; one that is damaged counts as none.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Seconds since 1970, for records that no product depends on.
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
