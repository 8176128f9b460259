use std::collections::BTreeMap;
use std::time::Instant;

use super::audience::Audience;
use super::context::Context;
use super::state::RoomState;
use super::timers::Timer;
use super::{
    CreateError, EndReason, Limits, Output, Participant, ParticipantId, ParticipantKey, Room,
    RoomName, Stream, WebhookEvent,
};
use model::StreamName;

/// All rooms of a process. See the [module](super).
///
/// A room begins when a participant joins it or when it is created. It ends when it has been empty
/// for [`Limits::empty_grace`], or when it is closed. An empty room that is not locked ends earlier
/// if another room is needed and there are [`Limits::rooms_max`] already. Its lock and its messages
/// end with it.
#[derive(Debug)]
pub struct Rooms {
    pub(super) rooms: BTreeMap<RoomName, RoomState>,
    /// The room of each participation.
    pub(super) places: BTreeMap<ParticipantKey, RoomName>,
    pub(super) audience: Audience,
    pub(super) context: Context,
}

impl Rooms {
    /// Creates the state machine without rooms.
    pub fn new(limits: Limits) -> Self {
        Self {
            rooms: BTreeMap::new(),
            places: BTreeMap::new(),
            audience: Audience::default(),
            context: Context::new(limits),
        }
    }

    /// Creates a room, for the API; a room that exists stays as it is. The room ends after
    /// [`Limits::empty_grace`] if no participant joins. `Err(Full)` when there are
    /// [`Limits::rooms_max`] rooms and none of them may give way.
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

    /// Ends a room and all participations in it with [`EndReason::Closed`], for the API; `text` is
    /// told to the participants. Returns false when there is no such room.
    pub fn close(&mut self, room: &RoomName, text: Option<String>) -> bool {
        self.end_room(room, EndReason::Closed, text)
    }

    /// Ends all rooms with [`EndReason::Stopping`], since the server stops.
    pub fn stop(&mut self) {
        let names: Vec<_> = self.rooms.keys().cloned().collect();
        for name in names {
            self.end_room(&name, EndReason::Stopping, None);
        }
    }

    /// The room of this name; `None` if there is none.
    pub fn room(&self, room: &RoomName) -> Option<Room> {
        self.rooms.get(room).map(RoomState::room)
    }

    /// All rooms, in the order of their names.
    pub fn rooms(&self) -> impl Iterator<Item = Room> {
        self.rooms.values().map(RoomState::room)
    }

    /// The number of rooms.
    pub fn rooms_count(&self) -> usize {
        self.rooms.len()
    }

    /// The participants of a room without the hidden ones, in the order of their keys; `None` if
    /// there is no such room.
    pub fn participants(&self, room: &RoomName) -> Option<Vec<Participant>> {
        let participants = self.rooms.get(room)?.participants();
        Some(participants.map(|(_, p)| p.clone()).collect())
    }

    /// The streams of a room, in the order of their names; `None` if there is no such room.
    pub fn streams(&self, room: &RoomName) -> Option<Vec<Stream>> {
        self.rooms.get(room).map(RoomState::streams)
    }

    /// The stream of this name; `None` if there is none.
    pub fn stream(&self, stream: &StreamName) -> Option<&Stream> {
        let room = self.rooms.get(&RoomName::of(stream))?;
        room.streams.get(stream).map(|p| &p.stream)
    }

    /// The participant that publishes a stream.
    pub fn owner(&self, stream: &StreamName) -> Option<ParticipantKey> {
        let room = self.rooms.get(&RoomName::of(stream))?;
        room.streams.get(stream).map(|p| p.owner)
    }

    /// The participant with this id in a room, also if it is hidden.
    pub fn key(&self, room: &RoomName, id: &ParticipantId) -> Option<ParticipantKey> {
        self.rooms.get(room)?.keys.get(id).copied()
    }

    /// A participant by its key; `None` when the participation is over.
    pub fn participant(&self, key: ParticipantKey) -> Option<&Participant> {
        let room = self.rooms.get(self.places.get(&key)?)?;
        room.members.get(&key).map(|member| &member.participant)
    }

    /// The room of a participant; `None` when the participation is over.
    pub fn room_of(&self, key: ParticipantKey) -> Option<&RoomName> {
        self.places.get(&key)
    }

    /// The number of participants in all rooms, with the hidden ones.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are no participants at all. There may be empty rooms.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the next output to carry out. Call it until `None` after each other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.context.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; may change with each other call.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let next = [self.context.timers.next(), self.context.empty.next()];
        next.into_iter().flatten().min()
    }

    /// Does what is due: delivers gathered events and counts, ends participants that were lost for
    /// too long, and rooms that were empty for too long.
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

    /// Whether a room exists or may begin; else returns the limit that is reached.
    pub(super) fn check_space(&self, name: &RoomName) -> Result<(), &'static str> {
        if self.is_full_for(name) && self.longest_empty().is_none() {
            return Err("rooms.rooms_max");
        }
        Ok(())
    }

    /// Ends the room that has been empty for the longest time, if `name` could not begin otherwise.
    pub(super) fn make_space(&mut self, name: &RoomName) {
        if self.is_full_for(name)
            && let Some(longest) = self.longest_empty().cloned()
        {
            self.end_room(&longest, EndReason::Closed, None);
        }
    }

    /// The room that gives way when another one needs its place. A locked room never does: it
    /// would be unlocked for the next participant to join.
    fn longest_empty(&self) -> Option<&RoomName> {
        let is_locked = |name: &RoomName| self.rooms.get(name).is_some_and(|room| room.locked);
        let mut empty = self.context.empty.in_order();
        empty.find(|name| !is_locked(name))
    }

    fn is_full_for(&self, name: &RoomName) -> bool {
        let full = self.rooms.len() >= self.context.limits.rooms_max;
        full && !self.rooms.contains_key(name)
    }

    /// The room of this name, which begins if it does not exist.
    pub(super) fn open(&mut self, name: &RoomName) -> &mut RoomState {
        self.rooms.entry(name.clone()).or_insert_with(|| {
            self.context
                .webhook(WebhookEvent::RoomStarted { room: name.clone() });
            RoomState::new(name.clone(), self.audience.of(name))
        })
    }

    /// The room of a participant, and the context that the room needs to act.
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
