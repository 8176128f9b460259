use std::time::{Duration, Instant};

use model::Quality;

use super::context::Context;
use super::member::Member;
use super::state::RoomState;
use super::timers::Timer;
use super::{
    EndReason, Event, Join, JoinError, Joined, Limits, MetadataError, Participant, ParticipantId,
    ParticipantKey, RoomName, Rooms, State, WebhookEvent,
};

impl Rooms {
    /// Adds a participant to a room. A participation with the same id ends. With
    /// [`Join::auto_subscribe`] the participant is given all tracks that exist.
    pub fn join(&mut self, now: Instant, join: Join) -> Result<Joined, JoinError> {
        debug_assert!(
            !self.places.contains_key(&join.key),
            "keys are not used again"
        );
        // All checks come first, so that a refused participant changes nothing.
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

    /// Notes that a participant has proved that it is there, see [`Join::is_proved`].
    pub fn prove(&mut self, key: ParticipantKey) {
        if let Some((room, _)) = self.at(key) {
            room.is_proved = true;
        }
    }

    /// Ends a participation. Does nothing if it is over already.
    pub fn leave(&mut self, now: Instant, key: ParticipantKey, reason: EndReason) {
        self.end(now, key, reason, None);
    }

    /// Notes that a participant's socket is lost. Others are told, and the participant ends after
    /// [`Limits::lost_grace`] unless it is [found](Self::found) before. Its streams and
    /// subscriptions continue until then.
    pub fn lost(&mut self, now: Instant, key: ParticipantKey) {
        self.lost_for(now, key, self.context.limits.lost_grace);
    }

    /// Like [`Self::lost`], with a grace time that the caller chooses.
    pub fn lost_for(&mut self, now: Instant, key: ParticipantKey, grace: Duration) {
        let Some((room, cx)) = self.at(key) else {
            return;
        };
        cx.timers.begin(Timer::Lost(key), now + grace);
        room.change(now, key, cx, |participant| participant.state = State::Lost);
    }

    /// Notes that a participant has a socket again. Returns false when the participation is over.
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

    /// Changes a participant's name and metadata. `None` leaves either as it is.
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

    /// Sets the measured quality of a participant's connection.
    pub fn set_quality(&mut self, now: Instant, key: ParticipantKey, quality: Quality) {
        if let Some((room, cx)) = self.at(key) {
            room.change(now, key, cx, |participant| participant.quality = quality);
        }
    }

    /// Sets the active speakers of a room, loudest first. Ids that are unknown or of hidden
    /// participants are left out.
    pub fn set_speakers(&mut self, now: Instant, room: &RoomName, mut ids: Vec<ParticipantId>) {
        if let Some(room) = self.rooms.get_mut(room) {
            ids.retain(|id| room.seen_key(id).is_some());
            room.tell(now, Event::Speakers(ids), &mut self.context);
        }
    }

    /// Checks whether a participant may join. Returns the participation that it replaces, if any.
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
    /// Adds a participant: gives it the tracks that it wants, and tells the others.
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
            cx.webhook(WebhookEvent::ParticipantJoined {
                room: self.name.clone(),
                participant,
            });
        }
        self.members.insert(key, member);
        // Added only now, so that the new participant is not told of its own joining.
        self.log.add(key);
    }

    /// The state of the room for a participant that has just joined.
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

    /// Changes a participant, and tells others if anything is different afterwards.
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

/// Checks the lengths of name and metadata. `Err` has the field that is too long, and its limit in
/// bytes.
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
