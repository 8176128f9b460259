use std::time::{Duration, Instant};

use rtp::Bitrate;

/// So much of the queue has to be gone in theory before anything is concluded.
const EXPECTED_MIN: Duration = Duration::from_millis(100);

/// A queue that lost less than this share of what it should have is not the sender's.
const FALLEN_MIN: f64 = 0.3;

/// With more than was known by this, what the path carried was measured over a gap.
const CARRIES_MORE: f64 = 1.1;

/// A queue that grows by this is another one.
const GROWN: Duration = Duration::from_millis(20);

/// A queue that stands, and whether it drains when less is sent than what it carried.
///
/// If it does not, it is not a queue of this sender: the route has become longer, or others keep
/// the queue filled.
#[derive(Debug)]
pub(super) struct Drain {
    began: Instant,
    /// What the path carried then.
    carried: Bitrate,
    /// How long every packet waited then, and at the least since.
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

    /// So long every packet waits now, and so much the path carries. Returns whether all begins
    /// anew, since the queue has grown or the path carries more than was known.
    pub(super) fn is_outdated(&mut self, standing: Duration, carries: Bitrate) -> bool {
        self.least = self.least.min(standing);
        standing > self.standing + GROWN || carries > self.carried * CARRIES_MORE
    }

    /// Whether less was sent for long enough, and the queue stands all the same.
    pub(super) fn is_in_vain(&self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.began);
        let carried = self.carried.bytes_in(passed);
        let spared = carried.saturating_sub(self.sent_bytes);
        let expected = passed.mul_f64(spared as f64 / carried.max(1) as f64);
        let fallen = self.standing.saturating_sub(self.least);
        expected >= EXPECTED_MIN && fallen < expected.mul_f64(FALLEN_MIN)
    }
}
