use std::time::{Duration, Instant};

/// Wall-clock time at which virtual time begins, since 1970.
pub(crate) const TIME_OF_DAY: Duration = Duration::from_secs(1_700_000_000);

/// The shortest time between two wakes of a client, as str0m returns timeouts that have passed.
pub(crate) const WAKE_MIN: Duration = Duration::from_micros(500);

/// A virtual clock, which moves only when it is told to.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Instant,
    now: Instant,
}

impl Clock {
    /// A clock that begins at `epoch`.
    pub fn new(epoch: Instant) -> Self {
        Self { epoch, now: epoch }
    }

    /// The present as the shards and peers see it.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The time since the clock began.
    pub fn elapsed(&self) -> Duration {
        self.since_epoch(self.now)
    }

    /// The time from the clock's beginning to `at`; zero when `at` is earlier.
    pub fn since_epoch(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.epoch)
    }

    /// Moves ahead to `at`, and never back.
    pub(crate) fn advance_to(&mut self, at: Instant) {
        self.now = self.now.max(at);
    }
}
