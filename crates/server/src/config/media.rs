use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[media]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Media {
    /// UDP port of the first shard; each further shard takes the next one.
    pub(crate) port: u16,
    /// Addresses for ICE candidates, at which clients reach the server. Empty: all addresses of
    /// the host.
    pub(crate) public_ips: Vec<IpAddr>,
    /// Number of media threads. 0: one per core.
    pub(crate) shards: usize,
    /// Seconds in which a session must connect; then it is ended.
    pub(crate) connect_timeout_s: u64,
    /// Seconds without a datagram from the client after which its session is ended.
    pub(crate) silence_timeout_s: u64,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            port: 7882,
            public_ips: Vec::new(),
            shards: 0,
            connect_timeout_s: 15,
            silence_timeout_s: 20,
        }
    }
}

impl Media {
    /// How long a session may take to connect.
    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_s)
    }
}
