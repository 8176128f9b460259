use std::collections::BTreeMap;

use super::RoomName;
use model::StreamName;

/// Counts the external viewers: those who watch a stream without being in its room. Kept apart
/// from the rooms, since such a viewer may come before the room begins and stay after it ends.
#[derive(Debug, Default)]
pub(super) struct Audience {
    rooms: BTreeMap<RoomName, BTreeMap<StreamName, usize>>,
}

impl Audience {
    /// Sets the number of external viewers of a stream, and returns the number for its whole room.
    pub(super) fn set(&mut self, stream: &StreamName, viewers: usize) -> usize {
        let room = RoomName::of(stream);
        let streams = self.rooms.entry(room.clone()).or_default();
        if viewers > 0 {
            streams.insert(stream.clone(), viewers);
        } else {
            streams.remove(stream);
        }
        if streams.is_empty() {
            self.rooms.remove(&room);
        }
        self.of(&room)
    }

    /// The number of external viewers of all streams of a room.
    pub(super) fn of(&self, room: &RoomName) -> usize {
        let streams = self.rooms.get(room);
        streams.map_or(0, |streams| streams.values().sum())
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }
}
