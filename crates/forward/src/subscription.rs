use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::{Bitrate, Kind, LayerIndex, Packet, Rewrite, SwitchUp};

use super::catch_up::CatchUp;
use super::keyframes::{KEYFRAME_FRESH, KeyframeThrottle};
use super::rewriter::Rewriter;
use super::track::Track;

/// One viewer's side of a track.
#[derive(Debug)]
pub struct Subscription {
    rewriter: Rewriter,
    generation: u64,
    /// The layer that the viewer gets now.
    current: Option<LayerIndex>,
    /// The layer that it gets from that layer's next key frame on.
    target: Option<LayerIndex>,
    catch_up: Option<CatchUp>,
    /// The next packet from the cache begins a new source for the viewer.
    begin_next: bool,
    /// The highest sequence number of the source read from the cache.
    read: u64,
    /// Temporal layers above this are left out.
    temporal_max: u8,
    temporal_wanted: u8,
    /// Nothing is sent before a fresh key frame.
    paused: bool,
    throttle: KeyframeThrottle,
    /// When the viewer's wait for the publisher's first picture began, until that is reported.
    waiting_since: Option<Instant>,
}

/// A packet from the cache for this viewer.
#[derive(Debug)]
pub struct Forward {
    /// The packet to send, with the numbers of its source.
    pub packet: Arc<Packet>,
    /// Its numbers for this viewer.
    pub rewrite: Rewrite,
    /// The viewer begins anew with this packet, the first of a key frame: nothing that was sent
    /// before is needed any more.
    pub begins: bool,
}

impl Subscription {
    /// Creates the subscription of a viewer that has been sent nothing yet. `first_seq` is to be
    /// random (RFC 3550 §5.1).
    pub fn new(first_seq: u16, now: Instant) -> Self {
        Self {
            rewriter: Rewriter::new(first_seq),
            generation: 0,
            current: None,
            target: None,
            catch_up: None,
            begin_next: false,
            read: 0,
            temporal_max: u8::MAX,
            temporal_wanted: u8::MAX,
            paused: false,
            throttle: KeyframeThrottle::default(),
            waiting_since: Some(now),
        }
    }

    /// The layer that the viewer gets now; `None` while it waits for a picture.
    pub fn current(&self) -> Option<LayerIndex> {
        self.current
    }

    /// The layer that it gets, or will get from the next key frame on.
    pub fn target(&self) -> Option<LayerIndex> {
        self.target.or(self.current)
    }

    /// Whether cached packets are still to be sent: [`Self::poll`] is worth calling at
    /// [`Self::due`].
    pub fn is_catching_up(&self) -> bool {
        self.catch_up.is_some()
    }

    /// When [`Self::poll`] may return more; `None` when the viewer is not catching up.
    pub fn due(&self) -> Option<Instant> {
        self.catch_up.as_ref().map(CatchUp::due)
    }

    /// Returns, once, when the viewer's wait for the publisher's first picture began. Call it after
    /// the viewer was sent a packet: an earlier call forgets the time.
    pub fn take_first_picture(&mut self) -> Option<Instant> {
        self.current.and(self.waiting_since.take())
    }

    /// Limits the viewer to temporal layers up to `max`. A lower limit takes effect with the next
    /// frame, since half a frame is of no use to a decoder; a higher one with the next frame at
    /// which the codec allows it.
    pub fn limit_temporal(&mut self, max: u8) {
        self.temporal_wanted = max;
    }

    /// Stops sending: the path is far too narrow for the layer, and the picture freezes in any
    /// case. The next picture is a key frame of the layer that is selected then. Returns whether
    /// anything changed.
    pub fn pause(&mut self) -> bool {
        let pauses = self.current.take().is_some();
        self.target = None;
        self.catch_up = None;
        self.paused |= pauses;
        pauses
    }

    /// Selects the viewer's layer. A viewer without a picture gets it from the cache at once, any
    /// other from the layer's next key frame on, which is requested.
    pub fn select(&mut self, now: Instant, track: &mut Track, layer: LayerIndex) {
        self.follow(now, track);
        // The viewer stays where it is: a change that has not happened yet is called off.
        if self.current == Some(layer) {
            self.target = None;
            return;
        }
        // The key frame was requested when the change began.
        if self.target == Some(layer) && self.current.is_some() {
            return;
        }
        self.target = Some(layer);
        let Some(source) = track.layers().get(layer.index()) else {
            return;
        };
        let age = source.keyframe_age(now);
        // After a pause the viewer has seen what an old key frame shows.
        let age_max = if self.paused {
            KEYFRAME_FRESH
        } else {
            Duration::MAX
        };
        if self.current.is_none() && age.is_some_and(|age| age < age_max) {
            self.begin(now, track, layer);
        }
        // A viewer that begins with a fresh key frame needs no other. One that begins with an old
        // one jumps to the next as soon as it comes.
        if self.current.is_some()
            && self.target.is_none()
            && age.is_some_and(|age| age < KEYFRAME_FRESH)
        {
            return;
        }
        track.want_keyframe(layer);
    }

    /// Handles the key-frame request of a viewer that cannot decode. It is ignored when the viewer
    /// has just been given a key frame, or asks so often that the other viewers would pay for it.
    pub fn want_keyframe(&mut self, now: Instant, track: &mut Track) {
        if let Some(layer) = self.target()
            && self.throttle.grant(now)
        {
            track.want_keyframe(layer);
        }
    }

    /// Handles a packet that arrived on the track and is in its cache. Returns its numbers if it is
    /// to be sent right away. [`Self::poll`] returns the packets that come from the cache instead.
    pub fn packet(
        &mut self,
        now: Instant,
        track: &Track,
        layer: LayerIndex,
        packet: &Packet,
    ) -> Option<Rewrite> {
        // Common packets pay one test for all the rare cases.
        if packet.frame.keyframe || self.generation != track.generation() {
            return self.beginning(now, track, layer, packet);
        }
        if track.kind() == Kind::Audio {
            return self.audio(layer, packet);
        }
        self.live(layer, packet)
    }

