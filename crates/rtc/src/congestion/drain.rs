use std::time::{Duration, Instant};

use rtp::Bitrate;

/// The queue must have shrunk by this much in theory before anything is concluded.
const EXPECTED_MIN: Duration = Duration::from_millis(100);

/// A queue that shrank by less than this share of the expected amount is not this sender's.
const FALLEN_MIN: f64 = 0.3;

/// When the path carries more than measured by this factor, the measurement included a gap.
const CARRIES_MORE: f64 = 1.1;

/// A queue that has grown by this much counts as a new one.
const GROWN: Duration = Duration::from_millis(20);

/// A queue that stands, and whether it drains when less is sent than what it carried.
///
/// If it does not, it is not a queue of this sender: the route has become longer, or others keep
/// the queue filled.
#[derive(Debug)]
pub(super) struct Drain {
    began: Instant,
    /// What the path carried at that time.
    carried: Bitrate,
    /// The standing queue at that time, and the shortest since.
    standing: Duration,
    least: Duration,
    sent_bytes: u64,
}

impl Drain {
    pub(super) fn new(now: Instant, carried: Bitrate, standing: Duration) -> Self {
        Self {
            began: now,
            carried,
            standing,
            least: standing,
            sent_bytes: 0,
        }
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent_bytes += bytes as u64;
    }

    /// Updates the shortest queue. Returns whether the observation must start over, because the
    /// queue has grown or the path carries more than was known.
    pub(super) fn is_outdated(&mut self, standing: Duration, carries: Bitrate) -> bool {
        self.least = self.least.min(standing);
        standing > self.standing + GROWN || carries > self.carried * CARRIES_MORE
    }

    /// Whether enough was held back for long enough and the queue stands nevertheless.
    pub(super) fn is_in_vain(&self, now: Instant) -> bool {
        // What was sent below the path's rate should have drained the queue by as much time.
        let passed = now.saturating_duration_since(self.began);
        let carried = self.carried.bytes_in(passed);
        let spared = carried.saturating_sub(self.sent_bytes);
        let expected = passed.mul_f64(spared as f64 / carried.max(1) as f64);
        let fallen = self.standing.saturating_sub(self.least);
        expected >= EXPECTED_MIN && fallen < expected.mul_f64(FALLEN_MIN)
    }
}
