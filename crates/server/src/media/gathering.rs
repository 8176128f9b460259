//! How long a woken media thread waits for more input before it begins a pass.

use std::time::{Duration, Instant};

/// The shortest time between the beginnings of two passes. Each pass costs a wake-up, and at low
/// load wake-ups are most of what a packet costs.
const PASS_EVERY: Duration = Duration::from_millis(2);

/// The least time that a pass waits for more input: the packets of a frame leave a browser in a
/// burst, and those that are pending together for one viewer go out with one send.
const GATHER_MIN: Duration = Duration::from_micros(500);

/// Paces the passes of a media thread. A pass lasts from a wake-up until nothing is left to do.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// When the last pass began, and how long it took.
    last: Option<(Instant, Duration)>,
}

impl Gathering {
    /// How long to wait before the next pass, now that there is input. Zero after a pass that took
    /// [`PASS_EVERY`] or longer: enough has come meanwhile.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        match self.last {
            Some((_, took)) if took >= PASS_EVERY => Duration::ZERO,
            Some((began, _)) => (began + PASS_EVERY)
                .saturating_duration_since(now)
                .max(GATHER_MIN),
            None => GATHER_MIN,
        }
    }

    /// Notes that a pass begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.last = Some((now, Duration::ZERO));
    }

    /// Notes how long the pass has taken so far. Called after each round of it.
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
