//! How many tasks this machine has room for: as many as it has processors, and memory.

use std::fs;
use std::io::Write;

use crate::context::Context;
use crate::progress::Voice;

/// Memory of a child process beside that of its guest (byte).
const BESIDE: u64 = 48 << 20;

/// Tasks at a time: those that were asked for, as far as each could use all the memory that it may.
pub fn workers(context: &Context) -> usize {
    let wanted = context.workers;
    let of_one = context.settings.limits.memory_bytes + BESIDE;
    let Some(free) = available() else { return wanted };
    let workers = bounded(wanted, free, of_one);
    if workers < wanted && context.voice != Voice::Quiet {
        let (free, of_one) = (free >> 20, of_one >> 20);
        // Nobody needs to read it.
        let _ = writeln!(
            std::io::stderr(),
            "{workers} tasks at a time instead of {wanted}: {free} MiB of memory are free, and one \
             task may need {of_one} MiB (--memory)"
        );
    }
    workers
}

fn bounded(wanted: usize, free: u64, of_one: u64) -> usize {
    let fit = usize::try_from(free / of_one.max(1)).unwrap_or(usize::MAX);
    wanted.min(fit).max(1)
}

/// Memory that can be had (byte): that of the machine, or of the group of processes if it has a cap.
fn available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let machine = kibibytes << 10;
    Some(of_group().map_or(machine, |group| group.min(machine)))
}

/// What the cap of the group of processes leaves (byte). Pages of files go when memory is wanted.
fn of_group() -> Option<u64> {
    let cap: u64 = fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()?;
    let text = fs::read_to_string("/sys/fs/cgroup/memory.stat").ok()?;
    let used: u64 =
        text.lines().find_map(|line| line.strip_prefix("anon "))?.trim().parse().ok()?;
    Some(cap.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_as_many_as_fit_and_at_least_one() {
        assert_eq!(bounded(16, 8 << 30, 1 << 30), 8);
        assert_eq!(bounded(2, 8 << 30, 1 << 30), 2);
        assert_eq!(bounded(4, 1 << 20, 1 << 30), 1);
        assert!(available().is_none_or(|bytes| bytes > 1 << 20));
    }
}
