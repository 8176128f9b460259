use std::collections::BTreeMap;
use std::time::Instant;

use super::audience::Audience;
use super::context::Context;
use super::state::RoomState;
use super::timers::Timer;
use super::{
    CreateError, EndReason, Limits, Notice, Output, Participant, ParticipantId, ParticipantKey,
    Room, RoomName, Stream,
};
use crate::StreamName;

/// All rooms of a process. See the [module](super).
///
/// A room begins when somebody joins it or when it is created, and ends when it has been empty
/// for [`Limits::empty_grace`], or is closed. Before that an empty one that is not locked gives way to
/// another room, when there are [`Limits::rooms_max`]. Its lock and its messages end with it.
#[derive(Debug)]
pub struct Rooms {
    pub(super) rooms: BTreeMap<RoomName, RoomState>,
    /// Where each participation is.
    pub(super) places: BTreeMap<ParticipantKey, RoomName>,
    pub(super) audience: Audience,
    pub(super) context: Context,
}

impl Rooms {
    /// Without rooms.
    pub fn new(limits: Limits) -> Self {
        Self {
            rooms: BTreeMap::new(),
            places: BTreeMap::new(),
            audience: Audience::default(),
            context: Context::new(limits),
        }
    }

    /// Creates a room, for the API; one that is there stays as it is. Ends after
    /// [`Limits::empty_grace`] if nobody comes. `Err` when there are [`Limits::rooms_max`], of
    /// which none may give way.
    pub fn create(&mut self, now: Instant, name: RoomName) -> Result<Room, CreateError> {
        self.check_space(&name)
            .map_err(|limit| CreateError::Full { limit })?;
        self.make_space(&name);
        let at = now + self.context.limits.empty_grace;
        let room = self.open(&name);
        room.is_proved = true;
        let (room, empty) = (room.room(), room.members.is_empty());
        if empty {
            self.context.empty.begin(name, at);
        }
        Ok(room)
    }

    /// Ends a room with all in it, for the API; `text` is told to them. False when there is none.
    pub fn close(&mut self, room: &RoomName, text: Option<String>) -> bool {
        self.end_room(room, EndReason::Closed, text)
    }

    /// Ends all rooms with [`EndReason::Stopping`]: the server stops.
    pub fn stop(&mut self) {
        let names: Vec<_> = self.rooms.keys().cloned().collect();
        for name in names {
            self.end_room(&name, EndReason::Stopping, None);
        }
    }

    /// A room, if it is there.
    pub fn room(&self, room: &RoomName) -> Option<Room> {
        self.rooms.get(room).map(RoomState::room)
    }

    /// All rooms, by name.
    pub fn rooms(&self) -> impl Iterator<Item = Room> {
        self.rooms.values().map(RoomState::room)
    }

    /// Those in a room, without the hidden, in the order of their keys. `None`: no such room.
    pub fn participants(&self, room: &RoomName) -> Option<Vec<Participant>> {
        let participants = self.rooms.get(room)?.participants();
        Some(participants.map(|(_, p)| p.clone()).collect())
    }

    /// The streams of a room, by name. `None`: no such room.
    pub fn streams(&self, room: &RoomName) -> Option<Vec<Stream>> {
        self.rooms.get(room).map(RoomState::streams)
    }

    /// A stream by its name.
    pub fn stream(&self, stream: &StreamName) -> Option<&Stream> {
        let room = self.rooms.get(&RoomName::of(stream))?;
        room.streams.get(stream).map(|p| &p.stream)
    }

    /// Who publishes a stream.
    pub fn owner(&self, stream: &StreamName) -> Option<ParticipantKey> {
        let room = self.rooms.get(&RoomName::of(stream))?;
        room.streams.get(stream).map(|p| p.owner)
    }

    /// Who has an id in a room, also when it is hidden.
    pub fn key(&self, room: &RoomName, id: &ParticipantId) -> Option<ParticipantKey> {
        self.rooms.get(room)?.keys.get(id).copied()
    }

    /// Somebody in a room; `None` when the participation is over.
    pub fn participant(&self, key: ParticipantKey) -> Option<&Participant> {
        let room = self.rooms.get(self.places.get(&key)?)?;
        room.members.get(&key).map(|member| &member.participant)
    }

    /// The room in which somebody is; `None` when the participation is over.
    pub fn room_of(&self, key: ParticipantKey) -> Option<&RoomName> {
        self.places.get(&key)
    }

    /// Number of participants in all rooms, with the hidden.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nobody is in any room. There may be rooms.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The next thing to carry out. Call until `None` after each other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.context.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; changes with each other call.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let next = [self.context.timers.next(), self.context.empty.next()];
        next.into_iter().flatten().min()
    }

    /// Does what is due: delivers what was gathered, ends who is lost and what is empty.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.context.timers.pop(now) {
            match timer {
                Timer::Flush(name) => self.with_room(&name, |room, cx| room.flush(cx)),
                Timer::Counts(name) => self.with_room(&name, |room, cx| room.tell_room(now, cx)),
                Timer::Lost(key) => {
                    self.end(now, key, EndReason::Lost, None);
                }
            }
        }
        while let Some(name) = self.context.empty.pop(now) {
            self.end_room(&name, EndReason::Closed, None);
        }
    }

    /// Whether a room is there or may begin; else the limit that is reached.
    pub(super) fn check_space(&self, name: &RoomName) -> Result<(), &'static str> {
        if self.is_full_for(name) && self.longest_empty().is_none() {
            return Err("rooms.rooms_max");
        }
        Ok(())
    }

    /// Ends the room that has been empty for the longest, when another one could not begin.
    pub(super) fn make_space(&mut self, name: &RoomName) {
        if self.is_full_for(name)
            && let Some(longest) = self.longest_empty().cloned()
        {
            self.end_room(&longest, EndReason::Closed, None);
        }
    }

    /// The room that may give way. A locked one does not: whoever came next would find it open.
    fn longest_empty(&self) -> Option<&RoomName> {
        let is_locked = |name: &RoomName| self.rooms.get(name).is_some_and(|room| room.locked);
        let mut empty = self.context.empty.in_order();
        empty.find(|name| !is_locked(name))
    }

    fn is_full_for(&self, name: &RoomName) -> bool {
        let full = self.rooms.len() >= self.context.limits.rooms_max;
        full && !self.rooms.contains_key(name)
    }

    /// The room of this name, which begins if it is not there.
    pub(super) fn open(&mut self, name: &RoomName) -> &mut RoomState {
        self.rooms.entry(name.clone()).or_insert_with(|| {
            self.context
                .notice(Notice::RoomStarted { room: name.clone() });
            RoomState::new(name.clone(), self.audience.of(name))
        })
    }

    /// The room in which a participant is, and what it needs to act.
    pub(super) fn at(&mut self, key: ParticipantKey) -> Option<(&mut RoomState, &mut Context)> {
        let room = self.rooms.get_mut(self.places.get(&key)?)?;
        Some((room, &mut self.context))
    }

    fn with_room(&mut self, name: &RoomName, act: impl FnOnce(&mut RoomState, &mut Context)) {
        if let Some(room) = self.rooms.get_mut(name) {
            act(room, &mut self.context);
        }
    }
}
