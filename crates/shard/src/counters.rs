use rtc::Refused;

/// What a shard has done since it began. Plain numbers: the owner publishes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams received, and their bytes.
    pub datagrams_in: u64,
    /// UDP payload bytes received.
    pub bytes_in: u64,
    /// Datagrams given out to be sent.
    pub datagrams_out: u64,
    /// Sends that these were given out in: datagrams of one size to one destination go together.
    pub trains_out: u64,
    /// Of these, how many ended only because the next datagram to the same viewer was longer.
    pub trains_cut: u64,
    /// UDP payload bytes given out.
    pub bytes_out: u64,
    /// Media packets from publishers.
    pub packets_in: u64,
    /// Media packets written to viewers.
    pub packets_out: u64,
    /// Datagrams from an address that no session uses.
    pub dropped_unknown_source: u64,
    /// Datagrams that changed nothing for their session, by [`Refused::number`].
    pub refused: [u64; Refused::COUNT],
    /// Packets not sent since the viewer does not take their codec.
    pub dropped_codec: u64,
    /// Packets not sent since their payload is larger than any path carries.
    pub dropped_too_large: u64,
    /// Packets not sent since they came too long after newer ones.
    pub dropped_late: u64,
    /// Datagrams not sent to an address that has proved nothing. Counted every five seconds,
    /// and when the session ends.
    pub dropped_unproved_path: u64,
    /// Packets not passed to another shard since its ring was full.
    pub dropped_ring_full: u64,
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
