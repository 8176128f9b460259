use std::time::Instant;

use rtp::Kind;

use super::context::Context;
use super::member::Member;
use super::published::Published;
use super::{ParticipantKey, RoomName, Rooms, StreamError};
use crate::StreamName;

const ALL: &[Kind] = &[Kind::Audio, Kind::Video];

impl Rooms {
    /// Asks for tracks of somebody's stream; `None`: all. A track that is not there yet is given
    /// when it comes. What is given already stays as it is.
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

    /// Declines tracks of somebody's stream; `None`: all. Holds until the stream ends, or until
    /// the participant subscribes.
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

    /// Says how a track that is given is to come. `size` is the width and height at which video
    /// is shown, in pixels; 0: the largest. `None` stays as it is. Forgotten when the track ends.
    pub fn adjust(
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
            cx.adjust(key, stream, kind, *settings);
        }
        Ok(())
    }

    /// How many watch a stream without being in its room. Counts for the room also when the
    /// stream or the room begins later, until it is set to 0.
    pub fn set_viewers(&mut self, now: Instant, stream: &StreamName, viewers: usize) {
        let total = self.audience.set(stream, viewers);
        if let Some(room) = self.rooms.get_mut(&RoomName::of(stream))
            && room.viewers != total
        {
            room.viewers = total;
            room.counts_changed(now, &mut self.context);
        }
    }

    /// A participant and a stream of somebody else in the same room.
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
