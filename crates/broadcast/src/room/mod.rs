//! Rooms: who is in them, what they publish, view and write, and who is told of it.
//!
//! [`Rooms`] is all rooms of a process as one state machine. It does no SDP, moves no media and
//! holds no socket: it takes what participants want, and returns [`Output`]s to carry out. The
//! caller takes all outputs after each call, and calls [`Rooms::handle_timeout`] at
//! [`Rooms::poll_timeout`].
//!
//! What a room is told goes to an append-only log; each participant has a position in it. Small
//! rooms are told at once. In large ones events are gathered for a moment, so that hundreds of
//! people who come within a second cost one delivery to each, not hundreds. [`Joined`] is the
//! state at the joiner's position, so no event is missed and none comes twice.
//!
//! Tokens are not looked at here: whoever calls [`Rooms::join`] has decided on the [`Role`].

mod admission;
mod audience;
mod context;
mod endings;
mod error;
mod escape;
mod event;
mod history;
mod hosting;
mod id;
mod limits;
mod log;
mod member;
mod messages;
mod model;

mod published;
mod publishing;
mod rooms;
mod state;
mod subscriptions;
mod timers;
mod viewing;

pub use admission::{Join, Joined};
pub use error::{
    CreateError, HostError, JoinError, MetadataError, PublishError, SendError, StreamError,
};
pub use event::{EndReason, Event, Notice, Output, TrackSettings};
pub use history::MESSAGES_KEPT;
pub use id::{
    ESCAPED_ID_MAX, PARTICIPANT_ID_MAX, ParticipantId, ParticipantIdError, ParticipantKey,
    RoomName, RoomNameError,
};
pub use limits::{COUNTS_INTERVAL, GATHERED_MAX, Limits, TOPIC_BYTES_MAX};
pub use model::{
    Layer, Message, MessageKind, Participant, Quality, Role, Room, State, Stream, Track,
};
pub use publishing::{Declared, PublishedChange};
pub use rooms::Rooms;

#[cfg(test)]
mod tests;
