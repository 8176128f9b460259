//! The media threads. Each owns one `Shard` and its UDP socket.

mod addresses;
mod gathering;
mod thread;

pub(crate) use addresses::local_addresses;
pub(crate) use thread::{Load, Shards, ShardsConfig};
