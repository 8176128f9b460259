//! Whole shards with their publishers and viewers in virtual time, for tests.
//!
//! A [`World`] holds shards, clients and the links between them, and jumps from one event to the
//! next: minutes pass in seconds, and nothing ever sleeps. Links, encoders and losses follow from
//! one seed. Clients and shards draw their own keys and numbers, so two runs with one seed differ
//! in bytes, and in what depends on them, but not in which datagrams are lost when.
//!
//! The clients are those of the `client` crate, whose WebRTC shares no code with the shards'.
//!
//! ```text
//! Publisher ─► client::Peer ─► Link ─► shard::Shard ─► Link ─► client::Peer ─► Viewer
//!                                          └── ring ──► shard::Shard ─► …
//! ```
//!
//! [`control`] does the same for the control plane.
//!
//! Deliberately absent: signaling, sockets, threads and decoders. A frame counts as decodable
//! when it and all that it was predicted from are complete.
#![forbid(unsafe_code)]

mod clock;
pub mod control;
mod encoder;
mod flights;
mod link;
mod publisher;
mod reception;
mod rng;
mod stamp;
pub mod tcp;
pub mod trial;
mod unified;
mod viewer;
mod world;

pub use clock::Clock;
pub use link::{Bursts, Link, Path, Policer, Radio};
pub use publisher::{LayerSettings, Publisher, PublisherSettings};
pub use reception::{Got, Reception};
pub use rng::Rng;
pub use stamp::Stamp;
pub use unified::Unified;
pub use viewer::Viewer;
pub use world::{ClientId, World};
