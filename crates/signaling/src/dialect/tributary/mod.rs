//! The protocol of tributary: broadcasts that go from browser to browser,
//! `docs/protocol/tributary.md`.
//!
//! Each frame is one JSON object with a `command`. This module reads what peers ask for, asks
//! [`relay`](broadcast::relay) for it, and writes what peers are told. Who is where is known there.

mod conversation;
mod frame;
mod ice_servers;
mod peer;
mod refusal;
mod request;

pub use conversation::{Grants, Refused, handle};
pub use frame::write;
pub use ice_servers::IceServers;
pub use peer::{peer_id, peer_text};
pub use request::{Request, Unreadable, read};

#[cfg(test)]
mod tests;
