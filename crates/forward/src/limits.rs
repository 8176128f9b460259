use std::time::Duration;

use rtp::cache;

/// Cached packets per layer; beyond it, the cache stays empty until the layer's next key frame, as
/// with [`Limits::cache_bytes`]. 16 MB of full packets are fewer.
const CACHE_PACKETS_MAX: usize = 16_384;

/// Limits of the caches of a track.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory for cached packets per layer, in bytes. Beyond it, the cache stays empty until the
    /// layer's next key frame.
    pub cache_bytes: usize,
    /// Time from a layer's key frame to its newest packet. Beyond it, the cache stays empty until
    /// the layer's next key frame.
    pub cache_time: Duration,
}

impl Limits {
    pub(super) fn cache(&self) -> cache::Limits {
        cache::Limits {
            bytes: self.cache_bytes,
            packets: CACHE_PACKETS_MAX,
            age: self.cache_time,
        }
    }
}

impl Default for Limits {
    /// 16 MB and 12 s: ten seconds between key frames at 10 Mbit/s fit.
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
            cache_time: Duration::from_secs(12),
        }
    }
}
