//! The protocol of tributary: peer-to-peer broadcasts over a tree of browsers,
//! `docs/protocol/tributary.md`.
//!
//! Each frame is one JSON object with a `command`. This module reads the commands of peers, passes
//! them to [`relay`](room::peer_tree), which keeps the trees, and writes its events.

mod conversation;
mod frame;
mod ice_servers;
mod peer;
mod refusal;
mod request;

pub use conversation::{Refused, handle};
pub use frame::write;
pub use ice_servers::IceServers;
pub use peer::{peer_id, peer_text};
pub use request::{Request, Unreadable, read};

#[cfg(test)]
mod tests;
