//! What the API needs of rooms.

use room::{CreateError, Listed, MessageKind, ParticipantId, RoomName, SendError};
use session::Core;
use signaling::json::{self, Participant, Stream};

use super::Control;

/// A room with all that is in it, but the hidden.
#[derive(Debug)]
pub(crate) struct RoomContents {
    pub(crate) listed: Listed,
    pub(crate) participants: Vec<Participant>,
    pub(crate) streams: Vec<Stream>,
}

/// A message of the server's to a room.
#[derive(Debug)]
pub(crate) struct OutgoingMessage {
    pub(crate) kind: MessageKind,
    /// `None`: all.
    pub(crate) to: Option<ParticipantId>,
    pub(crate) topic: Option<String>,
    pub(crate) body: String,
}

impl Control {
    /// All rooms, whichever way their media takes, by name.
    pub(crate) fn directory(&self) -> Vec<Listed> {
        let mut rooms: Vec<_> = self.state().core.directory().collect();
        rooms.sort_by(|a, b| a.room.name.cmp(&b.room.name));
        rooms
    }

    /// A room; `None` when there is none of this name.
    pub(crate) fn room_contents(&self, name: &RoomName) -> Option<RoomContents> {
        let contents = self.state().core.room_contents(name)?;
        Some(RoomContents {
            listed: contents.listed,
            participants: contents.participants.iter().map(Into::into).collect(),
            streams: contents.streams.iter().map(Into::into).collect(),
        })
    }

    /// Creates a room. True with one that was not there before.
    pub(crate) fn create_room(&self, name: RoomName) -> Result<(bool, json::Room), CreateError> {
        self.with_rooms(|rooms, now| {
            let is_new = rooms.room(&name).is_none();
            let room = rooms.create(now, name)?;
            Ok((is_new, (&room).into()))
        })
    }

    /// Locks a room or opens it; `None` when there is none of this name.
    pub(crate) fn lock_room(&self, name: &RoomName, locked: bool) -> Option<json::Room> {
        self.with_rooms(|rooms, now| {
            rooms.set_locked(now, name, locked);
            rooms.room(name).map(|room| (&room).into())
        })
    }

    /// Ends a room with all in it. False when there is none of this name.
    pub(crate) fn close_room(&self, name: &RoomName, reason: Option<String>) -> bool {
        self.with_rooms(|rooms, _| rooms.close(name, reason))
    }

    /// Sends a participant away, also the synthetic one of a publisher by WHIP. False when there is
    /// none of this id in the room.
    pub(crate) fn kick(&self, room: &RoomName, id: &str, reason: Option<String>) -> bool {
        self.with_core(|core, now| {
            let Some(id) = participant_id(core, room, id) else {
                return false;
            };
            core.in_rooms(now, |rooms| rooms.kick(now.instant, room, &id, reason))
        })
    }

    /// Sends a message to a room. Returns its number; `None` when there is no such room.
    pub(crate) fn say(
        &self,
        room: &RoomName,
        message: OutgoingMessage,
    ) -> Option<Result<u64, SendError>> {
        let OutgoingMessage {
            kind,
            to,
            topic,
            body,
        } = message;
        self.with_core(|core, now| {
            core.rooms().room(room)?;
            Some(core.in_rooms(now, |rooms| {
                rooms.say(now.instant, now.unix_ms, room, kind, to, topic, body)
            }))
        })
    }
}

/// The id of a participant that may be in a room. Those of synthetic participants cannot be written
/// by clients, but are read by them.
fn participant_id(core: &Core, room: &RoomName, id: &str) -> Option<ParticipantId> {
    if let Ok(id) = ParticipantId::new(id) {
        return Some(id);
    }
    let participants = core.rooms().participants(room)?;
    let mut ids = participants.into_iter().map(|participant| participant.id);
    ids.find(|known| known.as_str() == id)
}
