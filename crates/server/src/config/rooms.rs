use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[rooms]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rooms {
    /// Rooms at a time. At the limit the unlocked room that has been empty the longest gives way;
    /// if there is none, a new room is refused.
    pub(crate) rooms_max: usize,
    /// Participants of one room; one more is refused.
    pub(crate) participants_max: usize,
    /// Streams of one room; one more is refused.
    pub(crate) streams_max: usize,
    /// Streams of one participant; one more is refused.
    pub(crate) streams_per_participant_max: usize,
    /// Bytes of a message; a longer one is refused.
    pub(crate) message_bytes_max: usize,
    /// Bytes of the metadata that an application sets for a participant; more is refused.
    pub(crate) metadata_bytes_max: usize,
    /// Messages per second of one participant, with bursts of twice as many; further ones are
    /// refused. 0: no limit.
    pub(crate) messages_per_second: u32,
    /// Seconds after which an empty room ends.
    pub(crate) empty_grace_s: u64,
    /// Seconds for which a participant stays after its socket was lost.
    pub(crate) lost_grace_s: u64,
}

impl Default for Rooms {
    fn default() -> Self {
        let limits = room::Limits::default();
        Self {
            rooms_max: limits.rooms_max,
            participants_max: limits.participants_max,
            streams_max: limits.streams_max,
            streams_per_participant_max: limits.streams_per_participant_max,
            message_bytes_max: limits.message_bytes_max,
            metadata_bytes_max: limits.metadata_bytes_max,
            messages_per_second: limits.messages_per_second,
            empty_grace_s: limits.empty_grace.as_secs(),
            lost_grace_s: limits.lost_grace.as_secs(),
        }
    }
}

impl Rooms {
    /// The limits in the form that `room` takes.
    pub(crate) fn limits(&self) -> room::Limits {
        room::Limits {
            rooms_max: self.rooms_max,
            participants_max: self.participants_max,
            streams_max: self.streams_max,
            streams_per_participant_max: self.streams_per_participant_max,
            message_bytes_max: self.message_bytes_max,
            metadata_bytes_max: self.metadata_bytes_max,
            messages_per_second: self.messages_per_second,
            empty_grace: Duration::from_secs(self.empty_grace_s),
            lost_grace: Duration::from_secs(self.lost_grace_s),
            ..room::Limits::default()
        }
    }
}
