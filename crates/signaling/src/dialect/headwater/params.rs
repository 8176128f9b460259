//! What the methods take.

use serde::{Deserialize, Serialize};

use super::event::{MessageKind, Role, TrackKind};

/// `join`: enters a room, which begins to be if it was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Join {
    /// The room's name.
    pub room: String,
    /// Who: another participation with this id ends. Without it the server makes one up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub id: Option<String>,
    /// What others see. Without it they see the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub name: Option<String>,
    /// Whatever the application wants others to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub metadata: Option<String>,
    /// What the participant wants to be. Without it, `publisher`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub role: Option<Role>,
    /// Where the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub token: Option<String>,
    /// Without it, `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub subscribe: Option<SubscribeMode>,
}

/// Which streams of others a participant gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum SubscribeMode {
    /// All, also those that come later.
    Auto,
    /// Those that it subscribes to.
    Manual,
}

/// `resume`: goes on with a participation over a new socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resume {
    /// The secret that `join` gave.
    pub session: String,
    /// The highest `n` that the client has seen.
    #[cfg_attr(test, ts(type = "number"))]
    pub seen: u64,
}

/// `publish`: begins a stream, or changes what it consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Publish {
    /// Tells the participant's streams apart: the first part of a name. Without it, the stream is
    /// named for its participant alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub label: Option<String>,
    /// At most one of each kind.
    pub tracks: Vec<PublishedTrack>,
    /// The whole offer of the publishing peer connection.
    pub sdp: String,
}

/// One m-line of the offer that belongs to the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedTrack {
    /// The m-line's `a=mid`.
    pub mid: String,
    /// Where it comes from: `camera`, `microphone`, `screen` or what the application calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub source: Option<String>,
    /// It begins muted.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub muted: bool,
    /// The simulcast layers, worst first, with their sizes, by which the server chooses.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<PublishedLayer>>"))]
    pub layers: Vec<PublishedLayer>,
}

/// The size of one encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedLayer {
    /// Its rid.
    pub rid: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
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

/// `mute`: tells others that a track of the own stream carries nothing, or something again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mute {
    /// The stream's name.
    pub stream: String,
    /// Which track.
    pub kind: TrackKind,
    /// Nothing comes.
    pub muted: bool,
}

/// `subscribe` and `unsubscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscribe {
    /// The stream's name.
    pub stream: String,
    /// Which tracks; without it, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kinds: Option<Vec<TrackKind>>,
}

/// `layers`: how a subscribed track is to come. What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Layers {
    /// The stream's name.
    pub stream: String,
    /// Which track; without it, video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kind: Option<TrackKind>,
    /// Send nothing for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub paused: Option<bool>,
    /// The size at which the video is shown, in pixels: no larger layer than is needed for it. 0
    /// for the largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub width: Option<u32>,
    /// See `width`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub height: Option<u32>,
}

/// `answer`: to the server's offer for the viewing peer connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The number of the offer.
    pub offer: u32,
    /// The answer.
    pub sdp: String,
}

/// One of a participant's two peer connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum PeerName {
    /// What the participant sends; the client offers.
    Publish,
    /// What it receives; the server offers.
    View,
}

/// `trickle`: candidates of the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trickle {
    /// Of which peer connection.
    pub peer: PeerName,
    /// `candidate:…` each.
    pub candidates: Vec<String>,
}

/// `restart`: ICE begins anew, since the network has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Restart {
    /// Which peer connection.
    pub peer: PeerName,
    /// For `publish` the client's offer with new credentials. For `view` the server offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub sdp: Option<String>,
}

/// `send`: a message to all, or to one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Send {
    /// Of whom it is for people, or for programs. Without it, `chat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kind: Option<MessageKind>,
    /// The id of the participant that gets it; without it, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to: Option<String>,
    /// What it is about, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub topic: Option<String>,
    /// The text.
    pub body: String,
}

/// `metadata`: changes what others see of the participant. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// See [`Join::name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub name: Option<String>,
    /// See [`Join::metadata`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub metadata: Option<String>,
}

/// `host`: what only a host may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Host {
    /// What.
    pub action: Action,
    /// `kick`: whom, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub participant: Option<String>,
    /// `mute`: which stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub stream: Option<String>,
    /// `mute`: which track; without it, audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kind: Option<TrackKind>,
    /// `kick`, `close`: told to those who have to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub reason: Option<String>,
}

/// What a host does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Asks a participant to mute a track of its own. It is the participant who does it.
    Mute,
    /// Sends a participant away.
    Kick,
    /// Lets nobody in but hosts.
    Lock,
    /// Lets others in again.
    Unlock,
    /// Ends the room for all.
    Close,
}
