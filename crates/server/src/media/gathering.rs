//! How long a media thread that something woke lets more come before it begins.

use std::time::{Duration, Instant};

/// A pass begins no sooner than this after the one before it. Each costs a wake, whatever there is
/// to do, and with little to do wakes are most of what a packet costs.
const PASS_EVERY: Duration = Duration::from_millis(2);

/// A pass lets more come for so long at least: the packets of a frame leave a browser in a burst,
/// and those for one viewer that are there together go with one send.
const GATHER_MIN: Duration = Duration::from_micros(500);

/// Passes of a media thread: from a wake until nothing is left to do.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// When the last pass began, and how long it took.
    last: Option<(Instant, Duration)>,
}

impl Gathering {
    /// How long to wait now that there is something to do. A pass that took longer than the time
    /// between two has gathered enough meanwhile.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        match self.last {
            Some((_, took)) if took >= PASS_EVERY => Duration::ZERO,
            Some((began, _)) => (began + PASS_EVERY)
                .saturating_duration_since(now)
                .max(GATHER_MIN),
            None => GATHER_MIN,
        }
    }

    /// A pass begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.last = Some((now, Duration::ZERO));
    }

    /// Nothing is left to do for now, or the pass goes on.
    pub(super) fn end(&mut self, now: Instant) {
        if let Some((began, took)) = &mut self.last {
            *took = now.saturating_duration_since(*began);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn passes_are_two_milliseconds_apart_until_one_takes_longer() {
        let start = Instant::now();
        let mut gathering = Gathering::default();
        assert_eq!(gathering.wait(start), us(500));
        gathering.begin(start);
        gathering.end(start + us(100));
        assert_eq!(gathering.wait(start + us(200)), us(1_800));
        assert_eq!(gathering.wait(start + us(1_700)), us(500));
        assert_eq!(gathering.wait(start + us(20_000)), us(500));
        gathering.end(start + us(2_000));
        assert_eq!(gathering.wait(start + us(2_000)), us(0));
    }
}
