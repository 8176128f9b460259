//! Streams with their tracks and layers.

use serde::{Deserialize, Serialize};

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
