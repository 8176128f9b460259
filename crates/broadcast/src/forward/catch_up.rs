use std::time::{Duration, Instant};

use rtp::Bitrate;
use rtp::cache::Cursor;

/// Between two portions.
const TICK: Duration = Duration::from_millis(5);

/// Goes out at once, before anything is known of the path: about ten packets, as TCP's
/// initial window (RFC 6928).
const INITIAL_BURST: i64 = 15_000;

/// Cached packets go out at least this much faster than they were made, so that a viewer reaches
/// the live edge soon. A link that carries little more than the layer loses some of them, and
/// retransmission makes up for it.
const SPEED_MIN: f64 = 4.0;

/// The share of the estimated bandwidth that catching up may take.
const SHARE: f64 = 0.85;

/// Sends a viewer what it missed since the last key frame, faster than real time.
#[derive(Debug)]
pub(super) struct CatchUp {
    pub(super) cursor: Cursor,
    /// Bytes that may go out now; below zero after a packet larger than what was left.
    credit: i64,
    last: Instant,
}

impl CatchUp {
    pub(super) fn new(cursor: Cursor, now: Instant) -> Self {
        Self {
            cursor,
            credit: INITIAL_BURST,
            last: now,
        }
    }

    /// Time passes. `layer` is the rate of what is sent, `estimate` what the path is known to carry.
    pub(super) fn refill(&mut self, now: Instant, layer: Bitrate, estimate: Option<Bitrate>) {
        let time = now.saturating_duration_since(self.last);
        self.last = now;
        let rate = (layer * SPEED_MIN).max(estimate.unwrap_or_default() * SHARE);
        // Unused credit does not pile up: after a pause, no burst.
        let most = (rate.bytes_in(4 * TICK) as i64).max(INITIAL_BURST);
        self.credit = (self.credit + rate.bytes_in(time) as i64).min(most);
    }

    pub(super) fn may_send(&self) -> bool {
        self.credit > 0
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.credit = self.credit.saturating_sub(bytes as i64);
    }

    pub(super) fn due(&self) -> Instant {
        self.last + TICK
    }
}
