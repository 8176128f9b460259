//! Messages: sent, and shown.

use serde::{Deserialize, Serialize};

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

/// A message to send to all participants, or to one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Send {
    /// Whether the message is for people or for programs. Without it, `chat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub kind: Option<MessageKind>,
    /// The id of the recipient. Without it, all participants get the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub to: Option<String>,
    /// The topic, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub topic: Option<String>,
    /// The text.
    pub body: String,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// The number of the message in its room.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: u64,
}
