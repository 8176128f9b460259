//! What the methods give back. Those that are not here give an empty object.

use serde::{Deserialize, Serialize};

use super::event::{Message, Participant, Room, Stream, TrackKind};

/// Of `join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The secret with which `resume` goes on.
    pub session: String,
    /// The participant itself.
    pub participant: Participant,
    /// The room.
    pub room: Room,
    /// The others.
    pub participants: Vec<Participant>,
    /// All streams.
    pub streams: Vec<Stream>,
    /// The latest that were sent to all, oldest first.
    pub messages: Vec<Message>,
    /// For both peer connections.
    pub ice_servers: Vec<IceServer>,
}

/// A STUN or TURN server, as `RTCPeerConnection` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IceServer {
    /// `stun:…`, `turn:…` or `turns:…`.
    pub urls: String,
    /// Of TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub username: Option<String>,
    /// Of TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub credential: Option<String>,
}

/// Of `resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Resumed {
    /// The highest id of a request that the server has got: later ones are to be sent again.
    #[cfg_attr(test, ts(type = "number"))]
    pub received: u64,
}

/// Of `publish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// The stream's name.
    pub stream: String,
    /// The answer to the offer.
    pub sdp: String,
}

/// Of `restart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Restarted {
    /// The answer for the publishing peer connection. For the viewing one an offer follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub sdp: Option<String>,
}

/// Of `send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// The message's number.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: u64,
}

/// Of `stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// What the path to this participant carries, in bit/s; absent before anything was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub bandwidth: Option<u64>,
    /// What it publishes.
    pub published: Vec<TrackStats>,
}

/// One layer of a published track, as the server gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TrackStats {
    /// The stream's name.
    pub stream: String,
    /// Which track.
    pub kind: TrackKind,
    /// The layer; absent without simulcast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub rid: Option<String>,
    /// In bit/s, over the last second.
    #[cfg_attr(test, ts(type = "number"))]
    pub bitrate: u64,
}
