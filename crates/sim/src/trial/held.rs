use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::viewer::source_of;

/// When packets wait in the sender for longer than three frames take, the encoder skips frames.
const HELD_MAX: Duration = Duration::from_millis(100);

/// Media that was given to a sender and has not left it: a pacer may hold it back.
#[derive(Debug, Default)]
pub(super) struct Held {
    since: VecDeque<Instant>,
    /// The SSRC of media. Retransmissions and padding have another.
    ssrc: Option<u32>,
}

impl Held {
    pub(super) fn written(&mut self, now: Instant) {
        self.since.push_back(now);
    }

    /// Notes a datagram that leaves. Returns whether it is media.
    pub(super) fn left(&mut self, datagram: &[u8]) -> bool {
        let Some(ssrc) = source_of(datagram) else {
            return false;
        };
        // Nothing can be retransmitted before the first packet of media, so that one gives the
        // SSRC.
        let is_media = !self.since.is_empty() && *self.ssrc.get_or_insert(ssrc) == ssrc;
        is_media && self.since.pop_front().is_some()
    }

    pub(super) fn is_long(&self, now: Instant) -> bool {
        let first = self.since.front();
        first.is_some_and(|since| now.saturating_duration_since(*since) > HELD_MAX)
    }
}
