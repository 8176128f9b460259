//! Rooms: their participants, streams, subscriptions and messages, and the events that tell
//! participants about them.
//!
//! [`Rooms`] holds all rooms of a process as one state machine. It reads no SDP, moves no media and
//! owns no socket: it takes the requests of participants and returns [`Output`]s to carry out. The
//! caller takes all outputs after each call, and calls [`Rooms::handle_timeout`] at
//! [`Rooms::poll_timeout`].
//!
//! A room appends its events to a log, in which each participant has a position. Small rooms
//! deliver events at once. Large rooms gather them for a moment, so that hundreds of participants
//! who join within a second cost each participant one delivery, not hundreds. [`Joined`] is the
//! state at the new participant's position, so no event is missed and none comes twice.
//!
//! Deliberately absent: tokens. The caller of [`Rooms::join`] has decided on the [`Role`].

mod admission;
mod audience;
mod context;
mod declared;
pub mod direct;
mod endings;
mod entities;
mod error;
mod escape;
mod event;
mod grants;
mod history;
mod hosting;
mod id;
mod join;
mod limits;
mod log;
mod member;
mod messages;
pub mod peer_tree;
mod published;
mod publishing;
mod rooms;
mod state;
mod subscriptions;
mod timer_table;
mod timers;
mod topology;
mod viewing;

pub use declared::{Declared, PublishedChange};
pub use entities::{Layer, Message, MessageKind, Participant, Role, Room, State, Stream, Track};
pub use error::{
    CreateError, HostError, JoinError, MetadataError, PublishError, SendError, StreamError,
};
pub use event::{EndReason, Event, Output, TrackSettings, WebhookEvent};
pub use grants::Grants;
pub use history::MESSAGES_KEPT;
pub use id::{
    ESCAPED_ID_MAX, PARTICIPANT_ID_MAX, ParticipantId, ParticipantIdError, ParticipantKey,
    RoomName, RoomNameError,
};
pub use join::{Join, Joined};
pub use limits::{COUNTS_INTERVAL, GATHERED_MAX, Limits, TOPIC_BYTES_MAX};
pub use rooms::Rooms;
pub use topology::{Listed, Topology};

#[cfg(test)]
mod tests;
