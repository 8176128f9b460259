//! The events that the server sends.

use serde::{Deserialize, Serialize};

use crate::json::{EndReason, Message, Participant, Room, Stream, TrackKind};

/// Something that happened. A frame carries one or several, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Event {
    /// A participant joined the room.
    ParticipantJoined {
        /// The new participant.
        participant: Participant,
    },
    /// The name, metadata, state or quality of a participant changed.
    ParticipantChanged {
        /// The participant with its new values.
        participant: Participant,
    },
    /// A participant left. Its streams were removed before.
    ParticipantLeft {
        /// The participant's id.
        id: String,
        /// Why it left.
        reason: EndReason,
    },
    /// A participant began a stream.
    StreamAdded {
        /// The new stream.
        stream: Stream,
    },
    /// A stream changed: its media started or stopped, a track was muted, or its layers changed.
    StreamChanged {
        /// The stream with its new values.
        stream: Stream,
    },
    /// A stream ended.
    StreamRemoved {
        /// The stream's name.
        stream: String,
    },
    /// A participant sent a message; the sender gets it too.
    Message {
        /// The message.
        message: Message,
    },
    /// The active speakers changed.
    Speakers {
        /// The ids of the participants who speak now, loudest first.
        participants: Vec<String>,
    },
    /// The room was locked or unlocked, or its number of participants or viewers changed.
    RoomChanged {
        /// The room with its new values.
        room: Room,
    },
    /// A host asks this participant to mute a track.
    MuteRequested {
        /// The stream's name.
        stream: String,
        /// The track to mute.
        kind: TrackKind,
        /// The host's id.
        by: String,
    },
    /// An offer for the viewing peer connection. The client answers it with `answer`; the server
    /// sends no other offer before that.
    Offer {
        /// The number of the offer, counted from one.
        number: u32,
        /// The complete SDP.
        sdp: String,
        /// The track on each m-line that is in use.
        lines: Vec<Line>,
    },
    /// The server switched a subscribed video to another layer.
    Layer {
        /// The stream's name.
        stream: String,
        /// The rid of the new layer.
        rid: String,
    },
    /// The server gave up a peer connection, which has to be replaced. For `publish` the client
    /// publishes again; for `view` the next offer is for a new connection.
    PeerLost {
        /// The lost peer connection.
        peer: super::PeerName,
    },
    /// The participation is over. No frame follows.
    Ended {
        /// Why it ended.
        reason: EndReason,
        /// The reason that a host gave, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        text: Option<String>,
    },
}

/// The track that an m-line of an offer carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The m-line's `a=mid`.
    pub mid: String,
    /// The stream's name.
    pub stream: String,
    /// The track of the stream.
    pub kind: TrackKind,
}
