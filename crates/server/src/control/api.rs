//! What the API and webhooks need of rooms and streams.

use std::time::Instant;

use broadcast::room::{CreateError, MessageKind, Notice, ParticipantId, RoomName, SendError};
use broadcast::{StreamName, StreamStatus};
use signaling::dialect::headwater::{self, Participant, Stream};

use super::{Control, State, wall_ms};

/// A room with all that is in it, but the hidden.
#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) room: headwater::Room,
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
    /// All rooms, by name.
    pub(crate) fn rooms(&self) -> Vec<headwater::Room> {
        let state = self.state();
        let rooms = state.members.rooms.rooms();
        rooms.map(|room| headwater::Room::from(&room)).collect()
    }

    /// A room; `None` when there is none of this name.
    pub(crate) fn inside(&self, name: &RoomName) -> Option<Inside> {
        let state = self.state();
        let rooms = &state.members.rooms;
        let participants = rooms.participants(name)?;
        let streams = rooms.streams(name)?;
        Some(Inside {
            room: (&rooms.room(name)?).into(),
            participants: participants.iter().map(Into::into).collect(),
            streams: streams.iter().map(Into::into).collect(),
        })
    }

    /// A stream that has a publisher or a viewer.
    pub(crate) fn stream(&self, name: &StreamName) -> Option<StreamStatus> {
        self.state().registry.status(name)
    }

    /// Creates a room. True with one that was not there before.
    pub(crate) fn create_room(
        &self,
        name: RoomName,
    ) -> Result<(bool, headwater::Room), CreateError> {
        let mut state = self.state();
        let rooms = &mut state.members.rooms;
        let is_new = rooms.room(&name).is_none();
        let room = rooms.create(Instant::now(), name)?;
        self.settle(&mut state);
        Ok((is_new, (&room).into()))
    }

    /// Locks a room or opens it; `None` when there is none of this name.
    pub(crate) fn lock_room(&self, name: &RoomName, locked: bool) -> Option<headwater::Room> {
        let mut state = self.state();
        let rooms = &mut state.members.rooms;
        rooms.set_locked(Instant::now(), name, locked);
        let room = rooms.room(name);
        self.settle(&mut state);
        room.map(|room| (&room).into())
    }

    /// Ends a room with all in it. False when there is none of this name.
    pub(crate) fn close_room(&self, name: &RoomName, reason: Option<String>) -> bool {
        let mut state = self.state();
        let closed = state.members.rooms.close(name, reason);
        self.settle(&mut state);
        closed
    }

    /// Sends somebody away, also a publisher that came by WHIP. False when nobody of this id is in
    /// the room.
    pub(crate) fn kick(&self, room: &RoomName, id: &str, reason: Option<String>) -> bool {
        let mut state = self.state();
        let Some(id) = state.participant_id(room, id) else {
            return false;
        };
        let rooms = &mut state.members.rooms;
        let kicked = rooms.kick(Instant::now(), room, &id, reason);
        self.settle(&mut state);
        kicked
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
        let mut state = self.state();
        let rooms = &mut state.members.rooms;
        rooms.room(room)?;
        let said = rooms.say(Instant::now(), wall_ms(), room, kind, to, topic, body);
        self.settle(&mut state);
        Some(said)
    }

    /// Something happened that is told to the outside.
    pub(super) fn noticed(&self, state: &mut State, notice: &Notice) {
        self.shared.webhooks.tell(notice, wall_ms());
        if let Notice::StreamEnded { stream, .. } = notice {
            self.close_publisher(state, stream);
        }
    }
}

impl State {
    /// The id of somebody who may be in a room. Those that the server made up cannot be written by
    /// clients, but are read by them.
    fn participant_id(&self, room: &RoomName, id: &str) -> Option<ParticipantId> {
        if let Ok(id) = ParticipantId::new(id) {
            return Some(id);
        }
        let participants = self.members.rooms.participants(room)?;
        let mut ids = participants.into_iter().map(|participant| participant.id);
        ids.find(|known| known.as_str() == id)
    }
}
