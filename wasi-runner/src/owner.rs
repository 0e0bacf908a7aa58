//! Whose something unfinished is: which process of which machine, and whether it still lives.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A process of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The machine's name.
    pub host: String,
    /// The process there.
    pub process: u32,
    /// When it began, in the machine's own count; 0 where that is not told. Numbers of processes are
    /// used again.
    pub began: u64,
}

impl Owner {
    /// This process.
    pub fn me() -> Owner {
        let process = std::process::id();
        Owner { host: host_name(), process, began: began(process).unwrap_or(0) }
    }

    /// Whether it is at work; `None` if it is of another machine, or nothing tells.
    pub fn is_alive(&self) -> Option<bool> {
        if self.host != host_name() || !Path::new("/proc/self").exists() {
            return None;
        }
        Some(began(self.process).is_some_and(|began| self.began == 0 || self.began == began))
    }

    /// A name for a folder of its own, which tells the owner.
    pub fn folder(&self) -> String {
        let moment = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = moment.map_or(0, |time| time.subsec_nanos());
        format!("{}-{}-{}-{nanos}", self.host, self.process, self.began)
    }

    /// The owner of a folder of such a name.
    pub fn of_folder(name: &str) -> Option<Owner> {
        let mut parts = name.split('-');
        let host = parts.next()?.to_owned();
        let process = parts.next()?.parse().ok()?;
        let began = parts.next()?.parse().ok()?;
        Some(Owner { host, process, began })
    }
}

/// When a process of this machine began (clock ticks after the start of the machine); `None` if there
/// is none, or it has ended and nobody has asked how.
fn began(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let began = fields.nth(18)?.parse().ok()?;
    (state != "Z").then_some(began)
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let plain = |c: &char| c.is_ascii_alphanumeric();
    let name: String = name.chars().filter(plain).take(40).collect();
    if name.is_empty() { "host".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_of_the_same_number() {
        let me = Owner::me();
        assert_eq!(me.is_alive(), Some(true));
        assert_eq!(Owner { began: me.began + 1, ..me.clone() }.is_alive(), Some(false));
        assert_eq!(Owner { host: "elsewhere".to_owned(), ..me.clone() }.is_alive(), None);
        assert_eq!(Owner::of_folder(&me.folder()), Some(me));
        assert_eq!(Owner::of_folder("task-1"), None);
    }
}
