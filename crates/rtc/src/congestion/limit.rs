use std::time::{Duration, Instant};

use rtp::Bitrate;

/// The cap exceeds the limit by this share after one second, and by four times as much after two.
const GROWTH: f64 = 0.01;

/// After this time the limit no longer applies.
const FORGOTTEN: Duration = Duration::from_secs(8);

/// A limit is confirmed when one within the share `SAME` of it is found after the time `AGAIN`.
/// Each confirmation doubles the times above, `CONFIRMED_MAX` times at most.
const AGAIN: Duration = Duration::from_secs(1);
const SAME: f64 = 0.1;
const CONFIRMED_MAX: u32 = 2;

/// The rate at which the path was last full. Beyond it the estimate grows slowly at first, then
/// faster and faster (the idea of CUBIC, RFC 9438 §4.2).
#[derive(Debug, Default)]
pub(super) struct Limit {
    found: Option<Found>,
}

#[derive(Debug, Clone, Copy)]
struct Found {
    at: Instant,
    rate: Bitrate,
    /// How often it was confirmed.
    confirmed: u32,
}

impl Limit {
    /// Records that the path is full at this rate. `is_sure`: it may confirm an earlier limit.
    pub(super) fn set(&mut self, now: Instant, rate: Bitrate, is_sure: bool) {
        let found = self.found.filter(|_| is_sure);
        let confirmed = found.map_or(0, |found| found.confirmed_by(now, rate));
        self.found = Some(Found {
            at: now,
            rate,
            confirmed,
        });
    }

    /// Removes the limit, which was disproved.
    pub(super) fn clear(&mut self) {
        self.found = None;
    }

    /// Returns the bound for an estimate that only follows the arrival rate; `None` without one.
    pub(super) fn cap(&self, now: Instant) -> Option<Bitrate> {
        let found = self.found?;
        let slowly = 1 << found.confirmed;
        let passed = now.saturating_duration_since(found.at) / slowly;
        let seconds = passed.as_secs_f64();
        (passed < FORGOTTEN).then(|| found.rate * (1.0 + GROWTH * seconds * seconds))
    }
}

impl Found {
    fn confirmed_by(&self, now: Instant, rate: Bitrate) -> u32 {
        let (known, found) = (self.rate.as_bps() as f64, rate.as_bps() as f64);
        let is_same = (found - known).abs() <= known * SAME;
        let again = now.saturating_duration_since(self.at) > AGAIN;
        match (is_same, again) {
            (true, true) => (self.confirmed + 1).min(CONFIRMED_MAX),
            (true, false) => self.confirmed,
            (false, _) => 0,
        }
    }
}
