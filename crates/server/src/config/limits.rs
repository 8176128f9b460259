use serde::{Deserialize, Serialize};

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Sessions of publishers and viewers together; one more gets 503.
    pub(crate) sessions_max: usize,
    /// New sessions per second, with bursts of twice as many; more get 429.
    pub(crate) sessions_per_second: u32,
    /// HTTP connections at a time; further ones wait until one ends. Each viewer's event stream
    /// is one.
    pub(crate) connections_max: usize,
    /// WebSockets at a time, one for each participant; further ones get 503.
    pub(crate) sockets_max: usize,
    /// Milliseconds in which a request's head must arrive, and for which a connection may be idle
    /// between requests; then it is closed.
    pub(crate) header_timeout_ms: u64,
    /// Bytes of an offer; a larger one gets 413.
    pub(crate) sdp_bytes_max: usize,
    /// Bytes of a trickle fragment or another small body; a larger one gets 413.
    pub(crate) fragment_bytes_max: usize,
    /// Bytes of one WebSocket frame of a participant; a larger one closes its socket.
    pub(crate) frame_bytes_max: usize,
    /// Milliseconds for a request's body to arrive; a slower one gets 408.
    pub(crate) body_timeout_ms: u64,
    /// Payload bytes cached per video layer since its last key frame. Beyond them the cache stays
    /// empty until the next key frame, and new viewers wait for that one.
    pub(crate) cache_bytes_max: usize,
    /// Milliseconds cached per video layer; beyond them, the same as for `cache_bytes_max`.
    pub(crate) cache_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions_max: 10_000,
            sessions_per_second: 500,
            connections_max: 16_384,
            header_timeout_ms: 15_000,
            sdp_bytes_max: 65_536,
            sockets_max: 16_384,
            frame_bytes_max: 262_144,
            fragment_bytes_max: 16_384,
            body_timeout_ms: 5_000,
            cache_bytes_max: 16 << 20,
            cache_ms_max: 12_000,
        }
    }
}
