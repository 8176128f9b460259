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
use model::StreamName;

/// The state of one room.
#[derive(Debug)]
pub(super) struct RoomState {
    pub(super) name: RoomName,
    pub(super) locked: bool,
    /// A participant has [proved](super::Rooms::prove) that it is there, or the API created the
    /// room.
    pub(super) is_proved: bool,
    pub(super) members: BTreeMap<ParticipantKey, Member>,
    pub(super) keys: BTreeMap<ParticipantId, ParticipantKey>,
    /// The number of members that are not hidden.
    pub(super) seen: usize,
    pub(super) streams: BTreeMap<StreamName, Published>,
    pub(super) history: History,
    /// The number of external viewers.
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

    /// The room as others see it.
    pub(super) fn room(&self) -> Room {
        Room {
            name: self.name.clone(),
            locked: self.locked,
            participants: self.seen,
            viewers: self.viewers,
        }
    }

    /// The participants without the hidden ones, in the order of their keys.
    pub(super) fn participants(&self) -> impl Iterator<Item = (ParticipantKey, &Participant)> {
        let seen = self.members.iter().filter(|(_, member)| member.is_seen());
        seen.map(|(key, member)| (*key, &member.participant))
    }

    /// All streams, by name.
    pub(super) fn streams(&self) -> Vec<Stream> {
        self.streams.values().map(|p| p.stream.clone()).collect()
    }

    /// The participant with this id; `None` if it is hidden or not in the room.
    pub(super) fn seen_key(&self, id: &ParticipantId) -> Option<ParticipantKey> {
        let key = *self.keys.get(id)?;
        self.members.get(&key)?.is_seen().then_some(key)
    }

    /// Tells all participants of an event: at once in a small room, gathered with others in a large
    /// one.
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

    /// Tells only these participants of an event, behind all events that were gathered for them.
    pub(super) fn tell_some(&mut self, to: Vec<ParticipantKey>, event: Event, cx: &mut Context) {
        for key in &to {
            self.flush_one(*key, cx);
        }
        cx.deliver(to, Arc::new([event]));
    }

    /// Tells all participants that one has changed, or only that one if it is hidden.
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

    /// Notes that the room's counts have changed. Its participants are told within
    /// [`COUNTS_INTERVAL`].
    pub(super) fn counts_changed(&self, now: Instant, cx: &mut Context) {
        let timer = Timer::Counts(self.name.clone());
        cx.timers.begin(timer, now + COUNTS_INTERVAL);
    }

    /// Tells all participants the present state of the room.
    pub(super) fn tell_room(&mut self, now: Instant, cx: &mut Context) {
        cx.timers.cancel(Timer::Counts(self.name.clone()));
        self.tell(now, Event::RoomChanged(self.room()), cx);
    }

    /// Delivers all gathered events.
    pub(super) fn flush(&mut self, cx: &mut Context) {
        cx.timers.cancel(Timer::Flush(self.name.clone()));
        for (to, events) in self.log.flush() {
            cx.deliver(to, events);
        }
    }

    /// Delivers the events that were gathered for one participant.
    pub(super) fn flush_one(&mut self, key: ParticipantKey, cx: &mut Context) {
        if let Some((to, events)) = self.log.flush_one(key) {
            cx.deliver(to, events);
        }
    }
}