    /// Handles a packet with which something may begin: one that begins a key frame, as all audio
    /// packets do, or the first one after another publisher began or a layer restarted.
    #[inline(never)]
    fn beginning(
        &mut self,
        now: Instant,
        track: &Track,
        layer: LayerIndex,
        packet: &Packet,
    ) -> Option<Rewrite> {
        self.follow(now, track);
        if track.kind() == Kind::Audio {
            return self.audio(layer, packet);
        }
        if packet.frame.keyframe {
            if self.target == Some(layer) {
                self.begin(now, track, layer);
            } else if self.current == Some(layer) && self.catch_up.is_none() {
                self.throttle.given(now);
            }
        }
        self.live(layer, packet)
    }

    fn live(&mut self, layer: LayerIndex, packet: &Packet) -> Option<Rewrite> {
        if self.current != Some(layer) {
            return None;
        }
        // While the viewer catches up, the cache has this packet for it later. Only a late one
        // that the cursor has passed is sent now.
        if self.catch_up.is_some() && (self.begin_next || packet.seq > self.read) {
            return None;
        }
        self.number(packet)
    }

    /// Returns the next cached packet that may be sent now. `estimate` is the measured bandwidth
    /// of the path; `None` if it is not measured.
    pub fn poll(
        &mut self,
        now: Instant,
        track: &Track,
        estimate: Option<Bitrate>,
    ) -> Option<Forward> {
        // Nearly always there is nothing to send, which should cost nothing.
        self.catch_up.as_ref()?;
        self.next_cached(now, track, estimate)
    }

    #[inline(never)]
    fn next_cached(
        &mut self,
        now: Instant,
        track: &Track,
        estimate: Option<Bitrate>,
    ) -> Option<Forward> {
        let layer = self.current?;
        let rate = track.bitrate(layer);
        let catch_up = self.catch_up.as_mut()?;
        catch_up.refill(now, rate, estimate);
        loop {
            let catch_up = self.catch_up.as_mut()?;
            if !catch_up.may_send() {
                return None;
            }
            let Some(read) = track
                .layers()
                .get(layer.index())
                .and_then(|l| l.cache.next(&mut catch_up.cursor))
            else {
                // At the live edge.
                self.catch_up = None;
                return None;
            };
            let packet = read.packet.clone();
            // A parameter set that leads a key frame is not of the stream: the source begins with
            // the packet behind it, and the set takes a number in front.
            let (first, leads) = (read.leads.unwrap_or(&packet), read.leads.is_some());
            let begins = std::mem::take(&mut self.begin_next);
            if begins {
                self.rewriter.begin(first);
            } else if read.jumped {
                self.rewriter.jump(first);
            }
            catch_up.sent(packet.payload.len());
            let rewrite = if leads {
                self.read = first.seq.saturating_sub(1);
                self.rewriter.lead(&packet)
            } else {
                self.read = packet.seq;
                self.number(&packet)
            };
            if packet.frame.keyframe {
                self.throttle.given(now);
            }
            // A packet of a temporal layer that is left out was skipped: read on.
            if let Some(rewrite) = rewrite {
                return Some(Forward {
                    packet,
                    rewrite,
                    begins: begins || read.jumped,
                });
            }
        }
    }

    fn audio(&mut self, layer: LayerIndex, packet: &Packet) -> Option<Rewrite> {
        if self.current != Some(layer) {
            self.current = Some(layer);
            self.rewriter.begin(packet);
        }
        self.rewriter.rewrite(packet)
    }

    /// Starts over if another publisher began, or if the viewer's layer restarted.
    fn follow(&mut self, now: Instant, track: &Track) {
        if self.generation == track.generation() {
            return;
        }
        let seen = std::mem::replace(&mut self.generation, track.generation());
        if track.began_after(seen) {
            self.current = None;
            self.target = None;
            self.catch_up = None;
            self.paused = false;
            self.waiting_since = Some(now);
        } else if let Some(layer) = self.current
            && track.layer_began_after(layer, seen)
        {
            // The layer continues with its next key frame, unless another layer was selected.
            self.current = None;
            self.target.get_or_insert(layer);
            self.catch_up = None;
        }
    }

    /// Begins with the cached key frame of a layer, if there is one.
    fn begin(&mut self, now: Instant, track: &Track, layer: LayerIndex) {
        let Some(cursor) = track
            .layers()
            .get(layer.index())
            .and_then(|l| l.cache.start())
        else {
            return;
        };
        self.current = Some(layer);
        self.target = None;
        self.paused = false;
        self.catch_up = Some(CatchUp::new(cursor, now));
        self.begin_next = true;
        self.temporal_max = self.temporal_wanted;
    }

    /// Numbers the packet, or skips it if its temporal layer is left out.
    fn number(&mut self, packet: &Packet) -> Option<Rewrite> {
        let temporal = packet.frame.temporal_id;
        let may_switch = match packet.frame.switch_up {
            SwitchUp::No => false,
            SwitchUp::Here => temporal > self.temporal_max && temporal <= self.temporal_wanted,
            SwitchUp::After => temporal <= self.temporal_max,
        };
        // The limit changes only between frames: down at any, up where the codec allows it.
        if packet.frame.start {
            self.temporal_max = if may_switch {
                self.temporal_wanted
            } else {
                self.temporal_max.min(self.temporal_wanted)
            };
        }
        if temporal > self.temporal_max {
            self.rewriter.skip(packet);
            return None;
        }
        self.rewriter.rewrite(packet)
    }
}
