//! The protocol of the live room, `docs/protocol/live-room.md`: a page that shares its screen with
//! the pages that view it, browser to browser or through the server. Requests and events are those
//! of [`broadcast::direct`].
//!
//! A frame is one JSON object with its kind in `event`. There are no ids and no errors: what
//! cannot be read is dropped, and only two requests can be refused.

mod read;
mod server;
mod write;

pub use read::{Unreadable, read};
pub use server::{answer, offer, sdp};
pub use write::write;

#[cfg(test)]
mod tests;
