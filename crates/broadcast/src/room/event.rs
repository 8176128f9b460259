use std::sync::Arc;

use rtp::Kind;

use super::{Message, Participant, ParticipantId, ParticipantKey, Room, RoomName, Stream};
use crate::StreamName;

/// Why a participation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// It left.
    Left,
    /// It was lost and did not come back.
    Lost,
    /// Somebody joined with the same id: probably the same person, elsewhere.
    Replaced,
    /// A host, or the API, sent it away.
    Kicked,
    /// A host, or the API, ended the room.
    Closed,
    /// It did not take what was sent to it.
    Slow,
    /// The server stops.
    Stopping,
}

/// What participants are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody came. The newcomer itself is not told.
    ParticipantJoined(Participant),
    /// Something about a participant is new. It is told itself, too.
    ParticipantChanged(Participant),
    /// Somebody is gone. Its streams were removed before.
    ParticipantLeft {
        /// Who.
        id: ParticipantId,
        /// Why.
        reason: EndReason,
    },
    /// A stream began. Its publisher is told, too, as of the following two.
    StreamAdded(Stream),
    /// Something about a stream is new.
    StreamChanged(Stream),
    /// A stream is over: as it was last.
    StreamRemoved(Stream),
    /// Somebody wrote. The writer is told, too.
    Message(Message),
    /// Who speaks now, loudest first.
    Speakers(Vec<ParticipantId>),
    /// The room is locked or open, or the number of those in it changed.
    RoomChanged(Room),
    /// A host asks this participant to mute a track.
    MuteRequested {
        /// A stream of the participant's own.
        stream: StreamName,
        /// Which track.
        kind: Kind,
        /// The host.
        by: ParticipantId,
    },
    /// The participation is over. The last event, and there is exactly one.
    Ended {
        /// Why.
        reason: EndReason,
        /// What a host, or the API, said.
        text: Option<String>,
    },
}

/// How a participant wants a track that it subscribes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrackSettings {
    /// Send nothing for now.
    pub paused: bool,
    /// The width at which video is shown, in pixels; 0: the largest layer there is.
    pub width: u32,
    /// The height, likewise.
    pub height: u32,
}

/// What the caller has to carry out, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// The same events, in order, to each of these.
    Deliver {
        /// Ascending; at least one.
        to: Vec<ParticipantKey>,
        /// At least one.
        events: Arc<[Event]>,
    },
    /// Begin to give a participant this track, with [`TrackSettings::default`]. A [`Output::Drop`] of
    /// the same track follows before another `View`.
    View {
        /// Who gets it.
        participant: ParticipantKey,
        /// The track's stream.
        stream: StreamName,
        /// Which track of it.
        kind: Kind,
    },
    /// Stop giving it. Follows exactly one [`Output::View`].
    Drop {
        /// Who had it.
        participant: ParticipantKey,
        /// The track's stream.
        stream: StreamName,
        /// Which track of it.
        kind: Kind,
    },
    /// Give a track, that is given, in another way.
    Adjust {
        /// Who has it.
        participant: ParticipantKey,
        /// The track's stream.
        stream: StreamName,
        /// Which track of it.
        kind: Kind,
        /// All of the settings, changed or not.
        settings: TrackSettings,
    },
    /// A stream is over: stop taking it from its publisher.
    EndStream {
        /// Its publisher.
        participant: ParticipantKey,
        /// Which.
        stream: StreamName,
    },
    /// Forget this participation: its last event was delivered before. Nothing follows about it.
    EndParticipant {
        /// Which.
        participant: ParticipantKey,
    },
    /// For who observes the server from outside.
    Notice(Notice),
}

/// What is told to webhooks. The hidden are not told of here, either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A room began.
    RoomStarted {
        /// Which.
        room: RoomName,
    },
    /// A room is over; nobody was in it any more.
    RoomEnded {
        /// Which.
        room: RoomName,
    },
    /// Somebody came.
    ParticipantJoined {
        /// Where.
        room: RoomName,
        /// Who.
        participant: Participant,
    },
    /// Somebody is gone.
    ParticipantLeft {
        /// From where.
        room: RoomName,
        /// Who.
        participant: ParticipantId,
        /// Why.
        reason: EndReason,
    },
    /// A stream began.
    StreamStarted {
        /// Where.
        room: RoomName,
        /// Which.
        stream: Stream,
    },
    /// A stream is over.
    StreamEnded {
        /// Where.
        room: RoomName,
        /// Its name.
        stream: StreamName,
    },
}
