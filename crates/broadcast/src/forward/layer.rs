use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::cache::KeyframeCache;
use rtp::{Bitrate, Packet};

use super::keyframes::KeyframeRequests;
use super::meter::Meter;
use super::track::Limits;

/// One encoding of a track, on the source side.
#[derive(Debug)]
pub struct Layer {
    rid: Option<String>,
    pub(super) cache: KeyframeCache,
    pub(super) requests: KeyframeRequests,
    meter: Meter,
    last_packet: Option<Instant>,
}

impl Layer {
    pub(super) fn new(rid: Option<String>, limits: &Limits) -> Self {
        Self {
            rid,
            cache: KeyframeCache::new(limits.cache()),
            requests: KeyframeRequests::default(),
            meter: Meter::default(),
            last_packet: None,
        }
    }

    /// Returns how long a key frame was waited for that begins with this packet.
    pub(super) fn push(&mut self, packet: &Arc<Packet>, cached: bool) -> Option<Duration> {
        self.last_packet = Some(packet.received);
        self.meter.add(packet.received, packet.payload.len());
        if cached {
            self.cache.push(packet.clone());
        }
        if !packet.frame.keyframe {
            return None;
        }
        self.requests.answered(packet.received)
    }

    /// The simulcast rid; `None` for a track with a single encoding.
    pub fn rid(&self) -> Option<&str> {
        self.rid.as_deref()
    }

    /// Measured bit rate of the payloads.
    pub fn bitrate(&self) -> Bitrate {
        self.meter.rate()
    }

    /// When the latest packet arrived.
    pub(super) fn last_packet(&self) -> Option<Instant> {
        self.last_packet
    }

    /// Age of the key frame that the cache begins with.
    pub(super) fn keyframe_age(&self, now: Instant) -> Option<Duration> {
        self.cache
            .keyframe_at()
            .map(|at| now.saturating_duration_since(at))
    }
}
