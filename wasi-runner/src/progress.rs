//! Tells a person how far the work is: a bar on a terminal, otherwise a line a minute.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(60);

/// How talkative the program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Nothing but errors (`--json`).
    Quiet,
    /// A bar, or a line a minute.
    Usual,
    /// A line for every task.
    Verbose,
}

/// Progress over a known number of tasks.
pub struct Progress {
    voice: Voice,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
    total: usize,
}

struct State {
    running: BTreeSet<String>,
    done: usize,
    failed: usize,
    start: Instant,
    line: Instant,
}

impl Progress {
    /// Progress over `total` tasks.
    pub fn new(total: usize, voice: Voice) -> Progress {
        let bar = (voice != Voice::Quiet && std::io::stderr().is_terminal() && total > 1)
            .then(|| bar(total as u64));
        let now = Instant::now();
        let running = BTreeSet::new();
        let state = State { running, done: 0, failed: 0, start: now, line: now };
        Progress { voice, bar, state: Mutex::new(state), total }
    }

    /// A task begins.
    pub fn begin(&self, name: &str) {
        self.change(|state| {
            state.running.insert(name.to_owned());
        });
    }

    /// A task has ended; with a line for a person, shown if it failed or in a verbose run.
    pub fn end(&self, name: &str, good: bool, line: &str) {
        self.change(|state| {
            state.running.remove(name);
            state.done += usize::from(good);
            state.failed += usize::from(!good);
        });
        if self.voice == Voice::Verbose || !good {
            self.say(line);
        }
    }

    /// To be called now and then: the line a minute.
    pub fn tick(&self) {
        if self.bar.is_some() || self.voice == Voice::Quiet {
            return;
        }
        let mut state = self.lock();
        if state.line.elapsed() >= PAUSE {
            state.line = Instant::now();
            let seconds = state.start.elapsed().as_secs();
            let line = format!("{}, {seconds} s", self.describe(&state));
            drop(state);
            self.say(&line);
        }
    }

    /// The end of the work: the bar goes away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        if let Some(bar) = &self.bar {
            bar.set_position((state.done + state.failed) as u64);
            let names: Vec<&str> = state.running.iter().map(String::as_str).collect();
            bar.set_message(names.join(" "));
        }
    }

    fn describe(&self, state: &State) -> String {
        let failed = match state.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        format!("{} of {} done, {} running{failed}", state.done, self.total, state.running.len())
    }

    fn say(&self, line: &str) {
        // A closed terminal must not stop the work.
        let write = || {
            let _ = writeln!(std::io::stderr(), "{line}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let shape = "{elapsed_precise} [{bar:30}] {pos}/{len} eta {eta} {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(shape) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
