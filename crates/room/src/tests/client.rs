//! The state of a client that applies its snapshot and the events after it, and nothing else.

use super::*;

/// A participation as its client sees it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) room: RoomName,
    pub(super) id: ParticipantId,
    pub(super) auto: bool,
    pub(super) role: Role,
    state: Room,
    participants: BTreeMap<ParticipantId, Participant>,
    streams: BTreeMap<StreamName, Stream>,
    /// The numbers of the messages that it got, with those in its snapshot.
    messages: Vec<u64>,
    /// The numbers of the messages that it had to get.
    pub(super) sent: Vec<u64>,
    ended: bool,
    /// [`Output::EndParticipant`] came.
    forgotten: bool,
}

impl Client {
    pub(super) fn new(join: &Join, joined: Joined, to_all: &[u64]) -> Self {
        let kept = to_all.len().saturating_sub(MESSAGES_KEPT);
        let mut client = Self {
            room: join.room.clone(),
            id: join.id.clone(),
            auto: join.auto_subscribe,
            role: join.role,
            state: joined.room,
            participants: BTreeMap::new(),
            streams: BTreeMap::new(),
            messages: joined.messages.iter().map(|m| m.number).collect(),
            sent: to_all[kept..].to_vec(),
            ended: false,
            forgotten: false,
        };
        for participant in joined.participants.into_iter().chain([joined.participant]) {
            client.participant_joined(participant);
        }
        for stream in joined.streams {
            client.stream_added(stream);
        }
        client
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended
    }

    pub(super) fn apply(&mut self, event: Event) {
        assert!(!self.ended, "{event:?} after the end");
        match event {
            Event::ParticipantJoined(participant) => self.participant_joined(participant),
            Event::ParticipantChanged(participant) => {
                let id = participant.id.clone();
                let old = self.participants.insert(id, participant);
                assert!(old.is_some(), "changed, and not there");
            }
            Event::ParticipantLeft { id, .. } => {
                assert_ne!(id, self.id, "told of its own leaving");
                assert!(self.participants.remove(&id).is_some(), "{id} left twice");
                let left = self.streams.values().find(|s| s.participant == id);
                assert_eq!(left, None, "a stream without owner");
            }
            Event::StreamAdded(stream) => self.stream_added(stream),
            Event::StreamChanged(stream) => {
                let name = stream.name.clone();
                let old = self.streams.insert(name, stream.clone());
                assert!(old.is_some_and(|old| old != stream), "nothing changed");
            }
            Event::StreamRemoved(Stream { name, .. }) => {
                assert!(self.streams.remove(&name).is_some(), "{name} removed twice");
            }
            Event::Message(message) => self.messages.push(message.number),
            Event::Speakers(ids) => {
                let known = ids.iter().all(|id| self.participants.contains_key(id));
                assert!(known, "{ids:?}");
            }
            Event::RoomChanged(room) => self.state = room,
            Event::MuteRequested { stream, .. } => {
                assert_eq!(self.streams[&stream].participant, self.id);
            }
            Event::Ended { .. } => self.ended = true,
        }
    }

    pub(super) fn forget(&mut self) {
        assert!(self.ended && !self.forgotten, "forgotten before its end");
        self.forgotten = true;
    }

    /// Compares the client's state with that of the rooms, when no event is under way.
    pub(super) fn check(&self, rooms: &Rooms) {
        assert_eq!(self.messages, self.sent, "messages");
        assert!(self.messages.is_sorted_by(|a, b| a < b), "not ascending");
        assert_eq!(self.ended, self.forgotten);
        if self.ended {
            return;
        }
        assert_eq!(Some(&self.state), rooms.room(&self.room).as_ref());
        let seen = rooms.participants(&self.room).expect("the room is there");
        let others = |p: &&Participant| self.role.is_seen() || p.id != self.id;
        let known: Vec<_> = self.participants.values().filter(others).collect();
        let mut seen: Vec<_> = seen.iter().collect();
        seen.sort_by_key(|p| &p.id);
        assert_eq!(known, seen);
        let key = rooms.key(&self.room, &self.id).expect("is there");
        let own = self.participants.get(&self.id);
        assert_eq!(own, rooms.participant(key));
        let streams = rooms.streams(&self.room).expect("the room is there");
        assert_eq!(self.streams.values().cloned().collect::<Vec<_>>(), streams);
    }

    fn participant_joined(&mut self, participant: Participant) {
        let id = participant.id.clone();
        let old = self.participants.insert(id, participant);
        assert_eq!(old, None, "joined twice");
    }

    fn stream_added(&mut self, stream: Stream) {
        assert!(self.participants.contains_key(&stream.participant));
        let old = self.streams.insert(stream.name.clone(), stream);
        assert_eq!(old, None, "added twice");
    }
}

/// The state of a webhook receiver: everything begins once and ends once.
#[derive(Debug, Default)]
pub(super) struct Observer {
    rooms: BTreeMap<RoomName, RoomState>,
}

#[derive(Debug, Default)]
struct RoomState {
    participants: BTreeMap<ParticipantId, Participant>,
    streams: BTreeMap<StreamName, ParticipantId>,
}

impl Observer {
    pub(super) fn apply(&mut self, event: WebhookEvent) {
        match event {
            WebhookEvent::RoomStarted { room } => {
                assert!(self.rooms.insert(room, RoomState::default()).is_none());
            }
            WebhookEvent::RoomEnded { room } => {
                let state = self.rooms.remove(&room).expect("had begun");
                assert!(state.participants.is_empty() && state.streams.is_empty());
            }
            WebhookEvent::ParticipantJoined { room, participant } => {
                let participants = &mut self.state(&room).participants;
                let old = participants.insert(participant.id.clone(), participant);
                assert_eq!(old, None);
            }
            WebhookEvent::ParticipantLeft {
                room, participant, ..
            } => {
                let state = self.state(&room);
                assert!(state.participants.remove(&participant).is_some());
                assert!(state.streams.values().all(|owner| *owner != participant));
            }
            WebhookEvent::StreamStarted { room, stream } => {
                let state = self.state(&room);
                assert!(state.participants.contains_key(&stream.participant));
                let old = state.streams.insert(stream.name, stream.participant);
                assert_eq!(old, None);
            }
            WebhookEvent::StreamEnded { room, stream } => {
                assert!(self.state(&room).streams.remove(&stream).is_some());
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    fn state(&mut self, room: &RoomName) -> &mut RoomState {
        self.rooms.get_mut(room).expect("the room has begun")
    }
}
