//! Entry points for fuzzing private modules. For tests only.

use std::time::Instant;

use bytes::Bytes;

use crate::channels::Channels;

/// The data channels of one peer, without the DTLS around them.
#[derive(Default)]
pub struct Association(Channels);

impl std::fmt::Debug for Association {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Association").finish_non_exhaustive()
    }
}

impl Association {
    /// Handles an SCTP packet and the timers that are due; returns the packets to send.
    pub fn take(&mut self, now: Instant, packet: &[u8]) -> Vec<Bytes> {
        self.0.handle_data(now, packet);
        self.0.handle_timeout(now);
        while self.0.poll_event(now).is_some() {}
        self.0.poll_packets(now)
    }
}
