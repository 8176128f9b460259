use std::time::Instant;

use rtp::Kind;

use super::context::Context;
use super::published::Published;
use super::state::RoomState;
use super::{
    Declared, Event, ParticipantKey, PublishError, PublishedChange, RoomName, Rooms, Stream,
    StreamError, WebhookEvent,
};
use model::{StreamName, TrackStatus};

impl Rooms {
    /// Adds a stream of a participant, or changes one that the participant publishes already. The
    /// first segment of its name is the room's name.
    ///
    /// A stream that was never declared with tracks gets them from [`Self::report`], and so does a
    /// track without declared layers get its layers.
    pub fn publish(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        name: StreamName,
        declared: Declared,
    ) -> Result<PublishedChange, PublishError> {
        let (room, cx) = self.at(key).ok_or(PublishError::Unknown)?;
        let max = cx.limits.metadata_bytes_max;
        if declared.metadata.len() > max {
            let field = "metadata";
            return Err(PublishError::TooLong { field, max });
        }
        let is_new = room.check_stream(key, &name, cx)?;
        let published = room.add_published(key, &name);
        let before = published.stream.clone();
        let mut change = published.declare(declared);
        change.is_new = is_new;
        for kind in &change.ended {
            room.hide(&name, *kind, cx);
        }
        if is_new {
            room.tell_added(now, &name, cx);
        } else {
            room.tell_stream(now, &before, cx);
        }
        for kind in &change.begun {
            room.show(&name, *kind, cx);
        }
        Ok(change)
    }

    /// Ends a stream of the participant that publishes it.
    pub fn unpublish(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        stream: &StreamName,
    ) -> Result<(), StreamError> {
        let (room, cx) = self.at(key).ok_or(StreamError::Unknown)?;
        room.own_stream(key, stream)?;
        room.remove_stream(now, stream, cx);
        Ok(())
    }

    /// Notes that the publisher of a stream has muted or unmuted a track. Others are told.
    pub fn mute(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        stream: &StreamName,
        kind: Kind,
        muted: bool,
    ) -> Result<(), StreamError> {
        let (room, cx) = self.at(key).ok_or(StreamError::Unknown)?;
        let published = room.own_stream(key, stream)?;
        let before = published.stream.clone();
        let mut tracks = published.stream.tracks.iter_mut();
        let track = tracks.find(|track| track.kind == kind);
        track.ok_or(StreamError::NotFound)?.muted = muted;
        room.tell_stream(now, &before, cx);
        Ok(())
    }

    /// Takes what the media side measures of a stream, with all its tracks each time. Participants
    /// are told only if they can see a change. Does nothing if there is no such stream.
    pub fn report(
        &mut self,
        now: Instant,
        stream: &StreamName,
        active: bool,
        tracks: &[TrackStatus],
    ) {
        let Some(room) = self.rooms.get_mut(&RoomName::of(stream)) else {
            return;
        };
        let Some(published) = room.streams.get_mut(stream) else {
            return;
        };
        let before = published.stream.clone();
        let begun = published.measure(active, tracks);
        room.tell_stream(now, &before, &mut self.context);
        for kind in begun {
            room.show(stream, kind, &mut self.context);
        }
    }
}

impl RoomState {
    /// Checks whether a participant may publish a stream. Returns whether the stream is new.
    fn check_stream(
        &self,
        key: ParticipantKey,
        name: &StreamName,
        cx: &Context,
    ) -> Result<bool, PublishError> {
        let member = self.members.get(&key).ok_or(PublishError::Unknown)?;
        if !member.participant.role.may_publish() || RoomName::of(name) != self.name {
            return Err(PublishError::Forbidden);
        }
        match self.streams.get(name) {
            Some(stream) if stream.owner == key => return Ok(false),
            Some(_) => return Err(PublishError::Taken),
            None => {}
        }
        let own = self.streams.values().filter(|p| p.owner == key).count();
        let limit = if own >= cx.limits.streams_per_participant_max {
            "rooms.streams_per_participant_max"
        } else if self.streams.len() >= cx.limits.streams_max {
            "rooms.streams_max"
        } else {
            return Ok(true);
        };
        Err(PublishError::Full { limit })
    }

    /// The stream of this name, which begins if it does not exist.
    fn add_published(&mut self, key: ParticipantKey, name: &StreamName) -> &mut Published {
        let participant = &self.members[&key].participant;
        self.streams
            .entry(name.clone())
            .or_insert_with(|| Published::new(name.clone(), key, participant.id.clone()))
    }

    /// A stream, if the participant publishes it.
    fn own_stream(
        &mut self,
        key: ParticipantKey,
        stream: &StreamName,
    ) -> Result<&mut Published, StreamError> {
        match self.streams.get_mut(stream) {
            Some(published) if published.owner == key => Ok(published),
            Some(_) => Err(StreamError::Forbidden),
            None => Err(StreamError::NotFound),
        }
    }

    /// Tells participants and webhooks that a stream began.
    fn tell_added(&mut self, now: Instant, name: &StreamName, cx: &mut Context) {
        let stream = self.streams[name].stream.clone();
        self.tell(now, Event::StreamAdded(stream.clone()), cx);
        cx.webhook(WebhookEvent::StreamStarted {
            room: self.name.clone(),
            stream,
        });
    }

    /// Tells all participants the state of a stream, if it is not the same as `before`.
    fn tell_stream(&mut self, now: Instant, before: &Stream, cx: &mut Context) {
        let stream = &self.streams[&before.name].stream;
        if stream != before {
            let event = Event::StreamChanged(stream.clone());
            self.tell(now, event, cx);
        }
    }

    /// Gives a new track to all participants that want it.
    fn show(&mut self, stream: &StreamName, kind: Kind, cx: &mut Context) {
        let owner = self.streams.get(stream).map(|p| p.owner);
        for (key, member) in &mut self.members {
            if Some(*key) != owner && member.subscriptions.begin(stream, kind) {
                cx.view(*key, stream, kind);
            }
        }
    }
}
