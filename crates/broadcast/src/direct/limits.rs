/// Limits of all rooms. What would go beyond one is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Rooms at a time; one more is refused with `CreateFailed`. Every client is sent the names of
    /// all of them, again and again.
    pub rooms_max: usize,
    /// Rooms of one host at a time; one more is refused with `CreateFailed`.
    pub rooms_per_host_max: usize,
    /// Viewers of one room; one more is refused with `JoinFailed`. The host's browser sends the
    /// picture once for each.
    pub viewers_max: usize,
    /// Bytes of a name; a longer one is refused with `CreateFailed` or `JoinFailed`.
    pub name_bytes_max: usize,
    /// Bytes of what is written at once; more is dropped.
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

/// What happens when who views one room asks for another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Switch {
    /// The viewer leaves the one and enters the other. When it cannot enter, it stays.
    #[default]
    AtOnce,
    /// The viewer leaves, and is told nothing; it enters when it asks once more. So did the
    /// system that these rooms come from.
    TwoClicks,
}
