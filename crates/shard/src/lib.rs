//! One media shard whole: its peers, its streams, and the forwarding between them.
//!
//! A [`Shard`] takes datagrams, commands and packets of other shards, and gives datagrams to
//! send, packets for other shards, and events. It belongs to one thread and knows no socket.
//!
//! ```text
//! datagram ─► demux ─► rtc::Peer ─► packet ─►     forward     ─► rtc::Peer ─► datagram
//!                                      └────► other shards
//! ```

mod counters;
mod delays;
mod demux;
mod fan_out;
mod health;
mod message;
mod oversized;
mod peer;
mod shard;
mod stream;
mod table;
mod timers;

pub use counters::Counters;
pub use delays::Delays;
pub use message::{Input, Output, ShardMessage};
pub use shard::{Config, Shard};
