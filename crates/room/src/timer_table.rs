//! The timers of a state machine in one table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// All timers of a state machine. A timer of one name runs once at a time.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    at: BTreeMap<T, Instant>,
    queue: BTreeSet<(Instant, T)>,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self {
            at: BTreeMap::new(),
            queue: BTreeSet::new(),
        }
    }
}

impl<T: Ord + Clone> Timers<T> {
    /// Starts a timer. One that runs already keeps its time.
    pub(crate) fn begin(&mut self, timer: T, at: Instant) {
        if !self.at.contains_key(&timer) {
            self.queue.insert((at, timer.clone()));
            self.at.insert(timer, at);
        }
    }

    pub(crate) fn cancel(&mut self, timer: T) {
        if let Some(at) = self.at.remove(&timer) {
            self.queue.remove(&(at, timer));
        }
    }

    /// When the next timer is due; `None` if none runs.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// The running timers in the order in which they are due.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &T> {
        self.queue.iter().map(|(_, timer)| timer)
    }

    /// Takes a timer that is due, the earliest first.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<T> {
        self.next().filter(|at| *at <= now)?;
        let (_, timer) = self.queue.pop_first()?;
        self.at.remove(&timer);
        Some(timer)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.at.is_empty() && self.queue.is_empty()
    }

    /// The running timers.
    #[cfg(test)]
    pub(crate) fn running(&self) -> impl Iterator<Item = &T> {
        self.at.keys()
    }
}
