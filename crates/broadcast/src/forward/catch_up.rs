use std::time::{Duration, Instant};

use rtp::Bitrate;
use rtp::cache::Cursor;

/// Between two portions.
const TICK: Duration = Duration::from_millis(5);

/// Goes out at once, before anything is known of the path: about ten packets, as TCP's
/// initial window (RFC 6928).
const INITIAL_BURST: i64 = 15_000;

/// At first, and over a path that is not measured, cached packets go out this much faster than
/// they were made.
const SPEED_UNMEASURED: f64 = 4.0;

/// How long "at first" is. Most of a key frame is through then, and what a path that hardly
/// carries the layer cannot take yet fits into 200 ms of its queue.
const UNMEASURED_FOR: Duration = Duration::from_millis(40);

/// Never slower than this, or the live edge would move away. A path that cannot carry it cannot
/// carry the layer: another one will be chosen, if there is one.
const SPEED_MIN: f64 = 1.05;

/// The share of the estimated bandwidth that catching up may take. The rest is for sound,
/// headers and retransmissions, drains what was sent too fast at first, and forgives an estimate
/// that is too high.
const SHARE: f64 = 0.75;

/// Sends a viewer what it missed since the last key frame, faster than real time.
#[derive(Debug)]
pub(super) struct CatchUp {
    pub(super) cursor: Cursor,
    /// Bytes that may go out now; below zero after a packet larger than what was left.
    credit: i64,
    began: Instant,
    last: Instant,
}

impl CatchUp {
    pub(super) fn new(cursor: Cursor, now: Instant) -> Self {
        Self {
            cursor,
            credit: INITIAL_BURST,
            began: now,
            last: now,
        }
    }

    /// Time passes. `layer` is the rate of what is sent, `estimate` what the path is known to carry.
    pub(super) fn refill(&mut self, now: Instant, layer: Bitrate, estimate: Option<Bitrate>) {
        let time = now.saturating_duration_since(self.last);
        self.last = now;
        let rate = self.rate(now, layer, estimate);
        // Unused credit does not pile up: after a pause, no burst.
        let most = (rate.bytes_in(4 * TICK) as i64).max(INITIAL_BURST);
        self.credit = (self.credit + rate.bytes_in(time) as i64).min(most);
    }

    fn rate(&self, now: Instant, layer: Bitrate, estimate: Option<Bitrate>) -> Bitrate {
        let at_first = now.saturating_duration_since(self.began) < UNMEASURED_FOR;
        let speed = if at_first || estimate.is_none() {
            SPEED_UNMEASURED
        } else {
            SPEED_MIN
        };
        (layer * speed).max(estimate.unwrap_or_default() * SHARE)
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
