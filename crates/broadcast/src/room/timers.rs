use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::{ParticipantKey, RoomName};

/// What waits for its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Deliver what a room has gathered.
    Flush(RoomName),
    /// Tell a room its new counts.
    Counts(RoomName),
    /// End an empty room.
    Empty(RoomName),
    /// End a lost participant.
    Lost(ParticipantKey),
}

/// All timers in one table; each runs once at a time.
#[derive(Debug, Default)]
pub(super) struct Timers {
    at: BTreeMap<Timer, Instant>,
    queue: BTreeSet<(Instant, Timer)>,
}

impl Timers {
    /// Begins a timer. One that runs already keeps its time.
    pub(super) fn begin(&mut self, timer: Timer, at: Instant) {
        if !self.at.contains_key(&timer) {
            self.queue.insert((at, timer.clone()));
            self.at.insert(timer, at);
        }
    }

    pub(super) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.at.remove(&timer) {
            self.queue.remove(&(at, timer));
        }
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes one that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        self.next().filter(|at| *at <= now)?;
        let (_, timer) = self.queue.pop_first()?;
        self.at.remove(&timer);
        Some(timer)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.at.is_empty() && self.queue.is_empty()
    }

    /// Whether a room has yet to be told something.
    #[cfg(test)]
    pub(super) fn has_news(&self) -> bool {
        let news = |timer: &Timer| matches!(timer, Timer::Flush(_) | Timer::Counts(_));
        self.at.keys().any(news)
    }
}
