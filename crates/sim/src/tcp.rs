//! A competing download: TCP's congestion control without its bytes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Bytes of a segment on the wire, less the IP and UDP headers that a link adds by itself.
pub const SEGMENT_BYTES: usize = 1_472;

/// Initial window in segments (RFC 6928 §2).
const WINDOW_INITIAL: f64 = 10.0;
const WINDOW_MIN: f64 = 2.0;

/// A segment is lost when this many later ones were acknowledged (RFC 5681 §3.2).
const DUPLICATES: u64 = 3;

/// Without an acknowledgement for this long everything in flight counts as lost (RFC 6298 §2.4).
const TIMEOUT: Duration = Duration::from_secs(1);

/// One sender of Reno (RFC 5681 with the recovery of RFC 6582) that always has something to send.
///
/// Each transmission has a number of its own and is acknowledged by itself, which amounts to
/// selective acknowledgements.
#[derive(Debug)]
pub struct TcpFlow {
    window: f64,
    threshold: f64,
    next: u64,
    /// Sent and not acknowledged, in order.
    flying: VecDeque<u64>,
    /// Losses of segments before this one belong to the same loss event.
    recovers_at: u64,
    heard_at: Instant,
    delivered: u64,
}

impl TcpFlow {
    /// A flow that begins in slow start.
    pub fn new(now: Instant) -> Self {
        Self {
            window: WINDOW_INITIAL,
            threshold: f64::MAX,
            next: 0,
            flying: VecDeque::new(),
            recovers_at: 0,
            heard_at: now,
            delivered: 0,
        }
    }

    /// Returns the number of the next segment to send; `None` while the window is full.
    pub fn poll_segment(&mut self) -> Option<u64> {
        if self.flying.len() as f64 >= self.window {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.flying.push_back(number);
        Some(number)
    }

    /// Takes the acknowledgement of a segment.
    pub fn acknowledged(&mut self, now: Instant, number: u64) {
        self.heard_at = now;
        let before = self.flying.len();
        self.flying.retain(|flying| *flying != number);
        if self.flying.len() == before {
            return;
        }
        self.delivered += 1;
        if self.window < self.threshold {
            self.window += 1.0;
        } else {
            self.window += 1.0 / self.window;
        }
        while let Some(first) = self.flying.front().copied()
            && first + DUPLICATES <= number
        {
            self.flying.pop_front();
            // The window is halved once for each loss event.
            if first >= self.recovers_at {
                self.threshold = (self.window / 2.0).max(WINDOW_MIN);
                self.window = self.threshold;
                self.recovers_at = self.next;
            }
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn due(&self) -> Instant {
        self.heard_at + TIMEOUT
    }

    /// Starts again from a window of one segment, once nothing was acknowledged for the timeout.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now < self.due() {
            return;
        }
        self.threshold = (self.window / 2.0).max(WINDOW_MIN);
        self.window = 1.0;
        self.flying.clear();
        self.recovers_at = self.next;
        self.heard_at = now;
    }

    /// Bytes acknowledged so far.
    pub fn delivered_bytes(&self) -> u64 {
        self.delivered * SEGMENT_BYTES as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rtp::Bitrate;

    use super::*;
    use crate::{Link, Path, Rng};

    /// The rate that each of several flows gets of a link of 4 Mbit/s within 30 s, in Mbit/s.
    fn shares(flows: usize, loss: f64) -> Vec<f64> {
        let start = Instant::now();
        let path = Path {
            loss,
            queue: Duration::from_millis(100),
            ..Path::limited(Bitrate::mbps(4))
        };
        let mut link = Link::new(path, Rng::new(9));
        let mut flows: Vec<_> = (0..flows).map(|_| TcpFlow::new(start)).collect();
        let mut acks = BTreeMap::new();
        for ms in 0..30_000 {
            let now = start + Duration::from_millis(ms);
            let later = acks.split_off(&(now, 0, 0));
            for ((_, flow, number), ()) in std::mem::replace(&mut acks, later) {
                let flow: &mut TcpFlow = &mut flows[flow];
                flow.acknowledged(now, number);
            }
            for (index, flow) in flows.iter_mut().enumerate() {
                flow.handle_timeout(now);
                while let Some(number) = flow.poll_segment() {
                    for at in link.send(now, SEGMENT_BYTES) {
                        acks.insert((at + path.delay, index, number), ());
                    }
                }
            }
        }
        let rate = |flow: &TcpFlow| flow.delivered_bytes() as f64 * 8.0 / 30e6;
        flows.iter().map(rate).collect()
    }

    #[test]
    fn one_flow_fills_a_link() {
        let shares = shares(1, 0.0);
        assert!((3.6..4.0).contains(&shares[0]), "{shares:?}");
    }

    #[test]
    fn four_flows_fill_a_link_and_share_it() {
        let shares = shares(4, 0.0);
        let sum: f64 = shares.iter().sum();
        assert!((3.6..4.0).contains(&sum), "{shares:?}");
        assert!(shares.iter().all(|share| *share > 0.5), "{shares:?}");
    }

    #[test]
    fn flow_backs_off_from_losses() {
        let shares = shares(1, 0.05);
        assert!((1.5..3.4).contains(&shares[0]), "{shares:?}");
    }
}
