use std::time::Duration;

use room::{direct, peer_tree};

/// How a core is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Viewers outside rooms may come before the publisher, and wait.
    pub viewers_wait: bool,
    /// They are sent away when their stream has had no publisher for this long.
    pub publisher_grace: Duration,
    /// Sessions at a time. One more is refused with [`OpenError::Full`](model::OpenError).
    pub sessions_max: usize,
    /// Limits of rooms whose media is forwarded.
    pub rooms: room::Limits,
    /// Rooms from a host to viewers.
    pub direct: DirectConfig,
    /// Limits of broadcasts over trees of browsers.
    pub trees: peer_tree::Limits,
    /// What the peers of each shard have in common; at least one shard.
    pub peers: Vec<rtc::Config>,
}

/// How rooms from a host to viewers are set up.
#[derive(Debug, Clone, Default)]
pub struct DirectConfig {
    /// Their limits.
    pub limits: direct::Limits,
    /// What a viewer's second request to join does.
    pub switch: direct::Switch,
    /// Whether media goes through the server after all.
    pub media: direct::Media,
}
