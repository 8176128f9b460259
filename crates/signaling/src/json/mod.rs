//! The JSON shapes of rooms, of what is in them, and of messages.
//!
//! The API, webhooks and the protocol of rooms show the same things, so they write them the same
//! way. `web/sdk/src/wire.ts` is generated from these types.

mod conversions;
mod message;
mod stream;

use serde::{Deserialize, Serialize};

pub use message::{Message, MessageKind, Send, Sent};
pub use stream::{Layer, Stream, Track, TrackKind};

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

/// The way that media takes from a publisher to the viewers of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Topology {
    /// Through the server, which forwards it.
    Sfu,
    /// From the host's browser to each viewer's: media does not pass the server.
    Direct,
    /// From browser to browser over a tree: media does not pass the server.
    Tree,
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
