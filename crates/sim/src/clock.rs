use std::time::{Duration, Instant};

/// What clocks on the wall show when virtual time begins, since 1970.
pub(crate) const TIME_OF_DAY: Duration = Duration::from_secs(1_700_000_000);

/// A client is not woken more often: the library names times that have passed.
pub(crate) const WAKE_MIN: Duration = Duration::from_micros(500);

/// Time that passes only when it is told to.
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

    /// What has passed.
    pub fn elapsed(&self) -> Duration {
        self.since_epoch(self.now)
    }

    /// Distance of an instant from the beginning.
    pub fn since_epoch(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.epoch)
    }

    /// Jumps ahead; never back.
    pub(crate) fn advance_to(&mut self, at: Instant) {
        self.now = self.now.max(at);
    }
}
