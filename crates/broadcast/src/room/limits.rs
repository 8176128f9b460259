use std::time::Duration;

/// The longest topic of a message, in bytes.
pub const TOPIC_BYTES_MAX: usize = 128;

/// Events that a room gathers at most; then they are delivered early. Who joined in between
/// gets a list of its own, so longer gathering would cost the square of its length.
pub const GATHERED_MAX: usize = 128;

/// Between two [`Event::RoomChanged`](super::Event::RoomChanged) of a room for its counts alone.
pub const COUNTS_INTERVAL: Duration = Duration::from_secs(1);

/// How much there may be, and how long things take.
///
/// What is refused for a limit names it as `rooms.` and the name of the field.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Rooms in the process. One more takes the place of the one that has been empty for the
    /// longest; refused, by joining or by the API, when each has a participant or is locked.
    pub rooms_max: usize,
    /// Participants of a room, with the hidden. Refused: one more.
    pub participants_max: usize,
    /// Streams of a room. Refused: one more.
    pub streams_max: usize,
    /// Streams of a participant. Refused: one more.
    pub streams_per_participant_max: usize,
    /// Length of a participant's name, in bytes. Refused: a longer one.
    pub name_bytes_max: usize,
    /// Length of the metadata of a participant or a stream, in bytes. Refused: more.
    pub metadata_bytes_max: usize,
    /// Length of a message's body, in bytes. Refused: a longer one.
    pub message_bytes_max: usize,
    /// Messages of a participant per second, on average; twice as many may come at once.
    /// Refused: more. 0: any number.
    pub messages_per_second: u32,
    /// A room ends when it has been empty for this long.
    pub empty_grace: Duration,
    /// A lost participant ends after this time.
    pub lost_grace: Duration,
    /// How long large rooms gather events before they deliver them.
    pub gather: Duration,
    /// Rooms with at least so many participants, with the hidden, gather events.
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
