use std::time::{Duration, Instant};

use super::context::Context;
use super::member::Member;
use super::state::RoomState;
use super::timers::Timer;
use super::{
    EndReason, Event, JoinError, Limits, Message, MetadataError, Notice, Participant,
    ParticipantId, ParticipantKey, Quality, Role, Room, RoomName, Rooms, State, Stream,
};

/// A request to enter a room.
#[derive(Debug, Clone)]
pub struct Join {
    /// The new participation; never used before.
    pub key: ParticipantKey,
    /// Which room. It begins if it is not there.
    pub room: RoomName,
    /// Who. Another participation with this id in the room ends with [`EndReason::Replaced`].
    pub id: ParticipantId,
    /// For people; `None`: the id.
    pub name: Option<String>,
    /// The application's.
    pub metadata: String,
    /// What it may do. Whoever fills this in has looked at tokens.
    pub role: Role,
    /// It gets all tracks of others that it does not decline; otherwise those that it asks for.
    pub auto_subscribe: bool,
    /// In milliseconds since 1970.
    pub joined_at: u64,
    /// Whether the participant has shown that it is there. A publisher by WHIP does so when it
    /// connects ([`Rooms::prove`]); a room of which no participant ever did ends with its last.
    pub is_proved: bool,
}

/// Somebody has entered. All that happens afterwards comes as events, and nothing else does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The one who entered, as others see it.
    pub participant: Participant,
    /// The room, with the newcomer in it.
    pub room: Room,
    /// The others, without the hidden, in the order of their keys.
    pub participants: Vec<Participant>,
    /// By name.
    pub streams: Vec<Stream>,
    /// The last [`MESSAGES_KEPT`](super::MESSAGES_KEPT) to all, oldest first.
    pub messages: Vec<Message>,
}

impl Rooms {
    /// Lets somebody into a room, or says why not. A participation of the same id ends. Who
    /// wants all tracks is given those that are there.
    pub fn join(&mut self, now: Instant, join: Join) -> Result<Joined, JoinError> {
        debug_assert!(
            !self.places.contains_key(&join.key),
            "keys are not used again"
        );
        let old = self.admit(&join)?;
        self.make_space(&join.room);
        if let Some(old) = old {
            self.end(now, old, EndReason::Replaced, None);
        }
        let (key, name) = (join.key, join.room.clone());
        self.open(&name);
        self.places.insert(key, name.clone());
        self.context.empty.cancel(name);
        let (room, cx) = self.at(key).expect("opened and placed above");
        room.is_proved |= join.is_proved;
        room.add_member(now, key, Member::new(join), cx);
        Ok(room.snapshot(key))
    }

    /// The participant has shown that it is there, see [`Join::is_proved`].
    pub fn prove(&mut self, key: ParticipantKey) {
        if let Some((room, _)) = self.at(key) {
            room.is_proved = true;
        }
    }

    /// Ends a participation; nothing happens when it is over already.
    pub fn leave(&mut self, now: Instant, key: ParticipantKey, reason: EndReason) {
        self.end(now, key, reason, None);
    }

    /// A participant's socket is lost. Others see it, and it ends after [`Limits::lost_grace`]
    /// unless it is [found](Self::found). Its streams and subscriptions go on until then.
    pub fn lost(&mut self, now: Instant, key: ParticipantKey) {
        self.lost_for(now, key, self.context.limits.lost_grace);
    }

    /// Like [`Self::lost`], with a time of one's own.
    pub fn lost_for(&mut self, now: Instant, key: ParticipantKey, grace: Duration) {
        let Some((room, cx)) = self.at(key) else {
            return;
        };
        cx.timers.begin(Timer::Lost(key), now + grace);
        room.change(now, key, cx, |participant| participant.state = State::Lost);
    }

    /// A participant's socket is back. False when the participation is over.
    pub fn found(&mut self, now: Instant, key: ParticipantKey) -> bool {
        let Some((room, cx)) = self.at(key) else {
            return false;
        };
        cx.timers.cancel(Timer::Lost(key));
        room.change(now, key, cx, |participant| {
            participant.state = State::Connected;
        });
        true
    }

