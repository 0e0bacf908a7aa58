//! Does one piece of work: stage, run in a child process, check, publish. Nothing if it is done.

mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::child::{self, Engine, Report, Spec};
use crate::class::{Class, Failure};
use crate::digests::Digests;
use crate::keep::DROPPED;
use crate::owner::Owner;
use crate::publish::{Manifest, publish};
use crate::sandbox::Limits;
use crate::staging::Product;
use crate::work::Work;
use crate::{code, staging};

/// Folder of everything unfinished, below the folder of products.
pub const UNFINISHED: &str = ".tmp";

/// Tells the allocator of GNU/Linux not to give planes back to the system between two steps: mapping them anew
/// would cost as much as the steps. Other systems do not look at it.
const KEEP_MEMORY: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "4294967296"), ("MALLOC_TRIM_THRESHOLD_", "17179869184")];

/// How work is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What runs the jobs.
    pub engine: Engine,
    /// Caps of one job.
    pub limits: Limits,
    /// This program, which is started again for each job.
    pub program: PathBuf,
    /// Whether to tell a person what takes long.
    pub announce: bool,
}

/// Work that is done.
#[derive(Debug, Clone)]
pub struct Done {
    /// Where its products are.
    pub folder: PathBuf,
    /// What they are; record and evidence too.
    pub files: Vec<Product>,
    /// Whether products are not there any more, because only what was made of them is kept.
    pub dropped: bool,
    /// How it was run; none when it had been done before.
    pub run: Option<Cost>,
}

impl Done {
    /// Keys of the products, without record and evidence.
    pub fn products(&self) -> impl Iterator<Item = &str> {
        let own = [rawsky_guest::RECORD, rawsky_guest::EVIDENCE];
        let keys = self.files.iter().map(|product| product.key.as_str());
        keys.filter(move |key| !own.contains(key))
    }
}

/// The products of a content key below `out`, if they are published and whole.
pub fn published(out: &Path, key: &str) -> Option<Done> {
    let folder = out.join(key);
    let files = Manifest::read(&folder)?.products;
    let dropped = folder.join(DROPPED).exists();
    Some(Done { folder, files, dropped, run: None })
}

/// The manifest of a published folder, if all of its files are there.
fn published_whole(folder: &Path) -> Option<Manifest> {
    Manifest::read(folder).filter(|_| !folder.join(DROPPED).exists())
}

/// What running a piece of work cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Wall time (s).
    pub seconds: f64,
    /// The part of it that is the job itself (s).
    pub job_seconds: f64,
    /// The most memory of the child process (byte), where the system tells.
    pub process_bytes: Option<u64>,
    /// The most linear memory of the guest (byte), in the sandbox.
    pub guest_bytes: Option<u64>,
}

/// Runs pieces of work, from any number of threads.
pub struct Runner {
    settings: Settings,
    out: PathBuf,
    private: PathBuf,
    code: OnceLock<Result<PathBuf, Failure>>,
    count: AtomicU64,
    /// Digests of the files that are staged.
    pub digests: Digests,
}

