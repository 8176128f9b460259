use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::cache::KeyframeCache;
use rtp::{Bitrate, DescribedSet, Packet, ParameterSets};

use super::keyframes::KeyframeRequests;
use super::limits::Limits;
use super::meter::Meter;

/// One encoding of a track, on the source side.
#[derive(Debug)]
pub struct Layer {
    rid: Option<String>,
    pub(super) cache: KeyframeCache,
    pub(super) requests: KeyframeRequests,
    /// Parameter sets for key frames that come without their own.
    sets: ParameterSets,
    /// The track's generation in which the layer began, or was last restarted.
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

    /// Reads the memory that the next packet will need.
    pub(super) fn prefetch(&self) {
        black_box((self.last_packet, self.began));
        self.cache.prefetch();
    }

    /// Adds a packet, to the cache only if `cached`. If the packet begins a key frame that was
    /// requested, returns the time since the first request.
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

    /// Caches the packet for viewers that come later.
    fn keep(&mut self, packet: &Arc<Packet>) {
        let frame = packet.frame;
        if frame.parameter_sets {
            self.sets.take(packet);
        }
        // An AV1 key frame takes the sequence header that it lacks into its own packet.
        let completed = frame.keyframe.then(|| self.sets.completed(packet));
        let kept = completed.flatten().unwrap_or_else(|| packet.clone());
        let begins = self.cache.push(kept);
        // Sets that come after the key frame may belong to the next one, and do not lead this one.
        if begins || frame.parameter_sets && self.cache.is_before_keyframe(packet) {
            self.lead_keyframe();
        }
    }

    /// Puts the parameter sets that the cached key frame lacks in front of it.
    fn lead_keyframe(&mut self) {
        if let Some(first) = self.cache.first() {
            let sets = self.sets.before(first);
            self.cache.lead(sets);
        }
    }

    /// Takes a parameter set from the publisher's session description.
    pub(super) fn offer_set(&mut self, now: Instant, set: &DescribedSet) {
        self.sets.offer(now, set);
        self.lead_keyframe();
    }

    /// Begins another source in the track's generation `began`, and requests a key frame.
    pub(super) fn restart(&mut self, began: u64) {
        self.began = began;
        self.cache.restart();
        self.sets.restart();
        self.requests.want();
    }

    /// Whether the layer has begun or restarted since the track's generation `seen`: its viewers
    /// must then begin anew.
    pub(super) fn began_after(&self, seen: u64) -> bool {
        self.began > seen
    }

    /// Calls `give` with the packets that another shard needs to begin: the parameter sets, then
    /// the cached packets.
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

    /// The measured bit rate of the payloads, without headers.
    pub fn bitrate(&self) -> Bitrate {
        self.meter.rate()
    }

    /// When the latest packet arrived.
    pub(super) fn last_packet(&self) -> Option<Instant> {
        self.last_packet
    }

    /// The age of the key frame with which the cache begins; `None` if the cache is empty.
    pub(super) fn keyframe_age(&self, now: Instant) -> Option<Duration> {
        self.cache
            .keyframe_at()
            .map(|at| now.saturating_duration_since(at))
    }
}
