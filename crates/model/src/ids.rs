use std::fmt;

/// A shard of this server: one media thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

impl ShardId {
    /// The shards of a server that has `count`: at most 65,536.
    pub fn all(count: usize) -> impl Iterator<Item = Self> + Clone {
        (0..=u16::MAX).take(count).map(Self)
    }

    /// Its position among the shards of the server.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A stream within one server. Never used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// Where the publisher of a stream is, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The origin shard.
    pub shard: ShardId,
}
