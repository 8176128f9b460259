use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::context::Context;
use super::history::History;
use super::log::Log;
use super::member::Member;
use super::published::Published;
use super::timers::Timer;
use super::{
    COUNTS_INTERVAL, Event, GATHERED_MAX, Participant, ParticipantId, ParticipantKey, Room,
    RoomName, Stream,
};
use crate::StreamName;

/// One room.
#[derive(Debug)]
pub(super) struct RoomState {
    pub(super) name: RoomName,
    pub(super) locked: bool,
    /// A participant has shown that it is there, or the API created the room.
    pub(super) is_proved: bool,
    pub(super) members: BTreeMap<ParticipantKey, Member>,
    pub(super) keys: BTreeMap<ParticipantId, ParticipantKey>,
    /// Members that others see.
    pub(super) seen: usize,
    pub(super) streams: BTreeMap<StreamName, Published>,
    pub(super) history: History,
    /// Watching from outside.
    pub(super) viewers: usize,
    pub(super) log: Log,
}

impl RoomState {
    pub(super) fn new(name: RoomName, viewers: usize) -> Self {
        Self {
            name,
            locked: false,
            is_proved: false,
            members: BTreeMap::new(),
            keys: BTreeMap::new(),
            seen: 0,
            streams: BTreeMap::new(),
            history: History::default(),
            viewers,
            log: Log::default(),
        }
    }

    /// The room, as others see it.
    pub(super) fn room(&self) -> Room {
        Room {
            name: self.name.clone(),
            locked: self.locked,
            participants: self.seen,
            viewers: self.viewers,
        }
    }

    /// Those in it, without the hidden, in the order of their keys.
    pub(super) fn participants(&self) -> impl Iterator<Item = (ParticipantKey, &Participant)> {
        let seen = self.members.iter().filter(|(_, member)| member.is_seen());
        seen.map(|(key, member)| (*key, &member.participant))
    }

    /// All streams, by name.
    pub(super) fn streams(&self) -> Vec<Stream> {
        self.streams.values().map(|p| p.stream.clone()).collect()
    }

    /// Somebody whom others see, by id.
    pub(super) fn seen_key(&self, id: &ParticipantId) -> Option<ParticipantKey> {
        let key = *self.keys.get(id)?;
        self.members.get(&key)?.is_seen().then_some(key)
    }

    /// Tells everybody: at once where there are few, soon where there are many.
    pub(super) fn tell(&mut self, now: Instant, event: Event, cx: &mut Context) {
        self.log.push(event);
        let few = self.members.len() < cx.limits.gather_from;
        if few || self.log.len() >= GATHERED_MAX {
            self.flush(cx);
        } else {
            let at = now + cx.limits.gather;
            cx.timers.begin(Timer::Flush(self.name.clone()), at);
        }
    }

    /// Tells some alone, after all that they have yet to be told.
    pub(super) fn tell_some(&mut self, to: Vec<ParticipantKey>, event: Event, cx: &mut Context) {
        for key in &to {
            self.flush_one(*key, cx);
        }
        cx.deliver(to, Arc::new([event]));
    }

    /// Tells what is new about a participant: everybody, or only itself when it is hidden.
    pub(super) fn tell_changed(&mut self, now: Instant, key: ParticipantKey, cx: &mut Context) {
        let Some(member) = self.members.get(&key) else {
            return;
        };
        let event = Event::ParticipantChanged(member.participant.clone());
        if member.is_seen() {
            self.tell(now, event, cx);
        } else {
            self.tell_some(vec![key], event, cx);
        }
    }

    /// The counts are others now: the room is told within [`COUNTS_INTERVAL`].
    pub(super) fn counts_changed(&self, now: Instant, cx: &mut Context) {
        let timer = Timer::Counts(self.name.clone());
        cx.timers.begin(timer, now + COUNTS_INTERVAL);
    }

    /// Tells the room what it is like now.
    pub(super) fn tell_room(&mut self, now: Instant, cx: &mut Context) {
        cx.timers.cancel(Timer::Counts(self.name.clone()));
        self.tell(now, Event::RoomChanged(self.room()), cx);
    }

    /// Delivers all that was gathered.
    pub(super) fn flush(&mut self, cx: &mut Context) {
        cx.timers.cancel(Timer::Flush(self.name.clone()));
        for (to, events) in self.log.flush() {
            cx.deliver(to, events);
        }
    }

    /// Delivers to one what was gathered for it.
    pub(super) fn flush_one(&mut self, key: ParticipantKey, cx: &mut Context) {
        if let Some((to, events)) = self.log.flush_one(key) {
            cx.deliver(to, events);
        }
    }
}
