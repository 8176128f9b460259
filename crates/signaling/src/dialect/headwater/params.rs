//! The parameters of the methods.

use serde::{Deserialize, Serialize};

use crate::json::{Role, TrackKind};

/// `join`: enters a room, which is created if it does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Join {
    /// The room's name.
    pub room: String,
    /// The participant's id. A participant who has this id already is replaced. Without it, the
    /// server chooses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub id: Option<String>,
    /// The name that others see. Without it, they see the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub name: Option<String>,
    /// Text of the application that others see. The server does not interpret it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub metadata: Option<String>,
    /// The role to join with. Without it, `publisher`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub role: Option<Role>,
    /// The token for this role, if the server requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub token: Option<String>,
    /// Which streams of others the participant gets. Without it, `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub subscribe: Option<SubscribeMode>,
}

/// Which streams of others a participant gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum SubscribeMode {
    /// All streams, including later ones.
    Auto,
    /// Only the streams that it subscribes to.
    Manual,
}

/// `resume`: continues a participation over a new socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resume {
    /// The secret from the result of `join`.
    pub session: String,
    /// The highest `n` that the client has seen.
    #[cfg_attr(test, ts(type = "number"))]
    pub seen: u64,
}

/// `publish`: begins a stream, or changes its tracks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Publish {
    /// Tells the participant's streams apart and becomes part of the stream's name. Without it, the
    /// stream is named after its participant alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub label: Option<String>,
    /// The tracks of the stream, at most one of each kind.
    pub tracks: Vec<PublishedTrack>,
    /// The complete SDP offer of the publishing peer connection.
    pub sdp: String,
}

/// An m-line of the offer that carries a track of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedTrack {
    /// The m-line's `a=mid`.
    pub mid: String,
    /// Where the media comes from: `camera`, `microphone`, `screen` or a word of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub source: Option<String>,
    /// Whether the track starts muted.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub muted: bool,
    /// The simulcast layers, worst first. The server chooses layers by their sizes.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<PublishedLayer>>"))]
    pub layers: Vec<PublishedLayer>,
}

/// The size of a simulcast layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedLayer {
    /// The layer's rid.
    pub rid: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// `unpublish`: ends a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unpublish {
    /// The stream's name.
    pub stream: String,
}

/// `mute`: tells others that the participant muted or unmuted a track of its own stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mute {
    /// The stream's name.
    pub stream: String,
    /// The track that was muted or unmuted.
    pub kind: TrackKind,
    /// Whether the track is muted now.
    pub muted: bool,
}

/// `subscribe` and `unsubscribe`: starts or stops the tracks of another participant's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscribe {
    /// The stream's name.
    pub stream: String,
    /// The tracks. Without it, all tracks of the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kinds: Option<Vec<TrackKind>>,
}

/// `layers`: changes how the server sends a subscribed track. Fields that are left out keep their
/// values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Layers {
    /// The stream's name.
    pub stream: String,
    /// The track. Without it, video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kind: Option<TrackKind>,
    /// Whether the server pauses the track.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub paused: Option<bool>,
    /// Width in pixels at which the video is shown. The server sends no larger layer than this size
    /// needs. 0 allows the largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub width: Option<u32>,
    /// Height in pixels at which the video is shown, see `width`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub height: Option<u32>,
}

/// `answer`: answers the server's offer for the viewing peer connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The number of the offer.
    pub offer: u32,
    /// The complete SDP answer.
    pub sdp: String,
}

/// One of a participant's two peer connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum PeerName {
    /// Carries the participant's own streams; the client offers.
    Publish,
    /// Carries the streams of others; the server offers.
    View,
}

/// `trickle`: adds ICE candidates of the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trickle {
    /// The peer connection that the candidates belong to.
    pub peer: PeerName,
    /// The candidates, each as `candidate:…`.
    pub candidates: Vec<String>,
}

/// `restart`: restarts ICE, for example after a change of network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Restart {
    /// The peer connection to restart.
    pub peer: PeerName,
    /// With `publish`, the client's offer with new credentials. With `view`, absent: the server
    /// offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub sdp: Option<String>,
}

/// `metadata`: changes what others see of the participant. Fields that are left out keep their
/// values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The new name, see [`Join::name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub name: Option<String>,
    /// The new metadata, see [`Join::metadata`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub metadata: Option<String>,
}

/// `host`: an action that only a host may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Host {
    /// The action.
    pub action: Action,
    /// With `kick`, the id of the participant to remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub participant: Option<String>,
    /// With `mute`, the name of the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub stream: Option<String>,
    /// With `mute`, the track. Without it, audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kind: Option<TrackKind>,
    /// With `kick` or `close`, the reason that the removed participants are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub reason: Option<String>,
}

/// An action of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Asks a participant to mute one of its tracks. Whether it does is up to its client.
    Mute,
    /// Removes a participant from the room.
    Kick,
    /// Locks the room: only hosts may join.
    Lock,
    /// Unlocks the room.
    Unlock,
    /// Closes the room and removes everyone.
    Close,
}
