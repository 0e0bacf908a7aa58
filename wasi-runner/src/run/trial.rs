//! One task of a plan: whether it is tried, how often, and under which caps.

use crate::attempt::{Attempt, Book};
use crate::class::{Class, Failure};
use crate::runner::{Done, Runner};
use crate::sandbox::Limits;
use crate::work::Work;

/// The most memory that a guest can have (byte).
const MOST_MEMORY: u64 = 4 << 30;

/// Which failures are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Those that may end otherwise: not those that bytes alone decide.
    Promising,
    /// All.
    All,
    /// Those of one class alone.
    Of(Class),
}

impl Again {
    /// The failure that stands, because a task is not tried again.
    pub fn spares(self, last: Option<&Attempt>, key: &str) -> Option<Failure> {
        let last = last.filter(|last| !matches!(last.class, Class::Done | Class::Blocked))?;
        let stands = match self {
            Again::Promising => last.class.is_final() && last.key.as_deref() == Some(key),
            Again::All => false,
            Again::Of(class) => last.class != class,
        };
        let reason = format!("{} (as before; `rawsky retry` tries it again)", last.reason);
        stands.then(|| Failure::new(last.class, reason))
    }
}

/// With what, and how, tasks are run.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Does the work.
    pub runner: &'a Runner,
    /// Keeps the records.
    pub book: &'a Book,
    /// Which failures are tried again.
    pub again: Again,
    /// Whether products that were dropped count as done: nobody needs them again.
    pub unneeded: bool,
}

/// Runs the work of a task unless it has been done or a failure stands, and keeps the records.
///
/// # Errors
/// Why it could not be done.
pub fn run(id: &str, work: &Work, means: Means<'_>) -> Result<Done, Failure> {
    let Means { runner, book, again, unneeded } = means;
    if let Some(done) = runner.done(work).filter(|done| unneeded || !done.dropped) {
        return Ok(done);
    }
    let key = work.content_key();
    let last = book.last(id);
    if let Some(failure) = again.spares(last.as_ref(), &key) {
        return Err(failure);
    }
    let limits = widened(runner.limits(), last.filter(|_| again != Again::Promising).as_ref());
    for number in 1.. {
        book.begin(id);
        let result = runner.execute_within(work, limits);
        book.end(id, Some((key.clone(), limits)), &result);
        match result {
            Err(failure) if number < failure.class.tries() => {}
            result => return result,
        }
    }
    Err(Failure::new(Class::Killed, "was not tried"))
}

/// Twice the cap that was too small.
fn widened(limits: Limits, last: Option<&Attempt>) -> Limits {
    let Some((last, old)) = last.and_then(|last| Some((last, last.limits?))) else { return limits };
    match last.class {
        Class::Memory => {
            let twice = old.memory_bytes.saturating_mul(2).min(MOST_MEMORY);
            Limits { memory_bytes: limits.memory_bytes.max(twice), ..limits }
        }
        Class::Time => {
            Limits { seconds: limits.seconds.max(old.seconds.saturating_mul(2)), ..limits }
        }
        _ => limits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(class: Class) -> Attempt {
        Attempt {
            task: "a".to_owned(),
            number: 1,
            key: Some("key".to_owned()),
            limits: Some(Limits { memory_bytes: 3 << 30, seconds: 10, disk_bytes: 1 }),
            class,
            reason: "no".to_owned(),
            ended_s: 0,
            cost: None,
        }
    }

    #[test]
    fn a_failure_that_bytes_decide_stands_until_they_change_or_a_person_asks() {
        let refused = last(Class::Refused);
        let of = |again: Again, key: &str| again.spares(Some(&refused), key).is_some();
        assert!(of(Again::Promising, "key"));
        assert!(!of(Again::Promising, "other"));
        assert!(!of(Again::All, "key") && !of(Again::Of(Class::Refused), "key"));
        assert!(of(Again::Of(Class::Io), "key"));
        assert!(Again::Promising.spares(Some(&last(Class::Io)), "key").is_none());
        assert!(Again::Of(Class::Io).spares(Some(&last(Class::Done)), "key").is_none());
        assert!(Again::Promising.spares(None, "key").is_none());
    }

    #[test]
    fn a_retry_has_twice_the_cap_that_was_too_small() {
        let limits = Limits { memory_bytes: 1 << 30, seconds: 60, disk_bytes: 1 };
        assert_eq!(widened(limits, Some(&last(Class::Memory))).memory_bytes, MOST_MEMORY);
        assert_eq!(widened(limits, Some(&last(Class::Time))), limits);
        let short = Limits { seconds: 10, ..limits };
        assert_eq!(widened(short, Some(&last(Class::Time))).seconds, 20);
        assert_eq!(widened(limits, Some(&last(Class::Refused))), limits);
        assert_eq!(widened(limits, None), limits);
    }
}
