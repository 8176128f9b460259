//! What the server tells without being asked, and what it is about.

use serde::{Deserialize, Serialize};

/// What happened. A frame brings one or several, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Event {
    /// Somebody came.
    ParticipantJoined {
        /// Who.
        participant: Participant,
    },
    /// Something about a participant is new: name, metadata, state, quality.
    ParticipantChanged {
        /// As it is now.
        participant: Participant,
    },
    /// Somebody is gone. Its streams were removed before.
    ParticipantLeft {
        /// Who.
        id: String,
        /// Why.
        reason: EndReason,
    },
    /// A stream began.
    StreamAdded {
        /// Which.
        stream: Stream,
    },
    /// Something about a stream is new: whether media comes, mute, layers.
    StreamChanged {
        /// As it is now.
        stream: Stream,
    },
    /// A stream is over.
    StreamRemoved {
        /// Its name.
        stream: String,
    },
    /// Somebody wrote; also the writer is told.
    Message {
        /// What.
        message: Message,
    },
    /// Who speaks now, loudest first.
    Speakers {
        /// Ids of participants.
        participants: Vec<String>,
    },
    /// The room is locked or open, or the number of those in it changed.
    RoomChanged {
        /// As it is now.
        room: Room,
    },
    /// A host asks this participant to mute a track.
    MuteRequested {
        /// The stream's name.
        stream: String,
        /// Which track.
        kind: TrackKind,
        /// The host's id.
        by: String,
    },
    /// An offer for the viewing peer connection, to be answered by `answer`. No other comes before
    /// that.
    Offer {
        /// Counts up from one.
        number: u32,
        /// The whole offer.
        sdp: String,
        /// What the m-lines that are in use carry.
        lines: Vec<Line>,
    },
    /// Another layer of a subscribed video comes from now on.
    Layer {
        /// The stream's name.
        stream: String,
        /// The layer's rid.
        rid: String,
    },
    /// The server has given a peer connection up: another is to take its place. For `publish` the
    /// client publishes again; for `view` the next offer is for a new connection.
    PeerLost {
        /// Which.
        peer: super::PeerName,
    },
    /// The participation is over; nothing comes after it.
    Ended {
        /// Why.
        reason: EndReason,
        /// What a host said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        text: Option<String>,
    },
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Unique in the room.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The application's.
    pub metadata: String,
    /// Whether it is heard of.
    pub state: ParticipantState,
    /// Of its connection.
    pub quality: Quality,
    /// Since when, in milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub joined_at: u64,
}

/// Whether a participant is heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ParticipantState {
    /// It is.
    Connected,
    /// Its socket is lost; it may come back.
    Lost,
}

/// What a participant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// All, also what concerns others.
    Host,
    /// Publish, view, write.
    Publisher,
    /// View and write.
    Viewer,
    /// View; others do not see it.
    Hidden,
}

/// How well a participant's connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Quality {
    /// Nothing is known: there is no media.
    Unknown,
    /// Nothing is missing.
    Good,
    /// Some packets are lost, or take long.
    Fair,
    /// It shows.
    Poor,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Its name.
    pub name: String,
    /// Only hosts may enter.
    pub locked: bool,
    /// Those in it, without the hidden.
    pub participants: u32,
    /// Those who watch a stream of it without being in it: by WHEP.
    pub viewers: u32,
}

/// A stream in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    /// Unique on the server; `/whep/{name}` plays it.
    pub name: String,
    /// Whose: a participant's id.
    pub participant: String,
    /// What tells the participant's streams apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub label: Option<String>,
    /// Media comes.
    pub active: bool,
    /// Audio first.
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
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub source: Option<String>,
    /// Its publisher sends nothing.
    pub muted: bool,
    /// As SDP calls it; absent before the first packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub codec: Option<String>,
    /// Simulcast layers, worst first; empty without.
    pub layers: Vec<Layer>,
}

/// A simulcast layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// Its name.
    pub rid: String,
    /// In pixels; 0 when its publisher did not say.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// Packets of it come.
    pub active: bool,
}

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum TrackKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Counts up in the room.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: u64,
    /// For people or for programs.
    pub kind: MessageKind,
    /// The writer's id.
    pub from: String,
    /// The writer's name, which may be gone by now.
    pub name: String,
    /// The only one who gets it, besides the writer; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to: Option<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub topic: Option<String>,
    /// The text.
    pub body: String,
    /// When, in milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub sent_at: u64,
}

/// For whom a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum MessageKind {
    /// People.
    Chat,
    /// Programs.
    Data,
}

/// What an m-line of an offer carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The `a=mid`.
    pub mid: String,
    /// The stream's name.
    pub stream: String,
    /// Which track of it.
    pub kind: TrackKind,
}

/// Why a participation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// It left.
    Left,
    /// It was lost and did not come back.
    Lost,
    /// Somebody joined with the same id: probably the same person, elsewhere.
    Replaced,
    /// A host sent it away.
    Kicked,
    /// A host, or the API, ended the room.
    Closed,
    /// It did not take what was sent to it.
    Slow,
    /// The server stops.
    Stopping,
}