impl Runner {
    /// A runner that publishes below `out`.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn new(settings: Settings, out: &Path, digests: Digests) -> Result<Runner, Failure> {
        let io = |error| Failure::io(out.display(), &error);
        let unfinished = out.join(UNFINISHED);
        fs::create_dir_all(out).map_err(io)?;
        remove_abandoned(&unfinished);
        let private = own_folder(&unfinished).map_err(io)?;
        let (count, code) = (AtomicU64::new(0), OnceLock::new());
        Ok(Runner { settings, out: out.to_owned(), private, code, count, digests })
    }

    /// The published products of a piece of work, if it has been done.
    pub fn done(&self, work: &Work) -> Option<Done> {
        published(&self.out, &work.content_key())
    }

    /// Does a piece of work unless it has been done.
    ///
    /// # Errors
    /// Why it could not be done; then nothing of it is published.
    pub fn execute(&self, work: &Work) -> Result<Done, Failure> {
        self.execute_within(work, self.settings.limits)
    }

    /// The same, under other caps.
    ///
    /// # Errors
    /// Those of [`Runner::execute`].
    pub fn execute_within(&self, work: &Work, limits: Limits) -> Result<Done, Failure> {
        if let Some(done) = self.done(work).filter(|done| !done.dropped) {
            return Ok(done);
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let folder = self.private.join(format!("task-{number}"));
        staging::private_folder(&folder).map_err(|error| Failure::io(folder.display(), &error))?;
        let done = self.attempt(work, &folder, limits);
        let _ = fs::remove_dir_all(&folder);
        done
    }

    fn attempt(&self, work: &Work, folder: &Path, limits: Limits) -> Result<Done, Failure> {
        let start = Instant::now();
        staging::stage(folder, work, &self.digests)?;
        let report = self.spawn(folder, limits)?;
        let output = folder.join(child::OUTPUT);
        if report.class != Class::Done {
            return Err(watch::reason(&report, &output));
        }
        work.inputs.iter().try_for_each(|file| staging::unchanged(file, &self.digests))?;
        let products = staging::collect(&output, &work.outputs)?;
        let manifest = Manifest::new(work, products);
        let target = self.out.join(work.content_key());
        if target.exists() && published_whole(&target).is_none() {
            // A folder that lost files, or dropped them, cannot be used: out of the way with it.
            let _ = fs::rename(&target, folder.join("damaged"));
        }
        publish(&output, &manifest, &target)?;
        for product in &manifest.products {
            self.digests.remember(&target.join(&product.key), &product.sha256);
        }
        let run = Some(Cost {
            seconds: start.elapsed().as_secs_f64(),
            job_seconds: report.seconds,
            process_bytes: report.process_bytes,
            guest_bytes: report.guest_bytes,
        });
        Ok(Done { folder: target, files: manifest.products, dropped: false, run })
    }

    /// The same runner with another program than the guest: for tests of what stands around it.
    #[must_use = "the changed runner is returned"]
    pub fn with_code(self, code: PathBuf) -> Runner {
        let _ = self.code.set(Ok(code));
        self
    }

    /// The caps of one job.
    pub fn limits(&self) -> Limits {
        self.settings.limits
    }

    fn code(&self) -> Result<PathBuf, Failure> {
        self.code.get_or_init(|| code::file(&self.private, self.settings.announce)).clone()
    }

    fn spawn(&self, folder: &Path, limits: Limits) -> Result<Report, Failure> {
        let code = match self.settings.engine {
            Engine::Sandbox => Some(self.code()?),
            Engine::Native => None,
        };
        let spec = Spec { engine: self.settings.engine, code, limits };
        let text = serde_json::to_vec(&spec).unwrap_or_default();
        let path = folder.join(child::SPEC);
        fs::write(&path, text).map_err(|error| Failure::io(path.display(), &error))?;
        let child = Command::new(&self.settings.program)
            .arg("child")
            .arg(folder)
            .env_clear()
            .envs(KEEP_MEMORY)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::io(self.settings.program.display(), &error))?;
        watch::until_it_ends(child, folder, limits)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.digests.save();
        let _ = fs::remove_dir_all(&self.private);
        // Only when nobody else is at work here.
        let _ = fs::remove_dir(self.out.join(UNFINISHED));
    }
}

/// A new private folder. Another process that ends here may remove the folder above it meanwhile.
fn own_folder(unfinished: &Path) -> std::io::Result<PathBuf> {
    let private = unfinished.join(Owner::me().folder());
    let mut made = Ok(());
    for _ in 0..10 {
        fs::create_dir_all(unfinished)?;
        made = staging::private_folder(&private);
        if !made.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            break;
        }
    }
    made.and_then(|()| private.canonicalize())
}

/// Removes what ended processes of this machine left behind; what was removed.
pub fn remove_abandoned(unfinished: &Path) -> Vec<PathBuf> {
    let mut removed = Vec::new();
    for entry in fs::read_dir(unfinished).into_iter().flatten().flatten() {
        let owner = Owner::of_folder(&entry.file_name().to_string_lossy());
        let dead = owner.is_some_and(|owner| owner.is_alive() == Some(false));
        if dead && fs::remove_dir_all(entry.path()).is_ok() {
            removed.push(entry.path());
        }
    }
    removed
}
