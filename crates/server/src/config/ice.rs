use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// `[ice]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ice {
    /// STUN and TURN servers that clients are told to use.
    pub(crate) servers: Vec<IceServer>,
    /// Write `a=ice-lite` into answers. RFC 8839 §5.3 demands it, but Chromium connects later when
    /// it reads it.
    pub(crate) announce_lite: bool,
}

/// One of `[[ice.servers]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IceServer {
    /// `stun:host:port` or `turn:host:port?transport=udp`.
    pub(crate) url: String,
    /// User name for TURN; empty for STUN.
    #[serde(default)]
    pub(crate) username: String,
    /// Password for TURN; empty for STUN.
    #[serde(default)]
    pub(crate) credential: Secret,
}
