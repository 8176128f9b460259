use std::time::{Duration, Instant};

use rtp::Bitrate;
use rtp::cache::Cursor;

/// The time between two portions of cached packets.
const TICK: Duration = Duration::from_millis(5);

/// Bytes that are sent at once, before anything is known of the path: about ten packets, like
/// TCP's initial window (RFC 6928).
const INITIAL_BURST: i64 = 15_000;

/// The multiple of the layer's rate at which cached packets are sent at first, and all the time
/// over a path that is not measured.
const SPEED_UNMEASURED: f64 = 4.0;

/// How long a measured path gets [`SPEED_UNMEASURED`] at first. Most of a key frame is through by
/// then. On a path that hardly carries the layer, the rest fits into 200 ms of its queue.
const UNMEASURED_FOR: Duration = Duration::from_millis(40);

/// The lowest multiple of the layer's rate: a viewer that is slower never reaches the live edge. A
/// path that cannot carry this cannot carry the layer, and another one will be selected if there is
/// one.
const SPEED_MIN: f64 = 1.05;

/// The share of the estimated bandwidth that catching up may take. The rest is for audio, headers
/// and retransmissions, drains what was sent too fast at first, and makes up for an estimate that
/// is too high.
const SHARE: f64 = 0.75;

/// Sends a viewer what it missed since the last key frame, faster than real time.
#[derive(Debug)]
pub(super) struct CatchUp {
    pub(super) cursor: Cursor,
    /// Bytes that may be sent now; negative after a packet that was larger than the credit left.
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

    /// Adds the credit for the time since the last call. `layer` is the rate of the layer,
    /// `estimate` the measured bandwidth of the path.
    pub(super) fn refill(&mut self, now: Instant, layer: Bitrate, estimate: Option<Bitrate>) {
        let time = now.saturating_duration_since(self.last);
        let rate = self.rate(now, layer, estimate);
        let more = rate.bytes_in(time) as i64;
        // Less than a byte is not credited yet: its time counts in the next call.
        if more == 0 && time < TICK {
            return;
        }
        self.last = now;
        // Unused credit does not pile up, so that no burst follows a pause.
        let most = (rate.bytes_in(4 * TICK) as i64).max(INITIAL_BURST);
        self.credit = (self.credit + more).min(most);
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

#[cfg(test)]
mod tests {
    use rtp::cache::KeyframeCache;

    use super::super::Limits;
    use super::super::tests::Encoder;
    use super::*;

    /// A cursor in a cache that begins with a key frame.
    fn cursor(now: Instant) -> Cursor {
        let mut cache = KeyframeCache::new(Limits::default().cache());
        for packet in Encoder::new(1, 0, 0, 1_000).frame(now, true) {
            cache.push(packet);
        }
        cache.start().expect("begins with the key frame")
    }

    /// Bytes that may be sent within a tenth of a second, with refills in steps of this length.
    fn credit(step: Duration) -> i64 {
        let mut now = Instant::now();
        let mut catch_up = CatchUp::new(cursor(now), now);
        let end = now + Duration::from_millis(100);
        let mut sent = 0;
        while now < end {
            now += step;
            catch_up.refill(now, Bitrate::kbps(100), None);
            sent += catch_up.credit;
            catch_up.sent(catch_up.credit as usize);
        }
        sent
    }

    #[test]
    fn refills_in_small_steps_lose_no_time() {
        let seldom = credit(TICK);
        assert!(seldom > INITIAL_BURST + 4_000);
        assert!((seldom - credit(Duration::from_micros(10))).abs() < 500);
    }
}
