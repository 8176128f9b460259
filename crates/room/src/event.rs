use std::sync::Arc;

use rtp::Kind;

use super::{Message, Participant, ParticipantId, ParticipantKey, Room, RoomName, Stream};
use model::StreamName;

/// Why a participation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The participant left.
    Left,
    /// Its socket was lost, and it did not come back in time.
    Lost,
    /// Another participant joined with the same id: probably the same user on another device.
    Replaced,
    /// A host or the API removed it.
    Kicked,
    /// A host or the API closed the room.
    Closed,
    /// It did not read its events fast enough.
    Slow,
    /// The server is stopping.
    Stopping,
}

/// An event that participants are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A participant joined. It is not told itself.
    ParticipantJoined(Participant),
    /// A participant changed. It is told itself, too.
    ParticipantChanged(Participant),
    /// A participant left. Its streams were removed before.
    ParticipantLeft {
        /// The participant's id.
        id: ParticipantId,
        /// Why it left.
        reason: EndReason,
    },
    /// A stream began. As with the next two events, its publisher is told, too.
    StreamAdded(Stream),
    /// A stream changed.
    StreamChanged(Stream),
    /// A stream ended; this is its last state.
    StreamRemoved(Stream),
    /// A participant or the server sent a message. The sender is told, too.
    Message(Message),
    /// The active speakers, loudest first.
    Speakers(Vec<ParticipantId>),
    /// The room was locked or unlocked, or its counts changed.
    RoomChanged(Room),
    /// A host asks this participant to mute a track.
    MuteRequested {
        /// A stream of this participant.
        stream: StreamName,
        /// The kind of the track.
        kind: Kind,
        /// The host.
        by: ParticipantId,
    },
    /// The participation ended. It is the last event, and there is exactly one.
    Ended {
        /// Why it ended.
        reason: EndReason,
        /// The text that the host or the API gave, if any.
        text: Option<String>,
    },
}

/// The settings of a track that a participant subscribes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrackSettings {
    /// Send nothing for now.
    pub paused: bool,
    /// The width at which the participant shows the video, in pixels; 0 for the largest layer.
    pub width: u32,
    /// The height at which the participant shows the video, in pixels; 0 for the largest layer.
    pub height: u32,
}

/// An output of [`Rooms`](super::Rooms). The caller carries them out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Deliver the same events, in order, to each of these participants.
    Deliver {
        /// The participants in ascending order; at least one.
        to: Vec<ParticipantKey>,
        /// The events; at least one.
        events: Arc<[Event]>,
    },
    /// Begin to give a participant this track, with [`TrackSettings::default`]. An [`Output::Drop`]
    /// of the same track comes before another `View` of it.
    View {
        /// The participant that gets the track.
        participant: ParticipantKey,
        /// The track's stream.
        stream: StreamName,
        /// The kind of the track.
        kind: Kind,
    },
    /// Stop giving a participant this track. Comes once for each [`Output::View`].
    Drop {
        /// The participant that had the track.
        participant: ParticipantKey,
        /// The track's stream.
        stream: StreamName,
        /// The kind of the track.
        kind: Kind,
    },
    /// Change the settings of a track that a participant is given.
    TrackSettings {
        /// The participant that has the track.
        participant: ParticipantKey,
        /// The track's stream.
        stream: StreamName,
        /// The kind of the track.
        kind: Kind,
        /// All settings, changed or not.
        settings: TrackSettings,
    },
    /// A stream ended: stop taking it from its publisher.
    EndStream {
        /// The stream's publisher.
        participant: ParticipantKey,
        /// The stream.
        stream: StreamName,
    },
    /// Forget this participation: its last event was delivered before, and no output about it
    /// follows.
    EndParticipant {
        /// The participation.
        participant: ParticipantKey,
    },
    /// Tell webhooks.
    Webhook(WebhookEvent),
}

/// An event that webhooks are told of. None is about a hidden participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookEvent {
    /// A room began.
    RoomStarted {
        /// The room.
        room: RoomName,
    },
    /// A room ended. All its participants left before.
    RoomEnded {
        /// The room.
        room: RoomName,
    },
    /// A participant joined.
    ParticipantJoined {
        /// The room.
        room: RoomName,
        /// The participant.
        participant: Participant,
    },
    /// A participant left.
    ParticipantLeft {
        /// The room.
        room: RoomName,
        /// The participant's id.
        participant: ParticipantId,
        /// Why it left.
        reason: EndReason,
    },
    /// A stream began.
    StreamStarted {
        /// The room.
        room: RoomName,
        /// The stream.
        stream: Stream,
    },
    /// A stream ended.
    StreamEnded {
        /// The room.
        room: RoomName,
        /// The stream's name.
        stream: StreamName,
    },
}
