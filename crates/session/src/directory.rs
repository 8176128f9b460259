//! The directory of all rooms, whichever way their media takes.

use room::{Listed, Participant, Room, RoomName, Stream, Topology};

use crate::core::Core;

/// A room with all that is in it, but hidden participants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomContents {
    /// The room.
    pub listed: Listed,
    /// Its participants. Of one whose media does not pass the server, the host or owner comes
    /// first.
    pub participants: Vec<Participant>,
    /// Its streams, by name; empty where media does not pass the server.
    pub streams: Vec<Stream>,
}

impl Core {
    /// All rooms: forwarded ones by name, then those of hosts and of trees.
    pub fn directory(&self) -> impl Iterator<Item = Listed> {
        let forwarded = self.rooms.rooms().map(listed);
        let direct = self.direct.listed();
        forwarded.chain(direct).chain(self.trees.listed())
    }

    /// The number of rooms of a topology, and of the participants in them, with hidden ones.
    pub fn count(&self, topology: Topology) -> (usize, usize) {
        match topology {
            Topology::Sfu => (self.rooms.rooms_count(), self.rooms.len()),
            Topology::Direct => self.direct.count(),
            Topology::Tree => self.trees.count(),
        }
    }

    /// A room of this name; `None` when there is none. Of several, the forwarded one.
    pub fn room_contents(&self, name: &RoomName) -> Option<RoomContents> {
        if let Some(room) = self.rooms.room(name) {
            return Some(RoomContents {
                listed: listed(room),
                participants: self.rooms.participants(name).unwrap_or_default(),
                streams: self.rooms.streams(name).unwrap_or_default(),
            });
        }
        let found = self.direct.listed_with(name);
        let (listed, participants) = found.or_else(|| self.trees.listed_with(name))?;
        Some(RoomContents {
            listed,
            participants,
            streams: Vec::new(),
        })
    }
}

fn listed(room: Room) -> Listed {
    Listed {
        room,
        topology: Topology::Sfu,
        depth: None,
    }
}
