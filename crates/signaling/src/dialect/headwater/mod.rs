//! The Headwater protocol: rooms over one WebSocket, `docs/protocol/headwater.md`.
//!
//! A client sends requests, each with an id, and gets one response for each; the server also sends
//! events. This module reads and writes the frames; `room` keeps rooms and participants.

mod error;
mod event;
mod frame;
mod params;
mod results;
mod translate;

pub use error::{Code, Error};
pub use event::{Event, Line};
pub use frame::{Call, Request, events, failed, frame, read, responded};
pub use params::{
    Action, Answer, Host, Join, Layers, Metadata, Mute, PeerName, Publish, PublishedLayer,
    PublishedTrack, Restart, Resume, Subscribe, SubscribeMode, Trickle, Unpublish,
};
pub use results::{IceServer, Joined, Published, Restarted, Resumed, Stats, TrackStats};
pub use translate::{participant_id, stream_name};

// What the protocol shares with the API and with webhooks.
pub use crate::json::{
    EndReason, Layer, Message, MessageKind, Participant, ParticipantState, Quality, Role, Room,
    Send, Sent, Stream, Track, TrackKind,
};

/// The name of the WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "headwater.v1";

#[cfg(test)]
mod tests;
