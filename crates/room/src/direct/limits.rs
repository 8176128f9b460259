/// Limits of all rooms. A request that would exceed one is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Rooms at a time; one more is refused with `CreateFailed`. Every client is sent the names of
    /// all of them every [`PUSH_EVERY`](super::PUSH_EVERY).
    pub rooms_max: usize,
    /// Rooms of one host at a time; one more is refused with `CreateFailed`.
    pub rooms_per_host_max: usize,
    /// Viewers of one room; one more is refused with `JoinFailed`. The host's browser sends the
    /// stream once to each.
    pub viewers_max: usize,
    /// Bytes of a name; a longer one is refused with `CreateFailed` or `JoinFailed`.
    pub name_bytes_max: usize,
    /// Bytes of a chat message; a longer one is dropped.
    pub chat_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rooms_max: 1_000,
            rooms_per_host_max: 16,
            viewers_max: 500,
            name_bytes_max: 128,
            chat_bytes_max: 16_384,
        }
    }
}

/// What happens when the viewer of one room asks to view another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Switch {
    /// The viewer leaves the first room and enters the other. If it may not enter, it stays.
    #[default]
    AtOnce,
    /// The viewer leaves the first room and is told nothing. It enters the other when it asks
    /// again, as in the system from which these rooms come.
    TwoClicks,
}
