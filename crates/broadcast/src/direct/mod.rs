//! Rooms with a host and viewers, who find each other here and write to each other.
//!
//! The host's browser sends to each viewer's directly, and the server passes on what the two sides
//! need for that. Or the host sends to the server, and the server to the viewers ([`Media`]).
//!
//! [`Rooms`] is all such rooms of a process as one state machine: it takes [`Request`]s, and
//! returns [`Output`]s and [`Task`]s to carry out. The caller takes all of them after each call, and
//! calls [`Rooms::handle_timeout`] at [`Rooms::poll_timeout`].
//!
//! Outputs have one order, and each client gets its own in this order. So what one client sends to
//! another arrives as it was sent.
//!
//! Deliberately absent: descriptions and candidates are text to be passed on, which nobody here
//! reads; and rooms of this kind know nothing of those in [`room`](crate::room). Who carries out
//! the tasks brings the streams there.

mod chat;
mod event;
mod hosting;
mod limits;
mod name;
mod pushes;
mod relay;
mod request;
mod room;
mod rooms;
mod serving;
mod viewing;

pub use event::{Event, Output};
pub use limits::{Limits, Switch};
pub use name::{Name, NameError};
pub use pushes::PUSH_EVERY;
pub use request::{ClientId, Grants, Refusal, Request, Signal};
pub use rooms::Rooms;
pub use serving::{LinkId, Media, Task};

#[cfg(test)]
mod tests;
