//! Which task is next: each follows those that it takes products of, in the order of the plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::class::{Class, Failure};
use crate::plan::PlannedTask;
use crate::resolve;
use crate::runner::Done;
use crate::work::Work;

/// What a worker does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Do(usize),
    Wait,
    Stop,
}

/// The tasks of a plan, and how those that ended did.
pub(super) struct Board<'a> {
    tasks: &'a [PlannedTask],
    places: BTreeMap<&'a str, usize>,
    /// Positions of the tasks that take products of each.
    followers: Vec<Vec<usize>>,
    /// For each task, how many of those that it follows have not ended.
    unmet: Vec<usize>,
    ready: BTreeSet<usize>,
    running: usize,
    ended: Vec<Option<Result<Done, Failure>>>,
    /// Nothing is begun any more: the disk is full.
    full: bool,
}

impl<'a> Board<'a> {
    pub(super) fn new(tasks: &'a [PlannedTask]) -> Board<'a> {
        let places: BTreeMap<&str, usize> =
            tasks.iter().enumerate().map(|(place, task)| (task.id.as_str(), place)).collect();
        let mut followers = vec![Vec::new(); tasks.len()];
        let mut unmet = vec![0; tasks.len()];
        for (place, task) in tasks.iter().enumerate() {
            let needs: BTreeSet<&str> = task.needs().collect();
            for need in needs.iter().filter_map(|need| places.get(need)) {
                followers[*need].push(place);
                unmet[place] += 1;
            }
        }
        let ready = (0..tasks.len()).filter(|place| unmet[*place] == 0).collect();
        let ended = vec![None; tasks.len()];
        Board { tasks, places, followers, unmet, ready, running: 0, ended, full: false }
    }

    /// The first task whose needs are met.
    pub(super) fn next(&mut self) -> Next {
        if self.full {
            return Next::Stop;
        }
        match self.ready.pop_first() {
            Some(place) => {
                self.running += 1;
                Next::Do(place)
            }
            None if self.running == 0 => Next::Stop,
            None => Next::Wait,
        }
    }

    /// Notes how a task ended. Tasks that can never be met end here too.
    pub(super) fn end(&mut self, place: usize, result: Result<Done, Failure>) {
        self.running -= 1;
        self.full |= result.as_ref().is_err_and(|failure| failure.class == Class::NoSpace);
        let failed = result.is_err();
        self.ended[place] = Some(result);
        if failed {
            self.block_followers(place);
            return;
        }
        for follower in self.followers[place].clone() {
            self.unmet[follower] -= 1;
            if self.unmet[follower] == 0 && self.ended[follower].is_none() {
                self.ready.insert(follower);
            }
        }
    }

    fn block_followers(&mut self, place: usize) {
        let mut failed = vec![place];
        while let Some(place) = failed.pop() {
            for follower in self.followers[place].clone() {
                if self.ended[follower].is_none() {
                    let reason = format!("waits for {}, which failed", self.tasks[place].id);
                    self.ended[follower] = Some(Err(Failure::new(Class::Blocked, reason)));
                    failed.push(follower);
                }
            }
        }
    }

    pub(super) fn work(&self, place: usize) -> Result<Work, Failure> {
        let done = |id: &str| self.ended[*self.places.get(id)?].as_ref()?.as_ref().ok();
        resolve::work(&self.tasks[place], done)
    }

    /// Positions of the tasks before one that ended, all of whose followers are done, with their
    /// products.
    pub(super) fn used_up(&self, place: usize) -> Vec<(usize, Done)> {
        let needs: BTreeSet<&str> = self.tasks[place].needs().collect();
        let done = |place: &usize| matches!(self.ended[*place], Some(Ok(_)));
        let used = needs.iter().filter_map(|need| self.places.get(need)).filter_map(|need| {
            let Some(Ok(products)) = &self.ended[*need] else { return None };
            self.followers[*need].iter().all(done).then(|| (*need, products.clone()))
        });
        used.collect()
    }

    pub(super) fn task(&self, place: usize) -> &'a PlannedTask {
        &self.tasks[place]
    }

    /// How every task ended, in the order of the plan.
    pub(super) fn results(self) -> Vec<Result<Done, Failure>> {
        let reason = if self.full { "not begun: the disk is full" } else { "not begun" };
        let lost = || Err(Failure::new(Class::Blocked, reason));
        self.ended.into_iter().map(|ended| ended.unwrap_or_else(lost)).collect()
    }
}
