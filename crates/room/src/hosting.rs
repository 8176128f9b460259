use std::time::Instant;

use rtp::Kind;

use super::context::Context;
use super::state::RoomState;
use super::{EndReason, Event, HostError, ParticipantId, ParticipantKey, RoomName, Rooms};
use model::StreamName;

impl Rooms {
    /// Asks the publisher of a stream to mute a track, for a host. `Err(NotFound)` when the room
    /// has no such stream or track.
    pub fn request_mute(
        &mut self,
        key: ParticipantKey,
        stream: &StreamName,
        kind: Kind,
    ) -> Result<(), HostError> {
        let (room, by, cx) = self.hosting(key)?;
        let published = room.streams.get(stream).ok_or(HostError::NotFound)?;
        if !published.has(kind) {
            return Err(HostError::NotFound);
        }
        let (owner, stream) = (published.owner, stream.clone());
        room.tell_some(vec![owner], Event::MuteRequested { stream, kind, by }, cx);
        Ok(())
    }

    /// Ends another participation in the room with [`EndReason::Kicked`], for a host; `text` is
    /// told to that participant. A hidden one is `NotFound`, since hosts do not see it.
    pub fn kick_by(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        id: &ParticipantId,
        text: Option<String>,
    ) -> Result<(), HostError> {
        let (room, ..) = self.hosting(key)?;
        let target = room.seen_key(id).ok_or(HostError::NotFound)?;
        if target == key {
            return Err(HostError::BadTarget);
        }
        self.end(now, target, EndReason::Kicked, text);
        Ok(())
    }

    /// Locks the room, so that only hosts may enter, or unlocks it, for a host.
    pub fn lock(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        locked: bool,
    ) -> Result<(), HostError> {
        let (room, _, cx) = self.hosting(key)?;
        room.set_locked(now, locked, cx);
        Ok(())
    }

    /// Ends the room for all participants, the host included, with [`EndReason::Closed`]; `text` is
    /// told to them.
    pub fn close_by(&mut self, key: ParticipantKey, text: Option<String>) -> Result<(), HostError> {
        let (room, ..) = self.hosting(key)?;
        let name = room.name.clone();
        self.end_room(&name, EndReason::Closed, text);
        Ok(())
    }

    /// Ends a participation, also a hidden one, with [`EndReason::Kicked`], for the API; `text` is
    /// told to that participant. Returns false when no participant in the room has this id.
    pub fn kick(
        &mut self,
        now: Instant,
        room: &RoomName,
        id: &ParticipantId,
        text: Option<String>,
    ) -> bool {
        let key = self.key(room, id);
        key.is_some_and(|key| self.end(now, key, EndReason::Kicked, text))
    }

    /// Locks the room, so that only hosts may enter, or unlocks it, for the API. Returns false when
    /// there is no such room.
    pub fn set_locked(&mut self, now: Instant, room: &RoomName, locked: bool) -> bool {
        let (room, cx) = (self.rooms.get_mut(room), &mut self.context);
        room.map(|room| room.set_locked(now, locked, cx)).is_some()
    }

    /// The room and the id of a host; an error for any other participant.
    fn hosting(
        &mut self,
        key: ParticipantKey,
    ) -> Result<(&mut RoomState, ParticipantId, &mut Context), HostError> {
        let (room, cx) = self.at(key).ok_or(HostError::Unknown)?;
        let host = &room.members.get(&key).ok_or(HostError::Unknown)?;
        if !host.participant.role.is_host() {
            return Err(HostError::Forbidden);
        }
        let id = host.participant.id.clone();
        Ok((room, id, cx))
    }
}

impl RoomState {
    fn set_locked(&mut self, now: Instant, locked: bool, cx: &mut Context) {
        if self.locked != locked {
            self.locked = locked;
            self.tell_room(now, cx);
        }
    }
}
