use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::cache::KeyframeCache;
use rtp::{Bitrate, DescribedSet, Packet, ParameterSets};

use super::keyframes::KeyframeRequests;
use super::meter::Meter;
use super::track::Limits;

/// One encoding of a track, on the source side.
#[derive(Debug)]
pub struct Layer {
    rid: Option<String>,
    pub(super) cache: KeyframeCache,
    pub(super) requests: KeyframeRequests,
    /// What decoders need before a key frame, for key frames that come without.
    sets: ParameterSets,
    /// The track's generation with which it began, or was restarted last.
    began: u64,
    meter: Meter,
    last_packet: Option<Instant>,
}

impl Layer {
    pub(super) fn new(rid: Option<String>, limits: &Limits, began: u64) -> Self {
        Self {
            rid,
            cache: KeyframeCache::new(limits.cache()),
            requests: KeyframeRequests::default(),
            sets: ParameterSets::default(),
            began,
            meter: Meter::default(),
            last_packet: None,
        }
    }

    /// Reads what the next packet will need.
    pub(super) fn prefetch(&self) {
        black_box((self.last_packet, self.began));
        self.cache.prefetch();
    }

    /// Returns how long a key frame was waited for that begins with this packet.
    pub(super) fn push(&mut self, packet: &Arc<Packet>, cached: bool) -> Option<Duration> {
        self.last_packet = Some(packet.received);
        self.meter.add(packet.received, packet.payload.len());
        if cached {
            self.keep(packet);
        }
        if !packet.frame.keyframe {
            return None;
        }
        self.requests.answered(packet.received)
    }

    /// Keeps the packet for viewers that come later.
    fn keep(&mut self, packet: &Arc<Packet>) {
        let frame = packet.frame;
        if frame.parameter_sets {
            self.sets.take(packet);
        }
        let completed = frame.keyframe.then(|| self.sets.completed(packet));
        let kept = completed.flatten().unwrap_or_else(|| packet.clone());
        let begins = self.cache.push(kept);
        // Later sets may be of the next key frame: they do not lead this one.
        if begins || frame.parameter_sets && self.cache.is_before_keyframe(packet) {
            self.lead_keyframe();
        }
    }

    /// Puts the sets in front of the cached key frame that it does not bring itself.
    fn lead_keyframe(&mut self) {
        if let Some(first) = self.cache.first() {
            let sets = self.sets.before(first);
            self.cache.lead(sets);
        }
    }

    /// Takes a parameter set from the description of the stream.
    pub(super) fn offer_set(&mut self, now: Instant, set: &DescribedSet) {
        self.sets.offer(now, set);
        self.lead_keyframe();
    }

    /// Another source begins, as generation `began` of the track.
    pub(super) fn restart(&mut self, began: u64) {
        self.began = began;
        self.cache.restart();
        self.sets.restart();
        self.requests.want();
    }

    /// Whether viewers that have seen the track's generation `seen` must begin anew.
    pub(super) fn began_after(&self, seen: u64) -> bool {
        self.began > seen
    }

    /// Gives what another shard needs to begin: the parameter sets, then what is cached.
    pub(super) fn replay(&self, mut give: impl FnMut(&Arc<Packet>)) {
        if self.cache.is_empty() {
            self.sets.packets().for_each(&mut give);
        }
        self.cache.leading().iter().for_each(&mut give);
        self.cache.iter().for_each(give);
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
