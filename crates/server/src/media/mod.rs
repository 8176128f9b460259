//! The media threads. Each owns one `Shard` and its UDP socket.

mod addresses;
mod gathering;
mod load;
mod rings;
mod shards;
mod thread;

pub(crate) use addresses::local_addresses;
pub(crate) use load::Load;
pub(crate) use shards::{Shards, ShardsConfig};
