//! The events that the server sends, and the data that they carry.

use serde::{Deserialize, Serialize};

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

/// A participant in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// The participant's id, unique in the room.
    pub id: String,
    /// The name to show to people.
    pub name: String,
    /// What the participant may do.
    pub role: Role,
    /// Text of the application, which the server does not interpret.
    pub metadata: String,
    /// Whether the participant's socket is connected.
    pub state: ParticipantState,
    /// The quality of the participant's connection.
    pub quality: Quality,
    /// When the participant joined, in milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub joined_at: u64,
}

/// Whether a participant's socket is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ParticipantState {
    /// The socket is connected.
    Connected,
    /// The socket is lost; the participant may resume.
    Lost,
}

/// What a participant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything, including actions on other participants.
    Host,
    /// Publish, view and send messages.
    Publisher,
    /// View and send messages.
    Viewer,
    /// Only view; other participants do not see it.
    Hidden,
}

/// The quality of a participant's connection, measured by its packet loss and round-trip time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Quality {
    /// Not measured: the participant has no media.
    Unknown,
    /// At most 2 % of packets are lost, and the round trip takes at most 300 ms.
    Good,
    /// At most 8 % of packets are lost, and the round trip takes at most 600 ms.
    Fair,
    /// More packets are lost, or the round trip takes longer.
    Poor,
}

/// The state of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// The room's name.
    pub name: String,
    /// Whether only hosts may join.
    pub locked: bool,
    /// The number of participants, without hidden ones.
    pub participants: u32,
    /// The number of external viewers: they watch a stream by WHEP without joining the room.
    pub viewers: u32,
}

/// A stream in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    /// The stream's name, unique on the server; `/whep/{name}` plays it.
    pub name: String,
    /// The id of the participant who publishes it.
    pub participant: String,
    /// Tells the streams of one participant apart; absent on a stream that was published without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub label: Option<String>,
    /// Whether the server receives media.
    pub active: bool,
    /// The tracks, audio first.
    pub tracks: Vec<Track>,
}

/// A track of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Track {
    /// Audio or video.
    pub kind: TrackKind,
    /// Where the media comes from, such as `camera`; absent when the publisher did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub source: Option<String>,
    /// Whether the publisher has muted the track.
    pub muted: bool,
    /// The codec's name in SDP; absent before the first packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub codec: Option<String>,
    /// The simulcast layers, worst first; empty without simulcast.
    pub layers: Vec<Layer>,
}

/// A simulcast layer of a video track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// The layer's rid.
    pub rid: String,
    /// Width in pixels; 0 when the publisher did not say.
    pub width: u32,
    /// Height in pixels; 0 when the publisher did not say.
    pub height: u32,
    /// Whether the server receives packets of the layer.
    pub active: bool,
}

/// The kind of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum TrackKind {
    /// An audio track.
    Audio,
    /// A video track.
    Video,
}

/// A message of a participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The message's number, which counts up in the room.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: u64,
    /// Whether the message is for people or for programs.
    pub kind: MessageKind,
    /// The sender's id.
    pub from: String,
    /// The sender's name when it sent the message; the sender may have left since.
    pub name: String,
    /// The id of the only recipient besides the sender; absent when the message is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to: Option<String>,
    /// The topic, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub topic: Option<String>,
    /// The text.
    pub body: String,
    /// When it was sent, in milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub sent_at: u64,
}

/// Whether a message is for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum MessageKind {
    /// A chat message for people.
    Chat,
    /// Data for programs.
    Data,
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

/// Why a participation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// The participant left.
    Left,
    /// The participant's socket was lost and it did not resume in time.
    Lost,
    /// A client joined with the same id: probably the same person on another device.
    Replaced,
    /// A host removed the participant.
    Kicked,
    /// A host or the API closed the room.
    Closed,
    /// The participant did not confirm the frames that the server sent.
    Slow,
    /// The server is shutting down.
    Stopping,
}
