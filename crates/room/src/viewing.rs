use std::time::Instant;

use rtp::Kind;

use super::context::Context;
use super::member::Member;
use super::published::Published;
use super::{ParticipantKey, RoomName, Rooms, StreamError};
use model::StreamName;

/// All kinds of tracks, where a call names none.
const ALL: &[Kind] = &[Kind::Audio, Kind::Video];

impl Rooms {
    /// Subscribes a participant to tracks of another participant's stream, to all with `None`. A
    /// track that does not exist yet is given as soon as it does. Tracks that are given already
    /// stay as they are.
    pub fn subscribe(
        &mut self,
        key: ParticipantKey,
        stream: &StreamName,
        kinds: Option<&[Kind]>,
    ) -> Result<(), StreamError> {
        let (member, published, cx) = self.viewing(key, stream)?;
        for kind in kinds.unwrap_or(ALL) {
            member.subscriptions.choose(stream, *kind, true);
            if published.has(*kind) && member.subscriptions.begin(stream, *kind) {
                cx.view(key, stream, *kind);
            }
        }
        Ok(())
    }

    /// Declines tracks of another participant's stream, all with `None`. This holds until the
    /// stream ends or the participant subscribes.
    pub fn unsubscribe(
        &mut self,
        key: ParticipantKey,
        stream: &StreamName,
        kinds: Option<&[Kind]>,
    ) -> Result<(), StreamError> {
        let (member, _, cx) = self.viewing(key, stream)?;
        for kind in kinds.unwrap_or(ALL) {
            member.subscriptions.choose(stream, *kind, false);
            if member.subscriptions.end(stream, *kind) {
                cx.drop(key, stream, *kind);
            }
        }
        Ok(())
    }

    /// Changes the settings of a track that a participant is given. `size` is the width and height
    /// at which it shows the video, in pixels; 0 stands for the largest. `None` leaves a setting as
    /// it is. Settings are forgotten when the track ends.
    pub fn set_track_settings(
        &mut self,
        key: ParticipantKey,
        stream: &StreamName,
        kind: Kind,
        paused: Option<bool>,
        size: Option<(u32, u32)>,
    ) -> Result<(), StreamError> {
        let (member, _, cx) = self.viewing(key, stream)?;
        let settings = member.subscriptions.settings(stream, kind);
        let settings = settings.ok_or(StreamError::NotSubscribed)?;
        let before = *settings;
        settings.paused = paused.unwrap_or(before.paused);
        (settings.width, settings.height) = size.unwrap_or((before.width, before.height));
        if *settings != before {
            cx.set_track_settings(key, stream, kind, *settings);
        }
        Ok(())
    }

    /// Sets the number of external viewers of a stream, who watch it without being in its room.
    /// They count for the room also if the stream or the room begins later, until the number is
    /// set to 0.
    pub fn set_viewers(&mut self, now: Instant, stream: &StreamName, viewers: usize) {
        let total = self.audience.set(stream, viewers);
        if let Some(room) = self.rooms.get_mut(&RoomName::of(stream))
            && room.viewers != total
        {
            room.viewers = total;
            room.counts_changed(now, &mut self.context);
        }
    }

    /// A participant, and a stream of another participant in the same room.
    fn viewing(
        &mut self,
        key: ParticipantKey,
        stream: &StreamName,
    ) -> Result<(&mut Member, &Published, &mut Context), StreamError> {
        let (room, cx) = self.at(key).ok_or(StreamError::Unknown)?;
        let member = room.members.get_mut(&key).ok_or(StreamError::Unknown)?;
        let published = room.streams.get(stream).ok_or(StreamError::NotFound)?;
        if published.owner == key {
            return Err(StreamError::Own);
        }
        Ok((member, published, cx))
    }
}
