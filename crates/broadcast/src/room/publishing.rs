use std::time::Instant;

use rtp::Kind;

use super::context::Context;
use super::published::Published;
use super::state::RoomState;
use super::{
    Event, Notice, ParticipantKey, PublishError, RoomName, Rooms, Stream, StreamError, Track,
};
use crate::{StreamName, TrackStatus};

/// What a publisher says of its stream.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// What tells its streams apart.
    pub label: Option<String>,
    /// The application's. At most [`Limits::metadata_bytes_max`](super::Limits).
    pub metadata: String,
    /// At most one of each kind; a second one is left out.
    pub tracks: Vec<Track>,
}

/// What [`Rooms::publish`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishedChange {
    /// The stream was not there before.
    pub is_new: bool,
    /// Tracks that were not there before; audio first.
    pub begun: Vec<Kind>,
    /// Tracks that are not there any more; audio first.
    pub ended: Vec<Kind>,
}

impl Rooms {
    /// Adds a stream, or changes the tracks of one's own. Its name has to begin with the room's.
    ///
    /// A stream that was never declared to have tracks gets those that [`Self::report`] shows, and
    /// a track without declared layers likewise its layers.
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

    /// Ends a stream of one's own.
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

    /// Others see that a track of one's own stream carries nothing, or something again.
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

    /// What the media side measures of a stream; all of it each time. Told only when others can
    /// see a change. Nothing happens when there is no such stream.
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
    /// Whether a stream would be new; an error when it may not be published.
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

    /// The stream, which begins if it is not there.
    fn add_published(&mut self, key: ParticipantKey, name: &StreamName) -> &mut Published {
        let participant = &self.members[&key].participant;
        self.streams
            .entry(name.clone())
            .or_insert_with(|| Published::new(name.clone(), key, participant.id.clone()))
    }

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

    fn tell_added(&mut self, now: Instant, name: &StreamName, cx: &mut Context) {
        let stream = self.streams[name].stream.clone();
        self.tell(now, Event::StreamAdded(stream.clone()), cx);
        cx.notice(Notice::StreamStarted {
            room: self.name.clone(),
            stream,
        });
    }

    /// Tells what a stream is like now, if that is not what it was before.
    fn tell_stream(&mut self, now: Instant, before: &Stream, cx: &mut Context) {
        let stream = &self.streams[&before.name].stream;
        if stream != before {
            let event = Event::StreamChanged(stream.clone());
            self.tell(now, event, cx);
        }
    }

    /// Gives a track that has come to all who want it.
    fn show(&mut self, stream: &StreamName, kind: Kind, cx: &mut Context) {
        let owner = self.streams.get(stream).map(|p| p.owner);
        for (key, member) in &mut self.members {
            if Some(*key) != owner && member.subscriptions.begin(stream, kind) {
                cx.view(*key, stream, kind);
            }
        }
    }
}
