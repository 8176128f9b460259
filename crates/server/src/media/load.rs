use shard::{Counters, Delays};

/// Counters, queues and load of one media thread.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    pub(crate) counters: Counters,
    /// Share of the time that the thread worked, 0 to 1, over the time between two publications.
    pub(crate) busy: f64,
    /// Datagrams that the kernel refused to send.
    pub(crate) send_dropped: u64,
    /// How long packets took through the shard.
    pub(crate) delays: Delays,
    /// Messages that wait in rings to other shards.
    pub(crate) ring_queued: u64,
    /// Commands that the thread has not taken yet.
    pub(crate) commands_queued: u64,
    /// Events that wait because the control plane's queue is full.
    pub(crate) events_queued: u64,
}
