//! How a task ended: one class per kind of remedy, with its exit code.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How a task ended. Exit codes avoid 1, 2 and 126 to 255, which shells and batch systems use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The products are published.
    Done,
    /// Something that it needs was not made.
    Blocked,
    /// An input is missing or cannot be read.
    InputBad,
    /// An input is not what it was when the plan was made.
    InputChanged,
    /// The core refused; its error says why.
    Refused,
    /// The stars of an image are not those of the catalogue; what was made before stays.
    NoMatch,
    /// Longer than its wall time.
    Time,
    /// More memory than its cap.
    Memory,
    /// A bug: a panic, or a call that is not on the list.
    Trap,
    /// Products that were not declared, or are not plain files.
    OutputRule,
    /// The sandboxed program is not one that can be run.
    ModuleBad,
    /// The same work has given other bytes before.
    Conflict,
    /// The disk, or a quota, is full.
    NoSpace,
    /// A file could not be read or written for another reason.
    Io,
    /// Killed from outside.
    Killed,
}

/// Every class with its exit code.
const CODES: [(Class, u8); 15] = [
    (Class::Done, 0),
    (Class::Blocked, 20),
    (Class::InputBad, 21),
    (Class::InputChanged, 22),
    (Class::Refused, 30),
    (Class::NoMatch, 31),
    (Class::Time, 32),
    (Class::Memory, 33),
    (Class::Trap, 34),
    (Class::OutputRule, 35),
    (Class::ModuleBad, 36),
    (Class::Conflict, 40),
    (Class::NoSpace, 50),
    (Class::Io, 51),
    (Class::Killed, 75),
];

impl Class {
    /// Its exit code.
    pub fn code(self) -> u8 {
        CODES.iter().find(|(class, _)| *class == self).map_or(1, |(_, code)| *code)
    }

    /// The class of an exit code.
    pub fn of_code(code: i32) -> Option<Class> {
        CODES.iter().find(|(_, known)| i32::from(*known) == code).map(|(class, _)| *class)
    }

    /// The class of what the core says about its input: a damaged file, one that it does not want, or
    /// stars without a match.
    pub fn of_error(error: &rawsky_core::Error) -> Class {
        use rawsky_core::Error::{Format, NoMatch, Store};
        match error {
            Format { .. } | Store { .. } => Class::InputBad,
            NoMatch { .. } => Class::NoMatch,
            _ => Class::Refused,
        }
    }

    /// Its name, as records and options have it.
    pub fn name(self) -> String {
        let name = self.to_possible_value();
        name.map(|name| name.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether the same work would end the same way again: it decides by bytes alone.
    pub fn is_final(self) -> bool {
        use Class::{Conflict, ModuleBad, NoMatch, OutputRule, Refused, Trap};
        matches!(self, Refused | NoMatch | Trap | OutputRule | ModuleBad | Conflict)
    }

    /// How often a task that ends so is begun in one run.
    pub fn tries(self) -> u32 {
        if matches!(self, Class::Io | Class::Killed) { 3 } else { 1 }
    }

    /// What a person can do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Class::Done
            | Class::Blocked
            | Class::InputBad
            | Class::Refused
            | Class::NoMatch
            | Class::Io => "",
            Class::InputChanged => "restore the file, or plan anew",
            Class::Time => "the time cap is per task; a slow disk can be the cause",
            Class::Memory => "give it more with --memory",
            Class::Trap => "this is a bug: please report it with the command and the input",
            Class::OutputRule => "this is a bug: please report it",
            Class::ModuleBad => "build rawsky anew",
            Class::Conflict => "results are not reproducible here: please report it",
            Class::NoSpace => "free some space and run again",
            Class::Killed => "run again",
        }
    }
}

/// A task that did not end well: its class, and one line for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of remedy.
    pub class: Class,
    /// What was found.
    pub reason: String,
}

impl Failure {
    /// A failure from anything that can be shown.
    pub fn new(class: Class, reason: impl std::fmt::Display) -> Failure {
        Failure { class, reason: one_line(&reason.to_string()) }
    }

    /// A failure of the host's files.
    pub fn io(what: impl std::fmt::Display, error: &std::io::Error) -> Failure {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let full = matches!(error.kind(), StorageFull | QuotaExceeded);
        Failure::new(if full { Class::NoSpace } else { Class::Io }, format!("{what}: {error}"))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)?;
        match self.class.remedy() {
            "" => Ok(()),
            remedy => write!(f, " ({remedy})"),
        }
    }
}

impl std::error::Error for Failure {}

/// Text of another program without line breaks and terminal escapes.
pub fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().map(plain).take(2000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_code_of_its_own_that_no_shell_uses() {
        for (index, (class, code)) in CODES.iter().enumerate() {
            assert_eq!(Class::of_code(i32::from(*code)), Some(*class));
            assert_eq!(serde_json::json!(class), class.name());
            assert!(*code != 1 && *code != 2 && *code < 126);
            assert!(CODES[..index].iter().all(|(_, other)| other != code));
        }
    }

    #[test]
    fn a_full_disk_is_told_from_other_trouble() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Failure::io("x", &full).class, Class::NoSpace);
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        assert_eq!(Failure::io("x", &denied).class, Class::Io);
    }

    #[test]
    fn escapes_of_a_guest_do_not_reach_the_terminal() {
        assert_eq!(one_line("a\u{1b}[31m\nb\n"), "a [31m b");
    }
}
