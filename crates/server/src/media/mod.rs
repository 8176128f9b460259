//! The media threads: each owns a shard's `Node`, its UDP socket, and nothing else.

mod addresses;
mod gathering;
mod shard;

pub(crate) use addresses::local_addresses;
pub(crate) use shard::{Load, Shards, ShardsConfig};
