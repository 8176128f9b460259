use std::time::{Duration, Instant};

use rtp::Bitrate;

/// The limit is exceeded by this share after a second, by four times as much after two.
const GROWTH: f64 = 0.015;

/// After this time the limit is no more than a memory.
const FORGOTTEN: Duration = Duration::from_secs(8);

/// Where the path was full last: beyond it the estimate grows slowly at first, then ever faster
/// (the idea of CUBIC, RFC 9438 §4.2).
#[derive(Debug, Default)]
pub(super) struct Limit {
    found: Option<(Instant, Bitrate)>,
}

impl Limit {
    pub(super) fn set(&mut self, now: Instant, rate: Bitrate) {
        self.found = Some((now, rate));
    }

    /// More than this was shown to arrive.
    pub(super) fn clear(&mut self) {
        self.found = None;
    }

    /// What may be believed now without having been shown.
    pub(super) fn cap(&self, now: Instant) -> Option<Bitrate> {
        let (at, rate) = self.found?;
        let passed = now.saturating_duration_since(at);
        let seconds = passed.as_secs_f64();
        (passed < FORGOTTEN).then(|| rate * (1.0 + GROWTH * seconds * seconds))
    }
}
