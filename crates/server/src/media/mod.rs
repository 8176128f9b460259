//! The media threads: each owns a `Shard`, its UDP socket, and nothing else.

mod addresses;
mod gathering;
mod thread;

pub(crate) use addresses::local_addresses;
pub(crate) use thread::{Load, Shards, ShardsConfig};