    /// Changes what others see of a participant. `None` stays as it is.
    pub fn set_metadata(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        name: Option<String>,
        metadata: Option<String>,
    ) -> Result<(), MetadataError> {
        let (room, cx) = self.at(key).ok_or(MetadataError::Unknown)?;
        check_texts(&cx.limits, name.as_deref(), metadata.as_deref())
            .map_err(|(field, max)| MetadataError::TooLong { field, max })?;
        room.change(now, key, cx, |participant| {
            if let Some(name) = name {
                participant.name = name;
            }
            if let Some(metadata) = metadata {
                participant.metadata = metadata;
            }
        });
        Ok(())
    }

    /// How well a participant's connection does, as measured.
    pub fn set_quality(&mut self, now: Instant, key: ParticipantKey, quality: Quality) {
        if let Some((room, cx)) = self.at(key) {
            room.change(now, key, cx, |participant| participant.quality = quality);
        }
    }

    /// Who speaks in a room now, loudest first. Ids of nobody, or of the hidden, are left out.
    pub fn set_speakers(&mut self, now: Instant, room: &RoomName, mut ids: Vec<ParticipantId>) {
        if let Some(room) = self.rooms.get_mut(room) {
            ids.retain(|id| room.seen_key(id).is_some());
            room.tell(now, Event::Speakers(ids), &mut self.context);
        }
    }

    /// Whether somebody may enter: the participation that it replaces, or why not.
    fn admit(&self, join: &Join) -> Result<Option<ParticipantKey>, JoinError> {
        let limits = &self.context.limits;
        check_texts(limits, join.name.as_deref(), Some(&join.metadata))
            .map_err(|(field, max)| JoinError::TooLong { field, max })?;
        self.check_space(&join.room)
            .map_err(|limit| JoinError::Full { limit })?;
        let Some(room) = self.rooms.get(&join.room) else {
            return Ok(None);
        };
        if room.locked && !join.role.is_host() {
            return Err(JoinError::Locked);
        }
        let old = room.keys.get(&join.id).copied();
        if old.is_none() && room.members.len() >= limits.participants_max {
            return Err(JoinError::Full {
                limit: "rooms.participants_max",
            });
        }
        Ok(old)
    }
}

impl RoomState {
    fn add_member(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        mut member: Member,
        cx: &mut Context,
    ) {
        let participant = member.participant.clone();
        for (stream, published) in &self.streams {
            for kind in published.kinds() {
                if member.subscriptions.begin(stream, kind) {
                    cx.view(key, stream, kind);
                }
            }
        }
        self.keys.insert(participant.id.clone(), key);
        if participant.role.is_seen() {
            self.seen += 1;
            self.tell(now, Event::ParticipantJoined(participant.clone()), cx);
            self.counts_changed(now, cx);
            cx.notice(Notice::ParticipantJoined {
                room: self.name.clone(),
                participant,
            });
        }
        self.members.insert(key, member);
        // Reads from here on: the newcomer is not told of itself.
        self.log.add(key);
    }

    fn snapshot(&self, key: ParticipantKey) -> Joined {
        let others = self.participants().filter(|(other, _)| *other != key);
        Joined {
            participant: self.members[&key].participant.clone(),
            room: self.room(),
            participants: others.map(|(_, p)| p.clone()).collect(),
            streams: self.streams(),
            messages: self.history.messages(),
        }
    }

    /// Changes a participant, and tells it if it is a change.
    fn change(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        cx: &mut Context,
        change: impl FnOnce(&mut Participant),
    ) {
        let Some(member) = self.members.get_mut(&key) else {
            return;
        };
        let before = member.participant.clone();
        change(&mut member.participant);
        if member.participant != before {
            self.tell_changed(now, key, cx);
        }
    }
}

/// Which text is too long, and how long it may be.
fn check_texts(
    limits: &Limits,
    name: Option<&str>,
    metadata: Option<&str>,
) -> Result<(), (&'static str, usize)> {
    for (field, text, max) in [
        ("name", name, limits.name_bytes_max),
        ("metadata", metadata, limits.metadata_bytes_max),
    ] {
        if text.is_some_and(|text| text.len() > max) {
            return Err((field, max));
        }
    }
    Ok(())
}
