use std::net::SocketAddr;

use shard::ShardMessage;

/// What is on its way.
#[derive(Debug)]
pub(super) enum Cargo {
    ToShard {
        shard: usize,
        source: SocketAddr,
        contents: Vec<u8>,
    },
    ToClient {
        client: usize,
        source: SocketAddr,
        contents: Vec<u8>,
    },
    /// Nothing: the shard's thread reads what its socket has gathered.
    Wake {
        shard: usize,
    },
    Message {
        shard: usize,
        message: ShardMessage,
    },
}
