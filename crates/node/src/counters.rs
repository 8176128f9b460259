/// What a node has done since it began. Plain numbers: the owner publishes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams received, and their bytes.
    pub datagrams_in: u64,
    /// UDP payload bytes received.
    pub bytes_in: u64,
    /// Datagrams given out to be sent.
    pub datagrams_out: u64,
    /// UDP payload bytes given out.
    pub bytes_out: u64,
    /// Media packets from publishers.
    pub packets_in: u64,
    /// Media packets written to viewers.
    pub packets_out: u64,
    /// Datagrams from an address that no session uses.
    pub dropped_unknown_source: u64,
    /// Datagrams that are none of STUN, DTLS, RTP, RTCP.
    pub dropped_not_webrtc: u64,
    /// Packets not sent since the viewer does not take their codec.
    pub dropped_codec: u64,
    /// Packets not sent since their payload is larger than any path carries.
    pub dropped_too_large: u64,
    /// Packets not sent since they came too long after newer ones.
    pub dropped_late: u64,
    /// STUN messages to a session with a wrong password or none. Counted every five seconds, and
    /// when the session ends.
    pub dropped_unauthentic_stun: u64,
    /// STUN requests over more paths than a session may have, counted likewise.
    pub dropped_paths_full: u64,
    /// Datagrams not sent to an address that has proved nothing, counted likewise.
    pub dropped_unproved_path: u64,
    /// Packets not passed to another shard since its ring was full.
    pub dropped_relay_full: u64,
    /// Key-frame requests received from viewers.
    pub keyframe_requests_in: u64,
    /// Key-frame requests sent to publishers.
    pub keyframe_requests_out: u64,
    /// NACKs received from viewers.
    pub nacks_in: u64,
    /// NACKs sent to publishers.
    pub nacks_out: u64,
    /// Sessions now.
    pub sessions: u64,
    /// Outputs waiting.
    pub outputs_queued: u64,
}

impl Counters {
    /// Adds what an ICE agent has seen since `before`, which becomes what it has seen until now.
    pub(crate) fn add_ice(&mut self, before: &mut IceSeen, seen: &rtc::IceCounters) {
        let since = |before: &mut u32, now: u32| {
            let since = now.saturating_sub(*before);
            *before = now;
            u64::from(since)
        };
        self.dropped_unauthentic_stun += since(&mut before.unauthentic, seen.unauthentic);
        self.dropped_paths_full += since(&mut before.paths_full, seen.paths_full);
        self.dropped_unproved_path += since(&mut before.held_back, seen.held_back);
    }
}

/// What was counted already of a peer's [`rtc::IceCounters`].
#[derive(Debug, Default)]
pub(crate) struct IceSeen {
    unauthentic: u32,
    paths_full: u32,
    held_back: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ice_counters_are_added_once() {
        let (mut counters, mut before) = (Counters::default(), IceSeen::default());
        let mut seen = rtc::IceCounters {
            paths_full: 3,
            ..Default::default()
        };
        counters.add_ice(&mut before, &seen);
        seen.paths_full = 5;
        seen.held_back = 1;
        counters.add_ice(&mut before, &seen);
        counters.add_ice(&mut before, &seen);
        assert_eq!(counters.dropped_paths_full, 5);
        assert_eq!(counters.dropped_unproved_path, 1);
    }
}
