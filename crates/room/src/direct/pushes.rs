//! The periodic messages: the list of rooms, and the number of clients in each.

use std::time::{Duration, Instant};

/// The time between two lists of rooms, and between two counts. Pages in the field redraw at each,
/// and have no timer of their own.
pub const PUSH_EVERY: Duration = Duration::from_millis(500);

/// The time between a list and a count, half of [`PUSH_EVERY`], so that not everything is sent at
/// one moment.
const TURN: Duration = Duration::from_millis(250);

/// Which message is pushed next, and when.
#[derive(Debug, Default)]
pub(super) enum Pushes {
    /// There are no clients.
    #[default]
    Resting,
    /// The list of rooms is next.
    Rooms(Instant),
    /// The counts are next.
    Counts(Instant),
}

impl Pushes {
    /// Begins to push, since there is a client.
    pub(super) fn wake(&mut self, now: Instant) {
        if matches!(self, Self::Resting) {
            *self = Self::Rooms(now + TURN);
        }
    }

    /// Stops to push, since the last client is gone.
    pub(super) fn rest(&mut self) {
        *self = Self::Resting;
    }

    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Resting => None,
            Self::Rooms(at) | Self::Counts(at) => Some(*at),
        }
    }
}

/// One turn after `at`, or after `now` when that is past: missed pushes are not made up for.
pub(super) fn next(at: Instant, now: Instant) -> Instant {
    let next = at + TURN;
    if next > now { next } else { now + TURN }
}
