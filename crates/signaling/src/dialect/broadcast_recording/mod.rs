//! The protocol of WebRTC-Broadcast-Recording: one broadcaster under a room and a user, and any
//! number of subscribers, `docs/protocol/broadcast-recording.md`.
//!
//! A frame is one JSON object with its kind in `type`. There are no ids and no errors. Clients in
//! the field answer offers late. A [`Session`] keeps the state of one socket that compensates for
//! this, and the timers of its data channels. It knows no rooms: its caller carries out its
//! [`Output`]s.

mod frame;
mod health;
mod names;
mod offers;
mod recording;
mod sdp;
mod session;

pub use frame::{Description, Request, Role, Unreadable, read};
pub use health::{Label, PING_SILENCE_MAX, VIDEO_OK_EVERY};
pub use names::{Names, NamesError};
pub use recording::BroadcastId;
pub use sdp::{of_one_stream, usual_codecs_first};
pub use session::{EARLY_MAX, Output, Refusal, Session};

#[cfg(test)]
mod tests;
