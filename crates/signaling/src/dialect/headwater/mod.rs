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
pub use event::{
    EndReason, Event, Layer, Line, Message, MessageKind, Participant, ParticipantState, Quality,
    Role, Room, Stream, Track, TrackKind,
};
pub use frame::{Call, Request, events, failed, frame, read, responded};
pub use params::{
    Action, Answer, Host, Join, Layers, Metadata, Mute, PeerName, Publish, PublishedLayer,
    PublishedTrack, Restart, Resume, Send, Subscribe, SubscribeMode, Trickle, Unpublish,
};
pub use results::{IceServer, Joined, Published, Restarted, Resumed, Sent, Stats, TrackStats};
pub use translate::{participant_id, stream_name};

/// The name of the WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "headwater.v1";

#[cfg(test)]
mod tests;
