//! The results of the methods. A method without a type here returns an empty object.

use serde::{Deserialize, Serialize};

use crate::json::{Message, Participant, Room, Stream, TrackKind};

/// The result of `join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The secret with which the client can `resume` this participation.
    pub session: String,
    /// The participant itself.
    pub participant: Participant,
    /// The room as it is now.
    pub room: Room,
    /// The other participants.
    pub participants: Vec<Participant>,
    /// All streams in the room.
    pub streams: Vec<Stream>,
    /// The latest messages to all, oldest first.
    pub messages: Vec<Message>,
    /// The ICE servers for both peer connections.
    pub ice_servers: Vec<IceServer>,
}

/// A STUN or TURN server, as `RTCPeerConnection` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IceServer {
    /// A `stun:`, `turn:` or `turns:` URL.
    pub urls: String,
    /// The TURN user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub username: Option<String>,
    /// The TURN password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub credential: Option<String>,
}

/// The result of `resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Resumed {
    /// The highest id of a request that the server has received. The client sends later ones again.
    #[cfg_attr(test, ts(type = "number"))]
    pub received: u64,
}

/// The result of `publish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// The stream's name.
    pub stream: String,
    /// The SDP answer to the offer.
    pub sdp: String,
}

/// The result of `restart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Restarted {
    /// The SDP answer for the publishing peer connection. Absent for the viewing one: its offer
    /// follows as an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub sdp: Option<String>,
}

/// The result of `stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The estimated bandwidth of the path to this participant in bit/s; absent before the server
    /// has sent media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub bandwidth: Option<u64>,
    /// The layers that the participant publishes.
    pub published: Vec<TrackStats>,
}

/// Measurements of one layer of a published track, as the server receives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TrackStats {
    /// The stream's name.
    pub stream: String,
    /// The track.
    pub kind: TrackKind,
    /// The layer's rid; absent without simulcast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub rid: Option<String>,
    /// Bit rate in bit/s, measured over the last second.
    #[cfg_attr(test, ts(type = "number"))]
    pub bitrate: u64,
}
