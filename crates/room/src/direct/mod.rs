//! Rooms with a host and viewers, for peer-to-peer media: signalling and chat.
//!
//! The host's browser sends to each viewer's browser directly, and the server passes on the
//! signalling between the two. Or the host sends to the server, and the server to the viewers
//! ([`Media`]).
//!
//! [`Rooms`] holds all such rooms of a process as one state machine: it takes [`Request`]s, and
//! returns [`Output`]s and [`Task`]s to carry out. The caller takes all of them after each call,
//! and calls [`Rooms::handle_timeout`] at [`Rooms::poll_timeout`].
//!
//! Outputs have one order, and each client gets its own in this order. So the messages from one
//! client to another arrive in the order in which they were sent.
//!
//! Deliberately absent: session descriptions and candidates are passed on as text and not read.
//! Rooms of this kind know nothing of those in [`crate::Rooms`]; the caller that carries out
//! the tasks brings the streams there.

mod chat;
mod event;
mod hosting;
mod limits;
mod listing;
mod name;
mod pushes;
mod pushing;
mod relay;
mod request;
mod room;
mod rooms;
mod serving;
mod task;
mod viewing;

pub use event::{Event, Output};
pub use limits::{Limits, Switch};
pub use name::{Name, NameError};
pub use pushes::PUSH_EVERY;
pub use request::{ClientId, Refusal, Request, Signal};
pub use rooms::Rooms;
pub use task::{LinkId, Media, Task};

#[cfg(test)]
mod tests;
