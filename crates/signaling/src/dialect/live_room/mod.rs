//! The protocol of the live room, `docs/protocol/live-room.md`: a host page shares its screen with
//! viewer pages, peer to peer or through the server. Requests and events are those of
//! [`room::direct`].
//!
//! A frame is one JSON object with its kind in `event`. There are no ids and no errors: unreadable
//! frames are dropped, and only two requests can be refused.

mod read;
mod server;
mod write;

pub use read::{Unreadable, read};
pub use server::{answer, offer, sdp};
pub use write::write;

#[cfg(test)]
mod tests;
