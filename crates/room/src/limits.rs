use std::time::Duration;

/// The longest topic of a message, in bytes.
pub const TOPIC_BYTES_MAX: usize = 128;

/// The most events that a room gathers; then it delivers them early. A participant that joined in
/// between gets a list of its own, so the cost grows with the square of this number.
pub const GATHERED_MAX: usize = 128;

/// The shortest time between two [`Event::RoomChanged`](super::Event::RoomChanged) of a room that
/// are sent for its counts alone.
pub const COUNTS_INTERVAL: Duration = Duration::from_secs(1);

/// Limits and times of all rooms.
///
/// A refusal names the limit that is reached as `rooms.` and the name of the field.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Rooms in the process. One more takes the place of the room that has been empty for the
    /// longest time. It is refused, whether by a join or by the API, when each room has a
    /// participant or is locked.
    pub rooms_max: usize,
    /// Participants of a room, with the hidden ones; one more is refused.
    pub participants_max: usize,
    /// Streams of a room; one more is refused.
    pub streams_max: usize,
    /// Streams of a participant; one more is refused.
    pub streams_per_participant_max: usize,
    /// Length of a participant's name, in bytes; a longer one is refused.
    pub name_bytes_max: usize,
    /// Length of the metadata of a participant or a stream, in bytes; longer ones are refused.
    pub metadata_bytes_max: usize,
    /// Length of a message's body, in bytes; a longer one is refused.
    pub message_bytes_max: usize,
    /// Messages of a participant per second, on average; twice as many may come at once. Further
    /// ones are refused. 0 stands for no limit.
    pub messages_per_second: u32,
    /// How long a room may be empty before it ends.
    pub empty_grace: Duration,
    /// How long a participant may be lost before it ends.
    pub lost_grace: Duration,
    /// How long large rooms gather events before they deliver them.
    pub gather: Duration,
    /// Rooms with at least this many participants, with the hidden ones, gather events.
    pub gather_from: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rooms_max: 10_000,
            participants_max: 5_000,
            streams_max: 500,
            streams_per_participant_max: 16,
            name_bytes_max: 256,
            metadata_bytes_max: 4 * 1024,
            message_bytes_max: 16 * 1024,
            messages_per_second: 10,
            empty_grace: Duration::from_secs(30),
            lost_grace: Duration::from_secs(30),
            gather: Duration::from_millis(100),
            gather_from: 32,
        }
    }
}
