use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::viewer::source_of;

/// With packets that wait for longer in the sender, the encoder leaves frames out: three frames.
const HELD_MAX: Duration = Duration::from_millis(100);

/// Media that was given to a sender and has not left it: a pacer may hold it back.
#[derive(Debug, Default)]
pub(super) struct Held {
    since: VecDeque<Instant>,
    /// The source of media. Retransmissions and padding have another.
    ssrc: Option<u32>,
}

impl Held {
    pub(super) fn written(&mut self, now: Instant) {
        self.since.push_back(now);
    }

    /// Whether a datagram that leaves is media.
    pub(super) fn left(&mut self, datagram: &[u8]) -> bool {
        let Some(ssrc) = source_of(datagram) else {
            return false;
        };
        // Nothing can be repeated before the first packet of media.
        let is_media = !self.since.is_empty() && *self.ssrc.get_or_insert(ssrc) == ssrc;
        is_media && self.since.pop_front().is_some()
    }

    pub(super) fn is_long(&self, now: Instant) -> bool {
        let first = self.since.front();
        first.is_some_and(|since| now.saturating_duration_since(*since) > HELD_MAX)
    }
}
